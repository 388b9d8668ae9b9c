"""Lets callbacks in: few at once, and of many about one call one look and at most one after it.

A call that moves on is told of several times within moments, and a busy account has thousands of
calls: what comes too often, or too much at once, is left to the poll, which looks at all of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

#: What came of a look at one call: something was `acted` on; it was `evaluated`, and there is
#: nothing to do; it is `over`; `waits-for-poll` because only a poll can tell; `busy` because it is
#: being changed, or looked at, or too many are; `failed` because it could not be read, or the
#: store not be used; `stopped` because this runner acts no more.
Looked: TypeAlias = Literal[
    "acted", "evaluated", "over", "waits-for-poll", "busy", "failed", "stopped"
]
#: So many callbacks wait for their turn; polls come before a thousand more could be looked at.
WAITING = 1_000


@dataclass(frozen=True, slots=True)
class Look:
    """What one look came to, and the acts that it began."""

    word: Looked
    acts: Sequence[asyncio.Task[None]] = ()


class Crowd:
    """Calls `look` with the SID of a call. `crashed` hears of what it raises.

    What a look began is waited for outside of its turn, and no other look at that call comes
    before it is over.
    """

    def __init__(
        self,
        look: Callable[[str], Awaitable[Look]],
        crashed: Callable[[str, BaseException], None],
        *,
        at_once: int,
        waiting: int = WAITING,
    ) -> None:
        self._look = look
        self._crashed = crashed
        self._turns = asyncio.Semaphore(at_once)
        self._most = at_once + waiting
        self._tasks: dict[str, asyncio.Task[Looked]] = {}
        self._again: set[str] = set()
        self._closed = False

    async def come(self, sid: str) -> Looked:
        """Looks at the call, unless somebody is about to; what is under way goes on regardless."""
        if self._closed:
            return "stopped"
        if sid in self._tasks:
            self._again.add(sid)
            return "busy"
        if len(self._tasks) >= self._most:
            return "busy"
        task = asyncio.ensure_future(self._looks(sid))
        self._tasks[sid] = task
        task.add_done_callback(lambda done: self._ended(sid, done))
        await asyncio.wait({task})
        if task.cancelled():
            return "stopped"
        return "failed" if task.exception() is not None else task.result()

    async def close(self) -> None:
        """Drops what is under way, and lets nobody in any more."""
        self._closed = True
        tasks = [*self._tasks.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _looks(self, sid: str) -> Looked:
        first = word = await self._turn(sid)
        while sid in self._again and word != "stopped":
            self._again.discard(sid)
            word = await self._turn(sid)
        return first if first == "acted" else word

    async def _turn(self, sid: str) -> Looked:
        async with self._turns:
            look = await self._look(sid)
        if look.acts:
            await asyncio.wait(look.acts)
        return look.word

    def _ended(self, sid: str, task: asyncio.Task[Looked]) -> None:
        del self._tasks[sid]
        self._again.discard(sid)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._crashed(sid, error)
