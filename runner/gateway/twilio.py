"""The live calls of one Twilio account, through Twilio's own SDK: the engine's `Gateway`.

The SDK's client signs, names itself and chooses the host (region and edge). Its call objects are
left alone, for updates too: they drop the zone of every date, keep neither the `Date` header nor
fields they don't know, and cost three times the decoding of the page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twilio.rest import Client

from runner import __version__
from runner.call import Call
from runner.durations import format_duration
from runner.engine.far_side import Request
from runner.engine.ports import CallQuery, Listing, NoAnswer, Notice
from runner.gateway.below import path_of_call, post_below
from runner.gateway.chains import Chains
from runner.gateway.conferences import Conferences
from runner.gateway.credentials import Credentials
from runner.gateway.far_clock import BELIEVED, FarClock, machine_ticks
from runner.gateway.line import Line
from runner.gateway.lists import Lists
from runner.gateway.notices import Exchange, read_exchanges, read_notices
from runner.gateway.numbers import Numbers
from runner.gateway.rows import decode_call
from runner.gateway.transport import Transport, proxy_of_environment
from runner.model import Millis, Update
from runner.settings import TwilioSettings

TWILIO = "https://api.twilio.com"


def open_gateway(
    credentials: Credentials,
    settings: TwilioSettings,
    *,
    ticks: Callable[[], Millis] | None = None,
) -> TwilioGateway:
    """The calls of the account that these credentials open. Nothing is sent yet.

    `ticks` is a clock that never jumps and goes as fast as the far side's; None is this machine's.
    """
    base = settings.api_base or TWILIO
    transport = Transport(settings, proxy=proxy_of_environment(base))
    client = _Client(
        credentials.username,
        credentials.password,
        account_sid=credentials.account_sid,
        region=None if settings.api_base else credentials.region,
        edge=None if settings.api_base else credentials.edge,
        http_client=transport,
        # Not empty, or the SDK would read the process's environment instead and put its edge
        # and region into the host name.
        environment={"TWILIO_ACCOUNT_SID": credentials.account_sid},
        user_agent_extensions=[f"callflow/{__version__}"],
    )
    # A sandbox may run faster than this machine: its clock is believed whatever it says.
    steady = ticks is not None or settings.api_base is None
    line = Line(client, base=base)
    clock = FarClock(ticks or machine_ticks, believed=BELIEVED if steady else 0)
    lists = Lists(line, page_size=settings.page_size, timeout=settings.list_timeout)
    conferences = Conferences(line, lists, ticks=ticks or machine_ticks)
    return TwilioGateway(line, transport, settings, far_clock=clock, beside=(lists, conferences))


class _Client(Client):  # type: ignore[misc]  # the SDK carries no types
    """The SDK's client. What it says of itself is the same in each request, and made once."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._said: dict[str, dict[str, str]] = {}

    def get_headers(self, method: str, headers: dict[str, str] | None) -> dict[str, str]:
        """What a request of this kind begins with, beside these."""
        if headers:
            made: dict[str, str] = super().get_headers(method, headers)
            return made
        if method not in self._said:
            self._said[method] = super().get_headers(method, None)
        return dict(self._said[method])


class TwilioGateway:
    """Implements `runner.engine.ports.Gateway`; see there for what each method promises."""

    def __init__(
        self,
        line: Line,
        transport: Transport,
        settings: TwilioSettings,
        *,
        far_clock: FarClock,
        beside: tuple[Lists, Conferences],
    ) -> None:
        self._line = line
        self._transport = transport
        self.host = line.host
        self._concurrency = settings.concurrency
        self._list_timeout = settings.list_timeout
        self._chains = Chains(line, far_clock, page_size=settings.page_size)
        self._lists, self._conferences = beside
        self._numbers = Numbers(line, self._lists)

    @property
    def concurrency(self) -> int:
        """How many requests go out at once."""
        return self._concurrency

    async def list_calls(self, query: CallQuery) -> Listing:
        """Every call that the query asks for, each once; one chain of pages a status."""
        try:
            async with asyncio.timeout(self._list_timeout / 1000):
                return await self._chains.read(query)
        except TimeoutError:
            waited = format_duration(self._list_timeout)
            hint = "it answers too slowly, or has more calls than can be read in that time"
            raise NoAnswer(f"{self.host} did not end its list in {waited}", hint=hint) from None

    async def fetch_call(self, sid: str) -> Call:
        """One call as it is now."""
        answer = await self._line.get(f"{path_of_call(self._line, sid)}.json")
        return decode_call(answer.body, sid, host=self.host)

    async def update_call(self, sid: str, update: Update) -> Call:
        """Sends one update, once."""
        path = f"{path_of_call(self._line, sid)}.json"
        answer = await self._line.post(path, update.parameters())
        return decode_call(answer.body, sid, host=self.host)

    async def post_below(self, sid: str, target: str, fields: Mapping[str, str]) -> None:
        """Sends one form to what is at `target` below the call, once."""
        await post_below(self._line, sid, target, fields=fields)

    async def announce(self, sid: str, fields: Mapping[str, str]) -> None:
        """Sends one form to the call's place in its conference, once."""
        await self._conferences.announce(sid, fields)

    async def conference_of(self, sid: str) -> str | None:
        """The name of the conference that the call is in, None for none."""
        return await self._conferences.name_of(sid)

    async def voice_of(self, call: Call) -> Mapping[str, str]:
        """How a call to the number that was called begins."""
        return await self._numbers.voice_of(call)

    async def notices(self, sid: str) -> Sequence[Notice]:
        """The call's errors and warnings, oldest first."""
        return await read_notices(self._line, self._lists, sid)

    async def events(self, sid: str) -> Sequence[Exchange]:
        """The requests that were made about the call, oldest first."""
        return await read_exchanges(self._line, self._lists, sid)

    def listen(self, heard: Callable[[Request], None]) -> None:
        """Shows each request to the far side from now on, once it is over."""
        self._transport.heard = heard

    def change_only_while(self, may_change: Callable[[], bool]) -> None:
        """From now on asks this right before a change is written, and sends none where it says no.

        What is held back raises `NotProcessed`.
        """
        self._transport.may_change = may_change

    async def close(self) -> None:
        """Gives up every connection."""
        await self._conferences.close()
        await self._transport.close()
