"""What a daemon shows of itself over `--listen`: console, metrics, and what Twilio calls."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from runner.cli.daemon.crew import Crew
from runner.cli.daemon.desk import RunningDesk
from runner.cli.daemon.job import Job, store_of
from runner.cli.daemon.watching import Watch
from runner.cli.exits import USAGE, Failure
from runner.console import pages
from runner.console.doors.access import Access, is_open_here
from runner.console.doors.tokens import BadTokens, Tokens, read_tokens
from runner.console.hooks.push import Push
from runner.console.hooks.push import routes as push_routes
from runner.console.picture.board import Board, Flows
from runner.console.summing import Summing
from runner.console.web.health import Health
from runner.console.web.server import Site, serve
from runner.engine.clock import SystemClock
from runner.engine.daemon import Daemon
from runner.engine.lease import Leadership
from runner.engine.loop import Engine
from runner.engine.pausewatch import PauseWatch
from runner.engine.ports import Event, Store
from runner.engine.reloads import Reloads
from runner.gateway.accounts import signing_tokens
from runner.settings import RunSettings


class Console:
    """The console of one daemon: made before anything happens, so that it sees everything."""

    def __init__(self, job: Job) -> None:
        """Raises `Failure` where a token can't be used."""
        from runner.console.measuring.metrics import Metrics

        clock = SystemClock()
        accounts = {
            each.credentials.account_sid: (each.alias, each.interval or job.settings.interval)
            for each in job.accounts
        }
        self._job = job
        self._tokens = tokens_of(job.settings)
        self._pauses: PauseWatch | None = None
        self._daemon: Daemon | None = None
        self.health = Health(
            {sid: interval for sid, (_, interval) in accounts.items()},
            {sid: alias for sid, (alias, _) in accounts.items()},
        )
        summing = Summing()
        self.board = Board(accounts, clock, summing=summing)
        self.metrics = Metrics(accounts, clock, summing=summing)
        self.metrics.load(job.flow_set)

    @property
    def watch(self) -> Watch:
        """What is watched to be shown."""
        return Watch(
            hear=(self.health.hear, self.board.hear, self.metrics.hear, self._hear),
            see=(self.board.see, self.metrics.see),
            answered=(self.metrics.answered,),
        )

    def _hear(self, event: Event) -> None:
        if event.name == "reload.ok":
            self.metrics.load(self.board.flows().flow_set)

    @asynccontextmanager
    async def store(self) -> AsyncIterator[Store]:
        """A connection of the console's own: who reads a long history holds no act up."""
        store = await store_of(self._job)
        try:
            yield store
        finally:
            await store.close()

    def follow(
        self, reloads: Reloads, pauses: PauseWatch, daemon: Daemon, leadership: Leadership | None
    ) -> None:
        """Shows these flows and pauses from now on, and who acts."""
        self._pauses, self._daemon = pauses, daemon
        if leadership is not None:
            self.health.leads = lambda: leadership.valid
        self.board.flows = lambda: Flows(
            reloads.current, reloads.ok, reloads.problems, reloads.crash
        )
        self.board.pauses = self.metrics.pauses = lambda: pauses.standing

    @asynccontextmanager
    async def serving(self, crew: Crew, store: Store) -> AsyncIterator[dict[str, object]]:
        """Serves while the context lasts. Gives what to say of it. Raises `CannotListen`."""
        from runner.console.measuring import metrics

        settings, clock, pauses = crew.settings, crew.clock, self._pauses
        assert settings.listen is not None
        assert pauses is not None, "followed before it is served"
        changed, dry_run = pauses.look, self._job.dry_run
        push = self._push(crew)
        access = Access(
            self._tokens,
            clock,
            listen=settings.listen,
            public_url=settings.public_url,
            names=settings.console.hosts,
        )
        site = Site(
            self.health,
            clock,
            crew.documents,
            access=access,
            board=self.board,
            desk=RunningDesk(crew, store, self.board, changed=changed, dry_run=dry_run),
            tell=crew.tell,
            public_routes=[*pages.routes(), *(push_routes(push) if push else ())],
            read_routes=metrics.routes(self.metrics),
        )
        try:
            async with serve(site, settings.listen) as url:
                yield {"console": url, "access": access_of(settings, self._tokens)}
        finally:
            if push is not None:
                await push.close()

    def _push(self, crew: Crew) -> Push | None:
        """What takes Twilio's status callbacks; None where Twilio can't reach this runner."""
        public_url = crew.settings.public_url
        if public_url is None:
            return None
        tokens = signing_tokens(self._job.accounts)
        push = Push(public_url, tokens, self._engine_of, clock=crew.clock, tell=crew.tell)
        push.pushed = self.metrics.pushed
        return push

    def _engine_of(self, account: str) -> Engine | None:
        """What looks after an account in the term under way."""
        return None if self._daemon is None else self._daemon.engine_of(account)

    def warn_where_closed(self, crew: Crew) -> None:
        """Tells that nobody can see the console, where that is so."""
        if access_of(crew.settings, self._tokens) != "closed":
            return
        why = (
            "with a public URL the world may come in by way of this machine"
            if crew.settings.public_url
            else "more than this machine can reach it"
        )
        hint = "set CALLFLOW_READ_TOKEN and CALLFLOW_OPERATOR_TOKEN to open it for who has them"
        fields = {"listen": crew.settings.listen, "reason": why, "hint": hint}
        crew.tell(Event("console.closed", crew.clock.now(), "warning", fields))


def access_of(settings: RunSettings, tokens: Tokens) -> str:
    """`tokens`, `this machine`, or `closed`: nobody."""
    if tokens:
        return "tokens"
    here = is_open_here(settings.listen or "", settings.public_url)
    return "this machine" if here else "closed"


def tokens_of(settings: RunSettings) -> Tokens:
    """The console's tokens. Raises `Failure` where one can't be used."""
    named = settings.console
    try:
        return read_tokens(
            os.environ, read_env=named.read_token_env, operator_env=named.operator_token_env
        )
    except BadTokens as error:
        hint = "\n  ".join(error.faults)
        raise Failure("no usable console tokens", hint=hint, code=USAGE) from None
