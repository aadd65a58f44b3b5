"""A process of its own on a disk that is small or read-only, or as a user who may not write.

A disk is a mount that only the process sees. Where the machine does not let it mount, a limit on the size of
files stands for the small disk, and a user or folders without rights for the other.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import shutil
import signal
import subprocess
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable

LASTS_S = 120
NOBODY = 65534
_NEW_MOUNTS, _NEW_USERS = 0x00020000, 0x10000000
_BLOCK = 4096


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit code, and the lines on stderr that are for a person."""

    code: int
    err: str

    @property
    def sentences(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith("auditor: ")]


def run_apart(folder: Path, words: list[str], before: Callable[[], None]) -> Ended:
    """Run the command line in a process of its own, in a folder, after something was done to the process."""
    said = folder.with_name(folder.name + ".err")
    with warnings.catch_warnings():
        # The threads of this process are servers; nothing of them is used there.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        _live(folder, said, words, before)
    _, status = os.waitpid(child, 0)
    return Ended(os.waitstatus_to_exitcode(status), said.read_text())


def _live(folder: Path, said: Path, words: list[str], before: Callable[[], None]) -> None:
    code = 99
    try:
        signal.alarm(LASTS_S)
        err = os.open(said, os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(err, 1)
        os.dup2(err, 2)
        import sys

        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w", buffering=1)
        os.chdir(folder)
        before()
        os.chdir(folder)  # what was mounted over it
        code = main(words)
        sys.stderr.flush()
    finally:
        os._exit(code)


def can_mount() -> bool:
    """Tell whether a process may have mounts of its own here."""
    tried = [
        "unshare",
        "-m" if os.geteuid() == 0 else "-rm",
        "mount",
        "-t",
        "tmpfs",
        "none",
        "/mnt",
    ]
    return (
        shutil.which("unshare") is not None
        and subprocess.run(tried, check=False, capture_output=True).returncode == 0
    )


def _mounted(folder: Path, size: int) -> None:
    libc, (user, group) = ctypes.CDLL(None, use_errno=True), (os.geteuid(), os.getegid())
    if libc.unshare(_NEW_MOUNTS | (0 if user == 0 else _NEW_USERS)):
        raise OSError(ctypes.get_errno(), "unshare")
    if user:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    options = f"size={size},mode=0700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(folder)], check=True)


def on_small_disk(source: Path, folder: Path, words: list[str], *, room: int) -> Ended:
    """Run on a disk that has room for a copy of a folder and some more bytes; keep what is left in `folder`."""
    folder.mkdir()
    left = folder.with_name(folder.name + ".left")
    is_real = can_mount()
    if not is_real:
        shutil.copytree(source, folder, dirs_exist_ok=True)
        largest = max(one.stat().st_size for one in folder.rglob("*") if one.is_file())
        return run_apart(folder, words, lambda: _limit(largest + room))

    def before() -> None:
        _mounted(folder, _blocks(source) + room // _BLOCK * _BLOCK)
        shutil.copytree(source, folder, dirs_exist_ok=True)
        _at_exit(lambda: shutil.copytree(folder, left))

    done = run_apart(folder, words, before)
    folder.rmdir()
    left.rename(folder)
    return done


def on_read_only_disk(source: Path, folder: Path, words: list[str]) -> Ended:
    """Run on a disk that holds a copy of a folder and cannot be written."""
    folder.mkdir()
    if not can_mount():
        return without_rights(source, folder / "it", words)

    def before() -> None:
        _mounted(folder, 2 * _blocks(source))
        shutil.copytree(source, folder, dirs_exist_ok=True)
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)

    return run_apart(folder, words, before)


def without_rights(source: Path, folder: Path, words: list[str]) -> Ended:
    """Run as a user who may read a copy of a folder, but not write it."""
    shutil.copytree(source, folder)
    for one in (folder, *folder.rglob("*")):
        one.chmod(0o555 if one.is_dir() else 0o444)

    def before() -> None:
        if os.geteuid() == 0:
            os.setgid(NOBODY)
            os.setuid(NOBODY)

    try:
        return run_apart(folder, words, before)
    finally:
        for one in (folder, *folder.rglob("*")):
            one.chmod(0o700 if one.is_dir() else 0o600)


def _limit(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def _at_exit(work: Callable[[], object]) -> None:
    """Let something be done just before the process ends."""
    leave = os._exit

    def left(code: int) -> None:
        with contextlib.suppress(OSError):
            work()
        leave(code)

    os._exit = left  # type: ignore[assignment]


def _blocks(folder: Path) -> int:
    sizes = (one.stat().st_size for one in folder.rglob("*") if one.is_file())
    return sum(-(-size // _BLOCK) * _BLOCK for size in sizes)
