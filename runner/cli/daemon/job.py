"""One `callflow run` as it was asked for, and what both the daemon and one poll are made of."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from runner.cli.daemon.crew import Crew, naming, open_posts
from runner.cli.daemon.logs import event_log, tee
from runner.cli.daemon.protection import Protection
from runner.cli.daemon.watching import NOBODY, Guarded, Watch
from runner.engine.clock import Clock, SystemClock
from runner.engine.holder import identify, is_gone
from runner.engine.killswitch import NAME, KillSwitch
from runner.engine.lease import Leadership
from runner.engine.ports import Store
from runner.gateway.accounts import Account
from runner.language.loader import Loaded
from runner.model import FlowSet
from runner.settings import RunSettings

if TYPE_CHECKING:
    from runner.console.web.served import Documents
    from runner.gateway.web import WebPoster


@dataclass(frozen=True, slots=True)
class Job:
    """Everything that one `callflow run` was asked for, checked. `keys` sign posts of rules."""

    settings: RunSettings
    protection: Protection
    accounts: tuple[Account, ...]
    paths: tuple[Path, ...]
    loaded: Loaded
    flow_set: FlowSet
    dry_run: bool
    keys: tuple[bytes, ...] = field(default=(), repr=False)


@asynccontextmanager
async def open_crew(job: Job, watch: Watch = NOBODY) -> AsyncIterator[Crew]:
    """Store, log and connections, open while the context lasts. Nothing is sent yet."""
    settings, clock = job.settings, SystemClock()
    log = event_log(sys.stderr, settings.log_format, show_numbers=settings.show_numbers)
    watched = Guarded(watch, clock, log)
    store = await store_of(job)
    try:
        async with open_posts(job.accounts, settings) as posts, _open_web(job) as web:
            for post in posts:
                sid = post.account.credentials.account_sid
                post.gateway.listen(partial(watched.answered, sid))
            yield Crew(
                posts,
                settings,
                store,
                clock,
                naming(job.accounts, tee(log, watched.hear)),
                _kill_switch(settings),
                job.protection.current,
                web,
                documents_of(settings, clock),
                watched.see,
            )
    finally:
        await store.close()


@asynccontextmanager
async def _open_web(job: Job) -> AsyncIterator[WebPoster]:
    from runner.gateway.web import WebPoster

    poster = WebPoster(job.settings.notifications, os.environ, keys=job.keys)
    try:
        yield poster
    finally:
        await poster.close()


def documents_of(settings: RunSettings, clock: Clock) -> Documents | None:
    """What Twilio can fetch from here; None where it can't reach this runner."""
    from runner.console.web.served import Documents

    if not settings.listen or not settings.public_url:
        return None
    return Documents(settings.public_url, clock)


def _kill_switch(settings: RunSettings) -> KillSwitch:
    from runner.store.url import beside

    return KillSwitch(beside(settings.store, NAME))


def leadership_of(job: Job, crew: Crew) -> Leadership | None:
    """The claim to be the one that acts; a dry run, which writes nothing, needs none."""
    if job.dry_run:
        return None
    period = job.settings.lease
    leadership = Leadership(crew.store, identify(), period=period, clock=crew.clock, gone=is_gone)

    def may_send() -> bool:
        # The kill switch again: a request may have waited long since the brakes were asked.
        return leadership.valid and crew.kill.standing(crew.clock.now()) is None

    for post in crew.posts:
        post.gateway.change_only_while(may_send)
    if crew.web is not None:
        crew.web.post_only_while(may_send)
    return leadership


async def store_of(job: Job) -> Store:
    """A connection to the ledger; a dry run reads it alone. Raises `StoreError`."""
    from runner.store.url import open_store, open_store_to_read

    opener = open_store_to_read if job.dry_run else open_store
    return await opener(job.settings.store)
