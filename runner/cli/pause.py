"""`callflow pause`: keeps a rule, a flow, an account or everything from acting."""

from __future__ import annotations

import json
from typing import Any

import click

from runner.cli.exits import CLEAN, USAGE, Failure
from runner.cli.options import option
from runner.cli.paused import (
    account_of,
    ask_store,
    check_names,
    kill_switch,
    right_now,
    scopes_of,
    standing,
    told,
    whoever,
)
from runner.cli.wiring import settings_of
from runner.durations import LAST_MOMENT, parse_duration, rfc3339
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
@option("--all", "everything", is_flag=True, help="Everything: the kill switch.")
@option("--reason", metavar="TEXT", help="Why; it is shown wherever the pause is.")
@option("--for", "lasting", metavar="DURATION", help="Until then (default: until resumed).")
@option("--list", "listing", is_flag=True, help="Show what is paused, change nothing.")
@option("--force", is_flag=True, help="Also what the flow files don't have.")
@option("--config", metavar="FILE", help="Configuration file (default: callflow.yaml, if there).")
@option("--store", metavar="URL", help="The store of the runner (default: sqlite:///callflow.db).")
@option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="For --list.")
def command(names: tuple[str, ...], config: str | None, store: str | None, **given: Any) -> int:
    """Keep a rule, a flow, an account or everything from acting.

    A runner on the same store obeys before its next action, and so does one that starts later. A
    paused rule keeps its calls: they are not handed to the rules below it. With --all the file
    PAUSED is written beside the store; removing it, or `callflow resume --all`, ends it.
    """
    settings = settings_of(config, {"store": store})
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

    async def keep(store: Store) -> None:
        for pause in pauses:
            await store.pause(pause)

    ask_store(settings.store, keep)
    for pause in pauses:
        click.echo(told(pause))
    return CLEAN


def _throw(settings: RunSettings, pause: Pause) -> None:
    switch = kill_switch(settings)
    try:
        switch.throw(pause)
    except OSError as error:
        hint = f"make a file of that name by hand, or stop the runner: touch {switch.path}"
        raise Failure(f"can't write {switch.path}: {error.strerror}", hint=hint) from None
    click.echo(told(pause))


def _reason(text: str | None) -> str:
    if text is None or not text.strip():
        hint = 'say why, for whoever finds it paused: --reason "cuts off agents"'
        raise Failure("--reason is missing", hint=hint, code=USAGE)
    return text.strip()


def _until(lasting: str | None) -> Millis | None:
    if lasting is None:
        return None
    try:
        millis = parse_duration(lasting)
    except ValueError as error:
        raise Failure(f"--for: {error}", code=USAGE) from None
    if millis == 0:
        raise Failure("--for: a pause of no time pauses nothing", code=USAGE)
    if right_now() + millis > LAST_MOMENT:
        hint = "without --for it lasts until it is resumed"
        raise Failure("--for: no calendar reaches that far", hint=hint, code=USAGE)
    return right_now() + millis


def _show(settings: RunSettings, form: str) -> None:
    pauses = standing(settings, right_now())
    if form == "json":
        click.echo(json.dumps([_row(pause) for pause in pauses], indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(map(told, pauses)) if pauses else "nothing is paused")


def _row(pause: Pause) -> dict[str, Any]:
    return {
        "scope": pause.scope,
        "account": pause.account,
        "flow": pause.flow,
        "rule": pause.rule,
        "reason": pause.reason,
        "by": pause.by,
        "at": rfc3339(pause.at),
        "until": None if pause.until is None else rfc3339(pause.until),
        "tripped": pause.tripped,
    }
