"""`callflow pause`: keeps a rule, a flow, an account or everything from acting."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click

from runner.cli.exits import CLEAN, USAGE, Failure
from runner.cli.naming import alias_of
from runner.cli.options import option, own_option
from runner.cli.paused import (
    account_of,
    ask_store,
    check_names,
    end_of,
    kill_switch,
    leave_note,
    right_now,
    scopes_of,
    standing,
    told,
    unused,
    whoever,
)
from runner.cli.wiring import store_settings
from runner.durations import parse_duration
from runner.engine.ports import Pause, Store
from runner.model import Millis
from runner.settings import RunSettings


@click.command(
    "pause",
    epilog='Example: callflow pause --all --reason "who wrote this rule?"\n\n'
    'Example: callflow pause long-calls/cut --for 2h --reason "cuts off agents"',
    short_help="Keep a rule, a flow, an account or everything from acting.",
)
@click.argument("names", metavar="[FLOW[/RULE]]...", nargs=-1)
@option("--account", metavar="ALIAS|SID", help="Only in this account; alone: all of it.")
@own_option("pause", "--all", "everything", is_flag=True, help="Everything: the kill switch.")
@own_option("pause", "--reason", metavar="TEXT", help="Why; it is shown wherever the pause is.")
@own_option(
    "pause", "--for", "lasting", metavar="DURATION", help="Until then (default: until resumed)."
)
@own_option("pause", "--list", "listing", is_flag=True, help="Show what is paused, change nothing.")
@own_option("pause", "--force", is_flag=True, help="Also what the flow files don't have.")
@option("--config", metavar="FILE", help="Configuration file (default: callflow.yaml, if there).")
@option("--store", metavar="URL", help="The store of the runner (default: sqlite:///callflow.db).")
@option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="For --list.")
def command(names: tuple[str, ...], config: str | None, store: str | None, **given: Any) -> int:
    """Keep a rule, a flow, an account or everything from acting.

    A runner on the same store obeys before its next action, and so does one that starts later. A
    paused rule keeps its calls: they are not handed to the rules below it. With --all the file
    PAUSED is written beside the store; removing it, or `callflow resume --all`, ends it.
    """
    settings = store_settings(config, store)
    if given["listing"]:
        _show(settings, given["form"])
        return CLEAN
    until = _until(given["lasting"])
    reason = _reason(given["reason"])
    account = account_of(given["account"], settings)
    scopes = scopes_of(names, account, everything=given["everything"])
    made = Pause(reason=reason, by=whoever(), at=right_now(), until=until)
    if given["everything"]:
        _throw(settings, made)
        return CLEAN
    if not given["force"]:
        check_names(scopes, settings, config=config)
    pauses = [
        Pause(s.account, s.flow, s.rule, reason, made.by, made.at, until=until) for s in scopes
    ]

    _keep(settings, pauses)
    return CLEAN


def _keep(settings: RunSettings, pauses: Sequence[Pause]) -> None:
    async def keep(store: Store) -> list[Pause]:
        found = await store.pauses()
        for pause in pauses:
            await store.pause(pause)
        return [old for old in found if old.stands(right_now()) and not old.tripped]

    doubt = unused(settings)
    found = ask_store(settings.store, keep)
    for pause in pauses:
        _tell(pause, [old for old in found if _same(old, pause)], settings)
    if doubt:
        click.echo(f"note: {doubt}", err=True)


def _same(old: Pause, new: Pause) -> bool:
    return (old.account, old.flow, old.rule) == (new.account, new.flow, new.rule)


def _tell(pause: Pause, before: Sequence[Pause], settings: RunSettings) -> None:
    """Says what is paused now, and whose word that takes the place of."""
    click.echo(told(pause, settings))
    for old in before:
        click.echo(f"note: in place of {told(old, settings)}", err=True)


def _throw(settings: RunSettings, pause: Pause) -> None:
    switch, doubt = kill_switch(settings), unused(settings)
    before = switch.standing(right_now())
    try:
        switch.throw(pause)
    except OSError as error:
        hint = f"make a file of that name by hand, or stop the runner: touch {switch.path}"
        raise Failure(f"can't write {switch.path}: {error.strerror}", hint=hint) from None
    _tell(pause, [before] if before else [], settings)
    if doubt:
        click.echo(f"note: {doubt}", err=True)
    leave_note(settings, "killed", detail=pause.reason)


def _reason(text: str | None) -> str:
    if text is None or not text.strip():
        hint = 'say why, for whoever finds it paused: --reason "cuts off agents"'
        raise Failure("--reason is missing", hint=hint, code=USAGE)
    return text.strip()


def _until(lasting: str | None) -> Millis | None:
    if lasting is None:
        return None
    try:
        return end_of(parse_duration(lasting), right_now())
    except ValueError as error:
        hint = "a duration such as 30m or 2h; without --for it lasts until it is resumed"
        raise Failure(f"--for: {error}", hint=hint, code=USAGE) from None


def _show(settings: RunSettings, form: str) -> None:
    pauses = standing(settings, right_now())
    if form == "json":
        rows = [pause.data(alias_of(pause.account, settings)) for pause in pauses]
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        lines = [told(pause, settings) for pause in pauses]
        click.echo("\n".join(lines) if lines else "nothing is paused")
    if doubt := unused(settings):
        click.echo(f"note: {doubt}", err=True)
