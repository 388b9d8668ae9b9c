"""A call that `<Connect>` holds until its stream is over, as a record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from runner.sandbox.twiml import Element


@dataclass(slots=True, eq=False)
class Connection:
    """The verb, the SID of what it connected, and what is done when that is stopped."""

    verb: Element
    fork: str
    over: Callable[[], None]
