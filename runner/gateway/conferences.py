"""Which conference a call is in: Twilio does not say so of a call, only of a conference.

So all conferences are read with all who are in them. One reading serves everybody who asks at that
time, and what it found is believed for a moment: who has left since is answered 404 and looked for
again. That a call is in none is believed only of a reading that began after the question.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from runner.engine.ports import NoAnswer, NoSuchCall, NothingThere, NotProcessed
from runner.gateway.below import path_of_call
from runner.gateway.errors import refused_account
from runner.gateway.line import Line
from runner.gateway.lists import Lists, Row
from runner.gateway.rows import is_call_sid, is_sid, text_of
from runner.model import Millis

#: How long a call that was found is taken to be there still.
KEPT: Millis = 1_000
#: So many conferences are read at once: the account's other requests need their turns too.
AT_ONCE = 10
#: The statuses of a conference that somebody is in, in the order in which it goes through them: a
#: caller who waits alone for an agent is in one that has not begun.
LIVE = ("init", "in-progress")
#: A participant in one of these hears nothing any more.
_GONE = frozenset({"complete", "failed"})


@dataclass(frozen=True, slots=True)
class Place:
    """One conference that is not over."""

    sid: str
    name: str


class _Reading:
    """All places by call SID, once `task` is done."""

    def __init__(
        self, number: int, task: asyncio.Task[Mapping[str, Place]], ticks: Callable[[], Millis]
    ) -> None:
        self.number = number
        self.task = task
        self._ticks = ticks
        self._ended: Millis | None = None
        task.add_done_callback(self._end)

    @property
    def counts(self) -> bool:
        """Whether it is worth a look: under way, or good and fresh."""
        if self._ended is None:
            return True
        failed = self.task.cancelled() or self.task.exception() is not None
        return not failed and self._ticks() - self._ended <= KEPT

    def _end(self, task: asyncio.Task[Mapping[str, Place]]) -> None:
        self._ended = self._ticks()
        if not task.cancelled():
            task.exception()  # it is told to those who wait; perhaps nobody does any more


class Conferences:
    """The live conferences of one account. `ticks` is a clock that never jumps."""

    def __init__(self, line: Line, lists: Lists, *, ticks: Callable[[], Millis]) -> None:
        self._line = line
        self._lists = lists
        self._ticks = ticks
        self._readings = 0
        self._last: _Reading | None = None
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def announce(self, sid: str, fields: Mapping[str, str]) -> None:
        """Sends one form to the call's place in its conference, once."""
        path_of_call(self._line, sid)  # it goes into a path further down
        try:
            await self._post(await self._place_to_change(sid), sid, fields)
        except NoSuchCall:
            # It left, and may be in another by now.
            await self._post(await self._place_to_change(sid, anew=True), sid, fields)

    async def name_of(self, sid: str) -> str | None:
        """The name of the conference that the call is in, None for none."""
        place = await self._find(sid)
        return None if place is None else place.name

    async def close(self) -> None:
        """Gives up a reading under way."""
        if self._last is not None:
            self._last.task.cancel()
            await asyncio.wait([self._last.task])

    async def _post(self, place: Place, sid: str, fields: Mapping[str, str]) -> None:
        path = f"{self._line.account}/Conferences/{place.sid}/Participants/{sid}.json"
        await self._line.post(path, fields)

    async def _place_to_change(self, sid: str, *, anew: bool = False) -> Place:
        try:
            place = await self._find(sid, anew=anew)
        except NoAnswer as error:
            # Only looking had no answer; nothing was sent yet.
            text = f"its conference could not be looked up: {error}"
            raise NotProcessed(text, hint=error.hint) from None
        if place is None:
            hint = "an announcement is for calls that are in a conference; `say` speaks to others"
            raise NothingThere("the call is in no conference", hint=hint)
        return place

    async def _find(self, sid: str, *, anew: bool = False) -> Place | None:
        before, last = self._readings, self._last
        if last is not None and last.counts:
            # Whoever gives up waiting does not stop the reading for the others.
            places = await asyncio.shield(last.task)
            if sid in places and not anew:
                return places[sid]
        return (await asyncio.shield(self._after(before).task)).get(sid)

    def _after(self, number: int) -> _Reading:
        """A reading that began after that one: somebody else's, or a new one."""
        if self._last is None or self._last.number <= number:
            self._readings += 1
            task = asyncio.ensure_future(self._read())
            self._last = _Reading(self._readings, task, self._ticks)
        return self._last

    # ---- reading ------------------------------------------------------------------------------

    async def _read(self) -> Mapping[str, Place]:
        path = f"{self._line.account}/Conferences.json"
        rows: list[Row] = []
        try:
            for status in LIVE:
                rows += await self._lists.read(path, "conferences", {"Status": status})
        except NoSuchCall as error:
            raise refused_account(error) from None
        places = {place for row in rows if (place := _place(row)) is not None}
        found: dict[str, Place] = {}
        tasks = [asyncio.ensure_future(self._add_calls(place, found)) for place in places]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
        return found

    async def _add_calls(self, place: Place, found: dict[str, Place]) -> None:
        path = f"{self._line.account}/Conferences/{place.sid}/Participants.json"
        try:
            async with self._turns:
                rows = await self._lists.read(path, "participants")
        except NoSuchCall:
            return  # it ended meanwhile
        for row in rows:
            sid = text_of(row.get("call_sid")) or ""
            if is_call_sid(sid) and text_of(row.get("status")) not in _GONE:
                found[sid] = place


def _place(row: Row) -> Place | None:
    sid = text_of(row.get("sid")) or ""
    if not is_sid(sid, "CF"):
        return None
    return Place(sid, text_of(row.get("friendly_name")) or sid)
