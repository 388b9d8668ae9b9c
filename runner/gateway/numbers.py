"""How a call to a number of the account begins: asks for the number, and what answers for it."""

from __future__ import annotations

from collections.abc import Mapping

from runner.beginnings import beginning_of, reason_not_to_ask
from runner.call import Call
from runner.engine.ports import NoAnswer, NoSuchCall, NothingThere
from runner.gateway.errors import refused_account
from runner.gateway.line import Line
from runner.gateway.lists import Lists, Row
from runner.gateway.rows import document_of, is_sid, text_of

#: What is read of a number, or of an application.
_FIELDS = (
    "trunk_sid",
    "voice_url",
    "voice_method",
    "voice_fallback_url",
    "voice_fallback_method",
)


class Numbers:
    """The phone numbers of one account."""

    def __init__(self, line: Line, lists: Lists) -> None:
        self._line = line
        self._lists = lists

    async def voice_of(self, call: Call) -> Mapping[str, str]:
        """As `runner.engine.ports.Gateway` promises. Raises a `GatewayError`."""
        reason = reason_not_to_ask(call)
        if reason:
            raise NothingThere(reason)
        row, holder = await self._number(call), "the number"
        application = text_of(row.get("voice_application_sid")) or ""
        if application and not row.get("trunk_sid"):
            row, holder = await self._application(application), "the application of the number"
        found = beginning_of({name: text_of(row.get(name)) for name in _FIELDS}, holder=holder)
        if isinstance(found, str):
            raise NothingThere(found)
        return found

    async def _number(self, call: Call) -> Row:
        sid = call.phone_number_sid or ""
        if is_sid(sid, "PN"):
            return await self._get("IncomingPhoneNumbers", sid, "the number that was called")
        return await self._named(call.to or "")

    async def _named(self, number: str) -> Row:
        # Twilio takes a part of a number, and then lists more than one.
        path = f"{self._line.account}/IncomingPhoneNumbers.json"
        try:
            rows = await self._lists.read(path, "incoming_phone_numbers", {"PhoneNumber": number})
        except NoSuchCall as error:
            raise refused_account(error) from None
        exact = [row for row in rows if text_of(row.get("phone_number")) == number]
        if len(exact) != 1:
            stands = "is none" if not exact else f"stands {len(exact)} times among those"
            raise NothingThere(f"the number that was called {stands} of this account")
        return exact[0]

    async def _application(self, sid: str) -> Row:
        what = "the application that answers for the number"
        if not is_sid(sid, "AP"):
            raise NothingThere(f"{what} has no SID that can be asked for")
        return await self._get("Applications", sid, what)

    async def _get(self, resource: str, sid: str, what: str) -> Row:
        try:
            answer = await self._line.get(f"{self._line.account}/{resource}/{sid}.json")
        except NoSuchCall:
            raise NothingThere(f"{what} is not there any more") from None
        row = document_of(answer.body, host=self._line.host)
        if (text_of(row.get("sid")) or "").lower() != sid.lower():
            raise NoAnswer(f"{self._line.host} answered with another resource than asked for")
        return row
