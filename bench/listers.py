"""Lists calls with one client, in a process of its own: what it spends, keeps, and how it stalls.

    python -m bench.listers CLIENT URL CALLS DELAY

It lists three times: for processor time and memory; for the longest time that an asynchronous
client keeps other tasks from their turn; and, with DELAY before each page, for seconds on the
clock. `URL` is that of a far side. Runs on the peers' Python too: clients import what they need.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeAlias

from bench.far_calls import ACCOUNT, ACCOUNT_SID, AUTH_TOKEN
from bench.far_side import FarSide
from bench.measuring import LACKING, peak_kib, resident_kib, say

FIRST = f"{ACCOUNT}/Calls.json?Status=in-progress&PageSize=1000"
#: The fields that a lean client would keep.
FEW = (
    "sid from_ to direction status answered_by caller_name forwarded_from parent_call_sid "
    "start_time queue_time phone_number_sid trunk_sid date_updated"
)

#: Lists all calls at a base URL, and returns what it keeps of them.
Lister: TypeAlias = Callable[[str], Coroutine[Any, Any, Sequence[Any]]]
#: What a page holds, and the link to the next.
Read: TypeAlias = Callable[[bytes], tuple[Sequence[Any], str | None]]


async def with_callflow(base: str) -> Sequence[Any]:
    """As the runner lists them."""
    from runner.call import CallQuery
    from runner.gateway.credentials import Credentials
    from runner.gateway.twilio import open_gateway
    from runner.settings import TwilioSettings

    login = Credentials(ACCOUNT_SID, ACCOUNT_SID, AUTH_TOKEN)
    gateway = open_gateway(login, TwilioSettings(api_base=base, list_timeout=3_600_000))
    try:
        return (await gateway.list_calls(CallQuery(("in-progress",)))).calls
    finally:
        await gateway.close()


async def with_sdk(base: str) -> Sequence[Any]:
    """The SDK's own list, which holds the loop until it has ended."""
    from twilio.rest import Client

    client = Client(ACCOUNT_SID, AUTH_TOKEN)
    client.api.base_url = base
    try:
        calls: Sequence[Any] = client.calls.list(status="in-progress", page_size=1000)
        return calls
    finally:
        client.http_client.session.close()


async def with_async_sdk(base: str) -> Sequence[Any]:
    """The SDK's asynchronous list."""
    from twilio.http.async_http_client import AsyncTwilioHttpClient
    from twilio.rest import Client

    async with AsyncTwilioHttpClient() as http:
        client = Client(ACCOUNT_SID, AUTH_TOKEN, http_client=http)
        client.api.base_url = base
        calls: Sequence[Any] = await client.calls.list_async(status="in-progress", page_size=1000)
        return calls


def with_orjson() -> Lister:
    """Plain dictionaries, by orjson."""
    import orjson  # type: ignore[import-not-found]

    def read(body: bytes) -> tuple[Sequence[Any], str | None]:
        page = orjson.loads(body)
        return page["calls"], page["next_page_uri"]

    return _pages(read)


def with_msgspec() -> Lister:
    """Fourteen fields of each call, as a script by hand would decode them."""
    import msgspec

    fields = [(name, str | None, None) for name in FEW.split()]
    few = msgspec.defstruct("Few", fields, rename={"from_": "from"}, gc=False)
    kinds: list[Any] = [("calls", list[few]), ("next_page_uri", str | None, None)]  # type: ignore[valid-type]
    decode = msgspec.json.Decoder(msgspec.defstruct("Page", kinds)).decode

    def read(body: bytes) -> tuple[Sequence[Any], str | None]:
        page: Any = decode(body)
        return page.calls, page.next_page_uri

    return _pages(read)


def with_bytes() -> Lister:
    """What nobody can do without: the bytes are fetched, and the link is read at their end."""

    def read(body: bytes) -> tuple[Sequence[Any], str | None]:
        return (), json.loads(b"{" + body[body.rindex(b"],") + 2 :])["next_page_uri"]

    return _pages(read)


def _pages(read: Read) -> Lister:
    """One page after another over aiohttp, each read as given."""
    import aiohttp

    async def lister(base: str) -> Sequence[Any]:
        calls: list[Any] = []
        link: str | None = FIRST
        async with aiohttp.ClientSession() as session:
            while link:
                async with session.get(base + link) as response:
                    body = await response.read()
                some, link = read(body)
                calls += some
        return calls

    return lister


#: Made before anything is measured, so that imports are on nobody's account.
CLIENTS: dict[str, Callable[[], Lister]] = {
    "callflow": lambda: with_callflow,
    "sdk": lambda: with_sdk,
    "async": lambda: with_async_sdk,
    "orjson": with_orjson,
    "msgspec": with_msgspec,
    "bytes": with_bytes,
}


def measure(client: str, far: FarSide, *, calls: int, delay: int) -> dict[str, float | None]:
    """Seconds of the processor, KiB, ms of the longest stall and of freeing, seconds paused."""
    lister = CLIENTS[client]()
    asyncio.run(lister(far.at(calls=1_000)))  # what is loaded late is loaded now
    gc.collect()
    before, began = resident_kib(), time.process_time()
    kept = asyncio.run(lister(far.at(calls=calls)))
    cpu, peak = time.process_time() - began, peak_kib()
    assert len(kept) == calls or client == "bytes", f"{client} kept {len(kept)}"
    began = time.process_time()
    del kept
    freed = (time.process_time() - began) * 1000
    stall = None if client == "sdk" else asyncio.run(stalled(lister, far.at(calls=calls)))
    began = time.perf_counter()
    asyncio.run(lister(far.at(calls=calls, delay=delay)))
    waited = time.perf_counter() - began
    kib = max(0, peak - before)
    return {"cpu": cpu, "kib": kib, "stall": stall, "freed": freed, "waited": waited}


async def stalled(lister: Lister, base: str) -> float:
    """The longest time of the processor, in ms, between two turns of another task."""
    longest = 0.0

    async def tick() -> None:
        nonlocal longest
        last = time.thread_time()
        while True:
            await asyncio.sleep(0)
            now = time.thread_time()
            longest, last = max(longest, now - last), now

    ticking = asyncio.create_task(tick())
    kept = await lister(base)
    await asyncio.sleep(0)  # what came after the last turn counts too
    ticking.cancel()
    del kept  # only now: who throws a list away is not who lists
    return longest * 1000


def main() -> None:
    """Measures one client."""
    client, url, calls, delay = sys.argv[1:]
    try:
        say(measure(client, FarSide(url), calls=int(calls), delay=int(delay)))
    except ModuleNotFoundError as error:
        print(error, file=sys.stderr)
        sys.exit(LACKING)


if __name__ == "__main__":
    main()
