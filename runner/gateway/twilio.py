"""The live calls of one Twilio account, through Twilio's own SDK: the engine's `Gateway`.

The SDK's client signs, names itself and chooses the host (region and edge). Its call objects are
left alone, for updates too: they drop the zone of every date, keep neither the `Date` header nor
fields they don't know, and cost three times the decoding of the page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from twilio.rest import Client

from runner import __version__
from runner.call import Call
from runner.durations import format_duration
from runner.engine.ports import CallQuery, Listing, NoAnswer, NoSuchCall, Refused
from runner.gateway.codes import HINTS, NO_SUCH
from runner.gateway.credentials import Credentials
from runner.gateway.far_clock import BELIEVED, FarClock, machine_ticks
from runner.gateway.rows import decode_call, decode_page, is_call_sid, next_link
from runner.gateway.transport import Answer, Transport, as_answer, proxy_of_environment
from runner.model import Millis, Update
from runner.settings import TwilioSettings

TWILIO = "https://api.twilio.com"
#: A list that has not ended by then (ten million calls at 1,000 a page) never will.
MAX_PAGES = 10_000

#: How far a call has come: it never goes back, so of two rows the further one is the newer.
_PROGRESS = {"queued": 0, "ringing": 1, "in-progress": 2}


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
    client = Client(
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
    clock = FarClock(ticks or machine_ticks, believed=BELIEVED if steady else 0)
    return TwilioGateway(client, transport, base=base, settings=settings, far_clock=clock)


@dataclass(frozen=True, slots=True)
class _Chain:
    """What one list request and its further pages brought."""

    calls: list[Call]
    server_time: Millis | None
    requests: int


class TwilioGateway:
    """Implements `runner.engine.ports.Gateway`; see there for what each method promises."""

    def __init__(
        self,
        client: Client,
        transport: Transport,
        *,
        base: str,
        settings: TwilioSettings,
        far_clock: FarClock,
    ) -> None:
        self._client = client
        self._transport = transport
        self._base = base
        #: The host asked, as messages name it.
        self.host = urlsplit(client.get_hostname(base)).netloc
        self._page_size = settings.page_size
        self._concurrency = settings.concurrency
        self._list_timeout = settings.list_timeout
        self._far_clock = far_clock
        self._calls_path = f"/2010-04-01/Accounts/{client.account_sid}/Calls"

    @property
    def concurrency(self) -> int:
        """How many requests go out at once."""
        return self._concurrency

    async def list_calls(self, query: CallQuery) -> Listing:
        """Every call that the query asks for, each once; one chain of pages a status."""
        try:
            async with asyncio.timeout(self._list_timeout / 1000):
                chains = await self._follow_all(query)
        except TimeoutError:
            waited = format_duration(self._list_timeout)
            hint = "it answers too slowly, or has more calls than can be read in that time"
            raise NoAnswer(f"{self.host} did not end its list in {waited}", hint=hint) from None
        times = [chain.server_time for chain in chains if chain.server_time is not None]
        calls = _merged(call for chain in chains for call in chain.calls)
        return Listing(
            calls=calls[: query.limit],
            # The earliest: an age that is a moment short does no harm, one too long might.
            server_time=min(times, default=None),
            requests=sum(chain.requests for chain in chains),
        )

    async def fetch_call(self, sid: str) -> Call:
        """One call as it is now."""
        answer = await self._send("GET", self._path_of(sid))
        return decode_call(answer.body, sid, host=self.host)

    async def update_call(self, sid: str, update: Update) -> Call:
        """Sends one update, once."""
        answer = await self._send("POST", self._path_of(sid), data=update.parameters())
        return decode_call(answer.body, sid, host=self.host)

    def change_only_while(self, may_change: Callable[[], bool]) -> None:
        """From now on asks this right before a change is written, and sends none where it says no.

        What is held back raises `NotProcessed`.
        """
        self._transport.may_change = may_change

    async def close(self) -> None:
        """Gives up every connection."""
        await self._transport.close()

    async def _follow_all(self, query: CallQuery) -> list[_Chain]:
        """The chains one after another, in the order in which calls go through the statuses.

        A call moves while it is listed, and only ever forwards. Where its present status is read
        only after the one before, it can't have left the second without reaching the first; read
        at the same time, or the other way round, it could be missed in both.
        """
        statuses = sorted(dict.fromkeys(query.statuses), key=_rank)
        return [await self._follow(query, status) for status in statuses or (None,)]

    async def _follow(self, query: CallQuery, status: str | None) -> _Chain:
        """All pages of one status. A page that fails, repeats or leads away fails them all."""
        path = f"{self._calls_path}.json"
        page_size = min(self._page_size, query.limit or self._page_size)
        answer = await self._list(path, _filters(query, status, page_size))
        server_time = self._far_clock.hear(answer.headers)
        calls: list[Call] = []
        seen: set[str] = set()
        while True:
            page = decode_page(answer.body, host=self.host)
            calls += page.calls
            link = next_link(page, path, host=self.host)
            if link is None or (query.limit is not None and len(calls) >= query.limit):
                return _Chain(calls, server_time, len(seen) + 1)
            if link in seen or len(seen) >= MAX_PAGES:
                raise NoAnswer(f"{self.host} sent pages of calls that never end")
            seen.add(link)
            answer = await self._list(link, None)

    async def _list(self, path: str, params: Mapping[str, str] | None) -> Answer:
        try:
            return await self._send("GET", path, params=params)
        except NoSuchCall as error:
            # A list names no call: what does not exist here is the account.
            hint = "check the account SID, and that the API base is Twilio's or a sandbox"
            text = f"the account was not found: {error}"
            raise Refused(text, status=error.status, code=error.code, hint=hint) from None

    async def _send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
    ) -> Answer:
        response = await self._client.request_async(
            method, self._base + path, params=params, data=data
        )
        return as_answer(response)

    def _path_of(self, sid: str) -> str:
        if not is_call_sid(sid):
            text = f"{sid!r} is not a call SID: CA and 32 hex characters"
            raise Refused(text, status=400, code=None, hint=HINTS[NO_SUCH])
        return f"{self._calls_path}/{sid}.json"


def _filters(query: CallQuery, status: str | None, page_size: int) -> dict[str, str]:
    named = {
        "Status": status,
        "To": query.to,
        "From": query.from_,
        "ParentCallSid": query.parent_call_sid,
        "PageSize": str(page_size),
    }
    return {name: value for name, value in named.items() if value is not None}


def _merged(calls: Iterable[Call]) -> tuple[Call, ...]:
    """Each call once, where it stood first: lists overlap while calls move through them."""
    rows: dict[str, Call] = {}
    for call in calls:
        known = rows.get(call.sid)
        if known is None or _progress(call) >= _progress(known):
            rows[call.sid] = call
    return tuple(rows.values())


def _progress(call: Call) -> int:
    return _rank(call.status or "")


def _rank(status: str) -> int:
    return _PROGRESS.get(status, len(_PROGRESS))
