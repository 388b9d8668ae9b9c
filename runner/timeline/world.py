"""The calls of one timeline as Twilio would show them, from moment to moment.

A change costs what it changes and a look costs nothing new: a day of calls is thousands of looks.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

import msgspec

from runner.call import Call, format_rfc2822
from runner.model import LIVE_STATUSES, Millis
from runner.timeline.records import Answer, Script

#: The account of every call that names none.
ACCOUNT = "AC" + "0" * 32


#: When on the timeline, rank and number within the moment, and what happens.
_Event: TypeAlias = tuple[Millis, int, int, Callable[[], None]]


@dataclass(slots=True)
class _Leg:
    """One call as it is now; `order` makes the newest the greatest."""

    script: Script
    call: Call
    order: tuple[Millis, int]
    answers: list[Answer] = field(default_factory=list)
    conference: str = ""

    @property
    def live(self) -> bool:
        return self.call.status in LIVE_STATUSES


class World:
    """Plays scripts from `start`, the wall time at which their timeline is 0."""

    def __init__(self, scripts: Sequence[Script], start: Millis) -> None:
        self._start = start
        self._now = start
        self._legs: dict[str, _Leg] = {}  # by id
        self._by_sid: dict[str, str] = {}
        self._live: dict[str, _Leg] = {}
        self._shown: tuple[Call, ...] | None = ()
        self._coming: list[_Event] = []
        self.names = {script.sid: script.id for script in scripts}
        for number, script in enumerate(scripts):
            self._plan(script, number)
        heapq.heapify(self._coming)

    def advance(self, now: Millis) -> None:
        """Lets everything happen that is due up to the wall time `now`."""
        while self._coming and self._coming[0][0] <= now - self._start:
            when, _, _, deed = heapq.heappop(self._coming)
            self._now = self._start + when
            deed()
        self._now = now

    @property
    def calls(self) -> tuple[Call, ...]:
        """The live calls, the newest first. The same object until something changes."""
        if self._shown is None:
            legs = sorted(self._live.values(), key=lambda leg: leg.order, reverse=True)
            self._shown = tuple(leg.call for leg in legs)
        return self._shown

    def find(self, sid: str) -> Call | None:
        """The call, live or over; None where there is none by that SID."""
        leg = self._leg(sid)
        return None if leg is None else leg.call

    def conference_of(self, sid: str) -> str | None:
        """The conference that a live call is in by its script, None for none."""
        leg = self._leg(sid)
        return (leg.conference or None) if leg is not None and leg.live else None

    def leave_conference(self, sid: str) -> None:
        """Takes the call out of its conference, if it is in one: what a change to it does."""
        leg = self._leg(sid)
        if leg is not None:
            leg.conference = ""

    def next_answer(self, sid: str) -> Answer:
        """What the next update of this call meets."""
        leg = self._leg(sid)
        return leg.answers.pop(0) if leg is not None and leg.answers else Answer()

    def end(self, sid: str, status: str = "completed") -> None:
        """Ends a live call, and the legs that it dialled."""
        leg = self._leg(sid)
        if leg is not None and leg.live:
            self._set(leg, {"status": status})

    def drop_children(self, sid: str) -> None:
        """Ends the live legs that this call dialled: what a change to it does to them."""
        for leg in list(self._live.values()):
            if leg.call.parent_call_sid == sid:
                self._set(leg, {"status": "completed"})

    # ---- what the scripts say ---------------------------------------------------------------

    def _plan(self, script: Script, number: int) -> None:
        def at(when: Millis, rank: int, deed: Callable[[], None]) -> None:
            # What happens at one moment happens in this order: it appears, changes, is over.
            self._coming.append((when, rank, len(self._coming), deed))

        at(script.appears, 0, lambda: self._appear(script, number))
        for when, fields in script.changes.items():
            at(when, 1, partial(self._change, script, fields))
        if script.ends is not None:
            at(script.ends, 2, lambda: self.end(script.sid))
        if script.vanishes is not None:
            at(script.vanishes, 3, lambda: self._vanish(script))

    def _appear(self, script: Script, number: int) -> None:
        born = script.appears - script.age
        answers = list(script.answers)
        leg = _Leg(script, self._first(script), (born, number), answers, script.conference)
        self._legs[script.id] = leg
        self._by_sid[script.sid] = script.id
        self._live[script.id] = leg
        self._shown = None
        parent = self._legs.get(script.parent)
        if script.parent and (parent is None or not parent.live):
            self._set(leg, {"status": "completed"})  # nobody is there any more to be talked to

    def _first(self, script: Script) -> Call:
        born = format_rfc2822(self._start + script.appears - script.age)
        # Twilio begins to count when it begins to ring; a queued call has no start yet.
        began = None if script.status == "queued" else born
        row: dict[str, str | None] = {
            "account_sid": ACCOUNT,
            "status": script.status,
            "direction": "outbound-dial" if script.parent else "inbound",
            "date_created": born,
            "date_updated": born,
            "start_time": began,
        }
        return Call(sid=script.sid, **{**row, **script.fields})

    def _change(self, script: Script, fields: Mapping[str, str | None]) -> None:
        leg = self._legs.get(script.id)
        if leg is not None and leg.live:
            self._set(leg, fields)

    def _vanish(self, script: Script) -> None:
        if self._legs.pop(script.id, None) is not None:
            self._live.pop(script.id, None)
            self._shown = None

    def _set(self, leg: _Leg, fields: Mapping[str, str | None]) -> None:
        status = fields.get("status")
        if status in ("ringing", "in-progress") and leg.call.status != status:
            fields = {"start_time": format_rfc2822(self._now), **fields}
        leg.call = msgspec.structs.replace(leg.call, **fields)
        self._shown = None
        if not leg.live:
            self._live.pop(leg.script.id, None)
            self.drop_children(leg.script.sid)

    def _leg(self, sid: str) -> _Leg | None:
        return self._legs.get(self._by_sid.get(sid, ""))
