"""Another process that holds a file, as a notebook or another command does."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def held(file: Path, line: str) -> Iterator[subprocess.Popen[bytes]]:
    """Let another process hold a file until the end, or until its input ends.

    Args:
        file: What it holds.
        line: How it does so; the file is `sys.argv[1]`.
    """
    code = f"import sys; {line}; print('held', flush=True); sys.stdin.read()"
    words = [sys.executable, "-c", code, str(file)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        yield other
        if other.poll() is None:
            other.communicate()
