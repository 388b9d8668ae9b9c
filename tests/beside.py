"""Another task on the loop: how often it had its turn while something else was done."""

from __future__ import annotations

import asyncio
from types import TracebackType


class Beside:
    """Counts the `turns` that it is given while the block lasts."""

    def __init__(self) -> None:
        self.turns = 0

    async def __aenter__(self) -> Beside:
        self._task = asyncio.ensure_future(self._run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._task.cancel()

    async def _run(self) -> None:
        while True:
            self.turns += 1
            await asyncio.sleep(0)
