"""A service that rules post to, and that is killed and comes back at any instant."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field

from tests.engine.model_far_side import Posts
from tests.gateway.raw import answer, read_request


@dataclass
class MortalService(Posts):
    """What it took in survives it; whether it said so is another matter."""

    dice: random.Random = field(default_factory=random.Random)
    port: int = 0
    deaths: int = 0
    _server: asyncio.Server | None = None
    _talking: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def base(self) -> str:
        """Where it is, alive or not."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def lives(self) -> bool:
        """Whether it can be reached."""
        return self._server is not None and self._server.is_serving()

    async def live(self) -> None:
        """Listens, where it did before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def die(self) -> None:
        """Breaks off whatever it was about, and refuses connections."""
        assert self._server is not None
        self._server.close()
        talking = list(self._talking)
        for task in talking:
            task.cancel()
        await asyncio.gather(*talking, return_exceptions=True)
        self.deaths += 1

    async def die_now_and_then(self) -> None:
        """Until this is cancelled; then it may be dead."""
        while True:
            await asyncio.sleep(self.dice.uniform(0.3, 2.0))
            await self.die()
            await asyncio.sleep(self.dice.uniform(0.1, 0.6))
            await self.live()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talking.add(task)
        try:
            while request := await read_request(reader):
                key = self.come(request)
                await asyncio.sleep(self.dice.uniform(0.0, 0.05))
                self.take(key, request)
                await asyncio.sleep(self.dice.uniform(0.0, 0.05))
                self.confirmed.add(key)
                writer.write(answer(204))
                await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            writer.close()
            self._talking.discard(task)
