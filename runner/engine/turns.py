"""Long work in turns: what else the event loop has to do comes in between."""

from __future__ import annotations

import asyncio

from runner.decision.turns import Result, Turns


async def with_pauses(turns: Turns[Result]) -> Result:
    """Does the work, and gives what it comes to."""
    while True:
        try:
            next(turns)
        except StopIteration as end:
            result: Result = end.value
            return result
        await asyncio.sleep(0)
