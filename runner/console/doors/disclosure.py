"""Who was shown phone numbers: written into the journal and the log, and only then shown."""

from __future__ import annotations

import asyncio

from aiohttp import web

from runner.console.answers import Fault
from runner.console.desk import Desk
from runner.console.doors.visitors import Visitor, current_visitor
from runner.engine.clock import Clock
from runner.engine.ports import Event, Listener
from runner.model import Millis

#: A page that is on view asks every few seconds; one line says so for so long.
AGAIN: Millis = 600_000


class Disclosure:
    """Decides whether a request gets to see numbers."""

    def __init__(self, desk: Desk, clock: Clock, tell: Listener) -> None:
        self._desk = desk
        self._clock = clock
        self._tell = tell
        self._noted: dict[str, Millis] = {}  # by client: when, on the monotonic clock
        self._one_at_a_time = asyncio.Lock()

    async def allows(self, request: web.Request, *, wanted: bool) -> bool:
        """Whether numbers are shown, which is on record by then. Raises `Fault`, also where it
        could not be recorded.
        """
        if not wanted:
            return False
        visitor = current_visitor()
        if visitor.role != "operator":
            hint = "log in with the operator's token, or leave show_numbers out"
            raise Fault(403, "a reader gets to see no numbers", hint=hint)
        async with self._one_at_a_time:
            if not self._is_noted(visitor.key):
                await self._note(visitor, request.path)
        return True

    def _is_noted(self, client: str) -> bool:
        now = self._clock.monotonic()
        for old in [key for key, at in self._noted.items() if now - at >= AGAIN]:
            del self._noted[old]
        return client in self._noted

    async def _note(self, visitor: Visitor, path: str) -> None:
        at = self._clock.monotonic()
        await self._desk.note("numbers-shown", by=visitor.name, detail=path)
        fields = {"by": visitor.name, "path": path, "peer": visitor.peer}
        self._tell(Event("numbers.shown", self._clock.now(), "warning", fields))
        self._noted[visitor.key] = at
