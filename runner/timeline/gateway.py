"""Twilio's side of a timeline: implements the engine's `Gateway` over a `World`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runner.beginnings import beginning_of, reason_not_to_ask
from runner.call import Call, CallQuery
from runner.engine.clock import Clock
from runner.engine.ports import (
    AccessRefused,
    GatewayError,
    Listing,
    NoAnswer,
    NoSuchCall,
    NothingThere,
    Notice,
    Refused,
    Throttled,
)
from runner.model import Update
from runner.timeline.records import Answer
from runner.timeline.twiml import goes_on
from runner.timeline.world import World

WRONG_STATE = 21220
NO_SUCH = 20404
TOO_MANY = 20429


class ScriptedGateway:
    """Answers at once, as the scripts of the calls say."""

    #: Nothing waits here: what a timeline tests is the order that the engine keeps.
    concurrency = 1_000_000

    def __init__(
        self,
        world: World,
        clock: Clock,
        *,
        numbers: Mapping[str, Mapping[str, str | None]] | None = None,
    ) -> None:
        self._world = world
        self._clock = clock
        self._numbers = numbers or {}
        self._last: tuple[CallQuery, tuple[Call, ...], tuple[Call, ...]] | None = None

    async def list_calls(self, query: CallQuery) -> Listing:
        """The live calls that the query asks for, newest first."""
        self._catch_up()
        return Listing(self._fitting(query), self._clock.now(), max(1, len(query.statuses)))

    async def fetch_call(self, sid: str) -> Call:
        """One call, live or over."""
        self._catch_up()
        return self._find(sid)

    async def update_call(self, sid: str, update: Update) -> Call:
        """Does to the call what the update says, unless its script has another answer."""
        self._catch_up()
        call = self._find(sid)
        answer = self._world.next_answer(sid)
        if answer.kind == "error":
            raise error_of(answer)
        if answer.kind != "dropped" and _may(call, update):
            self._carry_out(call, update)
        elif answer.kind == "accepted":
            raise error_of(Answer("error", WRONG_STATE, message="call is not in-progress"))
        if answer.kind != "accepted":
            raise NoAnswer("Twilio gave no answer")
        return self._find(sid)

    async def post_below(self, sid: str, target: str, fields: Mapping[str, str]) -> None:
        """Something beside the call, unless its script has another answer."""
        self._catch_up()
        self._accept(self._find(sid))

    async def announce(self, sid: str, fields: Mapping[str, str]) -> None:
        """The same for a call that is in a conference."""
        if await self.conference_of(sid) is None:
            hint = "`conference: NAME` on a call of the test puts it into one"
            raise NothingThere("the call is in no conference that is in progress", hint=hint)
        self._accept(self._find(sid))

    async def conference_of(self, sid: str) -> str | None:
        """The conference that the test puts the call into."""
        self._catch_up()
        return self._world.conference_of(self._find(sid).sid)

    async def voice_of(self, call: Call) -> Mapping[str, str]:
        """What the test says of the number that was called."""
        reason = reason_not_to_ask(call)
        row = self._numbers.get(call.to or "")
        if reason or row is None:
            raise NothingThere(reason or "the test has no such number: name it under `numbers`")
        found = beginning_of(row)
        if isinstance(found, str):
            raise NothingThere(found)
        return found

    async def notices(self, sid: str) -> Sequence[Notice]:
        """Nothing goes wrong with documents that nobody fetches."""
        return ()

    async def close(self) -> None:
        """There is no connection."""

    def _accept(self, call: Call) -> None:
        """Lets a request beside the call through, or raises what its script answers."""
        answer = self._world.next_answer(call.sid)
        if answer.kind == "error":
            raise error_of(answer)
        if answer.kind == "accepted" and call.status != "in-progress":
            raise error_of(Answer("error", WRONG_STATE, message="call is not in-progress"))
        if answer.kind != "accepted":
            raise NoAnswer("Twilio gave no answer")

    def _carry_out(self, call: Call, update: Update) -> None:
        if update.status == "completed":
            self._world.end(call.sid)
        elif update.status == "canceled":
            # Twilio accepts it for an answered call too, and does nothing.
            if call.status != "in-progress":
                self._world.end(call.sid, "canceled")
        elif update.twiml is not None or update.url is not None:
            self._world.drop_children(call.sid)
            self._world.leave_conference(call.sid)
            if update.twiml is not None and not goes_on(update.twiml):
                self._world.end(call.sid)

    def _fitting(self, query: CallQuery) -> tuple[Call, ...]:
        every = self._world.calls
        if self._last is None or self._last[0] != query or self._last[1] is not every:
            self._last = query, every, tuple(call for call in every if query.fits(call))
        return self._last[2]

    def _find(self, sid: str) -> Call:
        call = self._world.find(sid)
        if call is None:
            raise error_of(Answer("error", NO_SUCH, 404, f"the resource {sid} was not found"))
        return call

    def _catch_up(self) -> None:
        self._world.advance(self._clock.now())


def error_of(answer: Answer) -> GatewayError:
    """What the real gateway makes of such an answer."""
    text = f"Twilio answered {answer.status} (code {answer.code})"
    said = f"{text}: {answer.message}" if answer.message else text
    if answer.status == 429:
        return Throttled(said, retry_after=answer.retry_after)
    if answer.status in (401, 403):
        return AccessRefused(said)
    if answer.status == 408 or answer.status >= 500:
        return NoAnswer(said)
    kind = NoSuchCall if answer.status == 404 or answer.code == NO_SUCH else Refused
    return kind(said, status=answer.status, code=answer.code)


def _may(call: Call, update: Update) -> bool:
    """Whether Twilio lets a call in this status be changed so."""
    statuses = ("queued", "ringing", "in-progress") if update.status else ("in-progress",)
    return call.status in statuses
