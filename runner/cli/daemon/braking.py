"""SIGUSR1 throws the kill switch: from the first moment of `callflow run`, and over restarts.

Its default would end the process, and whoever restarts it would have it act again. So it is kept
waiting until there is a kill switch to throw.
"""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from types import FrameType

from runner.cli.daemon.crew import Crew
from runner.engine.ports import Event, Pause


def hold_brake_signal() -> None:
    """Keeps the signal waiting from now on. To be called on the main thread, before any other."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})


def brake_on_signal(crew: Crew) -> None:
    """From now on the signal, one that waits included, throws the kill switch of this crew."""
    loop = asyncio.get_running_loop()

    def hear(_number: int, _frame: FrameType | None) -> None:
        with suppress(RuntimeError):  # the loop is closed, and nothing is sent any more
            loop.call_soon_threadsafe(_brake, crew)

    # Not the loop's way, which would take all signals from those that listen for the end.
    signal.signal(signal.SIGUSR1, hear)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})


def _brake(crew: Crew) -> None:
    now = crew.clock.now()
    try:
        crew.kill.throw(Pause(reason="signal SIGUSR1", by="signal", at=now))
    except OSError as error:
        text = f"the kill switch is thrown, but its file can't be written: {error}"
        hint = "a restart would act again: mend the folder, or touch the file PAUSED there"
        fields = {"scope": "everything", "error": text, "hint": hint}
        crew.tell(Event("rule.paused", now, "error", fields))
