"""What an action must know beside the call, asked of Twilio once and kept for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TypeAlias

from runner.actions.composing import Fact, Found, NotYet
from runner.actions.sequence import lookups_of
from runner.call import Call
from runner.decision.matcher import Verdict
from runner.engine.clock import Clock
from runner.engine.ports import AccessRefused, Gateway, GatewayError, NothingThere, Refused
from runner.model import Millis

#: How a number answers is rarely changed, and who changes it can wait as long as this.
KEPT: Millis = 600_000
#: What is missing, or not permitted, is probably being mended.
MISSED: Millis = 60_000

_Ask: TypeAlias = Callable[[Call], Awaitable[Mapping[str, str]]]


class Lookups:
    """What was looked up for the calls of one account."""

    def __init__(self, gateway: Gateway, clock: Clock) -> None:
        self._asks: Mapping[str, _Ask] = {"voice": gateway.voice_of}
        self._clock = clock
        self._known: dict[tuple[str, str], tuple[Fact, Millis]] = {}

    async def find(self, verdicts: Iterable[Verdict]) -> dict[str, Found]:
        """What the rules of these verdicts need, by call SID."""
        needed: dict[int, frozenset[str]] = {}  # by rule: the same for all its calls
        wanted: dict[tuple[str, str], Call] = {}
        for verdict in verdicts:
            call, rule = verdict.call, verdict.rule
            if id(rule) not in needed:
                needed[id(rule)] = lookups_of(rule.then)
            for what in needed[id(rule)]:
                wanted[what, call.sid] = call
        now = self._clock.monotonic()
        self._known = {key: kept for key, kept in self._known.items() if kept[1] > now}
        # One question a number, however many calls it has.
        by_number = {(what, _number(call)): call for (what, _), call in wanted.items()}
        facts = {key: self._known[key][0] for key in by_number if key in self._known}
        missing = [key for key in by_number if key not in facts]
        # Not from what is known afterwards: somebody else may have forgotten it meanwhile.
        asked = await asyncio.gather(*(self._ask(key, by_number[key]) for key in missing))
        facts.update(zip(missing, asked, strict=True))
        found: dict[str, dict[str, Fact]] = {}
        for (what, sid), call in wanted.items():
            found.setdefault(sid, {})[what] = facts[what, _number(call)]
        return dict(found)

    async def _ask(self, key: tuple[str, str], call: Call) -> Fact:
        now = self._clock.monotonic()
        fact: Fact
        try:
            fact, until = await self._asks[key[0]](call), now + KEPT
        except NothingThere as error:
            fact, until = str(error), now + MISSED
        except GatewayError as error:
            # The next poll asks again, but not where that would be refused again.
            wait = MISSED if isinstance(error, (AccessRefused, Refused)) else 0
            fact, until = NotYet(str(error)), now + wait
        self._known[key] = (fact, until)
        return fact


def _number(call: Call) -> str:
    """What an answer holds for: the number that was called, in the direction of the call."""
    return f"{call.direction} {call.phone_number_sid or call.to}"
