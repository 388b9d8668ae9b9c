"""The conferences that calls would leave: asked of Twilio, one question a call."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress

from runner.decision.effects import interrupts
from runner.decision.planner import Step
from runner.engine.ports import Gateway, GatewayError


def asked_about(steps: Iterable[Step]) -> list[str]:
    """The SIDs of the calls that these steps take away from where they are."""
    return sorted({step.call.sid for step in steps if interrupts(step)})


async def conferences_of(gateway: Gateway, sids: Iterable[str]) -> dict[str, str | None]:
    """The conference that each of these calls is in, None for none.

    A call that nobody can tell of now is left out.
    """
    found: dict[str, str | None] = {}

    async def ask(sid: str) -> None:
        with suppress(GatewayError):
            found[sid] = await gateway.conference_of(sid)

    await asyncio.gather(*map(ask, sids))
    return found
