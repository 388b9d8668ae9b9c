"""SIGUSR1 throws the kill switch: from the first moment of `callflow run`, and over restarts.

Its default would end the process, and whoever restarts it would have it act again. So it is kept
waiting until there is a kill switch to throw.
"""

from __future__ import annotations

import asyncio
import signal

from runner.cli.daemon.crew import Crew
from runner.engine.ports import Event, Pause


def hold_brake_signal() -> None:
    """Keeps the signal waiting from now on. To be called on the main thread, before any other."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})


def brake_on_signal(crew: Crew) -> None:
    """From now on the signal, one that waits included, throws the kill switch of this crew."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, _brake, crew)
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
