"""Somebody between the runner and the sandbox, who changes answers that no sandbox would give."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from types import TracebackType

import aiohttp
from yarl import URL

from runner.engine.orders import IDEMPOTENCY
from runner.sandbox.routes import classify
from tests.gateway.raw import RawServer, Request, answer, raw_server


@dataclass(frozen=True)
class Answer:
    """One answer on its way back."""

    status: int
    body: bytes
    headers: Mapping[str, str]


#: Gets the answer of the sandbox and gives what the runner gets.
Trick = Callable[[Answer], Awaitable[Answer]]


class Between:
    """Passes everything on, but for the tricks played. Where nobody meddles it is not there."""

    def __init__(self, target: str, there: bool) -> None:
        self._target = target
        self._there = there
        self.base = target
        self.requests: list[str] = []
        self._tricks: list[tuple[str, Trick]] = []
        self._leaving_after = ("", 0)

    def play(self, on: str, trick: Trick) -> None:
        """Plays a trick on the next request that begins so."""
        self._tricks.append((on, trick))

    def leave_after(self, request: str, number: int) -> None:
        """Is gone once that request is answered so often: then connections are refused."""
        self._leaving_after = (request, number)

    async def __aenter__(self) -> Between:
        if self._there:
            self._serving = raw_server(self._reply)
            self._server: RawServer = await self._serving.__aenter__()
            self._session = aiohttp.ClientSession()
            self.base = self._server.base
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._there:
            await self._serving.__aexit__(None, None, None)
            await self._session.close()

    async def _reply(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        what = shown(classify(request.method, request.path).kind, request.query, request.form)
        self.requests.append(what)
        leaving = (what, self.requests.count(what)) == self._leaving_after
        if leaving:
            self._server.leave()
        back = await self._pass_on(request)
        for planned in [each for each in self._tricks if what.startswith(each[0])][:1]:
            self._tricks.remove(planned)
            back = await planned[1](back)
        writer.write(answer(back.status, back.body, **back.headers))
        await writer.drain()
        return not leaving

    async def _pass_on(self, request: Request) -> Answer:
        kept = {k: v for k, v in request.headers.items() if k in ("authorization", "content-type")}
        url = URL(self._target + request.target, encoded=True)
        asked = self._session.request(request.method, url, data=request.body, headers=kept)
        async with asked as came:
            return Answer(came.status, await came.read(), {"Date": came.headers["Date"]})


def shown(kind: str, query: Mapping[str, str], form: Mapping[str, str]) -> str:
    """A request in one line, without what stands for this very act."""
    asked = query.get("Status", "") + (" page" if "PageToken" in query else "")
    sent = " ".join(f"{name}={value}" for name, value in form.items() if name != IDEMPOTENCY)
    return f"{kind} {asked}{sent}".rstrip()


def becomes(**changed: object) -> Trick:
    """The answer with another status, body or headers."""

    async def trick(back: Answer) -> Answer:
        return replace(back, **changed)  # type: ignore[arg-type]

    return trick
