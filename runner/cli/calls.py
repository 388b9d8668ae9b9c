"""`callflow calls`: list and show calls, and change one by hand, with one update a command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
import msgspec

from runner.actions import ACTIONS, BadArgument
from runner.actions.composing import compose, update_of
from runner.actions.sequence import check_sequence
from runner.call import Call, parse_rfc2822
from runner.cli.credentials import Session, ask_twilio
from runner.cli.exits import FINDINGS, USAGE, Failure
from runner.cli.hand import trace as calls_trace
from runner.cli.hand.by_hand import protection_of
from runner.cli.hand.shared import checked_sid, print_json, shared, sid_argument, where_of
from runner.cli.options import F, option
from runner.cli.terminal import printable
from runner.durations import format_duration
from runner.engine.ports import CallQuery, Listing
from runner.masking import mask_numbers
from runner.model import LIVE_STATUSES, Action, Millis, Update
from runner.problems import Position

STATUSES = (*LIVE_STATUSES, "completed", "busy", "failed", "no-answer", "canceled")
#: Calls that are over are kept for months: without `--limit` only the latest are listed.
LATEST = 50

_COLUMNS = ("sid", "status", "direction", "from", "to", "age")
_PERSONAL = ("to", "from", "to_formatted", "from_formatted", "forwarded_from", "caller_name")


class InOrder(click.Group):
    """Lists its commands in the order in which they are written below."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(
    cls=InOrder, epilog="Example: callflow calls list --status ringing --status in-progress"
)
def command() -> None:
    """List, show and change calls by hand.

    Each change is sent once and never repeated. Pauses and guards are for flows, and stop no hand.
    A call that no flow may change (emergency calls, and `never` in the configuration) is changed
    with --even-protected only. Phone numbers are masked unless --show-numbers.
    """


def _changing(function: F) -> F:
    """The options of every command here that changes a call."""
    function = option(
        "--even-protected", is_flag=True, help="Also a call that no flow may change."
    )(function)
    return shared(function)


@command.command("list", epilog="Example: callflow calls list --status completed --limit 5")
@option(
    "--status",
    "statuses",
    type=click.Choice(STATUSES),
    multiple=True,
    default=["in-progress"],
    show_default="in-progress",
    help="Calls in this status; give it again for more.",
)
@option("--to", help="Only calls to this number, SIP address or client.")
@option("--from", "from_", help="Only calls from this number, SIP address or client.")
@option("--parent", metavar="SID", callback=checked_sid, help="Only the legs of this call.")
@option(
    "--limit",
    type=click.IntRange(min=1),
    help=f"At most this many; {LATEST} where a status asked for is not live.",
)
@shared
def list_calls(statuses: tuple[str, ...], limit: int | None, form: str, **options: Any) -> None:
    """List calls, by default those in progress.

    Age is how long ago the call began; of calls that are over, how long they lasted.
    """
    bounded = limit is None and not set(statuses) <= set(LIVE_STATUSES)
    query = CallQuery(
        statuses,
        to=options["to"],
        from_=options["from_"],
        parent_call_sid=options["parent"],
        limit=LATEST if bounded else limit,
    )
    listing = ask_twilio(where_of(options), lambda session: session.gateway.list_calls(query))
    rows = [_shown(call, numbers=options["show_numbers"]) for call in listing.calls]
    if form == "json":
        print_json(rows)
    else:
        _print_table(rows, listing)
    if bounded and len(rows) == LATEST:
        click.echo(f"note: the first {LATEST}; --limit N lists more", err=True)


@command.command(epilog=f"Example: callflow calls show CA{'0' * 31}1")
@sid_argument
@shared
def show(sid: str, form: str, show_numbers: bool, **options: Any) -> None:
    """Show one call as it is now."""
    call = ask_twilio(where_of(options), lambda session: session.gateway.fetch_call(sid))
    row = _shown(call, numbers=show_numbers)
    if form == "json":
        print_json(row)
        return
    known = {name: value for name, value in row.items() if value not in (None, "")}
    width = max(map(len, known))
    for name, value in known.items():
        click.echo(f"{name:<{width}}  {printable(value)}")


command.add_command(calls_trace.events)
command.add_command(calls_trace.notifications)


@command.command(
    epilog=f'\b\nExample: callflow calls say CA{"0" * 31}1 "One minute left." --then hangup'
)
@sid_argument
@click.argument("text")
@option("--voice", help="A voice of Twilio's, say Polly.Joanna.")
@option("--language", help="The language of the text, say en-GB.")
@option("--then", metavar="hangup|URL", help="What follows the text; the call ends otherwise.")
@_changing
def say(sid: str, text: str, then: str | None, **options: Any) -> None:
    """Speak TEXT into a call in progress.

    It replaces what the call was doing. Twilio hangs up when nothing follows the text; with
    --then URL the call goes on there.
    """
    named = {key: options.pop(key) for key in ("voice", "language")}
    actions = [_action("say", {"text": text, **{k: v for k, v in named.items() if v}})]
    if then == "hangup":
        actions.append(_action("hangup"))
    elif then:
        actions.append(_action("redirect", then))
    _change(sid, actions, **options)
    if not then:
        note = "the call ends after these words; --then URL lets it go on, --then hangup says so"
        click.echo(f"note: {note}", err=True)


