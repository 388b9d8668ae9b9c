"""Waiting for the far side, but no longer than until the runner is to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from runner.engine.ports import GatewayError

Result = TypeVar("Result")


async def unless_stopped(work: Awaitable[Result], stopping: asyncio.Event) -> Result:
    """What the work comes to. Raises `GatewayError` once the runner is to stop."""
    task = asyncio.ensure_future(work)
    waiting = asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if stopping.is_set():
            raise GatewayError("the runner is stopping")
        return await task
    finally:
        task.cancel()
        waiting.cancel()
