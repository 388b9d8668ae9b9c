"""Whole polls of a real engine, in its own process: `python -m bench.polling URL RULES POLLS HOW`.

HOW is `plain`, `console` (board and metrics see each poll) or `spent` (some calls fit a rule that
has had its turn). Prints of each poll, the first one among them, the processor seconds by phase,
and by how much the memory that is resident has grown since before the first.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

from bench.far_side import ACCOUNT_SID, AUTH_TOKEN, DIALLED
from bench.measuring import resident_kib, say
from bench.rulebook import resting, rules, write
from runner.cli.daemon.watching import NOBODY, Guarded, Watch
from runner.decision.planner import Planner
from runner.decision.turns import Turns
from runner.engine.clock import SystemClock
from runner.engine.loop import Engine
from runner.engine.poll import Poll, Show
from runner.engine.ports import Event, Gateway, Store
from runner.gateway.credentials import Credentials
from runner.gateway.twilio import open_gateway
from runner.language.loader import load
from runner.model import FlowSet
from runner.settings import TwilioSettings
from runner.store.url import open_store

INTERVAL = 2_000
#: One call in a hundred is to one of these numbers.
SPENT = DIALLED[1::100]
FITS = """version: 1
flow: fits
rules: [{id: seen, match: {to: [%s]}, then: [{log: seen}]}]
"""


class Timed:
    """A part of the runner whose methods are timed while they are waited for."""

    def __init__(self, part: object, phase: str, spent: defaultdict[str, float]) -> None:
        self._part, self._phase, self._spent = part, phase, spent

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._part, name)
        return partial(self._timed, found) if asyncio.iscoroutinefunction(found) else found

    async def _timed(self, method: Callable[..., Awaitable[Any]], *given: Any, **named: Any) -> Any:
        began = time.process_time()
        try:
            return await method(*given, **named)
        finally:
            self._spent[self._phase] += time.process_time() - began


class Watchers:
    """Who hears and sees what the engine does: nobody, or the console."""

    def __init__(self, flow_set: FlowSet, how: str) -> None:
        watch, clock = NOBODY, SystemClock()
        self.last: Poll | None = None
        if how == "console":
            # As in `run`: without a console nothing of it is in memory.
            from runner.console.measuring.metrics import Metrics
            from runner.console.picture.board import Board
            from runner.console.summing import Summing

            accounts, summing = {ACCOUNT_SID: ("", INTERVAL)}, Summing()
            board = Board(accounts, clock, summing=summing)
            metrics = Metrics(accounts, clock, summing=summing)
            metrics.load(flow_set)
            watch = Watch((board.hear, metrics.hear), (board.see, metrics.see))
        self._watched = Guarded(watch, clock, failed)
        self.hear = self._watched.hear

    def see(self, poll: Poll) -> Turns[Show]:
        """A poll saw the calls."""
        self.last = poll
        return (yield from self._watched.see(ACCOUNT_SID, poll))


def failed(event: Event) -> None:
    """A watcher stopped watching: what is measured from then on is less work."""
    raise AssertionError(event)


def flows(folder: Path, count: int, how: str) -> FlowSet:
    """So many rules that fit nobody, and for `spent` one more that some calls fit."""
    write(folder, resting(rules(count), DIALLED))
    if how == "spent":
        (folder / "fits.yaml").write_text(FITS % ", ".join(f'"{each}"' for each in SPENT))
    loaded = load([folder])
    assert loaded.flow_set is not None, loaded.errors
    return loaded.flow_set


@asynccontextmanager
async def engine_at(
    url: str, spent: defaultdict[str, float], watchers: Watchers, folder: Path
) -> AsyncIterator[Engine]:
    """An engine as `run` makes it, with a real connection and a real ledger."""
    login = Credentials(ACCOUNT_SID, ACCOUNT_SID, password=AUTH_TOKEN)
    gateway = open_gateway(login, TwilioSettings(api_base=url))
    store = await open_store(f"sqlite:///{folder}/bench.db")
    engine = Engine(
        ACCOUNT_SID,
        cast(Gateway, Timed(gateway, "list", spent)),
        store=cast(Store, Timed(store, "keep", spent)),
        clock=SystemClock(),
        tell=watchers.hear,
    )
    engine.seen = watchers.see
    try:
        yield engine
    finally:
        await engine.settle()
        await gateway.close()
        await store.close()


async def polled(
    engine: Engine, spent: defaultdict[str, float], watchers: Watchers
) -> dict[str, float]:
    """One poll: processor seconds of each phase, and of the whole.

    What is planned is planned once more beside it, to tell that from deciding.
    """
    spent.clear()
    began = time.process_time()
    await engine.tick(SystemClock().now())
    whole = time.process_time() - began
    assert watchers.last is not None, "the poll failed"
    assert watchers.last.sight is not None
    sight = watchers.last.sight
    began = time.process_time()
    Planner(sight.calls, sight.moment).plan(sight.findings.verdicts, sight.findings.history)
    plan = time.process_time() - began
    decide = whole - spent["list"] - spent["keep"] - plan
    return {**spent, "decide": decide, "plan": plan, "whole": whole, "steps": len(sight.plan.steps)}


async def measured(url: str, flow_set: FlowSet, count: int, how: str) -> list[dict[str, float]]:
    """So many polls one after another; the first sees every call for the first time."""
    spent: defaultdict[str, float] = defaultdict(float)
    watchers = Watchers(flow_set, how)
    with tempfile.TemporaryDirectory() as folder:
        async with engine_at(url, spent, watchers, Path(folder)) as engine:
            engine.load(flow_set)
            gc.collect()
            before, found = resident_kib(), []
            for _ in range(count):
                found.append(await polled(engine, spent, watchers))
                found[-1]["grown_kib"] = resident_kib() - before
                await engine.settle()
            return found


def main() -> None:
    """Measures so many polls."""
    url, count, polls, how = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        flow_set = flows(Path(folder), int(count), how)
    gc.freeze()  # as `run` does once it has loaded
    say(asyncio.run(measured(url, flow_set, int(polls), how)))


if __name__ == "__main__":
    main()
