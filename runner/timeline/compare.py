"""What was expected beside what was done: row by row, strict both ways."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from runner.durations import format_duration
from runner.timeline import sides
from runner.timeline.player import Played
from runner.timeline.reasons import why_not
from runner.timeline.records import Act, Expectation, ExpectedTrip, TimelineTest, Tripped
from runner.timeline.twiml import same

#: What two sides of a row can differ in.
Difference: TypeAlias = Literal[
    "at", "rule", "shadow", "then", "twiml", "request", "sides", "outcome"
]

_TWIML = "Twiml"


@dataclass(frozen=True, slots=True)
class Row:
    """One act: expected, done, or both. `why` says in lines what made the difference."""

    expected: Expectation | None
    got: Act | None
    differs: tuple[Difference, ...] = ()
    why: tuple[str, ...] = ()

    @property
    def fine(self) -> bool:
        """Whether it happened as it was expected."""
        return self.expected is not None and self.got is not None and not self.differs

    @property
    def time(self) -> int:
        """Where on the timeline it stands."""
        side = self.expected or self.got
        return side.at if side is not None else 0


@dataclass(frozen=True, slots=True)
class TripRow:
    """One guard that tripped, that had to, or both."""

    expected: ExpectedTrip | None
    got: Tripped | None

    @property
    def fine(self) -> bool:
        """Whether it tripped as it was expected."""
        return self.expected is not None and self.got is not None

    @property
    def time(self) -> int:
        """Where on the timeline it stands."""
        side = self.expected or self.got
        return side.at if side is not None else 0


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one test: its rows and its trips in the order of time."""

    test: TimelineTest
    rows: tuple[Row, ...]
    polls: int
    trips: tuple[TripRow, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether all that was expected happened, and nothing else."""
        return all(row.fine for row in self.rows) and all(trip.fine for trip in self.trips)


def compare(played: Played) -> Result:
    """Sets what was done beside what was expected."""
    pairs, wanted, done = _pair(played.test.expect, played.acts)
    rows = [_row(played, one, other) for one, other in pairs]
    rows += [_row(played, one, None) for one in wanted]
    rows += [Row(None, act, why=(_saw(act),)) for act in done]
    rows.sort(key=lambda row: row.time)
    return Result(played.test, tuple(rows), played.polls, _trips(played))


def _trips(played: Played) -> tuple[TripRow, ...]:
    """Each guard that tripped beside the expectation of exactly that."""
    left = list(played.trips)
    rows = []
    for expected in played.test.trips:
        key = (expected.at, expected.rule, expected.guard)
        got = next((trip for trip in left if (trip.at, trip.rule, trip.guard) == key), None)
        if got is not None:
            left.remove(got)
        rows.append(TripRow(expected, got))
    rows += [TripRow(None, got) for got in left]
    return tuple(sorted(rows, key=lambda row: row.time))


def _row(played: Played, expected: Expectation, got: Act | None) -> Row:
    if got is None:
        return Row(expected, None, why=why_not(played, expected))
    differs = differences(expected, got)
    why: tuple[str, ...] = ()
    if "at" in differs or "rule" in differs:
        why = (*why_not(played, expected), _saw(got))
    elif differs:
        why = tuple(_told(expected, got, differs))
    return Row(expected, got, differs, why)


def _saw(act: Act) -> str:
    return f"at {format_duration(act.at)} {act.rule} acted, for it saw: {act.why}"


def differences(expected: Expectation, got: Act) -> tuple[Difference, ...]:
    """In what an act is other than expected; what an expectation leaves out is not looked at."""
    found: dict[Difference, bool] = {
        "at": expected.at != got.at,
        "rule": expected.rule != got.rule,
        "shadow": expected.shadow != got.shadow,
        "then": expected.then not in (None, got.then),
        "twiml": expected.twiml is not None and not _same_twiml(expected.twiml, got),
        "request": expected.request is not None and not _same_request(expected, got),
        "sides": expected.shadow == got.shadow and not sides.as_expected(expected, got),
        "outcome": expected.shadow == got.shadow and expected.outcome != got.outcome,
    }
    return tuple(name for name, differs in found.items() if differs)


def _same_twiml(wanted: str, got: Act) -> bool:
    return _TWIML in got.request and same(wanted, got.request[_TWIML])


def _same_request(expected: Expectation, got: Act) -> bool:
    wanted = dict(expected.request or {})
    sent = dict(got.request)
    if _TWIML in wanted and _TWIML in sent and same(wanted[_TWIML], sent[_TWIML]):
        del wanted[_TWIML], sent[_TWIML]
    return wanted == sent


def _told(expected: Expectation, got: Act, differs: Sequence[Difference]) -> Iterable[str]:
    for name in differs:
        if name == "then":
            yield f"then: expected {', '.join(expected.then or ())}"
            yield f"      got      {', '.join(got.then)}"
        elif name == "twiml":
            yield f"twiml: expected {expected.twiml}"
            yield f"       got      {got.request.get(_TWIML) or _words(got.request) or 'no update'}"
        elif name == "request":
            yield f"request: expected {_words(expected.request or {})}"
            yield f"         got      {_words(got.request) or 'no update'}"
        elif name == "sides":
            yield from sides.told(expected, got)
        elif name == "shadow":
            sent = "only recorded it" if got.shadow else "did it"
            yield f"shadow: the rule {sent}"
        elif name == "outcome":
            yield f"outcome: expected {expected.outcome}, got {got.outcome}"
            if got.detail:
                yield f"         {got.detail}"


def _words(request: object) -> str:
    parts = request.items() if hasattr(request, "items") else ()
    return ", ".join(f"{name}={value}" for name, value in parts)


# ---- which act was meant by which expectation ------------------------------------------------


_Pairs: TypeAlias = list[tuple[Expectation, Act]]


def _pair(
    expect: Sequence[Expectation], acts: Sequence[Act]
) -> tuple[_Pairs, list[Expectation], list[Act]]:
    """Pairs of the same time, call and rule first; then those that were probably meant."""
    pairs: _Pairs = []
    wanted, done = list(expect), list(acts)
    for part in ("exactly", "at another time", "by another rule"):
        wanted, done = _pair_by(part, wanted, done, pairs)
    return pairs, wanted, done


def _pair_by(
    part: str, wanted: Iterable[Expectation], done: Iterable[Act], pairs: _Pairs
) -> tuple[list[Expectation], list[Act]]:
    shelves: dict[Hashable, list[Act]] = {}
    for act in done:
        shelves.setdefault(_key(part, act), []).append(act)
    left = []
    for expectation in wanted:
        shelf = shelves.get(_key(part, expectation))
        if shelf:
            # Where several have the key: the nearest to what is expected.
            best = min(shelf, key=lambda act: _distance(expectation, act))
            shelf.remove(best)
            pairs.append((expectation, best))
        else:
            left.append(expectation)
    return left, [act for shelf in shelves.values() for act in shelf]


def _key(part: str, side: Expectation | Act) -> Hashable:
    keys: dict[str, Hashable] = {
        "exactly": (side.at, side.call, side.rule),
        "at another time": (side.call, side.rule),
        "by another rule": (side.at, side.call),
    }
    return keys[part]


def _distance(expected: Expectation, got: Act) -> tuple[int, int]:
    return abs(expected.at - got.at), len(differences(expected, got))
