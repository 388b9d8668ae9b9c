"""`callflow why`: for one call, what each rule and condition says, and what was done to it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from runner.cli.credentials import account_option
from runner.cli.exits import CLEAN, USAGE, Failure
from runner.cli.looking.cases import Inquiry, live_case, pasted_case, snapshot_case
from runner.cli.looking.explained import Case, as_data, check_rule, narrowed
from runner.cli.looking.planned import Report
from runner.cli.looking.why_text import as_text
from runner.cli.options import option
from runner.cli.report import Style
from runner.cli.wiring import flow_paths, flows_of, settings_of
from runner.decision.effects import legs_of
from runner.durations import parse_moment
from runner.gateway.rows import is_call_sid
from runner.language.words import shown
from runner.model import Millis


@dataclass(frozen=True, slots=True)
class Source:
    """Where the call comes from: a snapshot, a document, or, with neither, Twilio."""

    snapshot: str | None
    call_json: str | None
    at: Millis | None


@click.command(
    "why",
    epilog=f"\b\nExamples:\n  callflow why CA{'0' * 31}1 flows/ --rule surveys/cut\n"
    "  callflow why --call-json call.json --at 2026-11-02T09:30:00Z",
    short_help="Say what each rule makes of one call, and why.",
)
@click.argument("words", nargs=-1, metavar="CALL_SID [PATH]...")
@option("--rule", metavar="FLOW[/RULE]", help="Only this rule, or this flow.")
@option("--snapshot", metavar="FILE", help="Look the call up in a file of plan --save-snapshot.")
@option("--call-json", metavar="FILE|-", help="Twilio's JSON of one call; needs no CALL_SID.")
@option("--at", metavar="TIME", help="With one of those two: as if it were that time.")
@account_option
@option("--config", metavar="FILE", help="Configuration file (default: callflow.yaml, if there).")
@option("--store", metavar="URL", help="The ledger, read only (default: sqlite:///callflow.db).")
@option("--api-base", metavar="URL", help="Another server than Twilio's, such as the sandbox.")
@option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="Default: text."
)
@option("--show-numbers", is_flag=True, default=None, help="Don't mask phone numbers.")
def command(words: tuple[str, ...], rule: str | None, form: str, **options: Any) -> int:
    """Say what each rule makes of one call, and why.

    Each condition is shown with its value and its truth, and what would have to change for the
    rule to match; then hold, once, mode, guards, pauses, protection, and what the ledger has on the
    call. PATH is a flow file or a folder (default: flows/). A call that is over is told from the
    ledger.
    """
    at, account = options.pop("at"), options.pop("account")
    source = Source(options.pop("snapshot"), options.pop("call_json"), _time(at) if at else None)
    sid, paths = _sid(words, source)
    settings = settings_of(options.pop("config"), options)
    flow_set, _ = flows_of(flow_paths(paths, settings), settings)
    check_rule(rule, flow_set)
    case = _case(Inquiry(sid, flow_set, settings, account), source)
    report = Report(legs_of(case.live), settings.show_numbers, case.conferences)
    data = as_data(narrowed(case, rule), report)
    if form == "json":
        click.echo(json.dumps(data, indent=2, ensure_ascii=False))
    else:
        click.echo(as_text(data, style=_style()))
    return CLEAN


def _case(inquiry: Inquiry, source: Source) -> Case:
    if source.snapshot and source.call_json:
        raise Failure("--snapshot and --call-json exclude each other", code=USAGE)
    if source.snapshot:
        return snapshot_case(inquiry, Path(source.snapshot), source.at)
    if source.call_json:
        return pasted_case(inquiry, source.call_json, source.at)
    if source.at is not None:
        hint = "Twilio tells of a call as it is now; a snapshot can be moved in time"
        raise Failure("--at needs --snapshot or --call-json", hint=hint, code=USAGE)
    return live_case(inquiry)


def _sid(words: Sequence[str], source: Source) -> tuple[str, Sequence[str]]:
    """The call's SID, and the paths behind it; a document names its call itself."""
    if words and is_call_sid(words[0]):
        return words[0], words[1:]
    if source.call_json:
        return "", words
    hint = "a call SID is CA and 32 characters of 0-9 and a-f; `callflow calls list` shows them"
    wrong = f"{shown(words[0])} is not a call SID" if words else "CALL_SID is missing"
    raise Failure(wrong, hint=hint, code=USAGE)


def _time(text: str) -> Millis:
    try:
        return parse_moment(text)
    except ValueError:
        hint = "write an RFC 3339 time with its zone: 2026-11-02T15:00:00Z"
        raise Failure(f"--at {shown(text)} is not a time", hint=hint, code=USAGE) from None


def _style() -> Style:
    terminal = sys.stdout.isatty()
    return Style(colour=terminal and not os.environ.get("NO_COLOR"))
