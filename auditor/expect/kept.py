"""What is kept of a result of Great Expectations: counts, never a value that belongs to a person.

A kept document is of the shape that Great Expectations itself stores, so that Data Docs can be built
from it on demand. It holds no clock time of its own and no tracebacks, whose messages quote values.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from auditor.expect.expectation import Expectation
    from auditor.model.snapshot import Snapshot

_EXCEPTION = re.compile(r"^(?:[A-Za-z_]\w*\.)*([A-Z]\w*)(?::|$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Result:
    """What Great Expectations said about one expectation.

    Attributes:
        success: Whether it held; False when it crashed.
        checked: Rows it looked at, None where it does not count rows.
        crash: Type of the exception that ended it, None when nothing did.
        document: The same as Great Expectations stores it.
    """

    success: bool
    checked: int | None
    crash: str | None
    document: Mapping[str, Any]


def of_result(result: dict[str, Any]) -> Result:
    """Take over a result of Great Expectations, as JSON, without anything it quotes."""
    counts = {key: value for key, value in result["result"].items() if _is_number(value)}
    crash = _crash(result["exception_info"])
    document = {
        "success": result["success"],
        "expectation_config": result["expectation_config"],
        "result": counts,
        "exception_info": _exception_info(crash),
        "meta": {},
    }
    return Result(result["success"], counts.get("element_count"), crash, document)


def crashed(expectation: Expectation, exc: Exception) -> Result:
    """Return the result of an expectation that ended before it could run."""
    check = expectation.check
    document = {
        "success": False,
        "expectation_config": {
            "type": expectation.type,
            "kwargs": {},
            "meta": {"check": check.id, "title": check.title, "owner": check.owner},
            "severity": check.severity,
        },
        "result": {},
        "exception_info": _exception_info(type(exc).__name__),
        "meta": {},
    }
    return Result(success=False, checked=None, crash=type(exc).__name__, document=document)


def as_json(name: str, results: Iterable[Result], snapshot: Snapshot) -> str:
    """Return the results of one suite as Great Expectations stores them; same input, same text."""
    documents = [result.document for result in results]
    passed = sum(document["success"] for document in documents)
    suite = {
        "suite_name": name,
        "success": passed == len(documents),
        "results": sorted(documents, key=lambda d: str(d["expectation_config"]["meta"]["check"])),
        "statistics": {
            "evaluated_expectations": len(documents),
            "successful_expectations": passed,
            "unsuccessful_expectations": len(documents) - passed,
            "success_percent": 100 * passed / len(documents) if documents else None,
        },
        "suite_parameters": {},
        "meta": {"run_id": {"run_name": snapshot.run, "run_time": snapshot.as_of.isoformat()}},
    }
    return json.dumps(suite, indent=1, sort_keys=True)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _crash(info: Mapping[str, Any]) -> str | None:
    # Flat for an expectation that crashed itself, else one entry per metric that did.
    entries = [info] if "raised_exception" in info else list(info.values())
    for entry in entries:
        if entry["raised_exception"]:
            named = _EXCEPTION.search(entry["exception_traceback"].partition("\n")[2])
            return named[1] if named else "Exception"
    return None


def _exception_info(crash: str | None) -> dict[str, Any]:
    return {
        "raised_exception": crash is not None,
        "exception_message": crash,
        "exception_traceback": None,
    }