@command.command(
    epilog=f"\b\nExample: callflow calls redirect CA{'0' * 31}1 https://example.com/menu"
)
@sid_argument
@click.argument("url")
@option("--method", type=click.Choice(["GET", "POST"]), help="How Twilio fetches it: POST.")
@_changing
def redirect(sid: str, url: str, method: str | None, **options: Any) -> None:
    """Make a call in progress fetch its next TwiML from URL."""
    value = {"url": url, "method": method} if method else url
    _change(sid, [_action("redirect", value)], **options)


@command.command(epilog=f"Example: callflow calls hangup CA{'0' * 31}1")
@sid_argument
@_changing
def hangup(sid: str, **options: Any) -> None:
    """End a call, whatever it is doing."""
    _change(sid, [_action("hangup")], **options)


@command.command(epilog=f"Example: callflow calls cancel CA{'0' * 31}1")
@sid_argument
@_changing
def cancel(sid: str, **options: Any) -> None:
    """Stop a call that is queued or ringing; an answered one goes on."""
    call = _change(sid, [_action("cancel")], **options)
    if call.status == "in-progress":
        # Twilio accepts it all the same, with 200.
        note = "the call has been answered, so cancelling does nothing to it; hangup ends it"
        click.echo(f"note: {note}", err=True)


def _action(name: str, value: Any = None) -> Action:
    try:
        arguments = ACTIONS[name].prepare(value, {})
    except BadArgument as error:
        raise Failure(str(error), hint=error.hint, code=USAGE) from None
    return Action(name, arguments, Position("command line", 1, 1))


def _change(sid: str, actions: Sequence[Action], **options: Any) -> Call:
    """Sends the one update that the actions are, and says what Twilio made of it."""
    update, where = _update(actions), where_of(options)
    form, show_numbers = options["form"], options["show_numbers"]

    async def work(session: Session) -> Call:
        why = await protection_of(session.gateway, sid, session.protects)
        _heed(sid, why if show_numbers else mask_numbers(why), even=options["even_protected"])
        return await session.gateway.update_call(sid, update)

    call = ask_twilio(where, work)
    if form == "json":
        print_json(_shown(call, numbers=show_numbers))
    else:
        asked = ", then ".join(action.name for action in actions)
        click.echo(f"{call.sid} {call.status or 'unknown'}: {asked} accepted")
    return call


def _heed(sid: str, why: str, *, even: bool) -> None:
    """Tells of a protection; raises `Failure` unless it was said that it doesn't matter."""
    if why and not even:
        hint = "nothing was sent; --even-protected changes it all the same"
        text = f"{sid} is protected from flows, and so from slips: {printable(why)}"
        raise Failure(text, hint=hint, code=FINDINGS)
    if why:
        click.echo(f"note: {sid} is protected from flows: {printable(why)}", err=True)


def _update(actions: Sequence[Action]) -> Update:
    for fault in check_sequence(actions):
        raise Failure(fault.message, hint=fault.hint, code=USAGE)
    update = update_of(compose(actions))
    assert update is not None, "every action here changes the call"
    return update


def _shown(call: Call, *, numbers: bool) -> dict[str, str | None]:
    """The row by Twilio's names, with what is personal masked unless `numbers`."""
    row: dict[str, str | None] = msgspec.to_builtins(call)
    if not numbers:
        row |= {name: mask_numbers(row[name] or "") or row[name] for name in _PERSONAL}
        row["caller_name"] = "***" if row["caller_name"] else row["caller_name"]
    return row


def _print_table(rows: Sequence[dict[str, str | None]], listing: Listing) -> None:
    if not rows:
        click.echo("no such calls", err=True)
        return
    ages = [_age(call, listing.server_time) for call in listing.calls]
    lines = [_COLUMNS, *(_cells(row, age) for row, age in zip(rows, ages, strict=True))]
    widths = [max(len(line[index]) for line in lines) for index in range(len(_COLUMNS))]
    for line in lines:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.secho("  ".join(padded).rstrip(), bold=line is _COLUMNS)


def _cells(row: dict[str, str | None], age: str) -> tuple[str, ...]:
    return (*(printable(row[name] or "-") for name in _COLUMNS[:-1]), age)


def _age(call: Call, now: Millis | None) -> str:
    if call.status not in LIVE_STATUSES:
        lasted = call.duration or ""
        return format_duration(int(lasted) * 1000) if lasted.isdecimal() else "-"
    began = parse_rfc2822(call.start_time or call.date_created or "")
    if began is None or now is None:
        return "-"
    return format_duration(max(0, now - began) // 1000 * 1000)
