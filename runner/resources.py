"""Finds the files that ship beside the code: JSON Schemas and the starter flows.

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
    """The folder of the flows that `callflow demo` runs and `callflow init` copies."""
    packed = _PACKAGE / "starter" / "flows"
    return packed if packed.is_dir() else _CHECKOUT / "flows"
