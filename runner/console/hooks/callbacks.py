"""Reads one status callback: a form of bounded size, in which what counts is said once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from aiohttp import web
from multidict import MultiDict

from runner.call import parse_rfc2822
from runner.model import Millis

#: What Twilio sends has a kilobyte or two.
LARGEST = 16 * 1024
#: Fields of one callback; Twilio sends some thirty.
MOST_FIELDS = 200

_FORM = "application/x-www-form-urlencoded"
#: What is gone by. A field that is there twice says two things, and who reads it picks one.
_READ = ("AccountSid", "CallSid", "CallStatus", "Timestamp")
_CALL = re.compile(r"CA[0-9a-f]{32}\Z", re.IGNORECASE)


class Misshapen(Exception):
    """What came is no callback. `status` is the answer to it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Callback:
    """One callback. `query` is what stood behind the path, as it was sent: that is signed too."""

    fields: MultiDict[str]
    query: str
    signature: str

    @property
    def account(self) -> str:
        """Whose call it is about, as it says."""
        return self.fields.get("AccountSid", "")

    @property
    def status(self) -> str:
        """The status that the call has come to, as it says."""
        return self.fields.get("CallStatus", "")

    def call(self) -> str:
        """The SID of the call. Raises `Misshapen`."""
        sid = self.fields.get("CallSid", "")
        if not _CALL.match(sid):
            raise Misshapen(400, "CallSid is not the SID of a call")
        return sid

    def at(self) -> Millis:
        """When Twilio sent it. Raises `Misshapen`."""
        try:
            at = parse_rfc2822(self.fields.get("Timestamp", ""))
        except (ValueError, OverflowError):
            at = None
        if at is None:
            raise Misshapen(400, "Timestamp is not a date")
        return at


async def read_callback(request: web.Request) -> Callback:
    """What was sent. Raises `Misshapen` where no callback can be like that."""
    if request.content_type != _FORM:
        raise Misshapen(415, "a callback is a form")
    if request.content_length is not None and request.content_length > LARGEST:
        raise Misshapen(413, "a callback is shorter")
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise Misshapen(413, "a callback is shorter") from None
    if len(body) > LARGEST:
        raise Misshapen(413, "a callback is shorter")
    signatures = request.headers.getall("X-Twilio-Signature", [])
    if len(signatures) > 1:
        raise Misshapen(400, "a callback has one signature")
    query = request.raw_path.partition("?")[2]
    return Callback(_fields(body), query, signatures[0] if signatures else "")


def _fields(body: bytes) -> MultiDict[str]:
    try:
        pairs = parse_qsl(
            body.decode(),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError:  # not UTF-8, or too many
        raise Misshapen(400, "this is no form") from None
    fields = MultiDict(pairs)
    _check_once(fields)
    return fields


def _check_once(fields: MultiDict[str]) -> None:
    counts: Mapping[str, int] = {name: len(fields.getall(name, [])) for name in _READ}
    for name, count in counts.items():
        if count > 1:
            raise Misshapen(400, f"{name} is there twice")
