"""Answers of the Calls API as rows: whole pages decoded at once, oddities on a slower path.

Twilio documents every field as text, and compatible servers send numbers for some. A page that
holds one, or text that is not Unicode, is decoded again, field by field, so that the normal page
pays nothing for it.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec.structs import force_setattr

from runner.call import Call
from runner.decision.turns import Pace, slices
from runner.engine.ports import NoAnswer


class Page(msgspec.Struct):
    """One page of a list. `next_page_uri` is relative to the host; None ends the list."""

    calls: list[Call]
    next_page_uri: str | None = None


class _RawPage(msgspec.Struct):
    """The same, its rows unread."""

    calls: list[msgspec.Raw]
    next_page_uri: str | None = None


_DIGITS = re.compile(r"[0-9a-fA-F]{32}")
_PAGE = msgspec.json.Decoder(Page)
_RAW_PAGE = msgspec.json.Decoder(_RawPage)
_CALL = msgspec.json.Decoder(Call)
#: Attribute → JSON key: only `from` differs, because Python keeps that word for itself.
_KEYS = {field.name: field.encode_name for field in msgspec.structs.fields(Call)}
#: A link in the plainest writing, as Twilio's is. In a text no quote stands alone, so that whoever
#: names a caller can't write one; something else than the page can have it, though.
_LINK = re.compile(rb'"next_page_uri"\s*:\s*"([!#-\[\]-~]+)"')
#: Around the rows stands less than this.
_AROUND = 4_096
#: So many odd rows take a millisecond or two.
_ODD_ROWS = 100
_GARBAGE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def is_call_sid(text: str) -> bool:
    """True where the text has the shape of a call's SID: CA and 32 hex characters."""
    return is_sid(text, "CA")


def is_sid(text: str, prefix: str) -> bool:
    """True where the text has the shape of a SID with this prefix, and so may stand in a path."""
    return text.startswith(prefix) and _DIGITS.fullmatch(text, 2) is not None


class Reader:
    """Reads pages of calls, each row anew."""

    #: What was read of the list, by the bytes of its rows; nothing, where nobody wants to know.
    read_now: Mapping[int, Call] = {}

    async def read(self, body: bytes, *, host: str) -> tuple[Page, list[Call]]:
        """One page, and those of its rows that were made for it: nobody else holds them yet.

        Raises what msgspec does where the body is no page, or a row in it odd.
        """
        page = _PAGE.decode(body)
        return page, page.calls

    def kept(self, call: Call) -> Call:
        """This row, or the same that is held already."""
        return call


class Rereader(Reader):
    """Reads a list that was read before: a row whose bytes are as they were needs no reading.

    Sixty-four bits stand for the bytes, by a hash with a secret key. `rows` are those of the list
    before, by SID, and `known` what was read of it, by those bits. A row that is as it was is the
    same object.
    """

    def __init__(self, rows: Mapping[str, Call], known: Mapping[int, Call]) -> None:
        self._rows = rows
        self._known = known
        self.read_now: dict[int, Call] = {}

    async def read(self, body: bytes, *, host: str) -> tuple[Page, list[Call]]:
        """The same; an odd row is read by itself."""
        page = _RAW_PAGE.decode(body)
        marks = [*map(hash, map(bytes, page.calls))]
        found = [*map(self._known.get, marks)]
        made, pace = list[Call](), Pace(_ODD_ROWS)
        for place in [place for place, known in enumerate(found) if known is None]:
            row = page.calls[place]
            try:
                call = _CALL.decode(row)
            except _GARBAGE:
                call = _odd_call(row, host)
                if pace.due(1):
                    await asyncio.sleep(0)
            found[place] = kept = self.kept(call)
            if kept is call:
                made.append(call)
        calls = [call for call in found if call is not None]
        self.read_now.update(zip(marks, calls, strict=True))
        return Page(calls, page.next_page_uri), made

    def kept(self, call: Call) -> Call:
        """The row of the list before, where it was as this one is."""
        was = self._rows.get(call.sid)
        return was if was is not None and was == call else call


ANEW = Reader()


async def decode_page(body: bytes, *, host: str, reader: Reader = ANEW) -> Page:
    """One page of calls. Raises `NoAnswer` where the body is none, or a row has no SID.

    A full page takes some milliseconds; the loop has its turns meanwhile.
    """
    try:
        page, made = await reader.read(body, host=host)
    except _GARBAGE:
        page = await _slow_page(body, host)
        calls = [reader.kept(call) for call in page.calls]
        made = [call for call, kept in zip(page.calls, calls, strict=True) if kept is call]
        page.calls = calls
    if not all(call.sid for call in made):
        raise NoAnswer(f"{host} listed a call without a SID")
    _share(made)
    await asyncio.sleep(0)
    return page


