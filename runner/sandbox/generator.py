"""Calls nobody wrote down: any number, at any rate, the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from random import Random

from runner.model import Millis
from runner.sandbox.callbacks import EVENTS
from runner.sandbox.plans import CallPlan, Outcome, Person
from runner.sandbox.world import World

#: Numbers of ours that are called, and that call.
_LINES = tuple(f"+1415555{number:04d}" for number in range(100, 110))
_PREFIXES = ("+1212555", "+1312555", "+1415555", "+1646555", "+4420794609", "+4930901820")
_NAMES = ("ADA LOVELACE", "BOSTON MA", "CITY HOSPITAL", "WIRELESS CALLER", "J DOE")
_OUTCOMES: tuple[tuple[Outcome, int], ...] = (
    ("answer", 82),
    ("no-answer", 10),
    ("busy", 5),
    ("failed", 3),
)
#: Lengths are log-normal: the logarithm of the median in seconds, and of the spread.
_MEDIAN, _SPREAD = 5.19, 1.05
_LONGEST: Millis = 4 * 3_600_000


class Generator:
    """Makes plans: mostly inbound calls of a few minutes, a few of hours.

    Where there is a `status_callback`, it is told of everything.
    """

    def __init__(self, seed: int | str = 0, status_callback: str | None = None) -> None:
        self._callback = status_callback
        self._random = Random(seed)
        self._count = 0

    def live(self, number: int) -> Iterator[CallPlan]:
        """Calls that are in progress already, the oldest first."""
        # Long calls are live for longer: what is live is likelier to be one of them.
        lengths = [(self._length(_SPREAD**2), self._random.random()) for _ in range(number)]
        ages = sorted(((int(part * length), length) for length, part in lengths), reverse=True)
        for age, length in ages:
            plan = self.next()
            person = replace(plan.person, talk=max(length, age + 1_000))
            yield replace(plan, status="in-progress", age=age, person=person)

    def next(self) -> CallPlan:
        """A call that begins: inbound ones ring, outbound ones are queued."""
        self._count += 1
        ours, theirs = self._random.choice(_LINES), self._number()
        inbound = self._random.random() < 0.7
        return CallPlan(
            id=f"generated-{self._count}",
            from_=theirs if inbound else ours,
            to=ours if inbound else theirs,
            direction="inbound" if inbound else "outbound-api",
            status="ringing" if inbound else "queued",
            person=self._person(),
            caller_name=self._random.choice(_NAMES) if inbound else None,
            status_callback=self._callback,
            status_callback_event=EVENTS,
        )

    def gap(self, rate: float) -> Millis:
        """How long until the next of `rate` calls a second."""
        return round(self._random.expovariate(rate) * 1000)

    def _person(self) -> Person:
        words, weights = zip(*_OUTCOMES, strict=True)
        return Person(
            ring=self._random.randint(1_000, 25_000),
            outcome=self._random.choices(words, weights)[0],
            talk=self._length(),
        )

    def _length(self, longer: float = 0.0) -> Millis:
        """Half of all calls are shorter than three minutes, one in fifty longer than 25."""
        seconds = self._random.lognormvariate(_MEDIAN + longer, _SPREAD)
        return min(_LONGEST, max(2_000, round(seconds * 1000)))

    def _number(self) -> str:
        prefix = self._random.choice(_PREFIXES)
        return prefix + "".join(self._random.choices("0123456789", k=12 - len(prefix)))


def arrive(world: World, generator: Generator, rate: float) -> None:
    """Lets calls arrive at this many a second from now on, for as long as the world goes on."""
    world.timeline.after(generator.gap(rate), partial(_arrive, world, generator, rate))


def _arrive(world: World, generator: Generator, rate: float) -> None:
    world.add(generator.next())
    arrive(world, generator, rate)


def populate(
    worlds: Sequence[World],
    calls: int,
    rate: float,
    *,
    seed: int = 0,
    status_callback: str | None = None,
) -> None:
    """Spreads generated calls evenly over worlds: live ones now, and `rate` a second in all."""
    for number, world in enumerate(worlds):
        # The first world has the calls that it would have alone.
        generator = Generator(f"{seed}/{number}" if number else seed, status_callback)
        world.schedule(generator.live(_share(calls, len(worlds), number)))
        if rate:
            arrive(world, generator, rate / len(worlds))


def _share(whole: int, parts: int, number: int) -> int:
    """`whole` in `parts` that differ by one at most: how much falls to one of them."""
    return whole // parts + (number < whole % parts)
