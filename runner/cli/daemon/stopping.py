"""How `callflow run` hears that it is to end: the first signal ends it cleanly, the second at once.

Neither the event loop's handlers do it nor Python's own, but a thread: so signals count while the
loop is busy, while a disk that hangs keeps the main thread in the kernel, and before there is a
loop.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from runner.cli.exits import CLEAN, FAILURE
from runner.model import Millis

#: So long after the grace the process is gone, whatever a disk or a name server keeps waiting.
MARGIN: Millis = 700
STOPS = (signal.SIGTERM, signal.SIGINT)


class Stopping:
    """The wish to stop. Before `begin` nothing is under way, and a signal just ends the process.

    Set `over` once the work is done and told of: what still lingers then is of no consequence.
    """

    def __init__(self, *, early: int | None = None) -> None:
        """`early` is the exit code for a signal before `begin`; by default 128 and its number."""
        self._early = early
        self._on_stop: Callable[[], None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._grace: Millis = 0
        self._heard = False
        self.over = False

    def install(self) -> None:
        """Hears SIGTERM and SIGINT from now on. To be called on the main thread.

        Nobody else may ask for the numbers of signals after this (`signal.set_wakeup_fd`), as the
        event loop does where it handles one.
        """
        numbers, told = os.pipe()
        os.set_blocking(told, False)
        listening = threading.Thread(
            target=self._listen, args=(numbers,), name="callflow-signals", daemon=True
        )
        listening.start()
        signal.set_wakeup_fd(told, warn_on_full_buffer=False)
        for number in STOPS:
            signal.signal(number, _left_to_the_thread)

    def begin(self, on_stop: Callable[[], None], *, grace: Millis) -> None:
        """From now on the first signal calls `on_stop`, in the event loop that is running."""
        self._loop, self._grace, self._on_stop = asyncio.get_running_loop(), grace, on_stop

    def _listen(self, numbers: int) -> None:
        while number := os.read(numbers, 1):
            if number[0] in STOPS:
                self._hear(number[0])

    def _hear(self, number: int) -> None:
        if self._on_stop is None or self._loop is None:
            os._exit(128 + number if self._early is None else self._early)
        if self._heard:
            os._exit(128 + number)
        self._heard = True
        threading.Thread(target=self._wait, name="callflow-stop", daemon=True).start()
        with suppress(RuntimeError):  # the loop is closed: it has just ended by itself
            self._loop.call_soon_threadsafe(self._on_stop)

    def _wait(self) -> None:
        """Ends the process in time. What is recorded is durable, the rest is for the next start."""
        time.sleep((self._grace + MARGIN) / 1000)
        os._exit(CLEAN if self.over else FAILURE)


def _left_to_the_thread(_number: int, _frame: FrameType | None) -> None:
    """Keeps the signal from doing what it does by default."""