def likely_link(body: bytes) -> str | None:
    """What a page's link to the next probably is, found without reading the page.

    Only `decode_page` knows what it is, and whether the body is a page at all.
    """
    found = _LINK.search(body, max(0, len(body) - _AROUND)) or _LINK.search(body, 0, _AROUND)
    return found[1].decode("ascii") if found else None


def decode_call(body: bytes, sid: str, *, host: str) -> Call:
    """The row of the call asked for. Raises `NoAnswer` for anything else."""
    try:
        call = _CALL.decode(body)
    except _GARBAGE:
        call = _slow_call(document_of(body, host=host), host)
    if call.sid.lower() != sid.lower():
        raise NoAnswer(f"{host} answered with another call than the one asked for")
    return call


def next_link(link: object, path: str, *, host: str) -> str | None:
    """A page's link to the next, as given; None at the end.

    It must be a link to the same list on the same host: it is requested with the credentials.
    """
    if link is None or link == "":
        return None
    if not isinstance(link, str):
        raise NoAnswer(f"{host} sent a page link that is none; it was not followed")
    odd = not all("!" <= character <= "~" for character in link)
    try:
        parts = urlsplit("/" if odd else link)
    except ValueError:  # brackets that are no IPv6 address
        parts = urlsplit("/")
    if parts.scheme or parts.netloc or parts.fragment or parts.path != path or not parts.query:
        raise NoAnswer(f"{host} sent a page link that leads elsewhere; it was not followed")
    return link


def _share(calls: list[Call]) -> None:
    """Makes texts that are as in the page's first row one object with them.

    Most rows have these in common, and they are a fifth of what a row occupies.
    """
    if not calls:
        return
    first = calls[0]
    account, status = first.account_sid, first.status
    direction, version = first.direction, first.api_version
    for call in calls:
        # Nobody has seen these rows yet, and nothing that can be seen of them changes.
        if call.account_sid == account:
            force_setattr(call, "account_sid", account)
        if call.status == status:
            force_setattr(call, "status", status)
        if call.direction == direction:
            force_setattr(call, "direction", direction)
        if call.api_version == version:
            force_setattr(call, "api_version", version)


async def _slow_page(body: bytes, host: str) -> Page:
    document = document_of(body, host=host)
    rows, link = document.get("calls"), document.get("next_page_uri")
    if not isinstance(rows, list) or not isinstance(link, str | None):
        raise NoAnswer(f"{host} answered with JSON that is not a list of calls")
    page = Page([], link)
    for part in slices(rows, _ODD_ROWS):
        await asyncio.sleep(0)
        page.calls += [_slow_call(row, host) for row in part]
    return page


def _odd_call(row: msgspec.Raw, host: str) -> Call:
    try:
        return _slow_call(json.loads(bytes(row).decode("utf-8", "replace")), host)
    except ValueError as error:  # then the page is none; who reads it as a whole says why
        raise msgspec.DecodeError(str(error)) from None


def _slow_call(row: object, host: str) -> Call:
    sid = row.get("sid") if isinstance(row, Mapping) else None
    if not isinstance(row, Mapping) or not isinstance(sid, str) or not sid.isascii():
        raise NoAnswer(f"{host} answered with a call without a SID")
    return Call(**{name: text_of(row.get(key)) for name, key in _KEYS.items()})  # type: ignore[arg-type]


def text_of(value: object) -> str | None:
    """A field as text: a number as Twilio would have written it; what can't be text is missing."""
    if isinstance(value, str):
        # Half a surrogate can't be written anywhere; it becomes the replacement character.
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return str(value)


def document_of(body: bytes, *, host: str) -> Mapping[str, Any]:
    """The JSON object that the body is. Raises `NoAnswer` for anything else."""
    try:
        # The standard library's, because it lets half a surrogate pass: one odd caller name must
        # not blind the runner to all the other calls of its page.
        document = json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        hint = "the answer is not Twilio's: check the API base, and what stands in between"
        raise NoAnswer(f"{host} answered with something that is not JSON", hint=hint) from None
    if not isinstance(document, Mapping):
        raise NoAnswer(f"{host} answered with JSON that is not an object")
    return document
