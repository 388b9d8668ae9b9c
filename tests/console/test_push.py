"""Promises of status callbacks: Twilio's own are listened to, once, and at once; no others."""

from __future__ import annotations

from typing import Any

import pytest

from runner.console.hooks.push import routes
from runner.console.hooks.seen import Seen
from runner.console.web.health import Health
from runner.console.web.server import Site as Served
from runner.console.web.server import serve
from runner.sandbox.plans import Person
from tests.console.pushing import OTHER_ACCOUNT, Posting, open_posting, untouched
from tests.engine.late import with_late_answers
from tests.engine.test_nudges import ANSWERED, answer, lists, ringing
from tests.site import MINUTE, SECOND, Site


async def test_a_callback_leads_to_the_update_without_any_poll(posting: Posting) -> None:
    site = posting.site
    sid = await ringing(site)
    before = lists(site)
    answer(site, sid)
    assert await posting.post(sid) == 204
    assert await posting.looked(1) == ["acted"]
    assert site.updates() == [{"Status": "completed"}]
    assert lists(site) == before
    assert posting.results == [("acted", 0)], "no time passes on this clock"


async def test_twilio_is_answered_before_anything_comes_of_it(posting: Posting) -> None:
    site = posting.site
    late = with_late_answers(site)
    site.flows(ANSWERED)
    sid = await ringing(site)
    answer(site, sid)
    with late.fetches.held():
        assert await posting.post(sid) == 204
        assert posting.results == []
    assert await posting.looked(1) == ["acted"]


async def test_the_call_is_what_the_api_says_and_not_what_the_callback_says(
    posting: Posting,
) -> None:
    sid = await ringing(posting.site)
    assert await posting.post(sid, Call_Status="in-progress") == 204
    assert await posting.looked(1) == ["evaluated"]
    assert posting.site.updates() == []


@pytest.mark.parametrize("status", ["completed", "busy", "failed", "no-answer", "canceled"])
async def test_of_a_call_that_is_over_nothing_is_asked(posting: Posting, status: str) -> None:
    sid = await ringing(posting.site)
    assert await posting.post(sid, Call_Status=status) == 204
    assert posting.results == [("over", None)]
    assert untouched(posting.site)


async def test_who_looks_after_no_calls_takes_callbacks_and_does_nothing(posting: Posting) -> None:
    sid = await ringing(posting.site)
    posting.leads = False
    assert await posting.post(sid) == 204
    assert posting.results == [("standby", None)]
    assert untouched(posting.site)


# ---- strangers ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "signature", ["", "x", "=" * 28, "A" * 2_000, "é" * 28, "bm90IHRoZSBzaWduYXR1cmUuLi4uLg=="]
)
async def test_what_twilio_has_not_signed_is_refused(posting: Posting, signature: str) -> None:
    sid = await ringing(posting.site)
    assert await posting.send(posting.fields(sid), signature) == 403
    assert posting.results == [("forged", None)]
    assert untouched(posting.site)


async def test_another_token_another_field_another_url(posting: Posting) -> None:
    sid = await ringing(posting.site)
    assert await posting.post(sid, token="0" * 32) == 403
    fields = posting.fields(sid)
    good = posting.signature(fields)
    assert await posting.send(fields | {"To": "+14155550111"}, good) == 403
    assert await posting.send(fields | {"More": ""}, good) == 403
    assert await posting.send(fields, good, query="a=b") == 403
    assert await posting.send(fields, good) == 204


async def test_an_account_that_is_not_looked_after(posting: Posting) -> None:
    sid = await ringing(posting.site)
    assert await posting.post(sid, Account_Sid=OTHER_ACCOUNT) == 403
    (told,) = posting.site.told("push.refused")
    assert (told.level, told.fields["reason"]) == ("warning", "stranger")
    assert OTHER_ACCOUNT not in str(told.fields)


async def test_without_a_token_nobody_can_tell(site: Site) -> None:
    site.flows(ANSWERED)
    sid = await ringing(site)
    async with open_posting(site, tokens=()) as posting:
        assert await posting.post(sid) == 403
        assert posting.results == [("unverifiable", None)]
    (told,) = site.told("push.refused")
    assert told.fields["account"] == site.sandbox.account_sid
    assert "callback_token" in str(told.fields["hint"])


async def test_while_a_token_is_changed_both_are_taken(site: Site) -> None:
    site.flows(ANSWERED)
    sid = await ringing(site)
    async with open_posting(site, tokens=("1" * 32, "2" * 32)) as posting:
        for number, token in enumerate(("1" * 32, "2" * 32)):
            assert await posting.post(sid, token=token, Sequence_Number=str(number)) == 204
        assert await posting.post(sid) == 403


# ---- where Twilio reaches the runner --------------------------------------------------------


@pytest.mark.parametrize("query", ["a=b", "a=1&b=%20%2F%e9", "tenant=x&tenant=y", "q"])
async def test_the_query_is_part_of_what_is_signed(posting: Posting, query: str) -> None:
    sid = await ringing(posting.site)
    assert await posting.post(sid, query=query) == 204


