"""What can be made to go wrong, on which requests, how often: set by tests, taken by the server."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from random import Random
from types import MappingProxyType

from runner.sandbox.errors import ApiError

#: What requests are for; a fault is for some of them.
KINDS = ("list", "fetch", "update", "create", "delete")

#: Faults that are answers: the request is refused and nothing else is done.
REFUSALS: Mapping[str, ApiError] = MappingProxyType(
    {
        "401": ApiError(401, 20003, "Authenticate"),
        "403": ApiError(403, 20403, "Account is suspended"),
        "429": ApiError(429, 20429, "Too Many Requests"),
        "500": ApiError(500, 20500, "Internal Server Error"),
        "503": ApiError(503, 20503, "Service Unavailable"),
    }
)
#: Faults of the line before the request is processed, and after.
BEFORE = ("hang", "reset-before")
AFTER = ("hang-after", "reset-after", "malformed", "html", "truncated")
#: Faults that the answer survives; several may come together.
BESIDE = ("slow", "skew", "stale", "too-early")
NAMES = (*REFUSALS, *BEFORE, *AFTER, *BESIDE)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    `on` are the kinds of request it is for; `times` how many requests it hits, None for all;
    `chance` how likely it hits each of them. `seconds` is how slow, how far the Date header is off
    (either way), or how old the list is; `retry_after` the header of a refusal, None for none.
    """

    name: str
    on: tuple[str, ...] = KINDS
    times: int | None = None
    chance: float = 1.0
    seconds: float = 0.0
    retry_after: int | None = None

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise ValueError(f"no fault is named {self.name!r}; there are {', '.join(NAMES)}")
        if foreign := set(self.on) - set(KINDS):
            raise ValueError(f"no request is a {foreign.pop()!r}; there are {', '.join(KINDS)}")


@dataclass(frozen=True, slots=True)
class Taken:
    """The faults that hit one request: at most one that spoils it, and those beside it."""

    spoiling: Fault | None = None
    slow: float = 0.0
    skew: float = 0.0
    stale: float = 0.0
    too_early: bool = False

    @property
    def name(self) -> str:
        """The fault that spoils the request; "" where none does."""
        return self.spoiling.name if self.spoiling is not None else ""


class Faults:
    """The faults in force. Chances come from a seed, so that a run can be repeated."""

    def __init__(self, seed: int = 0) -> None:
        self._random = Random(seed)
        self._number = 0
        self._active: dict[int, tuple[Fault, int | None]] = {}

    def set(self, fault: Fault) -> int:
        """Puts a fault in force. Returns the number by which it can be cleared."""
        self._number += 1
        self._active[self._number] = (fault, fault.times)
        return self._number

    def clear(self, numbers: Collection[int] | None = None) -> None:
        """Takes faults out of force: those, or all."""
        for number in list(self._active) if numbers is None else numbers:
            self._active.pop(number, None)

    def active(self) -> Mapping[int, Fault]:
        """The faults in force by number, each with what is left of its `times`."""
        return {number: fault for number, (fault, _) in self._active.items()}

    def take(self, kind: str) -> Taken:
        """The faults that hit the next request of this kind; uses up their `times`."""
        hits: dict[str, Fault] = {}
        for number, (fault, left) in list(self._active.items()):
            place = fault.name if fault.name in BESIDE else "spoiling"
            if place in hits or kind not in fault.on or self._random.random() >= fault.chance:
                continue
            hits[place] = fault
            self._use(number, fault, left)
        return Taken(
            spoiling=hits.get("spoiling"),
            slow=hits["slow"].seconds if "slow" in hits else 0.0,
            skew=hits["skew"].seconds if "skew" in hits else 0.0,
            stale=hits["stale"].seconds if "stale" in hits else 0.0,
            too_early="too-early" in hits,
        )

    def _use(self, number: int, fault: Fault, left: int | None) -> None:
        if left is None:
            return
        if left <= 1:
            del self._active[number]
        else:
            self._active[number] = (fault, left - 1)
