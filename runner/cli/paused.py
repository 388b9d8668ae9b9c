"""What `pause` and `resume` share: which scopes are meant, who asks, and what stands."""

from __future__ import annotations

import asyncio
import getpass
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

import click

from runner.cli.exits import USAGE, Failure
from runner.cli.naming import scope_of
from runner.cli.terminal import printable
from runner.console.desk import Scope
from runner.durations import LAST_MOMENT, rfc3339
from runner.engine.killswitch import NAME, KillSwitch
from runner.engine.ports import NoteKind, Pause, Store, StoreError
from runner.language.loader import load
from runner.language.words import shown, suggestion
from runner.model import FlowSet, Millis
from runner.settings import RunSettings
from runner.store.url import beside, open_store, open_store_to_read, store_path

T = TypeVar("T")


def scopes_of(names: Sequence[str], account: str | None, *, everything: bool) -> list[Scope]:
    """The scopes that were named. Raises `Failure` where that is none, or too many."""
    if everything and (names or account):
        raise Failure("--all stands alone, without flows and --account", code=USAGE)
    if not (names or account or everything):
        hint = "name a FLOW or FLOW/RULE, or give --account or --all"
        raise Failure("nothing is named", hint=hint, code=USAGE)
    parts = [name.partition("/") for name in names] or [("", "", "")]
    for (flow, slash, rule), name in zip(parts, names, strict=False):
        if not flow or bool(slash) != bool(rule):
            raise Failure(f"{shown(name)} is neither FLOW nor FLOW/RULE", code=USAGE)
    return [Scope(flow, rule, account or "") for flow, _, rule in parts]


def check_names(scopes: Sequence[Scope], settings: RunSettings, *, config: str | None) -> None:
    """Refuses flows and rules that the flow files don't have: a typo would stop nothing."""
    loaded = load([Path(path) for path in settings.flows])
    if loaded.flow_set is None:
        note = "the flows can't be loaded from here, so the names were not checked"
        click.echo(f"note: {note}", err=True)
        return
    for scope in scopes:
        wrong = misnamed(scope, loaded.flow_set)
        if wrong is not None:
            said, near = wrong
            hint = f"{near}\n  --force does it all the same" if near else "--force does it anyway"
            raise Failure(said, hint=hint, code=USAGE)


def misnamed(scope: Scope, flow_set: FlowSet) -> tuple[str, str] | None:
    """What is wrong with a name that these flows don't have, and the nearest that they do."""
    kind, wanted = ("rule", f"{scope.flow}/{scope.rule}") if scope.rule else ("flow", scope.flow)
    rules, flows = flow_set.rules, flow_set.flows
    known = [rule.key for rule in rules] if scope.rule else [flow.name for flow in flows]
    if not wanted or wanted in known:
        return None
    return f"there is no {kind} {shown(wanted)}", suggestion(wanted, known, f"{kind}s") or ""


def end_of(lasting: Millis | None, now: Millis) -> Millis | None:
    """When a pause ends that lasts so long. Raises `ValueError` where that is no pause."""
    if lasting is None:
        return None
    if lasting <= 0:
        raise ValueError("a pause of no time pauses nothing")
    if now + lasting > LAST_MOMENT:
        raise ValueError("no calendar reaches that far")
    return now + lasting


async def lift(store: Store, scopes: Sequence[Scope], *, by: str, at: Millis) -> list[Pause]:
    """Lifts the pauses of these scopes. A rule or flow named without an account is lifted in all:
    a guard trips it account by account.
    """
    found: list[Pause] = []
    kept = await store.pauses()
    for scope in scopes:
        named = {
            p.account
            for p in kept
            if (p.flow, p.rule) == (scope.flow, scope.rule) and scope.account in ("", p.account)
        }
        for account in sorted(named):
            found += await store.resume(
                account=account, flow=scope.flow, rule=scope.rule, by=by, at=at
            )
    return found


def account_of(named: str | None, settings: RunSettings) -> str | None:
    """The SID of an account that is named by its alias or its SID. Raises `Failure`."""
    known = {account.alias: account.sid for account in settings.accounts}
    if named is None or named in known.values():
        return named
    if named in known:
        return known[named]
    # Without accounts in the configuration it is the environment's, which need not be this one's.
    if not known and named.startswith("AC") and len(named) == 34:
        return named
    hint = suggestion(named, list(known), "accounts") or "write its SID, AC…"
    raise Failure(f"there is no account {shown(named)}", hint=hint, code=USAGE)


def kill_switch(settings: RunSettings) -> KillSwitch:
    """The file beside the store that stops everything. Raises `Failure`."""
    try:
        return KillSwitch(beside(settings.store, NAME))
    except StoreError as error:
        raise Failure(str(error), hint=error.hint) from None


def unused(settings: RunSettings) -> str:
    """What to say where no runner has used this store yet, so that it may be the wrong one; else
    "". Raises `Failure`.
    """
    try:
        path = store_path(settings.store)
        used = path.exists() and path.stat().st_size > 0
    except StoreError as error:
        raise Failure(str(error), hint=error.hint) from None
    except OSError:
        return ""  # opening it will say more
    return "" if used else f"no runner has used a store {path}; name a runner's with --store"


def ask_store(url: str, work: Callable[[Store], Awaitable[T]], *, read_only: bool = False) -> T:
    """What the store answers, opened for writing unless `read_only`. Raises `Failure`."""

    async def session() -> T:
        store = await (open_store_to_read if read_only else open_store)(url)
        try:
            return await work(store)
        finally:
            await store.close()

    try:
        return asyncio.run(session())
    except StoreError as error:
        raise Failure(str(error), hint=error.hint) from None


def leave_note(settings: RunSettings, what: NoteKind, *, detail: str) -> None:
    """Has the journal tell of the kill switch, which works where there is none, or a broken one."""

    async def note(store: Store) -> None:
        await store.note(what, by=whoever(), at=right_now(), detail=detail)

    try:
        if not unused(settings):
            ask_store(settings.store, note)
    except Failure as failure:
        click.echo(f"note: the journal doesn't tell of it: {failure.message}", err=True)


def standing(settings: RunSettings, now: Millis) -> list[Pause]:
    """Everything that is paused now, the kill switch first. Raises `Failure`."""
    killed = kill_switch(settings).standing(now)
    kept = ask_store(settings.store, lambda store: store.pauses(), read_only=True)
    return [*([killed] if killed else []), *(pause for pause in kept if pause.stands(now))]


def told(pause: Pause, settings: RunSettings) -> str:
    """One pause on one line."""
    until = "until resumed" if pause.until is None else f"until {rfc3339(pause.until)}"
    how = "tripped" if pause.tripped else "paused"
    by = f" by {pause.by}" if pause.by and not pause.tripped else ""
    why = f": {pause.reason}" if pause.reason else ""
    return printable(f"{scope_of(pause, settings)}: {how} {rfc3339(pause.at)}{by}, {until}{why}")


def whoever() -> str:
    """Who asks: the login and the machine."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "somebody"
    return f"{user}@{socket.gethostname()}"


def right_now() -> Millis:
    """Wall time since the epoch."""
    return time.time_ns() // 1_000_000
