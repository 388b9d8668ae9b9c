"""`callflow top`: a running daemon's live picture in the terminal, and its brakes."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from typing import Any

import click

from runner.cli.exits import FAILURE, USAGE, Failure
from runner.cli.options import option, own_option
from runner.cli.report import as_text
from runner.cli.screen.cells import written
from runner.cli.screen.page import page
from runner.cli.screen.screen import Screen, open_screen
from runner.cli.screen.view import PANES, View
from runner.cli.wiring import config_path, settings_from_config
from runner.console.doors.tokens import OPERATOR_ENV, READ_ENV
from runner.language.loader import load_config
from runner.language.words import shown
from runner.settings import RunSettings
from runner.written import is_loopback

DEFAULT = "http://127.0.0.1:9090"


@click.command(
    "top",
    epilog="\b\nExamples:\n  callflow top\n  callflow top --url http://127.0.0.1:9090 --once",
    short_help="Watch a running daemon in the terminal, and brake it.",
)
@own_option(
    "top", "--url", metavar="URL", help=f"Where it listens (default: `listen`, else {DEFAULT})."
)
@own_option("top", "--once", is_flag=True, help="Print one picture, end.")
@option("--config", metavar="FILE", help="Configuration file (default: callflow.yaml, if there).")
@option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="For one picture."
)
@own_option(
    "top", "--show-numbers", is_flag=True, help="Don't mask phone numbers; the runner records it."
)
def command(url: str | None, config: str | None, once: bool, form: str, show_numbers: bool) -> int:
    """Watch a running daemon in the terminal, and brake it.

    It shows what the console of `callflow run --listen` shows, live; where the output is no
    terminal it prints one picture. Press ? for the keys. A token is read from
    CALLFLOW_OPERATOR_TOKEN, else from CALLFLOW_READ_TOKEN; pausing needs the operator's.
    """
    settings = _settings(config)
    where = _checked(url) if url else _url_of(settings.listen)
    token = _token(settings)
    if token and where.startswith("http://") and not is_loopback(_host(where)):
        click.echo("note: the token goes over the network unencrypted; use https", err=True)
    screen = None if once or form == "json" else open_screen(os.environ)
    asked = _asked(where, token, screen, form=form, show_numbers=show_numbers)
    return asyncio.run(asked)


async def _asked(
    url: str, token: str, screen: Screen | None, *, form: str, show_numbers: bool
) -> int:
    from runner.cli.screen.live import Live
    from runner.cli.screen.news import News
    from runner.console.web.client import Client, Denied, Unreached

    client = Client(url, token)
    try:
        if screen is not None:
            live = Live(client, screen, show_numbers=show_numbers)
            await live.news.look()  # what can't be begun is said on the screen that was there
            return await live.run()
        news = News(client, View(), lambda: None, show_numbers=show_numbers)
        await news.look()
    except Unreached as error:
        raise Failure(str(error), hint=error.hint, code=FAILURE) from None
    except Denied as error:
        stranger = error.status in (401, 403)
        hint = f"{error.hint}\n  {_NO_TOKEN}" if stranger and not token else error.hint
        raise Failure(str(error), hint=hint, code=USAGE if stranger else FAILURE) from None
    finally:
        await client.close()
    picture = news.picture
    if form == "json":
        documents: dict[str, Any] = {"status": picture.status}
        documents |= {str(pane): picture.lists[pane] for pane in PANES}
        documents["chart"] = picture.chart
        click.echo(json.dumps(documents, indent=2, ensure_ascii=False))
    else:
        width = max(60, shutil.get_terminal_size((100, 24)).columns)
        lines = page(picture, width)
        click.echo("\n".join(written(line, colour=False, plain=True) for line in lines))
    return 0


_NO_TOKEN = "callflow top takes it from CALLFLOW_OPERATOR_TOKEN or CALLFLOW_READ_TOKEN"


def _settings(config: str | None) -> RunSettings:
    """What the configuration says of where the runner listens, and of its tokens.

    A mistake in the file must not keep anybody from watching, or stopping, a runner that has read
    an older one.
    """
    path = config_path(config)
    found = None if path is None else load_config(path)
    if found is not None and found.data is None:
        click.echo(as_text(found.problems, found.texts), err=True, nl=False)
        click.echo(f"note: {path} has an error; nothing was taken from it", err=True)
        found = None
    return settings_from_config(found, {})


def _checked(url: str) -> str:
    """The URL of a runner. Raises `Failure`; a password in it is shown nowhere."""
    from urllib.parse import urlsplit

    hint = f"write {DEFAULT}; the token is in CALLFLOW_OPERATOR_TOKEN"
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if "@" in url:
        raise Failure("--url holds a login, which is not used", hint=hint, code=USAGE)
    if not is_url:
        raise Failure(f"--url {shown(url)} is not the URL of a runner", hint=hint, code=USAGE)
    return url


def _url_of(listen: str | None) -> str:
    """Where a runner on this machine is reached that listens there."""
    if not listen:
        return DEFAULT
    host, _, port = listen.rpartition(":")
    bare = host.strip("[]")
    if bare in ("", "0.0.0.0", "::"):
        return f"http://127.0.0.1:{port}"
    return f"http://[{bare}]:{port}" if ":" in bare else f"http://{bare}:{port}"


def _token(settings: RunSettings) -> str:
    """The stronger of the tokens that are set, "" where none is. Raises `Failure`."""
    named = settings.console
    for name in (named.operator_token_env or OPERATOR_ENV, named.read_token_env or READ_ENV):
        if token := os.environ.get(name, "").strip():
            if not (token.isascii() and token.isprintable()):
                raise Failure(f"{name} holds what no token is made of", code=USAGE)
            return token
    return ""


def _host(url: str) -> str:
    from urllib.parse import urlsplit

    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
