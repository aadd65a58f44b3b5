"""The settings: loaded, with their secrets and the pepper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.config import Wsse
from auditor.doctor.result import Result, probe, step_of
from auditor.reconcile.terms import unconfigured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.config import Secret, Settings
    from auditor.doctor.visit import Visit

SHORT = 16


@probe("settings.loaded", "auditor")
def loaded(visit: Visit) -> Iterator[Result]:
    """Say that the file was read: whoever gets here has read it."""
    yield Result("ok", f"The settings of {visit.settings.brand} are read.")


@probe("settings.secrets", "auditor")
def secrets(visit: Visit) -> Iterator[Result]:
    """See whether every secret holds something."""
    held = _secrets(visit.settings)
    empty = [name for name, secret in held.items() if not secret.reveal().strip()]
    if empty:
        fix = "Set the environment variables that the settings name there."
        yield Result("fail", f"Nothing is in {', '.join(empty)}.", fix)
        return
    yield Result("ok", f"All {len(held)} secrets that the settings name are present.")


@probe("settings.pepper", "auditor")
def pepper(visit: Visit) -> Iterator[Result]:
    """See whether people can be kept out of sight by a keyed hash."""
    found = visit.settings.privacy.pepper
    fix = "Set privacy.pepper to a long random text that stays the same for ever."
    if found is None:
        detail = "Without privacy.pepper, people cannot be told apart by keyed hashes."
        yield Result("warn", detail, fix)
    elif len(found.reveal()) < SHORT:
        yield Result("warn", "The pepper is short enough to be guessed.", fix)
    else:
        yield Result("ok", "A pepper is set.")


@probe("settings.checks", "auditor")
def checks(visit: Visit) -> Iterator[Result]:
    """Name the checks that the settings give nothing to judge by, each group with the reason."""
    groups: dict[str, list[str]] = {}
    for name, reason in unconfigured(visit.settings, visit.clock()).items():
        groups.setdefault(reason, []).append(name)
    for reason, names in groups.items():
        detail, fix = step_of(f"{reason}.")
        yield Result("off", detail, fix, suites=tuple(names), checks=tuple(names), id=names[0])
    if not groups:
        yield Result("ok", "The settings name all that the checks go by.")


def _secrets(settings: Settings) -> dict[str, Secret]:
    centra, emarsys = settings.centra, settings.emarsys
    found = {"centra.token": centra.token}
    if isinstance(emarsys.auth, Wsse):
        found["emarsys.auth.secret"] = emarsys.auth.secret
    else:
        found["emarsys.auth.client_secret"] = emarsys.auth.client_secret
    if centra.order_api is not None:
        found["centra.order_api.secret"] = centra.order_api.secret
    if emarsys.sales is not None:
        found["emarsys.sales.token"] = emarsys.sales.token
    return found
