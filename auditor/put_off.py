"""Modules of others that are imported by whom we import, and loaded only once something of them is used."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import LazyLoader, find_spec, module_from_spec


def put_off(package: str, name: str) -> None:
    """Let a module be loaded when one of its attributes is first asked for, by `from package import name`.

    Where it is imported already, or not installed, nothing changes.

    Args:
        package: What it is in; itself imported now.
        name: Of the module in it.
    """
    full = f"{package}.{name}"
    if full in sys.modules:
        return
    try:
        spec = find_spec(full)
    except ModuleNotFoundError:
        return
    if spec is None or spec.loader is None:
        return
    spec.loader = LazyLoader(spec.loader)
    module = sys.modules[full] = module_from_spec(spec)
    spec.loader.exec_module(module)
    # Else the import would look at the module in `sys.modules`, which loads it.
    setattr(import_module(package), name, module)
