"""The list of calls, one chain of pages a status: each call once, the next page always under way.

What a page says of the next is found without reading it, so the next is asked for before this one
is read. That is a guess until this page has been read; where it was wrong, its answer is dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import TracebackType

from runner.call import Call, CallQuery
from runner.engine.ports import Listing, NoAnswer, NoSuchCall
from runner.engine.tasks import cancelled
from runner.gateway.errors import refused_account
from runner.gateway.far_clock import FarClock
from runner.gateway.line import Line
from runner.gateway.lists import MAX_PAGES
from runner.gateway.rows import ANEW, Reader, Rereader, decode_page, likely_link, next_link
from runner.gateway.transport import Answer
from runner.model import Millis

#: How far a call has come: it never goes back, so of two rows the further one is the newer.
_PROGRESS = {"queued": 0, "ringing": 1, "in-progress": 2}


class Chains:
    """Reads the lists of calls of one account. A page that fails, repeats or leads away fails all.

    `far_clock` hears when each first page was answered.
    """

    def __init__(self, line: Line, far_clock: FarClock, *, page_size: int) -> None:
        self._line = line
        self._far_clock = far_clock
        self._page_size = page_size
        self._path = f"{line.account}/Calls.json"
        # The last list that was not read in passing: by SID, and by the bytes of its rows.
        self._rows: Mapping[str, Call] = {}
        self._known: Mapping[int, Call] = {}

    async def read(self, query: CallQuery) -> Listing:
        """Every call that the query asks for, each once.

        A row that is as it was in the list before is the same object: most calls do not change from
        poll to poll, and nobody need read, hold, compare or free them twice. A call's legs, and a
        limited list, are read in passing: anew, and not to compare the next list with.

        The chains are read one after another, in the order in which calls go through the statuses.
        A call moves while it is listed, and only ever forwards. Where its present status is read
        only after the one before, it can't have left the second without reaching the first; read
        at the same time, or the other way round, it could be missed in both.
        """
        times, requests = [], 0
        passing = query.limit is not None or query.parent_call_sid is not None
        # Of the first list nothing is known, and who reads all of it reads it faster as a whole.
        again = self._rows and not passing
        gathered = _Gathered(Rereader(self._rows, self._known) if again else ANEW)
        statuses = sorted(dict.fromkeys(query.statuses), key=_rank)
        for status in statuses or (None,):
            async with _Requests(self._line) as pages:
                times.append(await self._follow(query, status, pages=pages, gathered=gathered))
            requests += pages.asked
        if not passing:
            self._rows, self._known = gathered.rows, gathered.reader.read_now
        return Listing(
            calls=tuple(gathered.rows.values())[: query.limit],
            # The earliest: an age that is a moment short does no harm, one too long might.
            server_time=min((time for time in times if time is not None), default=None),
            requests=requests,
        )

    async def _follow(
        self, query: CallQuery, status: str | None, *, pages: _Requests, gathered: _Gathered
    ) -> Millis | None:
        """Gathers all pages of one status; the time at which the first was answered."""
        size = min(self._page_size, query.limit or self._page_size)
        answer = await pages.take(self._path, _filters(query, status, size))
        server_time = self._far_clock.hear(answer.headers)
        seen: set[str] = set()
        taken = 0
        while True:
            # With a limit, only who has read this page knows whether another is wanted.
            likely = self._likely_link(answer.body, seen) if query.limit is None else None
            await pages.ask_ahead(likely)
            page = await decode_page(answer.body, host=self._line.host, reader=gathered.reader)
            gathered.add(page.calls)
            taken += len(page.calls)
            link = next_link(page.next_page_uri, self._path, host=self._line.host)
            if link is None or (query.limit is not None and taken >= query.limit):
                return server_time
            if link in seen or len(seen) >= MAX_PAGES:
                raise NoAnswer(f"{self._line.host} sent pages of calls that never end")
            seen.add(link)
            answer = await pages.take(link)

    def _likely_link(self, body: bytes, seen: set[str]) -> str | None:
        """A link that may be asked for before the page is read; whatever is odd waits for that."""
        link = likely_link(body)
        if link in seen or len(seen) >= MAX_PAGES:
            return None
        try:
            return next_link(link, self._path, host=self._line.host)
        except NoAnswer:
            return None


class _Requests:
    """Requests for the pages of one chain, one at a time; `asked` counts them, wanted or not.

    Ends what was asked for and not taken when the block ends.
    """

    def __init__(self, line: Line) -> None:
        self._line = line
        self._ahead: tuple[str, asyncio.Task[Answer]] | None = None
        self.asked = 0

    async def __aenter__(self) -> _Requests:
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self._drop()

    async def ask_ahead(self, link: str | None) -> None:
        """Sends the request for a page that is likely to be taken, and returns before its answer.

        Every page comes by here, so it is also where the loop has its turn.
        """
        if link is not None:
            self._ahead = (link, asyncio.create_task(self._get(link, None)))
        # One turn is what the task needs to write its request.
        await asyncio.sleep(0)

    async def take(self, link: str, params: Mapping[str, str] | None = None) -> Answer:
        """A page: the one asked for ahead where it is that."""
        if self._ahead is None or self._ahead[0] != link:
            await self._drop()
            return await self._get(link, params)
        _, task = self._ahead
        answer = await task
        self._ahead = None
        return answer

    async def _drop(self) -> None:
        if self._ahead is not None:
            await cancelled([self._ahead[1]])
            self._ahead = None

    async def _get(self, path: str, params: Mapping[str, str] | None) -> Answer:
        self.asked += 1
        try:
            return await self._line.get(path, params)
        except NoSuchCall as error:
            raise refused_account(error) from None


class _Gathered:
    """Each call once, where it stood first: lists overlap while calls move through them."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.rows: dict[str, Call] = {}

    def add(self, calls: list[Call]) -> None:
        """Takes in a page: of a call that is known, the row that tells of the later moment."""
        rows = self.rows
        for row in calls:
            known = rows.setdefault(row.sid, row)
            if known is not row and _progress(row) >= _progress(known):
                rows[row.sid] = row


def _filters(query: CallQuery, status: str | None, page_size: int) -> dict[str, str]:
    named = {
        "Status": status,
        "To": query.to,
        "From": query.from_,
        "ParentCallSid": query.parent_call_sid,
        "PageSize": str(page_size),
    }
    return {name: value for name, value in named.items() if value is not None}


def _progress(call: Call) -> int:
    return _rank(call.status or "")


def _rank(status: str) -> int:
    return _PROGRESS.get(status, len(_PROGRESS))
