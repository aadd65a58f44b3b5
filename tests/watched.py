"""Watch what the servers of the sandbox log, in this process or around one command.

As a program it runs the auditor and fails where the log holds a forbidden call:
`python -m tests.watched demo --dir FOLDER`.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING
from unittest import mock

from auditor.sandbox.wire import RequestLog
from tests.forbidden_calls import forbidden_calls
from tests.stores import chosen_stores

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.sandbox.wire import LoggedRequest


@contextlib.contextmanager
def watched() -> Iterator[list[LoggedRequest]]:
    """Give the requests that servers log while the block runs."""
    rows: list[LoggedRequest] = []
    add = RequestLog.add

    def noted(self: RequestLog, row: LoggedRequest) -> None:
        rows.append(row)
        add(self, row)

    with mock.patch.object(RequestLog, "add", noted):
        yield rows


def main(arguments: list[str]) -> None:
    """Run one command, and end with an error where it made a forbidden call, or none at all."""
    from auditor.cli import main as auditor

    with watched() as rows, chosen_stores():
        try:
            auditor(arguments)
        finally:
            wrong = forbidden_calls(rows)
            if wrong or not rows:
                sys.exit("\n".join(wrong) or "no request was seen")


if __name__ == "__main__":
    main(sys.argv[1:])
