"""Sends an update to each call with one client, in a process of its own: seconds, and CPU.

    python -m bench.appliers CLIENT URL CALLS FLIGHT

`FLIGHT` updates go out at once. `URL` is that of a far side, whose delay is what each of them
takes. Before anything is measured each client has sent a few, so that imports and connections are
on nobody's account. callflow does more than the others: it lists the calls, decides on each, has
every intent durable before anything is sent, and records every outcome.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from bench.far_calls import ACCOUNT, ACCOUNT_SID, AUTH_TOKEN, sid_of
from bench.measuring import say

FLOW = """
version: 1
flow: all
guard: unlimited
rules: [{id: end, match: {direction: inbound}, then: [hangup]}]
"""
#: Four of five calls of the far side are inbound; the fifth is a leg of one of them, and stays.
LISTED = 5 / 4
#: What a client tells: seconds on the clock, processor seconds, and how many updates it sent.
Told: TypeAlias = tuple[float, float, int]
#: So many are sent one after another; the rest would take as long each.
FEW = 20


async def with_callflow(base: str, calls: int, flight: int, *, stale_after: int = 60_000) -> Told:
    """A poll of the engine, and all that comes of it, with a ledger on the disk.

    The clock starts when the last list has been read; CPU is that of the whole poll. As every other
    client it has sent as many updates before as go out at once, so that its connections stand.
    """
    from runner.engine.clock import SystemClock
    from runner.engine.loop import Engine
    from runner.engine.ports import Event
    from runner.gateway.credentials import Credentials
    from runner.gateway.twilio import open_gateway
    from runner.language.loader import load
    from runner.model import Update
    from runner.settings import TwilioSettings
    from runner.store.url import open_store

    login = Credentials(ACCOUNT_SID, ACCOUNT_SID, AUTH_TOKEN)
    # The engine leaves one request free for lists.
    gateway = open_gateway(login, TwilioSettings(api_base=base, concurrency=flight + 1))
    listed, done = list[float](), list[Event]()
    gateway.listen(lambda sent: listed.append(time.perf_counter()) if _is_list(sent) else None)
    with tempfile.TemporaryDirectory() as folder:
        store = await open_store(f"sqlite:///{folder}/callflow.db")
        await store.take("bench", over=None, at=1)
        (Path(folder) / "all.yaml").write_text(FLOW, encoding="utf-8")
        flow_set = load([Path(folder)]).flow_set
        assert flow_set is not None
        engine = Engine(ACCOUNT_SID, gateway, store=store, clock=SystemClock(), tell=done.append)
        engine.stale_after = stale_after
        engine.load(flow_set)
        end = Update(status="completed")
        await asyncio.gather(*(gateway.update_call(sid_of(n), end) for n in range(flight)))
        began = time.process_time()
        await engine.tick(SystemClock().now())
        await engine.settle()
        spent, ended = time.process_time() - began, time.perf_counter()
        await store.close()
    await gateway.close()
    return ended - listed[-1], spent, [event.name for event in done].count("action.done")


def _is_list(sent: Any) -> bool:
    return bool(sent.path.endswith("/Calls.json"))


async def with_callflow_at_its_pace(base: str, calls: int, flight: int) -> Told:
    """The same at polls two seconds apart: what is older is read again before it is sent."""
    return await with_callflow(base, calls, flight, stale_after=2_000)


async def one_by_one(base: str, calls: int, _flight: int) -> Told:
    """The SDK, one update after another: a few, scaled."""
    few = min(FEW, calls)
    client = _client(base)
    update = partial(_update, client)
    wall, spent, _ = await _timed(asyncio.to_thread(lambda: [update(n) for n in range(few)]))
    client.http_client.session.close()
    return wall * calls / few, spent * calls / few, calls


async def in_threads(base: str, calls: int, flight: int) -> Told:
    """The SDK in so many threads, which share one client."""
    client = _client(base)
    with ThreadPoolExecutor(flight) as threads:
        loop = asyncio.get_running_loop()
        update = partial(_update, client)
        work = asyncio.to_thread(lambda: list(threads.map(update, range(calls))))
        await loop.run_in_executor(threads, update, 0)
        told = await _timed(work)
    client.http_client.session.close()
    return told[0], told[1], calls


async def with_async_sdk(base: str, calls: int, flight: int) -> Told:
    """The SDK's asynchronous client."""
    from twilio.http.async_http_client import AsyncTwilioHttpClient

    async with AsyncTwilioHttpClient() as http:
        client = _client(base, http_client=http)

        async def update(number: int) -> None:
            await client.calls(sid_of(number)).update_async(status="completed")

        return await _abreast(update, calls, flight)


