"""`callflow calls events` and `callflow calls notifications`: what Twilio remembers of one call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import click

from runner.cli.credentials import Session, ask_twilio
from runner.cli.hand.shared import print_json, shared, sid_argument, where_of
from runner.cli.hiding import Hide, hider
from runner.durations import format_duration, rfc3339
from runner.engine.ports import Notice
from runner.model import Millis

if TYPE_CHECKING:
    from runner.gateway.notices import Exchange

T = TypeVar("T")

_EXPLAINED = "https://www.twilio.com/docs/errors/{}"


@click.command(
    epilog=f"Example: callflow calls events CA{'0' * 31}1",
    short_help="Show what was asked and answered about it.",
)
@sid_argument
@shared
def events(sid: str, form: str, show_numbers: bool, **options: Any) -> None:
    """Show what was asked about a call and what was answered, the oldest first.

    That is what Twilio asked of your service, and what its API was told. --format json has the
    parameters and what was answered too.
    """
    found, hide = _asked(
        lambda session: session.gateway.events(sid), sid, options, numbers=show_numbers
    )
    rows = [_event(each, hide) for each in found]
    if form == "json":
        print_json(rows)
    else:
        _print([_event_text(row) for row in rows], "no events of this call are known")


@click.command(
    epilog=f"Example: callflow calls notifications CA{'0' * 31}1",
    short_help="Show Twilio's errors and warnings on it.",
)
@sid_argument
@shared
def notifications(sid: str, form: str, show_numbers: bool, **options: Any) -> None:
    """Show what went wrong on a call: Twilio's errors and warnings, the oldest first.

    Twilio reports faults in TwiML, and of what serves it, nowhere else. They come with some delay.
    """
    found, hide = _asked(
        lambda session: session.gateway.notices(sid), sid, options, numbers=show_numbers
    )
    rows = [_notice(each, hide) for each in found]
    if form == "json":
        print_json(rows)
    else:
        _print([_notice_text(row) for row in rows], "no errors or warnings on this call are known")


def _asked(
    ask: Callable[[Session], Awaitable[Sequence[T]]],
    sid: str,
    options: dict[str, Any],
    *,
    numbers: bool,
) -> tuple[Sequence[T], Hide]:
    """What is known of the call, and what hides the people in it."""

    async def work(session: Session) -> tuple[Sequence[T], Hide]:
        # The call's own row says what its caller is called, which stands in parameters and answers.
        call = None if numbers else await session.gateway.fetch_call(sid)
        return await ask(session), hider(call, show_numbers=numbers)

    return ask_twilio(where_of(options), work)


# ---- events -----------------------------------------------------------------------------------


def _event(event: Exchange, hide: Hide) -> dict[str, Any]:
    return {
        "time": _time(event.at),
        "method": hide(event.method),
        "url": hide(_without_login(event.url)),
        "parameters": {hide(name): hide(text) for name, text in event.parameters.items()},
        "status": event.status,
        "took_ms": event.took,
        "content_type": hide(event.content_type),
        "body": hide(event.body),
    }


def _event_text(row: Mapping[str, Any]) -> str:
    answered = "no answer" if row["status"] is None else str(row["status"])
    took = "" if row["took_ms"] is None else f" in {format_duration(row['took_ms'])}"
    return f"{row['time'] or '-'} {row['method']} {_line(row['url'])}: {answered}{took}"


# ---- notifications ----------------------------------------------------------------------------


def _notice(notice: Notice, hide: Hide) -> dict[str, Any]:
    return {
        "sid": hide(notice.sid),
        "time": _time(notice.at),
        "level": notice.level,
        "code": notice.code,
        "text": hide(notice.text),
        "url": hide(_without_login(notice.url)),
        "more_info": None if notice.code is None else _EXPLAINED.format(notice.code),
    }


def _notice_text(row: Mapping[str, Any]) -> str:
    code = "" if row["code"] is None else f" {row['code']}"
    lines = [f"{row['time'] or '-'} {row['level']}{code}: {_line(row['text'])}"]
    if row["url"]:
        lines.append(f"    url: {_line(row['url'])}")
    if row["more_info"]:
        lines.append(f"    see: {row['more_info']}")
    return "\n".join(lines)


# ---- both -------------------------------------------------------------------------------------


def _print(lines: Sequence[str], nothing: str) -> None:
    for line in lines:
        click.echo(line)
    if not lines:
        click.echo(nothing, err=True)


def _time(at: Millis) -> str | None:
    return rfc3339(at) if at else None


def _line(text: str) -> str:
    return " ".join(text.split())


def _without_login(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    if "@" not in parts.netloc:
        return url
    return urlunsplit(parts._replace(netloc=f"***@{parts.netloc.rpartition('@')[2]}"))
