"""The moments at which a process may die: before whatever lasts happens, and after a letter was taken."""

from __future__ import annotations

import contextlib
import os
import smtplib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from tests.correct.applying.fuse import Fuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass
class DurableFuse(Fuse):
    """As `Fuse`, and also before a file is made, named, deleted or forced to disk, and around a letter."""

    @contextlib.contextmanager
    def burning(self) -> Iterator[None]:
        """Count, until the block ends."""
        with contextlib.ExitStack() as stack:
            for holder, name in ((Path, "replace"), (Path, "unlink"), (Path, "mkdir")):
                stack.enter_context(mock.patch.object(holder, name, self._before(holder, name)))
            files = mock.Mock(wraps=os, **{name: getattr(os, name) for name in _CONSTANTS})
            files.open, files.fsync = self._before(os, "open"), self._before(os, "fsync")
            stack.enter_context(mock.patch("auditor.private_file.os", files))
            letter = self._before(smtplib.SMTP, "send_message", is_told=True)
            stack.enter_context(mock.patch.object(smtplib.SMTP, "send_message", letter))
            stack.enter_context(super().burning())
            yield

    def _before(self, holder: Any, name: str, *, is_told: bool = False) -> Callable[..., Any]:
        real = getattr(holder, name)

        def counted(*args: Any, **named: Any) -> Any:
            self.moment()
            done = real(*args, **named)
            if is_told:
                self.moment()
            return done

        return counted


_CONSTANTS = ("O_WRONLY", "O_CREAT", "O_EXCL", "O_RDONLY")
