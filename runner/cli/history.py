"""`callflow history`: what was done to which call, by which rule, why, and how it ended."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, get_args

import click

from runner.cli.entries import entry_data, note_data
from runner.cli.exits import CLEAN, FINDINGS, USAGE, Failure
from runner.cli.options import option
from runner.cli.parted import said
from runner.cli.paused import unused
from runner.cli.terminal import printable
from runner.cli.wiring import store_settings
from runner.durations import parse_since, rfc3339
from runner.engine.ports import HistoryQuery, Outcome, Store, StoreError, Verification
from runner.language.words import listed
from runner.model import Millis
from runner.store.url import open_store_to_read

T = TypeVar("T")


@click.command(
    "history",
    epilog="Example: callflow history --since 1h --outcome unknown",
    short_help="Show what was done to which call, and why.",
)
@option("--call", metavar="SID", help="Only this call.")
@option("--rule", metavar="FLOW[/RULE]", help="Only this rule, or this flow.")
@option("--outcome", type=click.Choice(get_args(Outcome)), help="Only what ended so.")
@option("--since", metavar="DURATION|TIME", help="Only acts since: 2h, or 2026-11-02T15:00:00Z.")
@option("--limit", type=click.IntRange(1, 10**9), help="Only the newest N.")
@option("--config", metavar="FILE", help="Configuration file (default: callflow.yaml, if there).")
@option("--store", metavar="URL", help="The ledger (default: sqlite:///callflow.db).")
@option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="text or json."
)
@option("--notes", is_flag=True, help="What people did instead: pauses, numbers looked at.")
@option("--verify", is_flag=True, help="Check that the ledger is as it was written.")
@option("--show-numbers", is_flag=True, help="Don't mask phone numbers.")
def command(config: str | None, store: str | None, form: str, verify: bool, **filters: Any) -> int:
    """Show what was done to which call, and why; newest last.

    With --notes it shows what people did to the runner: who paused and resumed what, threw and
    lifted the kill switch, and had the console show phone numbers.
    """
    settings = store_settings(config, store)
    if filters["notes"]:
        return _notes(settings.store, form, **filters)
    if verify:
        return _report(_asked(settings.store, lambda ledger: ledger.verify()), settings.store)
    query = HistoryQuery(
        call_sid=filters["call"],
        rule=filters["rule"],
        outcome=filters["outcome"],
        since=_since(filters["since"]),
        limit=filters["limit"],
    )
    entries = _asked(settings.store, lambda ledger: ledger.history(query))
    rows = [entry_data(entry, show_numbers=filters["show_numbers"]) for entry in entries]
    if form == "json":
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    elif rows:
        shown = zip(rows, [None, *rows], strict=False)
        click.echo("\n".join(printable(_text(row, before)) for row, before in shown))
    else:
        doubt = unused(settings)
        click.echo(f"no acts: {doubt}" if doubt else f"no such acts in {settings.store}", err=True)
    return CLEAN


def _notes(url: str, form: str, *, show_numbers: bool, **filters: Any) -> int:
    """What the journal holds beside acts. Raises `Failure`."""
    idle = [f"--{name}" for name in ("call", "rule", "outcome") if filters[name]]
    if idle:
        raise Failure(f"--notes has no {listed(idle)}: a note is of no act", code=USAGE)
    since, limit = _since(filters["since"]), filters["limit"]
    found = _asked(url, lambda ledger: ledger.notes(since=since, limit=limit))
    rows = [note_data(note, show_numbers=show_numbers) for note in found]
    if form == "json":
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    for row in rows if form == "text" else ():
        detail = f": {row['detail']}" if row["detail"] else ""
        click.echo(printable(f"{row['time']} {row['event']} by {row['by'] or '-'}{detail}"))
    if not rows and form == "text":
        click.echo(f"no notes in {url}", err=True)
    return CLEAN


#: What parts of one act have in common.
_ACT = ("time", "account", "call", "flow", "rule", "why")


def _asked(url: str, work: Callable[[Store], Awaitable[T]]) -> T:
    """What the ledger answers."""

    async def session() -> T:
        ledger = await open_store_to_read(url)
        try:
            return await work(ledger)
        finally:
            await ledger.close()

    try:
        return asyncio.run(session())
    except StoreError as error:
        raise Failure(str(error), hint=error.hint) from None


def _report(found: Verification, url: str) -> int:
    if found.fault:
        click.echo(f"{url}: {found.fault}; {found.rows} rows were read", err=True)
        return FINDINGS
    if found.trimmed:
        before = "" if found.trimmed_before is None else rfc3339(found.trimmed_before)
        click.echo(f"rows up to {found.trimmed} were trimmed: what was over before {before}")
    click.echo(f"{found.rows} rows, all as they were written; the last hash is {found.head}")
    return CLEAN


def _since(text: str | None) -> Millis | None:
    if text is None:
        return None
    try:
        return parse_since(text, time.time_ns() // 1_000_000)
    except ValueError:
        hint = "write a duration (2h) or an RFC 3339 time with its zone (2026-11-02T15:00:00Z)"
        raise Failure(f"--since {text!r} is neither", hint=hint, code=USAGE) from None


def _text(row: dict[str, Any], before: dict[str, Any] | None) -> str:
    """One entry; of several parts of one act the first says why."""
    tries = f" (attempt {row['attempt']})" if row["attempt"] > 1 else ""
    head = (
        f"{row['time']} {row['call']} {row['flow']}/{row['rule']} "
        f"{', '.join(row['then'])}: {row['outcome']}{tries}"
    )
    lines = [head]
    if before is None or any(row[key] != before[key] for key in _ACT):
        lines.append(f"    why: {row['why']}")
    if row["route"]:
        lines.append(f"    part {row['part']}: {said(row)}")
    if row["detail"]:
        lines.append(f"    {row['detail']}")
    return "\n".join(lines)
