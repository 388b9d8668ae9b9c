"""A far side that costs nothing to ask: lists of live calls, written beforehand, over plain HTTP.

    with serve(calls=10_000) as far:
        far.url                                    # what `--api-base` and `api_base` take
        far.at(calls=100_000, delay=100)           # the same server with other figures
        far.told()                                 # {"lists": 3, "posts": 0, ...} since the start

It is a process of its own, so what it spends is on nobody's account. The figures are

- `calls`: so many are live, all of them in progress; lists of other statuses are empty;
- `delay`: milliseconds from each request to its answer, to a tenth or so;
- `changed`: the share whose row differs from that of the listing before (`date_updated` goes on).
  Whoever asks for a first page begins a listing, so two clients at once need two URLs.

`GET .../Calls.json` pages as Twilio does: `PageSize` up to 1,000, links with a token. `GET` and
`POST .../Calls/{Sid}.json` answer with the call of that SID (`sid_of(n)`), a POST with the `Status`
of its form; nothing is kept. See `bench.far_calls` for what the calls are.
Loopback only, and no credentials are asked for. Standard library alone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit
from urllib.request import urlopen

from bench.far_calls import ACCOUNT, ACCOUNT_SID, AUTH_TOKEN, DIALLED, Crowd, as_json, sid_of

__all__ = ["ACCOUNT_SID", "AUTH_TOKEN", "DIALLED", "FarSide", "serve", "sid_of"]

_ROOT = Path(__file__).resolve().parent.parent
_NOT_FOUND = {"code": 20404, "message": "The requested resource was not found", "status": 404}


@dataclass(frozen=True, slots=True)
class FarSide:
    """Where it listens, with the figures that it was started with."""

    url: str

    def at(self, *, calls: int, delay: int = 0, changed: float = 0.0) -> str:
        """A base URL at which these figures hold. For clients, not for `--api-base`."""
        return f"{self.url}/~{calls},{delay},{changed}"

    def told(self) -> dict[str, int]:
        """How many requests there were of each sort, and the most that were open at once."""
        with urlopen(f"{self.url}/told") as answer:
            told: dict[str, int] = json.load(answer)
        return told


@contextmanager
def serve(calls: int = 1_000, *, delay: int = 0, changed: float = 0.0) -> Iterator[FarSide]:
    """Runs one until the block ends; its pages are written before this returns."""
    command = [sys.executable, "-m", "bench.far_side", str(calls), str(delay), str(changed)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=_ROOT)
    assert process.stdout is not None
    try:
        port = process.stdout.readline().strip()
        assert port, "the far side ended before it listened"
        yield FarSide(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request, and the figures that hold for it."""

    method: str
    path: str
    query: dict[str, str]
    crowd: Crowd
    delay: int


class _Server:
    """Answers what it is asked; each connection has a task of its own."""

    def __init__(self, crowd: Crowd, delay: int) -> None:
        self._crowd = crowd
        self._delay = delay
        self._listings: dict[Crowd, int] = {}
        self.told = {"lists": 0, "gets": 0, "posts": 0, "connections": 0, "open": 0, "most": 0}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until the client ends it."""
        self.told["connections"] += 1
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = _length(head)
                form = await reader.readexactly(length) if length else b""
                method, target, _ = head[: head.index(b"\r\n")].decode("ascii").split(" ")
                writer.write(await self._answer(self._asked(method, target), form))
                await writer.drain()
        writer.close()

    def _asked(self, method: str, target: str) -> _Asked:
        url = urlsplit(target)
        query = dict(parse_qsl(url.query))
        if not url.path.startswith("/~"):
            return _Asked(method, url.path, query, self._crowd, self._delay)
        figures, slash, path = url.path[2:].partition("/")
        calls, delay, changed = figures.split(",")
        crowd = Crowd(int(calls), float(changed), self._crowd.now)
        return _Asked(method, slash + path, query, crowd, int(delay))

    async def _answer(self, asked: _Asked, form: bytes) -> bytes:
        told = self.told
        if asked.path == "/told":
            return _http(200, as_json(told))
        due = asyncio.get_running_loop().time() + asked.delay / 1000
        told["open"] += 1
        told["most"] = max(told["most"], told["open"])
        answer = self._written(asked, form)
        if asked.delay:
            await asyncio.sleep(due - asyncio.get_running_loop().time())
        told["open"] -= 1
        return answer

    def _written(self, asked: _Asked, form: bytes) -> bytes:
        told = self.told
        if asked.path == f"{ACCOUNT}/Calls.json" and asked.method == "GET":
            told["lists"] += 1
            return _http(200, self._list(asked))
        if asked.path.startswith(f"{ACCOUNT}/Calls/CA"):
            told["gets" if asked.method == "GET" else "posts"] += 1
            return _http(200, self._one(asked, dict(parse_qsl(form.decode()))))
        return _http(404, as_json(_NOT_FOUND))

    def _list(self, asked: _Asked) -> bytes:
        query, crowd = asked.query, asked.crowd
        size, number = min(int(query.get("PageSize", "50")), 1_000), int(query.get("Page", "0"))
        if query.get("Status", "in-progress") != "in-progress":
            return Crowd(0, 0.0, crowd.now).page(size, 0, listing=0)
        token = query.get("PageToken", "")
        if not token:
            self._listings[crowd] = self._listings.get(crowd, -1) + 1
        listing = int(token.partition(".")[2]) if token else self._listings[crowd]
        return crowd.page(size, number, listing=listing)

    def _one(self, asked: _Asked, form: dict[str, str]) -> bytes:
        sid = asked.path.rpartition("/")[2].partition(".")[0]
        listing = self._listings.get(asked.crowd, 0)
        call = asked.crowd.call(int(sid[-8:], 16), listing=listing)
        status = form.get("Status", "in-progress").encode()
        return call.replace(b'"status":"in-progress"', b'"status":"%b"' % status, 1)


def _length(head: bytes) -> int:
    _, named, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0]) if named else 0


def _http(status: int, body: bytes) -> bytes:
    head = (
        f"HTTP/1.1 {status} {'OK' if status == 200 else 'Not Found'}\r\n"
        f"Content-Type: application/json;charset=utf-8\r\nDate: {formatdate(usegmt=True)}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _precise() -> asyncio.AbstractEventLoop:
    """A loop that wakes up when it should: by epoll it would be up to a millisecond late."""
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


async def _main(crowd: Crowd, delay: int) -> None:
    for number in range(-(-crowd.calls // 1_000)):
        crowd.page(1_000, number, listing=0)
    server = await asyncio.start_server(_Server(crowd, delay).serve, "127.0.0.1", 0, backlog=500)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("calls", type=int)
    parser.add_argument("delay", type=int)
    parser.add_argument("changed", type=float)
    given = parser.parse_args()
    with suppress(KeyboardInterrupt):
        crowd = Crowd(given.calls, given.changed, int(time.time()))
        with asyncio.Runner(loop_factory=_precise) as runner:
            runner.run(_main(crowd, given.delay))
