"""How one account stands, for `callflow doctor`: its status, its owner, and its clock.

The document that Twilio answers holds the account's auth token; only the fields named here are
read from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec
from twilio.rest import Client

from runner.call import parse_rfc2822
from runner.engine.ports import NoAnswer
from runner.gateway.credentials import Credentials
from runner.gateway.transport import Transport, proxy_of_environment
from runner.gateway.twilio import TWILIO
from runner.model import Millis
from runner.settings import TwilioSettings


@dataclass(frozen=True, slots=True)
class Standing:
    """`status` is `active`, `suspended` or `closed`; `owner` the parent's SID, "" for none.

    `server_time` is the far side's clock as it answered, None where it sent none.
    """

    status: str
    owner: str
    trial: bool
    server_time: Millis | None


class _Document(msgspec.Struct):
    status: str = ""
    type: str = ""
    owner_account_sid: str | None = None


async def look_up_account(credentials: Credentials, settings: TwilioSettings) -> Standing:
    """Asks Twilio for the account itself. Raises a `GatewayError`.

    Restricted and standard API keys may not ask: `AccessRefused` then says nothing of the account.
    """
    base = host_base(credentials, settings)
    transport = Transport(settings, proxy=proxy_of_environment(base))
    url = f"{base}/2010-04-01/Accounts/{credentials.account_sid}.json"
    try:
        answer = await transport.request(
            "GET", url, auth=(credentials.username, credentials.password)
        )
    finally:
        await transport.close()
    return _standing(answer.body, answer.headers.get("Date", ""), credentials, base)


def host_base(credentials: Credentials, settings: TwilioSettings) -> str:
    """`https://api.twilio.com`, or where the credentials' region and edge lead, or the API base."""
    if settings.api_base:
        return settings.api_base
    client = Client(
        credentials.username,
        credentials.password,
        region=credentials.region,
        edge=credentials.edge,
        environment={"TWILIO_ACCOUNT_SID": credentials.account_sid},
    )
    return str(client.get_hostname(TWILIO))


def _standing(body: bytes, date: str, credentials: Credentials, base: str) -> Standing:
    try:
        document = msgspec.json.decode(body, type=_Document)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise NoAnswer(f"{urlsplit(base).netloc} answered with no account") from None
    owner = document.owner_account_sid or ""
    return Standing(
        status=document.status,
        owner="" if owner == credentials.account_sid else owner,
        trial=document.type.lower() == "trial",
        server_time=parse_rfc2822(date),
    )
