"""Centra's legacy Order API, where the settings name it: reached, secret taken, shape as agreed."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from auditor.doctor.result import Result, probe
from auditor.doctor.visit import RETRIES
from auditor.systems.centra.order_api import OrderApiClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.doctor.visit import Visit


@probe("centra.order_api", "centra", streams=("customer_consents",))
def order_api(visit: Visit) -> Iterator[Result]:
    """Read one customer.

    Source:
        Centra reference 3.4.
    """
    settings = visit.settings.centra.order_api
    if settings is None:
        yield Result("off", "centra.order_api is not set; newsletter flags are not read.")
        return
    with closing(OrderApiClient(settings, visit.clock, retries=RETRIES)) as client:
        client.customers(0, 1)
    yield Result("ok", "The Order API answers and takes the secret.")
