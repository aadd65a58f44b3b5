"""The environment as programs that the auditor starts shall see it."""

from __future__ import annotations

import os
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def environment_with(extra: Mapping[str, str]) -> dict[str, str]:
    """Return the process environment with some variables added or replaced."""
    return {**os.environ, **extra}  # noqa: TID251 - auditor/config is the one place that may


def settings_file() -> Path:
    """Return the settings file that a program which names none is meant to read."""
    return Path(os.environ.get("AUDITOR_CONFIG", "auditor.yaml"))  # noqa: TID251 - as above


def proxy_for(scheme: str, host: str) -> str | None:
    """Return the proxy that `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` name for a host, if any."""
    if urllib.request.proxy_bypass(host):
        return None
    proxies = urllib.request.getproxies()
    found = proxies.get(scheme) or proxies.get("all")
    return f"http://{found}" if found and "://" not in found else found or None
