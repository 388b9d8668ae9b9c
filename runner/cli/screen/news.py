"""Keeps the picture of `callflow top` new: follows the statuses, asks for the lists that moved."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from runner.cli.screen.view import PANES, Name, Picture, View
from runner.console.web.client import Client, Denied, Unreached

#: Which revisions of a status a list depends on.
_MOVED_BY: Mapping[Name, tuple[str, ...]] = {
    "rules": ("rules", "pauses", "flows"),
    "calls": ("calls", "acts"),
    "held": ("held",),
    "acts": ("acts",),
}
#: How long each list is at most; the whole of it where it is filtered by the runner.
_LIMITS: Mapping[Name, str] = {"rules": "200", "calls": "200", "held": "200", "acts": "200"}
#: Seconds between two tries to be heard again.
AGAIN = 2.0
#: Seconds between two looks at the chart, whose steps are ten.
CHART = 10.0


class News:
    """Fills a picture from a client; `moved` is called whenever there is something new in it."""

    def __init__(
        self, client: Client, view: View, moved: Callable[[], None], *, show_numbers: bool
    ) -> None:
        self.picture = Picture()
        self._client = client
        self._view = view
        self.moved = moved
        self.numbers = {"show_numbers": "1"} if show_numbers else {}
        self._have: dict[Name, object] = {}
        self._charted = 0.0
        self._due = asyncio.Event()

    async def look(self) -> None:
        """Everything, once. Raises `Unreached` or `Denied`."""
        self._take(await self._client.get("/api/status"))
        await self._ask_for(PANES)
        self.picture.chart = await self._client.get("/api/chart")
        self._charted = time.monotonic()

    async def follow(self) -> None:
        """Until cancelled: takes each status as it comes, and begins again where that ends."""
        while True:
            try:
                async for status in self._client.follow():
                    self._take(status)
                self._broke("the runner has ended the connection")
            except (Unreached, Denied) as error:
                self._broke(f"{error}; {error.hint}" if error.hint else str(error))
            await asyncio.sleep(AGAIN)

    async def refresh(self) -> None:
        """Until cancelled: asks for the lists that the newest status says have moved."""
        while True:
            await self._due.wait()
            self._due.clear()
            due = [pane for pane in PANES if self._have.get(pane) != self._wanted(pane)]
            try:
                await self._ask_for(due)
                if time.monotonic() - self._charted > CHART:
                    self._charted = time.monotonic()
                    self.picture.chart = await self._client.get("/api/chart")
            except (Unreached, Denied) as error:
                # The stream says so too, and goes on trying.
                self._broke(str(error))
                await asyncio.sleep(AGAIN)
            self.moved()

    def ask_again(self) -> None:
        """The filter is another, or something was changed from here."""
        self._due.set()

    async def _ask_for(self, panes: Iterable[Name]) -> None:
        for pane in panes:
            wanted = self._wanted(pane)
            self.picture.lists[pane] = await self._client.get(f"/api/{pane}", **self._query(pane))
            self._have[pane] = wanted

    def _wanted(self, pane: Name) -> object:
        """What the list stands for: the revisions, and the filter."""
        revisions = self.picture.status.get("revisions", {})
        moved = tuple(revisions.get(part) for part in _MOVED_BY[pane])
        return (moved, self._view.filters.get(pane, ""), self.picture.status.get("started_at"))

    def _query(self, pane: Name) -> dict[str, str]:
        text = self._view.filters.get(pane, "")
        query = {"limit": _LIMITS[pane]}
        if pane in ("rules", "calls"):
            query["sort"] = "-acts" if pane == "rules" else "-age"
            query |= {"q": text} if text else {}
        return query | (self.numbers if pane in ("calls", "held") else {})

    def _take(self, status: dict[str, Any]) -> None:
        self.picture.status = status
        self.picture.came = now()
        self.picture.trouble = ""
        self._due.set()
        self.moved()

    def _broke(self, why: str) -> None:
        self.picture.trouble = why
        self.moved()


def now() -> int:
    """Milliseconds on a clock that never jumps."""
    return time.monotonic_ns() // 1_000_000
