"""Work that goes on by itself, each piece under a key for as long as it lasts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterator
from typing import Any, Generic, TypeVar

from runner.decision.turns import Turns

Key = TypeVar("Key", str, int)
Result = TypeVar("Result")


class Tasks(Generic[Key]):
    """The pieces under way, by key. `crashed` hears of whatever one of them raises."""

    def __init__(self, crashed: Callable[[BaseException], None]) -> None:
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self._crashed = crashed

    def start(self, key: Key, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Starts a piece; one under the same key that still goes on is no longer found by it."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks[key] = task
        task.add_done_callback(lambda done: self._ended(key, done))
        return task

    def __contains__(self, key: Key) -> bool:
        return key in self._tasks

    def __iter__(self) -> Iterator[Key]:
        return iter(self._tasks)

    @property
    def running(self) -> list[asyncio.Task[None]]:
        """The tasks themselves."""
        return list(self._tasks.values())

    def _ended(self, key: Key, task: asyncio.Task[None]) -> None:
        if self._tasks.get(key) is task:
            del self._tasks[key]
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._crashed(error)


async def cancelled(tasks: Collection[asyncio.Future[Any]]) -> None:
    """Cancels these and waits for their end, whatever that is."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def in_turns(turns: Turns[Result]) -> Result:
    """Does long work, and lets others do theirs wherever it pauses."""
    while True:
        try:
            next(turns)
        except StopIteration as end:
            result: Result = end.value
            return result
        await asyncio.sleep(0)


def run_to_end(
    work: Coroutine[Any, Any, Result],
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> Result:
    """Does work on a loop of its own, as `asyncio.run` would; None makes the usual one.

    When that ends, Python writes out what it returns, for a message that nobody sees: of a plan
    that is every rule once for each call, and takes minutes.
    """
    found: list[Result] = []

    async def through() -> None:
        found.append(await work)

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(through())
    return found[0]
