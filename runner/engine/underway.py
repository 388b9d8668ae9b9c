"""The acts of one account that are under way, each a task of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from runner.decision.planner import Step
from runner.engine.actor import Actor
from runner.engine.courier import is_telling
from runner.engine.orders import Order
from runner.engine.ports import Entry
from runner.engine.tasks import Tasks


class UnderWay:
    """Starts what the actor does, and knows what goes on. `crashed` hears what a task raises."""

    def __init__(self, actor: Actor, crashed: Callable[[BaseException], None]) -> None:
        self._actor = actor
        self._changing = Tasks[str](crashed)  # by leg group: the change under way
        self._siding = Tasks[int](crashed)  # by ledger entry: an act that changes nothing
        self._resuming = Tasks[int](crashed)  # by ledger entry: its recovery
        self._beside = Tasks[int](crashed)  # by ledger entry: what changes no call
        self._after = Tasks[int](crashed)  # by ledger entry: looks at what became of it
        self._noting: dict[int, set[str]] = {}  # by who looks: what was being changed meanwhile
        actor.beside = self._tell_of

    def begin(self, entries: Sequence[Entry], step: Step, order: Order) -> asyncio.Task[None]:
        """Starts a fresh act."""
        # From now on, not only once its task has its turn: a poll may look for loose ends first.
        self._actor.under_way |= {entry.id for entry in entries}
        work = self._actor.apply(entries, order)
        if not step.changes_call:
            return self._siding.start(entries[0].id, work)
        for noted in self._noting.values():
            noted |= {step.group, step.call.sid}
        return self._changing.start(step.group, work)

    def take_up(self, left: Sequence[Entry], order_again: Callable[[Entry], Order]) -> None:
        """Looks after intents without an outcome: of a run that crashed, or a lost answer."""
        for act in acts_of(left):
            self._resuming.start(act[0].id, self._actor.resume(act, order_again(act[0])))

    def look_after_documents(self) -> None:
        """From now on finds out whether what calls are told to play could be played."""
        self._actor.after = self._look_after

    def holds(self, entry: Entry) -> bool:
        """Whether the entry is being looked after."""
        places = (self._actor.under_way, self._resuming, self._beside)
        return any(entry.id in each for each in places)

    def busy(self, unfinished: Sequence[Entry]) -> frozenset[str]:
        """The leg groups and calls that are being changed: one change at a time, recoveries too."""
        changing = (entry.intent for entry in unfinished if not is_telling(entry))
        return frozenset({*self._changing, *(intent.call_sid for intent in changing)})

    @contextmanager
    def noting(self, unfinished: Sequence[Entry]) -> Iterator[set[str]]:
        """What is `busy`, and what comes to be while the block lasts.

        A row that is asked for meanwhile may be older than what has been done to its call since.
        """
        noted = set(self.busy(unfinished))
        self._noting[id(noted)] = noted
        try:
            yield noted
        finally:
            del self._noting[id(noted)]

    @property
    def running(self) -> list[asyncio.Task[None]]:
        """What has no outcome yet."""
        kinds = (self._changing, self._siding, self._resuming, self._beside)
        return [task for each in kinds for task in each.running]

    @property
    def watching(self) -> list[asyncio.Task[None]]:
        """What only looks at acts that have their outcome."""
        return self._after.running

    def _tell_of(self, entry: Entry, order: Order) -> None:
        self._beside.start(entry.id, self._actor.tell_of(entry, order))

    def _look_after(self, entry: Entry, order: Order) -> None:
        self._after.start(entry.id, self._actor.aftermath.watch(entry, order))


def acts_of(entries: Sequence[Entry]) -> list[list[Entry]]:
    """The entries by act, each in the order of sending."""
    acts: dict[tuple[str, str, int], list[Entry]] = {}
    for entry in entries:
        acts.setdefault(entry.intent.act, []).append(entry)
    return list(acts.values())
