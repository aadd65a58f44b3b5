"""What `make lint` says of the packages that others made: known vulnerabilities, and licences.

python -m tests.supply          check both
python -m tests.supply --list   the licence of every package of the lock
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "requirements.lock"
LASTS = 120  # seconds
NO_ANSWER = re.compile(r"requests\.exceptions|Could not connect|Max retries|timed out")

ALLOWED = frozenset(
    [
        "MIT",
        "MIT-0",
        "0BSD",
        "ISC",
        "Zlib",
        "CC0-1.0",
        "PSF-2.0",
        "Apache-2.0",
        "BSD",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "MPL-2.0",
        "LGPL-3.0-only",
    ]
)
"""Whoever uses these packages unchanged owes nothing but to name them."""

OTHER_NAMES = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "PSFL": "PSF-2.0",
    "Python Software Foundation License": "PSF-2.0",
}


def locked(text: str) -> dict[str, str]:
    """Return the version of each package of a lock, by its normal name."""
    return {
        normal(name): version
        for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", text, re.MULTILINE)
    }


def normal(name: str) -> str:
    """Return the one way to write the name of a package."""
    return re.sub(r"[-_.]+", "-", name).lower()


def licence_of(package: str) -> str:
    """Return the licence that an installed package states, as an SPDX expression where it is one.

    Raises:
        PackageNotFoundError: it is not installed.
    """
    told = importlib.metadata.metadata(package)
    if "License-Expression" in told:
        return told["License-Expression"]
    stated = [line.split(" :: ") for line in told.get_all("Classifier", [])]
    names = [parts[-1] for parts in stated if parts[0] == "License" and len(parts) > 2]
    names = names or [line.strip() for line in told.get_all("License", ["none"])]
    return " AND ".join(OTHER_NAMES.get(name, name) for name in names)


def is_allowed(licence: str) -> bool:
    """Tell whether every part of a licence is one that is allowed, or one of those to choose from."""
    choices = licence.replace("(", "").replace(")", "").split(" OR ")
    return any(set(choice.split(" AND ")) <= ALLOWED for choice in choices)


def licences() -> dict[str, str]:
    """Return the licence of each package of the lock that this machine needs."""
    found = {}
    for name in locked(LOCK.read_text()):
        try:
            found[name] = licence_of(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # for another system or version of Python
    return found


def vulnerabilities(answer: str, complaint: str = "") -> tuple[bool, str]:
    """Judge what pip-audit wrote.

    Args:
        answer: Its JSON; empty where it failed.
        complaint: What it wrote to stderr.

    Returns:
        Whether there is nothing to do, and a line that says so, or what there is.
    """
    if not answer:
        if NO_ANSWER.search(complaint):
            return True, "vulnerabilities: not checked, the registry does not answer"
        return False, f"vulnerabilities: not checked: {complaint.strip()}"
    packages: list[dict[str, Any]] = json.loads(answer)["dependencies"]
    told = [one for one in packages if "vulns" in one]
    if not told:
        return True, "vulnerabilities: not checked, the registry knows none of the packages"
    wrong = [f"{p['name']} {p['version']}: {v['id']}" for p in told for v in p["vulns"]]
    unknown = len(packages) - len(told)
    but = f", not checked in {unknown} that the registry does not know" if unknown else ""
    return not wrong, "\n  ".join(
        [f"vulnerabilities: {len(wrong)} in {len(told)} packages{but}", *wrong]
    )


def _audited() -> tuple[str, str]:
    options = ["--require-hashes", "--disable-pip", "--progress-spinner", "off", "--timeout", "5"]
    command = [sys.executable, "-m", "pip_audit", "-r", str(LOCK), "--format", "json", *options]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LASTS, check=False)
    except subprocess.TimeoutExpired:
        return "", "timed out"
    return done.stdout, done.stderr


def main() -> None:
    """Check both, and say each in a line.

    Raises:
        SystemExit: with 1 where there is something to do.
    """
    stated = licences()
    if "--list" in sys.argv:
        sys.stdout.writelines(f"{name}: {licence}\n" for name, licence in stated.items())
        return
    refused = [f"{name}: {licence}" for name, licence in stated.items() if not is_allowed(licence)]
    is_safe, said = vulnerabilities(*_audited())
    line = f"licences: {len(refused)} not allowed in {len(stated)} packages"
    sys.stdout.write("\n  ".join([line, *refused]) + f"\n{said}\n")
    sys.exit(0 if is_safe and not refused else 1)


if __name__ == "__main__":
    main()
