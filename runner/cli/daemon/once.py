"""`callflow run --once`: one poll of every account, its outcomes, and an exit code that tells."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from runner.cli.daemon.braking import brake_on_signal
from runner.cli.daemon.crew import Crew
from runner.cli.daemon.job import Job, leadership_of, open_crew
from runner.cli.daemon.reachable import fetched_rules, warn_of_open_url, warn_of_unreachable
from runner.cli.daemon.stopping import Stopping
from runner.cli.daemon.tracing import Tracing
from runner.cli.daemon.watching import Watch
from runner.cli.exits import CLEAN, FAILURE, FINDINGS, Failure
from runner.cli.naming import process_of
from runner.console.web.health import Health
from runner.console.web.server import Site, serve
from runner.engine.lease import Leadership
from runner.engine.poll import Poll
from runner.engine.ports import Event

#: How an act may stand at the end that somebody should look at; `intended` and `retrying` are
#: those that have no outcome until the next run.
_TROUBLE = {
    "action.intended",
    "action.retrying",
    "action.failed",
    "action.unknown",
    "action.crashed",
    "rule.tripped",
}


async def once(job: Job, stopping: Stopping) -> int:
    """Polls once and waits for what came of it; a signal leaves it the grace and no more."""
    standing: dict[tuple[object, ...], str] = {}  # part → the last that was said of it

    def watch(event: Event) -> None:
        if event.name.startswith(("action.", "rule.")):
            names = ("account", "call", "flow", "rule", "part")
            standing[tuple(event.fields.get(name) for name in names)] = event.name

    stop = asyncio.Event()
    async with (
        Tracing.of(job.settings) as tracing,
        open_crew(job, Watch(hear=(watch,)) | tracing.watch) as crew,
        _served(crew, job, stop),
    ):
        tracing.report_to(crew.tell)
        stopping.begin(stop.set, grace=job.settings.grace)
        brake_on_signal(crew)
        warn_of_unreachable(crew, job.flow_set)
        warn_of_open_url(crew)
        polls = await _led(crew, job, stop)
        stopping.over = True
    if not polls or any(poll.error is not None for poll in polls):
        return FAILURE
    return FINDINGS if _TROUBLE & set(standing.values()) else CLEAN


@asynccontextmanager
async def _served(crew: Crew, job: Job, stop: asyncio.Event) -> AsyncIterator[None]:
    """Serves what rules publish until Twilio has fetched it, or the grace is over.

    Where no rule publishes, the port is left alone: it may be that of a runner beside this one.
    """
    documents, listen = crew.documents, job.settings.listen
    if documents is None or listen is None or job.dry_run or not fetched_rules(job.flow_set):
        yield
        return
    async with serve(Site(Health({}), crew.clock, documents), listen):
        yield
        fetched = asyncio.ensure_future(documents.fetched(job.settings.grace))
        if not await _ended(fetched, stop):
            fetched.cancel()


async def _led(crew: Crew, job: Job, stop: asyncio.Event) -> Sequence[Poll]:
    """The polls, made while nobody else acts; none where it was stopped before they were over."""
    leadership = leadership_of(job, crew)
    if leadership is None:
        return await _poll_all(crew, job, stop)
    leading = asyncio.ensure_future(_lead(leadership, job.settings.lease / 1000))
    if not await _ended(leading, stop):
        leading.cancel()
        return []
    leading.result()
    keeping = asyncio.ensure_future(leadership.keep())
    try:
        return await _poll_all(crew, job, stop)
    finally:
        keeping.cancel()
        await leadership.release()


async def _lead(leadership: Leadership, seconds: float) -> None:
    """Takes the lease, or ends the command where a living runner has it."""
    holders = []
    try:
        # One period shows whether the holder lives; a bit more, since looks come in steps.
        await asyncio.wait_for(leadership.acquire(lambda e: holders.append(e.holder)), seconds * 2)
    except TimeoutError:
        hint = "stop it first; what would be done now: callflow plan, or --dry-run"
        text = f"another runner acts on this store: {', '.join(map(process_of, holders))}"
        raise Failure(text, hint=hint) from None


async def _poll_all(crew: Crew, job: Job, stop: asyncio.Event) -> Sequence[Poll]:
    engines = crew.engines()
    for engine in engines:
        engine.load(job.flow_set)
    now, found = crew.clock.now(), list[Poll]()

    async def poll() -> None:
        polls = [(each.rehearse if job.dry_run else each.tick)(now) for each in engines]
        ended = await asyncio.gather(*polls, return_exceptions=True)
        found.extend(each for each in ended if isinstance(each, Poll))
        for engine in engines:
            await engine.settle()
        await asyncio.gather(*(engine.look_on(job.settings.grace) for engine in engines))
        for each in ended:  # only now: one account's trouble cuts off no other's acts
            if isinstance(each, BaseException):
                raise each

    work = asyncio.ensure_future(poll())
    if not await _ended(work, stop):
        for engine in engines:
            engine.request_stop()
        await asyncio.wait({work}, timeout=job.settings.grace / 1000)
        work.cancel()
        await asyncio.wait({work})
        await asyncio.gather(*(engine.abandon() for engine in engines))
    if not work.cancelled():
        work.result()
    return found


async def _ended(work: asyncio.Future[Any], stop: asyncio.Event) -> bool:
    """Waits for this work or for `stop`; whether it was the work that came first."""
    stopped = asyncio.ensure_future(stop.wait())
    await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    return work.done()
