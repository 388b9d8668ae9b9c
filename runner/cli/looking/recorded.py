"""Snapshots as commands ask for them: a blank to be filled, or one from a file, fit to be used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from msgspec.structs import replace

from runner.call import Call
from runner.cli.exits import USAGE, Failure
from runner.cli.looking.snapshot import Snapshot, read_snapshot
from runner.cli.looking.voices import askable
from runner.cli.naming import alias_of
from runner.engine.clock import SystemClock
from runner.gateway.accounts import Account
from runner.language.words import counted, shown
from runner.model import Rule
from runner.settings import RunSettings


def blank_of(account: Account, settings: RunSettings, *calls: Call) -> Snapshot:
    """A snapshot of this moment and account, with nothing in it but these calls."""
    return Snapshot(
        account.credentials.account_sid,
        SystemClock().now(),
        None,
        calls,
        account.interval or settings.interval,
        alias=account.alias,
    )


def recorded(path: Path, named: str | None, settings: RunSettings) -> Snapshot:
    """The snapshot in a file; where an account is named, it must be its. Raises `Failure`."""
    snapshot = read_snapshot(path)
    alias = snapshot.alias or alias_of(snapshot.account, settings)
    snapshot = replace(snapshot, alias=alias)
    if named is not None and named not in (alias, snapshot.account):
        whose = f"{alias} ({snapshot.account})" if alias else snapshot.account
        text = f"{path} is a snapshot of account {whose}, not of {shown(named)}"
        raise Failure(text, hint="leave out --account: the snapshot says whose it is", code=USAGE)
    return snapshot


def tell_gaps(snapshot: Snapshot, rules: Sequence[Rule]) -> None:
    """Says what the snapshot doesn't know, and a plan of these rules would depend on."""
    if snapshot.ledger.ended_since is None:
        text = "the snapshot is of an older callflow: what was paused, and what rules ended lately"
        click.echo(f"note: {text}, it doesn't say; planned as if nothing", err=True)
    unsaid = askable(snapshot.calls, rules).keys() - snapshot.voices.keys()
    if unsaid:
        text = f"the snapshot doesn't say how calls to {counted(len(unsaid), 'number')} begin"
        click.echo(f"note: {text}; what a rule must know that for is held", err=True)
    for rule in rules:
        if rule.once.per and snapshot.per.get(rule.key) != rule.once.per:
            text = f"the snapshot doesn't say for which {rule.once.per} {rule.key} has acted"
            click.echo(f"note: {text}; planned as if for none", err=True)
