"""Finds the files that ship beside the code: JSON Schemas, starter flows, the tour.

In a wheel they lie inside the package (`runner/schemas`, `runner/starter`); in a checkout they are
the top-level folders of the repository.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
_CHECKOUT = _PACKAGE.parent


def schemas() -> Path:
    """The folder of the JSON Schemas."""
    packed = _PACKAGE / "schemas"
    return packed if packed.is_dir() else _CHECKOUT / "schemas"


def starter_flows() -> Path:
    """The folder of the flows that `callflow init` copies."""
    packed = _PACKAGE / "starter" / "flows"
    return packed if packed.is_dir() else _CHECKOUT / "flows"


def tour() -> Path:
    """The folder of the flows and the scenario that `callflow demo` plays."""
    packed = _PACKAGE / "starter" / "tour"
    return packed if packed.is_dir() else _CHECKOUT / "examples" / "tour"