async def with_aiohttp(base: str, calls: int, flight: int) -> Told:
    """aiohttp by hand: the form goes out, the answer is decoded."""
    import aiohttp

    head = {"Authorization": aiohttp.encode_basic_auth(ACCOUNT_SID, AUTH_TOKEN)}
    async with aiohttp.ClientSession(
        headers=head, connector=aiohttp.TCPConnector(limit=0)
    ) as session:

        async def update(number: int) -> None:
            url = f"{base}{ACCOUNT}/Calls/{sid_of(number)}.json"
            async with session.post(url, data={"Status": "completed"}) as response:
                await response.json()

        return await _abreast(update, calls, flight)


async def with_streams(base: str, calls: int, flight: int) -> Told:
    """What nobody can do without: bytes over so many connections, and the answer unread."""
    host, _, port = base.removeprefix("http://").partition("/")[0].partition(":")
    below = base.removeprefix("http://").partition("/")[2]
    prefix = f"/{below}" if below else ""
    opened = [await asyncio.open_connection(host, int(port)) for _ in range(flight)]
    free = list(opened)

    async def update(number: int) -> None:
        reader, writer = free.pop()
        path = f"{prefix}{ACCOUNT}/Calls/{sid_of(number)}.json"
        head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 16\r\n\r\n"
        writer.write(head.encode() + b"Status=completed")
        answer = await reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        free.append((reader, writer))

    told = await _abreast(update, calls, flight)
    for _, writer in opened:
        writer.close()
    return told


async def _abreast(update: Callable[[int], Awaitable[None]], calls: int, flight: int) -> Told:
    turns = asyncio.Semaphore(flight)

    async def in_turn(number: int) -> None:
        async with turns:
            await update(number)

    await asyncio.gather(*(in_turn(number) for number in range(min(flight, calls))))
    told = await _timed(_all(in_turn, range(calls)))
    return told[0], told[1], calls


async def _all(work: Callable[[int], Coroutine[Any, Any, None]], numbers: Sequence[int]) -> None:
    await asyncio.gather(*map(work, numbers))


async def _timed(work: Awaitable[Any]) -> tuple[float, float, Any]:
    wall, spent = time.perf_counter(), time.process_time()
    result = await work
    return time.perf_counter() - wall, time.process_time() - spent, result


def _client(base: str, **more: Any) -> Any:
    from twilio.rest import Client

    client = Client(ACCOUNT_SID, AUTH_TOKEN, **more)
    client.api.base_url = base
    return client


def _update(client: Any, number: int) -> None:
    client.calls(sid_of(number)).update(status="completed")


CLIENTS: dict[str, Callable[[str, int, int], Coroutine[Any, Any, Told]]] = {
    "callflow": with_callflow,
    "pace": with_callflow_at_its_pace,
    "sequential": one_by_one,
    "threads": in_threads,
    "async": with_async_sdk,
    "aiohttp": with_aiohttp,
    "streams": with_streams,
}


def main(client: str, base: str, calls: str, flight: str) -> None:
    """Once for imports and what is made only once, and then for what is told."""
    work = CLIENTS[client]
    few = round(int(flight) * LISTED)
    asyncio.run(work(f"{base}/~{few},1,0.0", int(flight), int(flight)))
    gc.collect()
    gc.freeze()  # as `callflow run` does once it has loaded everything
    say(asyncio.run(work(base, int(calls), int(flight))))


if __name__ == "__main__":
    main(*sys.argv[1:])
