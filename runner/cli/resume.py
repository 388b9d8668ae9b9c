"""`callflow resume`: lets act again what was paused, by hand or by a guard."""

from __future__ import annotations

import click

from runner.cli.exits import CLEAN, FINDINGS, Failure
from runner.cli.naming import scope_of
from runner.cli.options import option, own_option
from runner.cli.paused import (
    account_of,
    ask_store,
    kill_switch,
    leave_note,
    lift,
    right_now,
    scopes_of,
    standing,
    told,
    unused,
    whoever,
)
from runner.cli.wiring import store_settings
from runner.console.desk import Scope
from runner.engine.ports import Pause, Store
from runner.settings import RunSettings


@click.command(
    "resume",
    epilog="Example: callflow resume long-calls/cut\n\nExample: callflow resume --all",
    short_help="Let act again what was paused, by hand or by a guard.",
)
@click.argument("names", metavar="[FLOW[/RULE]]...", nargs=-1)
@option("--account", metavar="ALIAS|SID", help="What was paused in this account.")
@own_option(
    "resume", "--all", "everything", is_flag=True, help="The pause of everything: the kill switch."
)
@option("--config", metavar="FILE", help="Configuration file (default: callflow.yaml, if there).")
@option("--store", metavar="URL", help="The store of the runner (default: sqlite:///callflow.db).")
def command(
    names: tuple[str, ...],
    account: str | None,
    everything: bool,
    config: str | None,
    store: str | None,
) -> int:
    """Let act again what was paused, by hand or by a guard.

    Each pause is lifted by the name that it was made with: to resume a flow does not resume a rule
    of it that was paused by itself. What stays paused is shown.
    """
    settings = store_settings(config, store)
    scopes = scopes_of(names, account_of(account, settings), everything=everything)
    lifted = _lift_all(settings) if everything else _lift(settings, scopes)
    left = standing(settings, right_now())
    for pause in left:
        click.echo(f"still {told(pause, settings)}", err=True)
    if not lifted:
        click.echo(_nothing(settings, everything=everything), err=True)
    return CLEAN if lifted else FINDINGS


def _nothing(settings: RunSettings, *, everything: bool) -> str:
    said = "the kill switch was not set" if everything else "nothing was paused by that name"
    doubt = unused(settings)
    return f"{said}: {doubt}" if doubt else said


def _lift_all(settings: RunSettings) -> bool:
    switch = kill_switch(settings)
    before = switch.standing(right_now())
    try:
        lifted = switch.lift()
    except OSError as error:
        raise Failure(f"can't remove {switch.path}: {error.strerror}") from None
    if lifted:
        click.echo("resumed everything")
        leave_note(settings, "lifted", detail=before.reason if before else "")
    return lifted


def _lift(settings: RunSettings, scopes: list[Scope]) -> bool:
    async def lifting(store: Store) -> list[Pause]:
        return await lift(store, scopes, by=whoever(), at=right_now())

    # What isn't there holds no pause, and looking for one makes no store.
    lifted = [] if unused(settings) else ask_store(settings.store, lifting)
    for pause in lifted:
        click.echo(f"resumed {scope_of(pause, settings)}")
    return bool(lifted)
