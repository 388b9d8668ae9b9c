"""What commands that reach Twilio share: the address, and how a failed request ends them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import click

from runner.cli.exits import FAILURE, FINDINGS, Failure
from runner.cli.options import F, option
from runner.engine.ports import GatewayError, Refused
from runner.settings import RunSettings
from runner.written import read_api_base

if TYPE_CHECKING:
    from runner.call import Call
    from runner.gateway.accounts import Account
    from runner.gateway.twilio import TwilioGateway

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Where:
    """Whom to ask: an account by alias or SID, a server, by which file; None where nobody said."""

    account: str | None = None
    api_base: str | None = None
    config: str | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """An open connection to one account, and the settings of the deployment."""

    gateway: TwilioGateway
    account: Account
    settings: RunSettings

    def protects(self, call: Call) -> str:
        """Why no flow may change this call; "" where any may."""
        from runner.decision.never import protects

        sid, alias = self.account.credentials.account_sid, self.account.alias
        return protects(self.settings.never, call, account=sid, alias=alias)


def api_base_option(command: F) -> F:
    """`--api-base URL`, checked."""
    return option(
        "--api-base",
        metavar="URL",
        callback=_checked_base,
        help="Ask this server instead of Twilio, say a sandbox: http://127.0.0.1:8700",
    )(command)


def account_option(command: F) -> F:
    """`--account ALIAS|SID`."""
    return option(
        "--account",
        metavar="ALIAS|SID",
        help="Whose calls, where several accounts are configured.",
    )(command)


def _checked_base(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if not value:
        return None
    try:
        return read_api_base(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def ask_twilio(where: Where, work: Callable[[Session], Awaitable[T]]) -> T:
    """Runs `work` with an open connection. A refused request is a finding, any other a failure.

    `callflow.yaml` counts here as it does for `run`: two commands in one folder must not ask two
    different servers.
    """
    from runner.cli.wiring import account_of, settings_of  # schemas, unneeded for `--help`

    settings = settings_of(where.config, {"api_base": where.api_base})
    account = account_of(settings, where.account)

    async def session() -> T:
        from runner.gateway.twilio import open_gateway  # the SDK costs 0.2 s

        gateway = open_gateway(account.credentials, settings.twilio)
        try:
            return await work(Session(gateway, account, settings))
        finally:
            await gateway.close()

    try:
        return asyncio.run(session())
    except GatewayError as error:
        code = FINDINGS if isinstance(error, Refused) else FAILURE
        raise Failure(str(error), hint=error.hint, code=code) from None
