"""`callflow top` on a terminal: draws what comes, takes keys and signals, until it is ended."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from runner.cli.exits import CLEAN, INTERRUPTED
from runner.cli.screen.frame import frame
from runner.cli.screen.hands import Hands
from runner.cli.screen.keys import Keys
from runner.cli.screen.news import News, now
from runner.cli.screen.screen import Screen
from runner.cli.screen.view import View
from runner.console.web.client import Client
from runner.engine.tasks import cancelled

#: Seconds after which an escape that nothing followed is the key.
_ESCAPE = 0.05
#: Seconds between two frames where nothing happens: ages grow.
_TICK = 1.0
_ENDING = {
    signal.SIGINT: INTERRUPTED,
    signal.SIGTERM: CLEAN,
    signal.SIGHUP: CLEAN,
    signal.SIGQUIT: INTERRUPTED,
}


class Live:
    """One session on one screen."""

    def __init__(self, client: Client, screen: Screen, *, show_numbers: bool) -> None:
        self._screen = screen
        self._view = View()
        self._dirty = asyncio.Event()
        self.news = News(client, self._view, self._dirty.set, show_numbers=show_numbers)
        self._hands = Hands(client, self.news, self._view, ended=self._end)
        self._keys = Keys()
        self._over = asyncio.Event()
        self._code = CLEAN
        self._fault: Exception | None = None

    async def run(self) -> int:
        """Until it is ended; returns the exit code."""
        with self._signals(), self._screen.taken(), self._typed():
            jobs = (self.news.follow(), self.news.refresh(), self._draw())
            work = [asyncio.ensure_future(job) for job in jobs]
            over = asyncio.ensure_future(self._over.wait())
            try:
                await asyncio.wait([*work, over], return_when=asyncio.FIRST_COMPLETED)
                for task in work:
                    if task.done():
                        task.result()  # a fault is let out, once the screen is given back
            finally:
                over.cancel()
                await cancelled([*work, *self._hands.busy])
        if self._fault is not None:
            raise self._fault
        return self._code

    async def _draw(self) -> None:
        while True:
            self._dirty.clear()
            size = self._screen.size()
            self._screen.draw(frame(self.news.picture, self._view, size, now()))
            with suppress(TimeoutError):
                async with asyncio.timeout(_TICK):
                    await self._dirty.wait()

    def _end(self, code: int = CLEAN) -> None:
        self._code = code
        self._over.set()

    # ---- keys -------------------------------------------------------------------------------

    @contextmanager
    def _typed(self) -> Iterator[None]:
        loop, keys = asyncio.get_running_loop(), self._screen.keys
        if keys is None:
            yield
            return
        loop.add_reader(keys, self._read, keys)
        try:
            yield
        finally:
            loop.remove_reader(keys)

    def _read(self, keys: int) -> None:
        try:
            data = os.read(keys, 4096)
        except OSError:
            data = b""
        if not data:  # the terminal has gone
            self._end()
            return
        self._feed(data)
        if self._keys.waits:
            asyncio.get_running_loop().call_later(_ESCAPE, self._escaped)

    def _escaped(self) -> None:
        if self._keys.waits:
            self._feed(b"", last=True)

    def _feed(self, data: bytes, *, last: bool = False) -> None:
        try:
            for key in self._keys.feed(data, last=last):
                self._hands.take(key)
        except Exception as error:  # to be shown once the screen is given back
            self._fault = error
            self._end()
        self._dirty.set()

    # ---- signals ----------------------------------------------------------------------------

    @contextmanager
    def _signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number, code in _ENDING.items():
            loop.add_signal_handler(number, self._end, code)
        loop.add_signal_handler(signal.SIGWINCH, self._resized)
        loop.add_signal_handler(signal.SIGTSTP, self._stop)
        try:
            yield
        finally:
            for number in (*_ENDING, signal.SIGWINCH, signal.SIGTSTP):
                loop.remove_signal_handler(number)

    def _resized(self) -> None:
        self._screen.clear()
        self._dirty.set()

    def _stop(self) -> None:
        """Stops as the shell asks, with its screen as it was; goes on where it is told to."""
        self._screen.leave()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._screen.enter()
        self._dirty.set()
