"""Promises of callbacks that are none: they are refused, cheaply, and told of now and then."""

from __future__ import annotations

import subprocess
import sys

import pytest

from runner.console.hooks.push import RESULTS
from runner.console.hooks.seen import Complaints
from runner.engine.ports import Event
from tests.console.pushing import FORM, Posting, untouched
from tests.engine.test_nudges import ringing
from tests.site import MINUTE

# ---- what is no callback --------------------------------------------------------------------


async def test_a_get_is_not_listened_to(posting: Posting) -> None:
    assert await posting.raw(b"", {}, method="GET") == 405


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 415),
        (b"a=b", "multipart/form-data; boundary=x", 415),
        (b"", "", 415),
        (b"a=" + b"x" * 17_000, FORM, 413),
        (b"&".join(b"f%d=1" % number for number in range(300)), FORM, 400),
        (b"AccountSid=\xff", FORM, 400),
        (b"AccountSid=%ff", FORM, 400),
        (b"CallSid=a&CallSid=b", FORM, 400),
        (b"AccountSid=a&AccountSid=a", FORM, 400),
        (b"", FORM, 403),
        (b"=&&&=%00&%", FORM, 403),
    ],
)
async def test_what_is_no_callback_is_refused(
    posting: Posting, body: bytes, kind: str, status: int
) -> None:
    headers = {"Content-Type": kind} if kind else {"Content-Type": "text/plain"}
    assert await posting.raw(body, headers) == status
    assert untouched(posting.site)


@pytest.mark.parametrize(
    "more",
    [
        {"Call_Sid": ""},
        {"Call_Sid": "CA../../Accounts"},
        {"Call_Sid": "CA" + "0" * 31 + "\n"},
        {"Timestamp": ""},
        {"Timestamp": "yesterday"},
        {"Timestamp": "Fri, 31 Dec 9999 23:59:59 -1200"},
        {"Timestamp": "Mon, 01 Jan 0001 00:00:00 +1200"},
    ],
)
async def test_signed_or_not_it_must_say_which_call_and_when(
    posting: Posting, more: dict[str, str]
) -> None:
    sid = await ringing(posting.site)
    assert await posting.post(sid, **more) in (400, 403)
    assert untouched(posting.site)


async def test_two_signatures_are_none(posting: Posting) -> None:
    fields = posting.fields(await ringing(posting.site))
    good = posting.signature(fields)
    from multidict import CIMultiDict

    headers = CIMultiDict([("Content-Type", FORM)])
    headers.extend([("X-Twilio-Signature", "x"), ("X-Twilio-Signature", good)])
    assert await posting.raw(b"AccountSid=x", headers) == 400


# ---- what is told ---------------------------------------------------------------------------


async def test_a_stranger_fills_no_log(posting: Posting) -> None:
    sid = await ringing(posting.site)
    for number in range(50):
        await posting.send(posting.fields(sid, Sequence_Number=str(number)), "forged")
    await posting.site.sandbox.advance(MINUTE)
    await posting.send(posting.fields(sid), "forged")
    told = posting.site.told("push.refused")
    assert [event.fields["untold"] for event in told] == [0, 49]
    assert [result for result, _ in posting.results] == ["forged"] * 51
    assert "+1415" not in str(told)
    assert posting.site.sandbox.auth_token not in str(told)


def test_each_kind_of_complaint_is_made() -> None:
    class Clock:
        def now(self) -> int:
            return 0

        def monotonic(self) -> int:
            return 0

        async def sleep(self, millis: int) -> None:
            raise NotImplementedError

    told: list[Event] = []
    complaints = Complaints(told.append, Clock())
    for reason in ("late", "late", "forged"):
        complaints.make(reason, "AC1", hint="h")
    assert [event.fields["reason"] for event in told] == ["late", "forged"]


async def test_results_are_few_words(posting: Posting) -> None:
    assert len(set(RESULTS)) == len(RESULTS) == 14


def test_the_sdk_is_loaded_by_whoever_takes_callbacks() -> None:
    code = "import sys, runner.console.hooks.push; print('twilio' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
