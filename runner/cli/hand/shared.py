"""What the `callflow calls` commands share: their options, and how they print."""

from __future__ import annotations

import json
from typing import Any

import click

from runner.cli.credentials import Where, account_option, api_base_option
from runner.cli.options import F, option
from runner.gateway.rows import is_call_sid


def shared(function: F) -> F:
    """The options of every command here."""
    choice = click.Choice(["text", "json"])
    function = option(
        "--format", "form", type=choice, default="text", help="For people or for programs."
    )(function)
    function = option("--show-numbers", is_flag=True, help="Show phone numbers in full.")(function)
    function = option("--config", metavar="FILE", help="Configuration file: callflow.yaml.")(
        function
    )
    return account_option(api_base_option(function))


def where_of(options: dict[str, Any]) -> Where:
    """Takes out of the options what says whom to ask."""
    return Where(options.pop("account"), options.pop("api_base"), options.pop("config"))


def checked_sid(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    """A call's SID as it was given; raises `BadParameter` for anything else."""
    if value is not None and not is_call_sid(value):
        raise click.BadParameter("not a call SID: CA and 32 characters of 0-9 and a-f")
    return value


#: The argument of every command that is about one call.
sid_argument = click.argument("sid", callback=checked_sid)


def print_json(value: object) -> None:
    """One document, for programs."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
