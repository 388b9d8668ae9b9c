"""All work on the file, in order, on one thread; what waits together is handed over together.

A commit that is to outlast a power cut waits for the disk. Fifty acts that end at once would wait
for it fifty times, one after the other; so whoever does the work sees all that waits, and may write
it in one transaction. Where acts keep ending, what can wait is gathered a moment for the next.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from runner.engine.ports import StoreError

#: Seconds after which a pause in the work is used.
REST = 0.1
#: After several had come together, what can wait is kept until so many seconds later, or until so
#: many wait: as many as are worth a commit.
GATHER = 0.01
ENOUGH = 32
#: How a job may share a transaction with its neighbours: it `reads` what is there, it `writes`, it
#: writes what only the holder of the lease may (`fenced`); or it sees to its transactions itself.
Sharing: TypeAlias = Literal["reads", "writes", "fenced", "alone"]
#: Does what is asked of it, by what each asker gives, and returns what each asker is to have.
Work: TypeAlias = Callable[[Sequence[Any]], Sequence[Any]]


@dataclass(slots=True, eq=False)
class Job:
    """One piece of work, and who waits for it: until it is durable, and no longer.

    Of neighbours with the same `work` that share a transaction, it may be done in one go. What
    `can_wait` is gathered, and done once even where nobody waits for it by then.
    """

    work: Work
    given: Any
    sharing: Sharing
    heard: asyncio.Future[Any]
    can_wait: bool = False
    result: Any = None
    error: BaseException | None = None

    @property
    def given_up(self) -> bool:
        """Whether nobody waits for it any more."""
        return self.heard.cancelled()

    @property
    def wanted(self) -> bool:
        """Whether it is to be done, where it was not tried yet."""
        return self.can_wait or not self.given_up

    def tell(self) -> None:
        """Lets whoever waits go on, unless they gave up meanwhile."""
        if self.heard.done():
            return
        if self.error is None:
            self.heard.set_result(self.result)
        else:
            self.heard.set_exception(self.error)


class Queue:
    """Jobs on their way to the thread. `do` does all that it is given there, and never raises.

    It gives back what is done as soon as it is: nobody waits for what others have asked for since.
    `rest` is called there too, once in a while after work was done, when nothing waits. `gather` is
    in seconds.
    """

    def __init__(
        self,
        do: Callable[[Sequence[Job]], Iterator[Sequence[Job]]],
        thread: ThreadPoolExecutor,
        rest: Callable[[], None],
        *,
        gather: float = GATHER,
    ) -> None:
        self._do = do
        self._thread = thread
        self._rest = rest
        self._gather = gather
        self._waiting: deque[Job] = deque()
        self._called = False
        self._called_at = 0.0  # when last, by the loop's clock
        self._crowded = False  # whether several came together then
        self._gathering: asyncio.TimerHandle | None = None
        self._resting: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    async def put(
        self, work: Work, sharing: Sharing, given: Any = None, *, can_wait: bool = False
    ) -> Any:
        """Waits for its turn and its end. Raises what it raises.

        What `can_wait` is gathered with what else comes, unless something comes that can't.
        """
        if self._closed:
            raise StoreError("the store is closed")
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # what the one before was to call is called by nobody any more
            self._loop, self._called, self._gathering, self._resting = loop, False, None, None
            self._crowded = False
        job = Job(work, given, sharing, loop.create_future(), can_wait)
        self._waiting.append(job)
        gathers = can_wait and self._crowded and len(self._waiting) < ENOUGH
        if not self._called or (self._gathering is not None and not gathers):
            self._called = True
            self._call_at(self._called_at + self._gather if gathers else 0, loop)
        return await job.heard

    async def close(self, last: Callable[[], None]) -> None:
        """Does all that waits, and this at the end."""
        if not self._closed:
            self._closed = True
            if self._resting is not None:
                self._resting.cancel()
            loop = asyncio.get_running_loop()
            self._call(loop)
            await loop.run_in_executor(self._thread, last)
            self._thread.shutdown(wait=False)

    def _call_at(self, when: float, loop: asyncio.AbstractEventLoop) -> None:
        """Calls the thread at this time by the loop's clock; soon, where that is over."""
        self._gather_no_more()
        if loop.time() < when:
            self._gathering = loop.call_at(when, self._call, loop)
        else:
            # Not now: what others ask for in this turn of the loop goes with it.
            loop.call_soon(self._call, loop)

    def _gather_no_more(self) -> None:
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None

    def _call(self, loop: asyncio.AbstractEventLoop) -> None:
        self._gather_no_more()
        self._called_at = loop.time()
        try:
            self._thread.submit(self._work_off, loop)
        except RuntimeError as error:  # there is no thread to be had
            self._called = False
            for job in self._taken():
                job.error = error
                job.tell()

    def _work_off(self, loop: asyncio.AbstractEventLoop) -> None:
        """Does all that waits by now. What is put after this is begun calls anew."""
        self._called = False
        taken = self._taken()
        self._crowded = len(taken) > 1
        for done in self._do(taken):
            with suppress(RuntimeError):  # there is no loop any more, and so nobody who waits
                loop.call_soon_threadsafe(self._tell, done, loop)

    def _taken(self) -> list[Job]:
        """All that waits, but for what is not wanted any more."""
        taken = [self._waiting.popleft() for _ in range(len(self._waiting))]
        return [job for job in taken if job.wanted]

    def _tell(self, done: Sequence[Job], loop: asyncio.AbstractEventLoop) -> None:
        for job in done:
            job.tell()
        if self._resting is None and not self._closed:
            self._resting = loop.call_later(REST, self._rest_now, loop)

    def _rest_now(self, loop: asyncio.AbstractEventLoop) -> None:
        self._resting = None
        if not self._waiting:
            loop.run_in_executor(self._thread, self._rest)
