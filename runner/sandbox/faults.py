"""What can be made to go wrong, on which requests, how often: set by tests, taken by the server."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from random import Random
from types import MappingProxyType

from runner.sandbox.errors import ApiError

#: What requests are for; a fault is for some of them.
KINDS = (
    *("list", "fetch", "update", "create", "delete", "accounts"),
    # Below a call: its recordings, streams and the like are written and read.
    *("side", "read"),
    # Conferences, queues and who is in them are read; all of those are told something.
    *("conference", "participant"),
    # Phone numbers and applications are looked up.
    "number",
)

#: Faults that are answers: the request is refused and nothing else is done.
REFUSALS: Mapping[str, ApiError] = MappingProxyType(
    {
        "401": ApiError(401, 20003, "Authenticate"),
        "403": ApiError(403, 20403, "Account is suspended"),
        "404": ApiError(404, 20404, "The requested resource was not found"),
        "429": ApiError(429, 20429, "Too Many Requests"),
        "500": ApiError(500, 20500, "Internal Server Error"),
        "503": ApiError(503, 20503, "Service Unavailable"),
    }
)
#: Faults of the line before the request is processed, and after.
BEFORE = ("hang", "reset-before")
AFTER = ("hang-after", "reset-after", "malformed", "html", "truncated")
#: The answer is lost, and nobody can tell whether it was before the request was processed.
LOST = "lost"
#: Faults that the answer survives; several may come together.
BESIDE = ("slow", "skew", "no-date", "stale", "shrink", "too-early")
#: Faults of status callbacks, which no request meets; several may come together.
LATE, LOST_POST, TWICE = "callback-late", "callback-lost", "callback-twice"
BEHIND, FORGED = "callback-behind", "callback-forged"
CALLBACKS = (LATE, LOST_POST, TWICE, BEHIND, FORGED)
NAMES = (*REFUSALS, *BEFORE, *AFTER, LOST, *BESIDE, *CALLBACKS)
_CALLBACK = "callback"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    `on` are the kinds of request it is for; `account` is the SID of the only account that it is
    for, "" for all; `page` the only page of a list of calls, from 1. `times` is how many requests
    it hits, None for all; `chance` how likely it hits each of them, drawn from `seed`. `seconds` is
    how slow, how far the Date header is off (either way), or how old the list is; `retry_after`
    the header of a refusal, None for none. Those of callbacks heed neither `on` nor `page`, and
    `seconds` is how late one is.
    """

    name: str
    on: tuple[str, ...] = KINDS
    times: int | None = None
    chance: float = 1.0
    seconds: float = 0.0
    retry_after: int | None = None
    account: str = ""
    page: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise ValueError(f"no fault is named {self.name!r}; there are {', '.join(NAMES)}")
        if foreign := set(self.on) - set(KINDS):
            raise ValueError(f"no request is a {foreign.pop()!r}; there are {', '.join(KINDS)}")
        if not 0 <= self.chance <= 1:
            raise ValueError(f"chance must be from 0 to 1, not {self.chance}")
        if self.page is not None and self.page < 1:
            raise ValueError(f"pages are counted from 1, and page is {self.page}")

    def is_for(self, kind: str, account: str, page: int) -> bool:
        """True where it may hit such a request, or a callback."""
        if (self.name in CALLBACKS) != (kind == _CALLBACK):
            return False
        if kind == _CALLBACK:
            return self.account in ("", account)
        if kind not in self.on or self.account not in ("", account):
            return False
        return self.page is None or (kind == "list" and page == self.page)


@dataclass(frozen=True, slots=True)
class Taken:
    """The faults that hit one request: at most one that spoils it, and those beside it."""

    spoiling: Fault | None = None
    slow: float = 0.0
    skew: float = 0.0
    stale: float = 0.0
    undated: bool = False
    shrinks: bool = False
    too_early: bool = False

    @property
    def name(self) -> str:
        """The fault that spoils the request; "" where none does."""
        return self.spoiling.name if self.spoiling is not None else ""


@dataclass(slots=True)
class _Active:
    """A fault in force, what is left of its `times`, and where its chances come from."""

    fault: Fault
    left: int | None
    chances: Random


class Faults:
    """The faults in force. Chances come from seeds, so that a run can be repeated."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._number = 0
        self._active: dict[int, _Active] = {}

    def set(self, fault: Fault) -> int:
        """Puts a fault in force. Returns the number by which it can be cleared."""
        self._number += 1
        # A generator of its own: what other faults hit doesn't change what this one does.
        chances = Random(f"{self._seed}/{self._number}/{fault.seed}")
        self._active[self._number] = _Active(fault, fault.times, chances)
        return self._number

    def clear(self, numbers: Collection[int] | None = None) -> None:
        """Takes faults out of force: those, or all."""
        for number in list(self._active) if numbers is None else numbers:
            self._active.pop(number, None)

    def active(self) -> Mapping[int, Fault]:
        """The faults in force by number, each with what is left of its `times`."""
        return {
            number: active.fault
            if active.left is None
            else replace(active.fault, times=active.left)
            for number, active in self._active.items()
        }

    def take(self, kind: str, *, account: str = "", page: int = 1) -> Taken:
        """The faults that hit the next request of this kind; uses up their `times`."""
        return _taken(self._hits(kind, account, page))

    def strikes(self, account: str) -> Mapping[str, Fault]:
        """The faults that strike the next callback of an account, by name; uses them up too."""
        return self._hits(_CALLBACK, account, 1)

    def _hits(self, kind: str, account: str, page: int) -> Mapping[str, Fault]:
        hits: dict[str, Fault] = {}
        for number, active in list(self._active.items()):
            fault = active.fault
            place = fault.name if fault.name in (*BESIDE, *CALLBACKS) else "spoiling"
            if place in hits or not fault.is_for(kind, account, page):
                continue
            if active.chances.random() < fault.chance:
                hits[place] = _settled(active)
                self._use(number, active)
        return hits

    def _use(self, number: int, active: _Active) -> None:
        if active.left is None:
            return
        active.left -= 1
        if active.left < 1:
            del self._active[number]


def _settled(active: _Active) -> Fault:
    """The fault as it strikes this once."""
    if active.fault.name != LOST:
        return active.fault
    return replace(active.fault, name=active.chances.choice(("reset-before", "reset-after")))


def _taken(hits: Mapping[str, Fault]) -> Taken:
    def seconds(name: str) -> float:
        return hits[name].seconds if name in hits else 0.0

    return Taken(
        spoiling=hits.get("spoiling"),
        slow=seconds("slow"),
        skew=seconds("skew"),
        stale=seconds("stale"),
        undated="no-date" in hits,
        shrinks="shrink" in hits,
        too_early="too-early" in hits,
    )
