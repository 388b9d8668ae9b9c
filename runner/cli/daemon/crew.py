"""Builds what `callflow run` drives: for each account a gateway, an engine and its rounds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from runner.call import Call
from runner.decision.never import protects
from runner.decision.rulebook import Rulebooks
from runner.decision.turns import Turns
from runner.engine.brakes import Safety
from runner.engine.clock import Clock
from runner.engine.killswitch import KillSwitch
from runner.engine.loop import Engine
from runner.engine.poll import Poll, Show, nothing_to_show
from runner.engine.ports import Event, Listener, Store
from runner.engine.reloads import Reloads
from runner.engine.rounds import Pace, Rounds
from runner.gateway.accounts import Account
from runner.model import Millis
from runner.never import Never
from runner.settings import RunSettings

if TYPE_CHECKING:
    from runner.console.web.served import Documents
    from runner.gateway.twilio import TwilioGateway
    from runner.gateway.web import WebPoster


@dataclass(frozen=True, slots=True)
class Post:
    """One account with the connection to it."""

    account: Account
    gateway: TwilioGateway

    def interval(self, settings: RunSettings) -> Millis:
        """From poll to poll of this account."""
        return self.account.interval or settings.interval


@dataclass(frozen=True, slots=True)
class Crew:
    """Everything that engines are made of; each term makes new ones.

    `never` gives what is protected now: its lists are reloaded as flows are. Posts of rules go out
    by `web`, and `documents` holds what Twilio fetches; None where nothing goes or is fetched.
    `see` sums up what each poll of an account saw, and returns what shows it.
    """

    posts: Sequence[Post]
    settings: RunSettings
    store: Store
    clock: Clock
    tell: Listener
    kill: KillSwitch
    never: Callable[[], Never]
    web: WebPoster | None = None
    documents: Documents | None = None
    see: Callable[[str, Poll], Turns[Show]] = nothing_to_show
    books: Rulebooks = field(default_factory=Rulebooks)

    def engines(self) -> list[Engine]:
        """One engine for each account, without flows."""
        return [self._engine(post) for post in self.posts]

    def rounds(self, reloads: Reloads, *, dry_run: bool) -> list[Rounds]:
        """The polls of each account, spread over the interval so that they don't come at once."""
        found = []
        for number, post in enumerate(self.posts):
            interval = post.interval(self.settings)
            offset = interval * number // len(self.posts)
            pace = Pace(interval, self.settings.grace, dry_run=dry_run, offset=offset)
            engine = self._engine(post)
            found.append(Rounds(engine, reloads, pace=pace, clock=self.clock, tell=self.tell))
        return found

    def _engine(self, post: Post) -> Engine:
        account = post.account
        sid = account.credentials.account_sid
        engine = Engine(sid, post.gateway, store=self.store, clock=self.clock, tell=self.tell)
        engine.share(self.books)

        def protected(call: Call) -> str:
            return protects(self.never(), call, account=sid, alias=account.alias)

        engine.seen = partial(self.see, sid)
        engine.known_as(account.alias)
        engine.stale_after = post.interval(self.settings)
        engine.obey(Safety(self.settings.guards, protected, self.kill))
        publish = None if self.documents is None else self.documents.publish
        engine.reach(web=self.web, publish=publish)
        if self.settings.check_notifications:
            engine.check_notifications()
        return engine


def naming(accounts: Sequence[Account], tell: Listener) -> Listener:
    """The same listener, told beside each account's SID what it is called here."""
    aliases = {each.credentials.account_sid: each.alias for each in accounts if each.alias}

    def named(event: Event) -> None:
        alias = aliases.get(str(event.fields.get("account", "")))
        tell(
            event
            if alias is None
            else msgspec.structs.replace(event, fields={"alias": alias, **event.fields})
        )

    return named if aliases else tell


@asynccontextmanager
async def open_posts(
    accounts: Sequence[Account], settings: RunSettings
) -> AsyncIterator[list[Post]]:
    """Connections to these accounts, closed at the end. Nothing is sent yet."""
    from runner.gateway.twilio import open_gateway

    posts: list[Post] = []
    try:
        for account in accounts:
            limits = settings.twilio
            if account.concurrency is not None:
                limits = msgspec.structs.replace(limits, concurrency=account.concurrency)
            posts.append(Post(account, open_gateway(account.credentials, limits)))
        yield posts
    finally:
        for post in posts:
            await post.gateway.close()
