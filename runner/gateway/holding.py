"""The last check before something leaves: a runner that may not act any more sends nothing.

A process that was frozen, or that waited for its turn or its connection, finds out only then that
another has taken over.
"""

from __future__ import annotations

from collections.abc import Callable

import aiohttp
from aiohttp.abc import AbstractStreamWriter

from runner.engine.ports import NotProcessed


class LastCheck(aiohttp.BytesPayload):
    """A body whose last check comes right before it is written; without it nothing is done.

    `held_back` says that the check broke the request off.
    """

    def __init__(self, body: bytes, may_send: Callable[[], bool], *, content_type: str) -> None:
        super().__init__(body, content_type=content_type)
        self._may_send = may_send
        self.held_back = False

    def error(self) -> NotProcessed:
        """What the sender is told of a request that was held back."""
        return NotProcessed("this runner may not act any more, so it was not sent")

    async def write_with_length(
        self, writer: AbstractStreamWriter, content_length: int | None
    ) -> None:
        """Writes the body, or breaks the request off."""
        self._check()
        await super().write_with_length(writer, content_length)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """The same: aiohttp before 3.12 calls this one."""
        self._check()
        await super().write(writer)

    def _check(self) -> None:
        if not self._may_send():
            self.held_back = True
            raise aiohttp.ClientConnectionError("held back")


def always() -> bool:
    """Holds nothing back."""
    return True
