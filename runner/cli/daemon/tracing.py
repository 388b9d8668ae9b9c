"""Opens the traces that `--traces` asks for, and sends at the end what still waits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.cli.daemon.watching import NOBODY, Watch
from runner.cli.exits import USAGE, Failure
from runner.engine.clock import SystemClock
from runner.engine.ports import Listener
from runner.settings import RunSettings

if TYPE_CHECKING:
    from runner.console.tracing.traces import Traces


@dataclass(frozen=True, slots=True)
class Tracing:
    """The traces of a run; None where nobody asked for them."""

    traces: Traces | None = None

    @staticmethod
    @asynccontextmanager
    async def of(settings: RunSettings) -> AsyncIterator[Tracing]:
        """Open while the context lasts. Raises `Failure` where they can't be sent."""
        if not settings.traces:
            yield Tracing()
            return
        from runner.console.tracing.traces import CannotTrace, open_traces

        try:
            traces = open_traces(SystemClock())
        except CannotTrace as error:
            raise Failure(str(error), hint=error.hint, code=USAGE) from None
        try:
            yield Tracing(traces)
        finally:
            await traces.close()

    @property
    def watch(self) -> Watch:
        """What they watch."""
        if self.traces is None:
            return NOBODY
        return Watch(hear=(self.traces.hear,), answered=(self.traces.answered,))

    def report_to(self, tell: Listener) -> None:
        """Says from now on when spans don't arrive."""
        if self.traces is not None:
            self.traces.report_to(tell)
