"""What every command that reaches Twilio shares: the server's address, the credentials, and how
a failed request ends the command.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import click

from runner.cli.exits import FAILURE, FINDINGS, USAGE, Failure
from runner.cli.options import F, option
from runner.engine.ports import GatewayError, Refused
from runner.settings import TwilioSettings, read_api_base

if TYPE_CHECKING:
    from runner.gateway.credentials import Credentials
    from runner.gateway.twilio import TwilioGateway

T = TypeVar("T")


def api_base_option(command: F) -> F:
    """`--api-base URL`, checked."""
    return option(
        "--api-base",
        metavar="URL",
        callback=_checked_base,
        help="Ask this server instead of Twilio, say a sandbox: http://127.0.0.1:8080",
    )(command)


def _checked_base(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if not value:
        return None
    try:
        return read_api_base(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def credentials_of_environment(api_base: str | None) -> Credentials:
    """Twilio's credentials, or the end of the command with everything that is wrong with them."""
    from runner.gateway.credentials import BadCredentials, read_credentials

    try:
        return read_credentials(os.environ, api_base=api_base)
    except BadCredentials as error:
        lines = "".join(f"\n  {name} {text}" for name, text in error.faults)
        raise Failure(
            f"no usable Twilio credentials in the environment; nothing was sent{lines}", code=USAGE
        ) from None


def ask_twilio(api_base: str | None, work: Callable[[TwilioGateway], Awaitable[T]]) -> T:
    """Runs `work` with an open gateway. A refused request is a finding, any other a failure."""
    credentials = credentials_of_environment(api_base)
    settings = TwilioSettings(api_base=api_base)

    async def session() -> T:
        from runner.gateway.twilio import open_gateway  # the SDK costs 0.2 s

        gateway = open_gateway(credentials, settings)
        try:
            return await work(gateway)
        finally:
            await gateway.close()

    try:
        return asyncio.run(session())
    except GatewayError as error:
        code = FINDINGS if isinstance(error, Refused) else FAILURE
        raise Failure(str(error), hint=error.hint, code=code) from None
