"""`callflow plan`: what a poll would do now, call by call, exactly; nothing is sent.

It decides on a snapshot, taken for the purpose or read from a file, with the engine of `run`.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from runner.cli.compare import compare, compare_text, differs
from runner.cli.credentials import account_option
from runner.cli.exits import CHANGES, CLEAN, USAGE, Failure
from runner.cli.options import option
from runner.cli.paused import kill_switch
from runner.cli.planned import Report, plan_text
from runner.cli.recorded import blank_of, recorded, tell_gaps
from runner.cli.replay import replay, take
from runner.cli.snapshot import Snapshot, write_snapshot
from runner.cli.wiring import account_of, flow_paths, flows_of, settings_of
from runner.decision.effects import legs_of
from runner.engine.ports import GatewayError, StoreError
from runner.gateway.accounts import Account
from runner.language.words import counted
from runner.model import FlowSet, Rule
from runner.settings import RunSettings


@dataclass(frozen=True, slots=True)
class Options:
    """What only `plan` has. `against` are the flows before the edit, None without one."""

    account: str | None
    form: str
    snapshot: str | None
    save_snapshot: str | None
    against: FlowSet | None
    detailed_exitcode: bool


_OWN = ("account", "form", "snapshot", "save_snapshot", "detailed_exitcode")


@click.command(
    "plan",
    epilog="Example: callflow plan flows/ --format json\n\n"
    "Example: callflow plan flows/ --against old/ --snapshot calls.json",
    short_help="Show what a poll would do now, sending nothing.",
)
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@option("--against", metavar="PATH", help="Flows before an edit: show only what it changes.")
@option("--save-snapshot", metavar="FILE", help="Write the live calls there, to plan with again.")
@option("--snapshot", metavar="FILE", help="Plan with that file instead of asking Twilio.")
@option(
    "--detailed-exitcode",
    is_flag=True,
    help="Exit with 4 where there is something to change, or a guard would trip.",
)
@account_option
@option("--config", metavar="FILE", help="Configuration file (default: callflow.yaml, if there).")
@option("--store", metavar="URL", help="The ledger, read only (default: sqlite:///callflow.db).")
@option("--api-base", metavar="URL", help="Another server than Twilio's, such as the sandbox.")
@option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="Default: text."
)
@option("--show-numbers", is_flag=True, default=None, help="Don't mask phone numbers.")
def command(paths: tuple[str, ...], **options: Any) -> int:
    """Show what a poll would do now, sending nothing.

    PATH is a flow file or a folder (default: flows/). Each call that would be changed is shown
    with the rule, the reason, the exact request and what it does to the call and its other legs;
    calls held back are shown with what holds them, guards that would trip come first.
    """
    own = {key: options.pop(key) for key in _OWN}
    old = options.pop("against")
    if own["snapshot"] and own["save_snapshot"]:
        raise Failure("--snapshot and --save-snapshot exclude each other", code=USAGE)
    settings = settings_of(options.pop("config"), options)
    flow_set, _ = flows_of(flow_paths(paths, settings), settings)
    asked = Options(against=flows_of([Path(old)], settings)[0] if old else None, **own)
    snapshot = _snapshot(asked, settings, flow_set)
    shown, changes = _shown(asked, settings, snapshot, flow_set)
    click.echo(shown)
    return CHANGES if asked.detailed_exitcode and changes else CLEAN


def _snapshot(asked: Options, settings: RunSettings, flow_set: FlowSet) -> Snapshot:
    """The one named, or one taken now; and written where that was asked for."""
    rules = flow_set.rules + (asked.against.rules if asked.against else ())
    if asked.snapshot:
        snapshot = recorded(Path(asked.snapshot), asked.account, settings)
        tell_gaps(snapshot, rules)
        return snapshot
    snapshot = take_snapshot(settings, account_of(settings, asked.account), rules)
    if asked.save_snapshot:
        write_snapshot(Path(asked.save_snapshot), snapshot)
        calls = counted(len(snapshot.calls), "live call")
        note = f"{calls} with phone numbers in full, readable by you alone: personal data"
        click.echo(f"wrote {asked.save_snapshot}: {note}", err=True)
    return snapshot


def take_snapshot(settings: RunSettings, account: Account, rules: tuple[Rule, ...]) -> Snapshot:
    """The live calls and the ledger as they are now. Raises `Failure`."""
    try:
        return asyncio.run(_taken(settings, account, rules))
    except (GatewayError, StoreError) as error:
        raise Failure(str(error), hint=error.hint) from None


async def _taken(settings: RunSettings, account: Account, rules: tuple[Rule, ...]) -> Snapshot:
    from runner.gateway.twilio import open_gateway
    from runner.store.url import open_store_to_read

    store = await open_store_to_read(settings.store)
    gateway = open_gateway(account.credentials, settings.twilio)
    blank = blank_of(account, settings)
    try:
        return await take(gateway, store, blank=blank, rules=rules, kill=kill_switch(settings))
    finally:
        await gateway.close()
        await store.close()


def _shown(
    asked: Options, settings: RunSettings, snapshot: Snapshot, flow_set: FlowSet
) -> tuple[str, bool]:
    """The report, and whether there is anything to change, or a guard would trip."""
    report = Report(legs_of(snapshot.calls), settings.show_numbers)
    scene = asyncio.run(replay(snapshot, flow_set, settings))
    shown = report.plan(scene)
    changes = bool(scene.plan.steps or scene.plan.trips)
    text = plan_text(shown)
    if asked.against is not None:
        before = asyncio.run(replay(snapshot, asked.against, settings))
        compared = compare(before.plan, flow_set, scene, report=report)
        shown, changes, text = (
            shown | {"against": compared},
            differs(compared),
            compare_text(compared),
        )
    if asked.form == "json":
        text = json.dumps(shown, indent=2, ensure_ascii=False)
    return text, changes
