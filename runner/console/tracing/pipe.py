"""Carries spans to a collector on a thread of its own, so that none of its troubles reach a call.

What waits is bounded: where the collector is too slow, or gone, the oldest spans are dropped.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol, TypeAlias

from runner.console.tracing.spans import Span
from runner.model import Millis

#: So many spans wait at most; some 10 MB.
ROOM = 10_000
#: So many go out in one request.
BATCH = 512
#: So long a span waits for others to go out with.
GATHER: Millis = 1_000
#: So long what still waits may take to go out when the runner stops.
FLUSH: Millis = 1_000


class Sender(Protocol):
    """Where spans go."""

    def send(self, spans: Sequence[Span]) -> str:
        """Sends them, however long it takes; returns what kept them from arriving, or ""."""
        ...

    def shutdown(self) -> None:
        """Gives up what is being tried again."""
        ...


#: Is told, in the event loop, what is wrong now ("" for nothing) and how many spans were lost.
Report: TypeAlias = Callable[[str, int], None]


class Pipe:
    """Spans on their way to a sender. To be made in a running event loop."""

    def __init__(
        self, sender: Sender, *, report: Report, gather: Millis = GATHER, room: int = ROOM
    ) -> None:
        self._sender = sender
        self._report = report
        self._gather_for = gather / 1000
        self._waiting: deque[Span] = deque(maxlen=room)
        self._lost = 0
        self._trouble = ""
        self._closing = False
        self._turn = threading.Condition()
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        # A daemon: it must not keep a process alive whose collector hangs.
        self._thread = threading.Thread(target=self._run, name="callflow-traces", daemon=True)
        self._thread.start()

    def put(self, span: Span) -> None:
        """Hands over a span that is over; never waits."""
        with self._turn:
            if len(self._waiting) == self._waiting.maxlen:
                self._lost += 1
            self._waiting.append(span)
            if len(self._waiting) >= BATCH:
                self._turn.notify()

    async def close(self, within: Millis = FLUSH) -> None:
        """Sends what waits, for so long at most; where nothing arrives anyway, not at all."""
        with self._turn:
            self._closing = True
            self._turn.notify()
        if not self._trouble:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), within / 1000)
        self._sender.shutdown()

    # ---- on the thread --------------------------------------------------------------------------

    def _run(self) -> None:
        while batch := self._gather():
            self._send(batch)
        self._in_loop(self._ended.set)

    def _gather(self) -> list[Span]:
        """The next spans to send; none once the pipe is closed and empty, or of no use."""
        with self._turn:
            while True:
                self._turn.wait_for(self._has_batch, self._gather_for)
                if self._closing and self._trouble:
                    return []
                if self._waiting or self._closing:
                    size = min(BATCH, len(self._waiting))
                    return [self._waiting.popleft() for _ in range(size)]

    def _has_batch(self) -> bool:
        return self._closing or len(self._waiting) >= BATCH

    def _send(self, batch: Sequence[Span]) -> None:
        try:
            trouble = self._sender.send(batch)
        except Exception as error:
            # A library's surprise must not end the thread unseen: it counts as one more failure.
            trouble = type(error).__name__
        if trouble:
            with self._turn:
                self._lost += len(batch)
        if trouble != self._trouble:
            self._trouble = trouble
            with self._turn:
                lost = self._lost
            self._in_loop(lambda: self._report(trouble, lost))

    def _in_loop(self, what: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # it is closed: nobody waits, or wants to know, any more
            self._loop.call_soon_threadsafe(what)
