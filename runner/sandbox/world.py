"""The calls themselves: they queue, ring, are answered, follow their TwiML and end. No HTTP here.

Time is an argument: nothing happens but by `advance(to)`. What would need the network stands in
`outbox` until somebody brings the answer to `playing.deliver` or `playing.refuse`, and in `posts`
what is to be told of calls, which nothing waits for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

from runner.model import Millis
from runner.sandbox import callbacks, dialing, places, playing, subresources, trace
from runner.sandbox.beginnings import callback_of, first_row, remaining, source_of
from runner.sandbox.callbacks import Post
from runner.sandbox.conferences import Conference
from runner.sandbox.fetches import Fetch
from runner.sandbox.identity import ACCOUNT_SID, make_sid
from runner.sandbox.legs import Happening, Leg, Source, if_live, if_same
from runner.sandbox.numbers import Book
from runner.sandbox.plans import CallPlan, Person
from runner.sandbox.queues import Queue
from runner.sandbox.rooms import Rooms
from runner.sandbox.rows import Row
from runner.sandbox.shelf import Shelf
from runner.sandbox.timeline import Timeline
from runner.sandbox.verbs import VERBS

#: From a 200 to the moment at which the call obeys.
REACTION: Millis = 150
#: A queued call is dialled after this, unless its plan says otherwise.
QUEUE: Millis = 1_000
#: This many ended calls are kept; older ones are forgotten.
KEPT = 100_000

Listener = Callable[[str, Happening], None]


class World:
    """All calls of one account. `seed` makes the SIDs; `people` says who behaves how when called.

    `documents` maps URLs to TwiML, which is then not fetched.
    """

    def __init__(
        self, start: Millis, *, account_sid: str = ACCOUNT_SID, seed: int | str = 0
    ) -> None:
        self.account_sid = account_sid
        self.seed = seed
        self.verbs = VERBS
        self.timeline = Timeline(start)
        self.shelf = Shelf()
        self.conferences: Rooms[Conference] = Rooms()
        self.queues: Rooms[Queue] = Rooms()
        self.people: dict[str, Person] = {}
        self.documents: dict[str, str] = {}
        self.book = Book(seed)
        self.outbox: list[Fetch] = []
        self.posts: list[Post] = []
        self.listeners: list[Listener] = []
        self._legs: dict[str, Leg] = {}
        self._ended: deque[str] = deque()
        self._planned: set[str] = set()
        self._serial = 0
        self._arrivals = 0

    # ---- time -------------------------------------------------------------------------------

    @property
    def now(self) -> Millis:
        """Where the world stands."""
        return self.timeline.now

    def advance(self, to: Millis, *, until_fetch: bool = False) -> bool:
        """Plays on until `to`; with `until_fetch` only until something is to be fetched or told.

        Returns whether it arrived.
        """
        if until_fetch:
            return self.timeline.advance(to, lambda: bool(self.outbox or self.posts))
        return self.timeline.advance(to)

    def later(self, leg: Leg, millis: Millis, deed: Callable[[], None]) -> None:
        """Plans a deed for a leg; void when the leg is over by then."""
        self.timeline.after(millis, partial(if_live, leg, deed))

    def step(self, leg: Leg, millis: Millis, deed: Callable[[], None]) -> None:
        """Plans a deed of the leg's running document; void when another one runs by then."""
        self.timeline.after(millis, partial(if_same, leg, leg.document, deed))

    # ---- looking ----------------------------------------------------------------------------

    def sid_of(self, name: str) -> str:
        """The SID of the call that was planned under this id; a SID stays itself."""
        return name if name in self._legs else make_sid("CA", self.seed, name)

    def leg(self, name: str) -> Leg:
        """A call by SID or id. Raises KeyError."""
        return self._legs[self.sid_of(name)]

    def call(self, name: str) -> Row:
        """A call's row by SID or id. Raises KeyError."""
        return self.leg(name).row

    def has(self, name: str) -> bool:
        """True where there is a call by this SID or id."""
        return self.sid_of(name) in self._legs

    def transcript(self, name: str) -> tuple[Happening, ...]:
        """Everything that happened to a call, in order. Raises KeyError."""
        return tuple(self.leg(name).happenings)

    def heard(self, name: str) -> list[str]:
        """What was said to whoever is on this call, in order. Raises KeyError."""
        return [line.text for line in self.leg(name).happenings if line.kind == "says"]

    # ---- a call comes -----------------------------------------------------------------------

    def schedule(self, plans: Iterable[CallPlan]) -> list[str]:
        """Lets calls appear when their plans say. Returns their SIDs. Raises ValueError."""
        sids = []
        for plan in plans:
            sid = self._new_sid(plan)
            self._planned.add(sid)
            self.timeline.after(plan.at, partial(self._appear, plan, sid))
            sids.append(sid)
        return sids

    def add(self, plan: CallPlan) -> Row:
        """Lets a call appear at once, whatever its plan's `at`. Raises ValueError."""
        sid = self._new_sid(plan)
        self._appear(plan, sid)
        return self._legs[sid].row

    def _new_sid(self, plan: CallPlan) -> str:
        self._serial += 1
        sid = plan.sid or make_sid("CA", self.seed, plan.id or f"#{self._serial}")
        if self._knows(sid):
            raise ValueError(f"there is a call {plan.id or sid} already")
        if plan.parent and not self._knows(self.sid_of(plan.parent)):
            raise ValueError(f"there is no call {plan.parent} to be the parent")
        if plan.status_callback is not None:
            callback_of(plan, self.book)
        return sid

    def _knows(self, sid: str) -> bool:
        return sid in self._legs or sid in self._planned

    def _appear(self, plan: CallPlan, sid: str) -> None:
        self._planned.discard(sid)
        self._arrivals += 1
        parent = self.sid_of(plan.parent) if plan.parent else None
        row = first_row(plan, sid, now=self.now, number=self._arrivals, parent=parent)
        leg = Leg(row, plan.person, source_of(plan, self.book), plan.time_limit)
        self._legs[sid] = leg
        self.shelf.put(leg.row, self.now)
        self.note(leg, "status", plan.status)
        leg.callback = callback_of(plan, self.book)
        if leg.callback is not None and not plan.age:
            callbacks.tell(self, leg)
        self._set_going(leg, plan)

    def _set_going(self, leg: Leg, plan: CallPlan) -> None:
        dialing.adopt(self, leg)
        if plan.status == "queued":
            self.later(leg, plan.queue_time or QUEUE, partial(self._ring, leg))
        elif plan.status == "ringing":
            self._await_answer(leg, plan.age)
        elif plan.status == "in-progress":
            self._converse(leg, plan.age)
            if leg.source is not None:
                playing.load(self, leg, leg.source)
        else:
            self._retire(leg)

    # ---- a call lives -----------------------------------------------------------------------

    def change(self, leg: Leg, **fields: Any) -> None:
        """Gives a leg a new row, and writes a change of status into its transcript."""
        before = leg.row.status
        leg.row = replace(leg.row, date_updated=self.now, **fields)
        self.shelf.put(leg.row, self.now)
        if leg.row.status != before:
            self.note(leg, "status", leg.row.status)
            if leg.callback is not None:
                callbacks.tell(self, leg)

    def note(self, leg: Leg, kind: str, text: str) -> None:
        """Writes a line into the transcript and tells the listeners."""
        line = Happening(self.now, kind, text)
        leg.happenings.append(line)
        if kind == "fault":
            trace.noticed(self, leg, text)
        for listener in self.listeners:
            listener(leg.row.sid, line)

    def _ring(self, leg: Leg) -> None:
        if leg.row.status == "queued":
            self.change(leg, status="ringing", start_time=self.now)
            self._await_answer(leg, 0)

    def _await_answer(self, leg: Leg, age: Millis) -> None:
        if leg.person.ring is not None:
            self.later(leg, remaining(leg.person.ring, age), partial(self._pick_up, leg))

    def _pick_up(self, leg: Leg) -> None:
        if leg.row.status != "ringing":
            return
        if leg.person.outcome != "answer":
            self.end(leg, leg.person.outcome)
            return
        if leg.row.direction != "inbound" or leg.source is None:
            self.answer(leg)
        if leg.source is not None:
            # An inbound call is answered by the first verb that can't do without.
            playing.load(self, leg, leg.source)

    def answer(self, leg: Leg) -> None:
        """Makes a call that rings one in progress."""
        self.change(leg, status="in-progress", start_time=self.now)
        dialing.answered(self, leg)
        self._converse(leg, 0)

    def _converse(self, leg: Leg, age: Millis) -> None:
        if leg.person.talk is not None:
            self.later(leg, remaining(leg.person.talk, age), partial(self.end, leg, "completed"))
        if leg.time_limit is not None:
            self.limit(leg, leg.time_limit)

    def end(self, leg: Leg, status: str) -> None:
        """Ends a call, drops what it has dialled, and lets whoever dialled it go on."""
        if not leg.row.live:
            return
        leg.document += 1
        leg.verbs = ()
        fields: dict[str, Any] = {"status": status}
        if status == "completed":
            answered = leg.row.status == "in-progress"
            fields |= {"end_time": self.now}
            fields |= {} if answered else {"start_time": self.now}
        self.change(leg, **fields)
        subresources.ended(self, leg)
        dialing.drop(self, leg)
        dialing.ended(self, leg)
        if leg.stay is not None:
            places.leave(self, leg, redirected=False)
        self._retire(leg)

    def _retire(self, leg: Leg) -> None:
        self._ended.append(leg.row.sid)
        if len(self._ended) > KEPT:
            self.forget(self._ended.popleft())

    # ---- what the API tells a call ----------------------------------------------------------

    def redirect(self, leg: Leg, source: Source) -> None:
        """Replaces the running document, a moment later: an accepted update is not yet obeyed."""
        self.note(leg, "told", source.twiml or source.url)
        self.later(leg, REACTION, partial(self._switch, leg, source))

    def _switch(self, leg: Leg, source: Source) -> None:
        if leg.doing:
            self.note(leg, "cut", leg.doing)
        dialing.interrupt(self, leg)
        if leg.stay is not None:
            places.leave(self, leg, redirected=True)
        playing.load(self, leg, source)

    def hang_up(self, leg: Leg) -> None:
        """Ends a call in whatever live status it is."""
        self.note(leg, "told", "completed")
        self.end(leg, "completed")

    def cancel(self, leg: Leg) -> None:
        """Ends a call that has not been answered; does nothing to one that has."""
        self.note(leg, "told", "canceled")
        if leg.row.status != "in-progress":
            self.end(leg, "canceled")

    def limit(self, leg: Leg, seconds: int) -> None:
        """Ends a call so many seconds after its start; only the newest limit is in force."""
        leg.limits += 1
        started = self.now if leg.row.start_time is None else leg.row.start_time
        deed = partial(self._limit_reached, leg, leg.limits)
        self.later(leg, started + seconds * 1000 - self.now, deed)

    def _limit_reached(self, leg: Leg, number: int) -> None:
        if leg.limits == number:
            self.note(leg, "cut", "the time limit is reached")
            self.end(leg, "completed")

    def forget(self, sid: str) -> None:
        """Removes a call's record, if it is still there."""
        if self._legs.pop(sid, None) is not None:
            self.shelf.remove(sid, self.now)
