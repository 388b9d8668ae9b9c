"""Measures how soon a call is acted on that Twilio tells of, and that only polls find.

  python3 dev.py bench push                 (or: .venv/bin/python bench/push.py --samples 50)

The sandbox is a process of its own. It makes one call after another, and posts a signed status
callback of each to the runner on loopback, or tells nobody. Both ways take turns in one run, at
moments that are no multiple of the interval. Compare the rows of one run, never those of two.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import aiohttp  # noqa: E402
from aiohttp import web  # noqa: E402

from bench.sandboxed import sandbox  # noqa: E402
from runner.call import Call  # noqa: E402
from runner.console.hooks.push import Push, routes  # noqa: E402
from runner.decision.never import protects  # noqa: E402
from runner.engine.brakes import Safety  # noqa: E402
from runner.engine.clock import SystemClock  # noqa: E402
from runner.engine.loop import Engine  # noqa: E402
from runner.engine.ports import Event  # noqa: E402
from runner.gateway.credentials import Credentials  # noqa: E402
from runner.gateway.twilio import open_gateway  # noqa: E402
from runner.language.loader import load  # noqa: E402
from runner.never import Never  # noqa: E402
from runner.sandbox import ACCOUNT_SID, AUTH_TOKEN  # noqa: E402
from runner.settings import TwilioSettings  # noqa: E402
from runner.store.url import open_store  # noqa: E402

FLOW = """version: 1
flow: bench
guard: unlimited
rules: [{id: end, match: {to: "+14155550177", status: in-progress}, then: [hangup]}]
"""


@dataclass
class Watch:
    """When things happened, in seconds: callbacks that came, and acts that were done, by call."""

    came: list[float] = field(default_factory=list)
    done: dict[str, float] = field(default_factory=dict)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, event: Event) -> None:
        """Takes one event of the engine."""
        if event.name == "action.done":
            self.done[str(event.fields["call"])] = time.perf_counter()
            self.ended.set()

    @web.middleware
    async def note(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Notes when a callback comes, before anything is done about it."""
        self.came.append(time.perf_counter())
        answer: web.StreamResponse = await handler(request)
        return answer


@asynccontextmanager
async def runner(url: str, folder: Path, watch: Watch) -> AsyncIterator[tuple[Engine, str]]:
    """An engine that takes callbacks; gives it, and where it takes them."""
    (folder / "bench.yaml").write_text(FLOW)
    flow_set = load([folder / "bench.yaml"]).flow_set
    assert flow_set is not None
    clock = SystemClock()
    login = Credentials(ACCOUNT_SID, ACCOUNT_SID, password=AUTH_TOKEN)
    gateway = open_gateway(login, TwilioSettings(api_base=url))
    store = await open_store(f"sqlite:///{folder}/bench.db")
    engine = Engine(ACCOUNT_SID, gateway, store=store, clock=clock, tell=watch.hear)

    def protected(call: Call) -> str:
        return protects(Never(), call, account=ACCOUNT_SID, alias="")

    engine.obey(Safety(protects=protected))
    engine.load(flow_set)
    door = socket.socket()
    door.bind(("127.0.0.1", 0))
    base = f"http://127.0.0.1:{door.getsockname()[1]}"
    push = Push(
        base, {ACCOUNT_SID: [AUTH_TOKEN]}, lambda _: engine, clock=clock, tell=lambda _event: None
    )
    app = web.Application(middlewares=[watch.note])
    app.router.add_routes(routes(push))
    served = web.AppRunner(app, access_log=None)
    await served.setup()
    await web.SockSite(served, door).start()
    try:
        yield engine, f"{base}/twilio/status"
    finally:
        await push.close()
        await served.cleanup()
        await engine.abandon()
        await gateway.close()
        await store.close()


async def polls(engine: Engine, interval: float) -> None:
    """Polls on time, until it is cancelled."""
    clock, due = SystemClock(), time.monotonic()
    while True:
        await engine.tick(clock.now())
        due += interval
        await asyncio.sleep(max(0.0, due - time.monotonic()))


async def sample(http: aiohttp.ClientSession, url: str, watch: Watch, told: str) -> list[float]:
    """One call: how long until it was acted on, and how long of that after its callback came."""
    call: dict[str, Any] = {"to": "+14155550177"}
    if told:
        call |= {"status_callback": told, "status_callback_event": ["answered"]}
    watch.ended.clear()
    watch.came.clear()
    began = time.perf_counter()
    async with http.post(f"{url}/sandbox/calls", json={"calls": [call]}) as answer:
        (sid,) = (await answer.json())["sids"]
    while sid not in watch.done:
        watch.ended.clear()
        await asyncio.wait_for(watch.ended.wait(), 30)
    return [watch.done[sid] - each for each in (began, *watch.came[:1])]


async def measure(url: str, samples: int, interval: float) -> dict[str, list[float]]:
    """Rows of seconds."""
    rows: dict[str, list[float]] = {"push": [], "  of that, from the callback": [], "poll": []}
    chances = random.Random(6)
    watch = Watch()
    with tempfile.TemporaryDirectory() as name:
        async with (
            runner(url, Path(name), watch) as (engine, told),
            aiohttp.ClientSession() as http,
        ):
            polling = asyncio.ensure_future(polls(engine, interval))
            await asyncio.sleep(interval)
            for _ in range(samples):
                await asyncio.sleep(chances.uniform(0, interval))
                whole, from_callback = await sample(http, url, watch, told)
                rows["push"].append(whole)
                rows["  of that, from the callback"].append(from_callback)
                await asyncio.sleep(chances.uniform(0, interval))
                rows["poll"] += await sample(http, url, watch, "")
            polling.cancel()
            await asyncio.gather(polling, return_exceptions=True)
    return rows


def main() -> None:
    """Prints one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=30)
    parser.add_argument("--calls", type=int, default=500, help="other live calls")
    parser.add_argument("--interval", type=float, default=2.0, help="seconds from poll to poll")
    options = parser.parse_args()
    with sandbox(options.calls, "--speed", "0") as url:
        rows = asyncio.run(measure(url, options.samples, options.interval))
    print(
        f"{options.samples} calls each way, {options.calls} other live calls, a poll every ", end=""
    )
    print(f"{options.interval:g} s; from the change of the call to its update on record, ms\n")
    print(f"{'':<30}{'median':>9}{'fastest':>9}{'p90':>9}{'slowest':>9}")
    for name, row in rows.items():
        row.sort()
        shown = (statistics.median(row), row[0], row[int(0.9 * (len(row) - 1))], row[-1])
        print(f"{name:<30}" + "".join(f"{1000 * each:>9.1f}" for each in shown))


if __name__ == "__main__":
    main()
