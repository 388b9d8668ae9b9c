"""`callflow plan`: what a poll would do now, call by call, exactly; nothing is sent.

It decides on a snapshot, taken for the purpose or read from a file, with the engine of `run`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from msgspec.structs import replace

from runner.cli.credentials import account_option
from runner.cli.exits import CHANGES, CLEAN, USAGE, Failure
from runner.cli.looking.compare import compare, compare_text, differs
from runner.cli.looking.planned import Report, plan_text
from runner.cli.looking.recorded import blank_of, recorded, tell_gaps
from runner.cli.looking.replay import replay, take
from runner.cli.looking.snapshot import Snapshot, write_snapshot
from runner.cli.looking.whereabouts import asked_about, conferences_of
from runner.cli.options import option
from runner.cli.paused import kill_switch
from runner.cli.wiring import account_of, flow_paths, flows_of, settings_of
from runner.decision.effects import legs_of
from runner.decision.explain import Scene
from runner.engine.ports import GatewayError, StoreError
from runner.engine.tasks import run_to_end
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
    help="Exit with 4 where there is something to do, or a guard would trip.",
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
    with the rule, the reason, everything that is sent, in order, and what it does to the call and
    its other legs; calls held back are shown with what holds them, guards that would trip first.
    """
    own = {key: options.pop(key) for key in _OWN}
    old = options.pop("against")
    if own["snapshot"] and own["save_snapshot"]:
        raise Failure("--snapshot and --save-snapshot exclude each other", code=USAGE)
    settings = settings_of(options.pop("config"), options)
    flow_set, _ = flows_of(flow_paths(paths, settings), settings)
    asked = Options(against=flows_of([Path(old)], settings)[0] if old else None, **own)
    shown, changes = _planned(asked, settings, flow_set)
    click.echo(shown)
    return CHANGES if asked.detailed_exitcode and changes else CLEAN


def _planned(asked: Options, settings: RunSettings, flow_set: FlowSet) -> tuple[str, bool]:
    """Decides on a snapshot; what it shows, and whether there is anything to do."""
    snapshot = _snapshot(asked, settings, flow_set)
    scene = run_to_end(replay(snapshot, flow_set, settings))
    before = None
    if asked.against is not None:
        before = run_to_end(replay(snapshot, asked.against, settings))
    sids = asked_about(step for each in (scene, before) if each for step in each.plan.steps)
    if sids and not asked.snapshot:  # a snapshot is of a moment that nobody can be asked about
        account = account_of(settings, asked.account)
        known = asyncio.run(_conferences(sids, account, settings))
        snapshot = replace(snapshot, conferences=known)
    if asked.save_snapshot:
        _save(Path(asked.save_snapshot), snapshot)
    report = Report(legs_of(snapshot.calls), settings.show_numbers, snapshot.conferences)
    return _shown(asked, flow_set, scene, before=before, report=report)


def _snapshot(asked: Options, settings: RunSettings, flow_set: FlowSet) -> Snapshot:
    """The one named, or one taken now."""
    rules = flow_set.rules + (asked.against.rules if asked.against else ())
    if asked.snapshot:
        snapshot = recorded(Path(asked.snapshot), asked.account, settings)
        tell_gaps(snapshot, rules)
        return snapshot
    return take_snapshot(settings, account_of(settings, asked.account), rules)


def _save(path: Path, snapshot: Snapshot) -> None:
    write_snapshot(path, snapshot)
    calls = counted(len(snapshot.calls), "live call")
    note = f"{calls} with phone numbers in full, readable by you alone: personal data"
    click.echo(f"wrote {path}: {note}", err=True)


def take_snapshot(settings: RunSettings, account: Account, rules: tuple[Rule, ...]) -> Snapshot:
    """The live calls and the ledger as they are now. Raises `Failure`."""
    try:
        return run_to_end(_taken(settings, account, rules))
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
    asked: Options, flow_set: FlowSet, scene: Scene, *, before: Scene | None, report: Report
) -> tuple[str, bool]:
    """The report, and whether there is anything to do, or a guard would trip."""
    shown = report.plan(scene)
    changes = bool(scene.plan.steps or scene.plan.trips)
    text = plan_text(shown)
    if before is not None:
        compared = compare(before.plan, flow_set, scene, report=report)
        shown, changes, text = (
            shown | {"against": compared},
            differs(compared),
            compare_text(compared),
        )
    if asked.form == "json":
        text = json.dumps(shown, indent=2, ensure_ascii=False)
    return text, changes


async def _conferences(
    sids: Sequence[str], account: Account, settings: RunSettings
) -> dict[str, str | None]:
    from runner.gateway.twilio import open_gateway

    gateway = open_gateway(account.credentials, settings.twilio)
    try:
        return await conferences_of(gateway, sids)
    finally:
        await gateway.close()
