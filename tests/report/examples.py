"""Audits to report on: one with every outcome and hostile text, one that is clean."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from auditor.model.audit import Audit, PastRun, Record, StreamLag
from auditor.model.bridge import STEPS, Bridge, VerifiedShare
from auditor.model.finding import Check, CheckResult, Finding, Money, Severity, Tally, fingerprint
from auditor.model.snapshot import Coverage, Dropped, Mode, System
from auditor.report.build import ReportData, build_report
from auditor.report.rows import take
from tests.report.stored import stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pyarrow import RecordBatch

    FindingsOf = Callable[[str], Iterable[Finding]]

TEMPLATES = Path(__file__).parent.parent.parent / "reports" / "templates"
STOCKHOLM = ZoneInfo("Europe/Stockholm")
AS_OF = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
RUN = "2026-11-23T05:00:00Z-7f3a"

SCRIPT = "<script>alert(1)</script>"
IMAGE = '"><img src=x onerror=alert(1)>'
REVERSED = "invoice\u202egnp.exe"
FORMULA = '=cmd()|"/c calc"!A1'

OWNERS = {
    "consent": "crm",
    "sales": "ecommerce",
    "channel": "ecommerce",
    "freshness": "integration",
}


def _check(check: str, title: str, severity: Severity, *remedy: Any) -> Check:
    suite = check.partition(".")[0]
    return Check(check, suite, title, severity, OWNERS[suite], ("orders",), *remedy)


CHECKS = {
    made.id: made
    for made in (
        _check(
            "consent.withdrawn_but_opted_in",
            "People who withdrew their consent in Centra are still opted in at Emarsys.",
            "critical",
            "opt_out",
            "auto",
        ),
        _check(
            "consent.opt_in_lost",
            "People who signed up in Centra have no opt-in at Emarsys and never opted out there.",
            "warning",
            "propose_opt_in",
            "propose",
        ),
        _check(
            "consent.erased_but_present",
            "People who were erased in Centra are still in Emarsys, opted out.",
            "warning",
            "erase_worklist",
            "propose",
        ),
        _check(
            "consent.opt_in_unknown_person",
            "Opted-in contacts are unknown to Centra by key and by e-mail.",
            "info",
            "quarantine",
            "confirm",
        ),
        _check(
            "sales.missing_order",
            "Consumer orders have no sale in Emarsys.",
            "critical",
            "upload_sale",
            "confirm",
        ),
        _check(
            "sales.amount_mismatch",
            "Amounts of sales differ from Centra while the quantities agree.",
            "warning",
            "compensation_file",
            "propose",
        ),
        _check("sales.unknown_order", "Emarsys counts orders that Centra never had.", "warning"),
        _check("sales.wrong_contact", "Sales hang on a contact that is not the buyer.", "warning"),
        _check(
            "channel.wholesale_in_sales",
            "Wholesale orders count as revenue in Emarsys.",
            "critical",
            "compensation_file",
            "propose",
        ),
        _check(
            "freshness.feed_age", "The catalogue feed is older than its schedule allows.", "warning"
        ),
    )
}

RESULTS = (
    CheckResult(
        CHECKS["consent.withdrawn_but_opted_in"], "fail", 20_110, 12, people=12, contained=3
    ),
    CheckResult(CHECKS["consent.opt_in_lost"], "pass", 18_204),
    CheckResult(CHECKS["consent.erased_but_present"], "pass"),
    CheckResult(CHECKS["consent.opt_in_unknown_person"], "fail", 811, 4, people=4, contained=4),
    CheckResult(
        CHECKS["sales.missing_order"],
        "fail",
        31_234,
        212,
        people=198,
        money=Money(27_539_800, "SEK"),
    ),
    CheckResult(
        CHECKS["sales.amount_mismatch"],
        "fail",
        30_902,
        41,
        people=40,
        money=Money(123_400, "JPY"),
    ),
    CheckResult(CHECKS["sales.unknown_order"], "error", reason=f"ProgrammingError: {SCRIPT}"),
    CheckResult(
        CHECKS["sales.wrong_contact"],
        "skipped",
        reason="emarsys si_contacts is incomplete: The export ended after 3 of 5 files.",
    ),
    CheckResult(CHECKS["channel.wholesale_in_sales"], "pass", 1_204),
    CheckResult(CHECKS["freshness.feed_age"], "off", reason="emarsys.catalogue is not configured."),
)

HISTORY = (
    PastRun("2026-11-21T05:00:00Z-11aa", datetime(2026, 11, 21, 5, tzinfo=UTC), "clean", 0),
    PastRun("2026-11-22T05:00:00Z-22bb", datetime(2026, 11, 22, 5, tzinfo=UTC), "critical", 261),
    PastRun("2026-11-20T05:00:00Z-33cc", datetime(2026, 11, 20, 5, tzinfo=UTC), "drift", 9),
)


def coverage(
    system: System,
    stream: str,
    rows: int,
    *,
    complete: bool = True,
    mode: Mode = "incremental",
    **rest: Any,
) -> Coverage:
    return Coverage(system, stream, rows, complete, mode, AS_OF - timedelta(seconds=40), **rest)


COVERAGE = (
    coverage("centra", "stores", 3, mode="full", requests=1, seconds=0.21),
    coverage("centra", "customers", 48_210, requests=54, seconds=12.5),
    coverage(
        "centra",
        "orders",
        31_234,
        set_aside=2,
        requests=35,
        seconds=74.25,
        dropped=(Dropped("Order.affiliate", ("centra_order.affiliate",)),),
    ),
    coverage("emarsys", "contacts", 47_998, mode="full", requests=61, seconds=133.9),
    coverage("emarsys", "sales", 90_412, requests=12, seconds=8.04),
    coverage(
        "emarsys",
        "si_contacts",
        18_000,
        complete=False,
        mode="full",
        reason="The export ended after 3 of 5 files.",
        requests=9,
        seconds=3.3,
    ),
    coverage(
        "emarsys", "catalogue", 0, mode="off", reason="emarsys.catalogue.feed is not configured."
    ),
)

STAGES = {
    "snapshot": 231.97,
    "reconcile": 3.204,
    "expect": 1.118,
    "findings": 0.902,
    "report": 0.411,
}


def bridge(month: str, market: str, currency: str = "SEK", **amounts: int) -> Bridge:
    """Return a bridge that ends where its steps lead."""
    steps = dict.fromkeys(STEPS, 0) | amounts
    return Bridge(market, month, currency, steps | {"emarsys": sum(steps.values())})


BRIDGE = (
    bridge("2026-10", "Sweden", centra=21_439_051, cancelled=-1_893_080, returns=-204_800),
    bridge(
        "2026-11", "Sweden", centra=9_439_000, marketplace=-758_000, missing=-129_900, tax=-4_000
    ),
    bridge("2026-11", SCRIPT, centra=1_200_000, late=-49_900, rounding=1),
    bridge("2026-11", "unknown", unknown=27_500),
)
VERIFIED = (
    VerifiedShare(1, "SEK", 8_905_113, 9_200_000),
    VerifiedShare(3, "SEK", 9_199_999, 9_200_000),
    VerifiedShare(7, "SEK", 0, 0),
)


def finding(check: str, key: str, **values: Any) -> Finding:
    plain = {
        "fingerprint": fingerprint("nordlys", check, key),
        "severity": CHECKS[check].severity if check in CHECKS else "warning",
        "state": "ongoing",
        "owner": "crm",
        "subject_kind": "order",
        "customer_id": None,
        "contact_id": None,
        "centra": None,
        "emarsys": None,
        "first_seen": AS_OF - timedelta(days=2),
        "last_seen": AS_OF,
        "run": RUN,
    }
    return Finding(check=check, subject_key=key, **(plain | values))


def _withdrawn() -> Iterator[Finding]:
    hostile = (SCRIPT, IMAGE, REVERSED, FORMULA)
    for n in range(12):
        key = f"9900{n:02}"
        yield finding(
            "consent.withdrawn_but_opted_in",
            key,
            subject_kind="contact",
            contact_id=key,
            customer_id=f"47{n:02}",
            state=("new", "ongoing", "worse", "regressed")[n % 4],
            centra={
                "consent": "no",
                "evidence": hostile[n] if n < len(hostile) else f"newsletter {300 + n}",
                "evidence_at": "2026-11-19T08:30:00Z",
            },
            emarsys={"opt_in": 1, "unsubscribed_at": None},
            people=1,
            contained=n >= 9,
            cause=FORMULA if n == 1 else "The sync sends opt-in 1 with every order.",
            moved_by="emarsys" if n % 2 else "never_agreed",
            occurred_at=datetime(2026, 11, 19, 8, 30, tzinfo=UTC) - timedelta(days=n),
        )


def _unknown() -> Iterator[Finding]:
    for n, text in enumerate((SCRIPT, IMAGE, REVERSED, FORMULA)):
        yield finding(
            "consent.opt_in_unknown_person",
            text,
            severity="info",
            subject_kind="contact",
            contact_id=f"8800{n}",
            emarsys={text: text, "opt_in": 1},
            people=1,
            contained=True,
            cause=text,
        )


def _missing() -> Iterator[Finding]:
    for n in range(212):
        yield finding(
            "sales.missing_order",
            f"{100017 + n}",
            customer_id=f"{5000 + n}",
            contact_id=f"{991000 + n}",
            owner="ecommerce",
            state="new" if n < 18 else "ongoing",
            centra={
                "channel": "consumer",
                "status": "SHIPPED",
                "quantity": 1 + n % 3,
                "amount_minor": 129_900 + 100 * n,
            },
            people=1,
            money=Money(129_900 + 100 * n, "SEK"),
            remedy="upload_sale",
            occurred_at=AS_OF - timedelta(days=3, minutes=17 * n),
        )


def _amounts() -> Iterator[Finding]:
    for n in range(41):
        yield finding(
            "sales.amount_mismatch",
            f"{200400 + n}/NL-100-BLK-M",
            subject_kind="line",
            customer_id=f"{6000 + n}",
            owner="ecommerce",
            centra={"quantity": 2, "amount_minor": 19_800},
            emarsys={"quantity": 2.0, "amount_minor": 9_900, "rows": 1, "contact_id": "99120"},
            people=1,
            money=Money(9_900, "JPY"),
            cause="The unit price was sent as the line total.",
            moved_by="never_agreed",
        )


FINDINGS = {
    "consent.withdrawn_but_opted_in": _withdrawn,
    "consent.opt_in_unknown_person": _unknown,
    "sales.missing_order": _missing,
    "sales.amount_mismatch": _amounts,
}


def rich_findings(check: str) -> Iterable[Finding]:
    return FINDINGS[check]()


def rich_audit() -> Audit:
    """Return an audit with every outcome, hence an incomplete one."""
    tally = Tally(total=269, new=21, ongoing=242, worse=3, regressed=3, resolved=7, accepted=2)
    audit = Audit(RUN, "nordlys", AS_OF, "incomplete", COVERAGE, RESULTS, tally, STAGES)
    return dataclasses.replace(audit, bridge=BRIDGE, verified_share=VERIFIED)


def critical_audit() -> Audit:
    """Return the rich audit as it is once everything could be judged."""
    results = tuple(r for r in RESULTS if r.outcome in {"pass", "fail", "off"})
    lines = tuple(line for line in COVERAGE if line.complete)
    return dataclasses.replace(rich_audit(), verdict="critical", checks=results, coverage=lines)


def clean_audit() -> Audit:
    """Return an audit that found nothing."""
    results = tuple(r for r in RESULTS if r.outcome in {"pass", "off"})
    lines = tuple(line for line in COVERAGE if line.complete)
    return Audit(RUN, "nordlys", AS_OF, "clean", lines, results, Tally(resolved=7), STAGES)


LAGS = (
    StreamLag("orders", AS_OF - timedelta(hours=3), 0, 812, 4_210, 11_950, 26 * 3600),
    StreamLag("contacts", AS_OF - timedelta(minutes=50), 2, 0, None, None, 4 * 3600),
    StreamLag("events", None, 14, 640, 95, 5_400, 3600),
)


def record(audit: Audit, *, locale: str = "en_GB") -> Record:
    return Record(audit, HISTORY, LAGS, timezone=STOCKHOLM.key, locale=locale)


def all_stored(audit: Audit, findings: FindingsOf = rich_findings) -> Iterator[RecordBatch]:
    """Yield the findings of every failing check as an archive holds them."""
    failing = [result.check.id for result in audit.checks if result.outcome == "fail"]
    return stored(found for check in failing for found in findings(check))


def report(
    audit: Audit, *, findings: FindingsOf = rich_findings, locale: str = "en_GB"
) -> ReportData:
    taken = take(all_stored(audit, findings), [result.check.id for result in audit.checks])
    return dataclasses.replace(build_report(record(audit, locale=locale), taken), version="1.2.3")
