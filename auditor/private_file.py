"""Files that only their owner may read, and that are never half-written."""

from __future__ import annotations

import contextlib
import os
import tempfile
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600


def private_folder(folder: Path) -> None:
    """Make a folder, and those above it, that only its owner may enter."""
    folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    folder.chmod(PRIVATE_FOLDER)


@contextlib.contextmanager
def replaced(
    path: Path, mode: str = "w", *, is_one_of_many: bool = False
) -> Iterator[Any]:  # whatever the mode makes of it
    """Open a private file that takes the place of `path` once it is complete, or not at all.

    Args:
        path: The file; its folder is there.
        mode: `w` for text in UTF-8, `wb` for bytes.
        is_one_of_many: Whether the caller lets the names of a whole folder last, by `keep_names`.
    """
    draft = path.with_name(f".{path.name}.tmp")
    # A draft of a killed run goes first: whoever made it chose its mode.
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    # Lone surrogates cannot be encoded; they are shown, not refused.
    text = {} if "b" in mode else {"encoding": "utf-8", "errors": "backslashreplace", "newline": ""}
    try:
        with os.fdopen(handle, mode, **text) as file:  # type: ignore[call-overload]
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        if not is_one_of_many:
            keep_names(path.parent)
    except BaseException as exc:
        draft.unlink(missing_ok=True)
        if isinstance(exc, OSError) and exc.errno is not None and exc.filename is None:
            exc.filename = str(path)  # a full disk does not say which file it was
        raise


@contextlib.contextmanager
def unnamed() -> Iterator[BinaryIO]:
    """Open a file without a name, in the system's folder for such files, that is gone at the end."""
    with tempfile.TemporaryFile() as file:
        try:
            yield file
        except OSError as exc:
            if exc.errno is not None and exc.filename is None:
                exc.filename = tempfile.gettempdir()
            raise


def keep_names(folder: Path) -> None:
    """Let new names of files in a folder outlive a power cut, as their content does."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_private(path: Path, content: bytes) -> None:
    """Write a private file in one step, making its folder where there is none.

    A folder that is there is somebody's, and keeps its mode.
    """
    if not path.parent.exists():
        private_folder(path.parent)
    with replaced(path, "wb") as file:
        file.write(content)