@pytest.mark.parametrize("taken_off", [True, False])
async def test_behind_a_proxy_the_public_url_counts(site: Site, taken_off: bool) -> None:
    site.flows(ANSWERED)
    sid = await ringing(site)
    async with open_posting(site, public_url="https://calls.example/flow") as posting:
        fields = posting.fields(sid)
        posting.base += "" if taken_off else "/flow"
        assert await posting.send(fields, posting.signature(fields)) == 204
        posting.public_url = posting.base
        assert await posting.post(sid, Sequence_Number="1") == 403


async def test_through_the_runners_own_server(site: Site) -> None:
    """Public: no token of the console, from any host; answers stay empty."""
    site.flows(ANSWERED)
    sid = await ringing(site)
    answer(site, sid)
    async with open_posting(site, public_url="https://calls.example") as posting:
        served = Served(Health({}), site.time, public_routes=routes(posting.push))
        async with serve(served, "127.0.0.1:0") as url:
            posting.base = url
            assert await posting.post(sid) == 204
            assert await posting.looked(1) == ["acted"]
            assert await posting.post(sid) == 409
            assert await posting.raw(b"", {}, method="GET") == 405


# ---- time and repetition --------------------------------------------------------------------


async def test_the_same_callback_counts_once(posting: Posting) -> None:
    sid = await ringing(posting.site)
    fields = posting.fields(sid)
    signature = posting.signature(fields)
    assert [await posting.send(fields, signature) for _ in range(3)] == [204, 409, 409]
    await posting.looked(3)
    assert sorted(result for result, _ in posting.results) == ["evaluated", "replayed", "replayed"]


@pytest.mark.parametrize(("off", "status"), [(0, 204), (1, 403), (10 * MINUTE, 403)])
@pytest.mark.parametrize("sign", [1, -1])
async def test_a_callback_is_of_the_last_five_minutes(
    posting: Posting, off: int, status: int, sign: int
) -> None:
    from runner.call import format_rfc2822

    sid = await ringing(posting.site)
    # Twilio's times are whole seconds.
    await posting.site.sandbox.advance(-posting.site.sandbox.clock.now() % SECOND)
    at = posting.site.sandbox.clock.now() + sign * (5 * MINUTE + (off and off + SECOND))
    assert await posting.post(sid, Timestamp=format_rfc2822(at)) == status


async def test_it_is_measured_by_twilios_clock(posting: Posting) -> None:
    posting.site.time.skew = -60 * MINUTE
    sid = await ringing(posting.site)
    assert await posting.post(sid) == 204


async def test_one_that_was_recorded_is_of_no_use_later(posting: Posting) -> None:
    sid = await ringing(posting.site)
    fields = posting.fields(sid)
    signature = posting.signature(fields)
    assert await posting.send(fields, signature) == 204
    for minutes in (4, 5, 60):
        await posting.site.sandbox.advance(minutes * MINUTE)
        assert await posting.send(fields, signature) in (403, 409)


def test_memory_is_bounded_in_time_and_number() -> None:
    seen = Seen(100, most=3)
    assert [seen.is_new(each, 0) for each in "abca"] == [True, True, True, False]
    assert [seen.is_new(each, 1) for each in "dba"] == [True, False, True], "the oldest went"
    assert len(seen) == 3
    assert seen.is_new("b", 101)
    assert len(seen) == 1


# ---- the whole way --------------------------------------------------------------------------


async def test_the_sandbox_tells_of_its_calls(posting: Posting) -> None:
    """As Twilio would: signed, from the call's own changes, and the runner acts between polls."""
    site = posting.site
    plan: dict[str, Any] = {
        "status_callback": f"{posting.base}/twilio/status",
        "status_callback_event": ("ringing", "answered", "completed"),
    }
    await site.poll()
    site.sandbox.add_call(status="ringing", person=Person(ring=SECOND), **plan)
    await site.sandbox.delivered()
    assert await posting.looked(1) == ["evaluated"]
    before = lists(site)
    await site.sandbox.advance(SECOND)
    await site.sandbox.delivered()
    await posting.looked(2)
    await site.sandbox.delivered()
    assert (await posting.looked(3))[-2:] in (["acted", "over"], ["over", "acted"])
    assert await site.outcomes() == [("f/r", "done")]
    assert lists(site) == before


@pytest.mark.parametrize(
    ("fault", "results"),
    [("callback-twice", {"evaluated", "replayed"}), ("callback-forged", {"forged"})],
)
async def test_what_goes_wrong_on_the_way(posting: Posting, fault: str, results: set[str]) -> None:
    site = posting.site
    await site.poll()
    site.sandbox.set_fault(fault)
    url = f"{posting.base}/twilio/status"
    person = Person(ring=None)
    site.sandbox.add_call(
        status="ringing", person=person, status_callback=url, status_callback_event=("ringing",)
    )
    await site.sandbox.delivered()
    assert set(await posting.looked(len(results))) == results
