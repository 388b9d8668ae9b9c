"""Lists that are read again and again: rows are known by their bytes, and always what was sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Iterable, Mapping
from functools import partial
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.call import Call
from runner.engine.ports import CallQuery, Listing, NoAnswer
from runner.gateway.rows import Reader, Rereader, decode_page
from runner.gateway.twilio import TwilioGateway
from tests.beside import Beside
from tests.speed.counting import functions_called

from .raw import Request, answer, gateway_at, raw_server, serving

Row = dict[str, object]
ROWS = 1_000
#: What a row may say of a field. A number is odd: its page must be read field by field.
VALUES = ("in-progress", "ringing", None, "", 'Zoë \\ "x" \U0001f600', "\ud800", 7, True)
FIELDS = ("status", "to", "caller_name", "queue_time", "price", "annotation")


def sid(number: int) -> str:
    return f"CA{number:032x}"


def row(number: int, **more: object) -> Row:
    return {"sid": sid(number), "status": "in-progress", "to": f"+1{number}", **more}


def read(rows: Iterable[Row], reader: Reader) -> list[Call]:
    body = json.dumps({"calls": list(rows)}).encode()
    return asyncio.run(decode_page(body, host="x", reader=reader)).calls


def ended(reading: Coroutine[Any, Any, object]) -> None:
    """Without a loop: where no row is odd, it waits for nobody."""
    with pytest.raises(StopIteration):
        reading.send(None)


def rereading(calls: Iterable[Call] = (), before: Rereader | None = None) -> Rereader:
    return Rereader({call.sid: call for call in calls}, before.read_now if before else {})


def edited(rows: list[Row], chance: Random) -> list[Row]:
    """A moment later: calls have come, gone, moved to another place, or changed in some fields."""
    rows = [each for each in rows if chance.random() < 0.9]
    rows = [
        {**each, chance.choice(FIELDS): chance.choice(VALUES[: chance.choice([5, 6, 8])])}
        if chance.random() < 0.3
        else each
        for each in rows
    ]
    rows += [row(chance.randrange(40)) for _ in range(chance.randrange(3))]
    if chance.random() < 0.3:
        chance.shuffle(rows)
    if chance.random() < 0.2:  # the same said in other words
        rows = [dict(reversed(each.items())) for each in rows]
    return rows


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_a_list_is_read_again_as_if_for_the_first_time(seed: int) -> None:
    chance = Random(seed)
    rows, calls, reader = [row(number) for number in range(12)], list[Call](), rereading()
    for _ in range(8):
        rows = edited(rows, chance)
        reader = rereading(calls, reader)
        calls = read(rows, reader)
        assert calls == read(rows, Reader())


def test_the_same_bytes_are_the_same_object_and_other_bytes_what_they_say() -> None:
    rows = [row(number) for number in range(4)]
    first = rereading()
    known = read(rows, first)
    again = [
        rows[0],
        {**rows[1], "price": "-0.01"},
        {**rows[2], "status": "completed"},
        {**rows[3], "status": "in-progress "},
    ]
    calls = read(again, second := rereading(known, first))
    assert calls[0] is known[0]
    assert calls[1] is known[1], "no rule can read what changed"
    assert [call.status for call in calls[2:]] == ["completed", "in-progress "]
    third = read(rows, rereading(calls, second))
    assert third == known, "as two lists ago"
    assert [a is b for a, b in zip(third, known, strict=True)] == [True, True, False, False]


def test_rows_that_are_known_are_not_changed_by_new_ones() -> None:
    """What rows have in common is made one object; but not in rows that others hold already."""
    first = rereading()
    known = read([row(number, account_sid="AC1") for number in range(3)], first)
    accounts = [id(call.account_sid) for call in known]
    rows = [row(9, account_sid="AC1"), *(row(number, account_sid="AC1") for number in range(3))]
    calls = read(rows, rereading(known, first))
    assert calls[1:] == known
    assert [id(call.account_sid) for call in calls[1:]] == accounts


@pytest.mark.parametrize("sent", [{"to": "+1"}, {"sid": ""}, {"sid": None}, [], "CA1", 5, None])
def test_a_list_that_is_read_again_has_no_row_without_a_sid(sent: object) -> None:
    first = rereading()
    known = read([row(1), row(2)], first)
    with pytest.raises(NoAnswer, match="without a SID"):
        read([row(1), sent, row(2)], rereading(known, first))  # type: ignore[list-item]


def test_a_row_that_is_known_costs_no_reading() -> None:
    rows = [row(number) for number in range(ROWS)]
    body = json.dumps({"calls": rows}).encode()
    first = rereading()
    known = read(rows, first)
    changed = json.dumps({"calls": [{**rows[0], "status": "ringing"}, *rows[1:]]}).encode()
    for sent in (body, changed):
        reading = rereading(known, first).read(sent, host="x")
        assert functions_called(partial(ended, reading)) <= ROWS // 20


@pytest.mark.parametrize("odd", [7, "\ud800"])
async def test_odd_rows_are_the_same_too_and_leave_others_their_turns(odd: object) -> None:
    rows = [row(number, caller_name=odd) for number in range(ROWS)]
    body = json.dumps({"calls": rows}).encode()
    known = (await decode_page(body, host="x")).calls
    first = rereading(known)
    async with Beside() as beside:
        calls = (await decode_page(body, host="x", reader=first)).calls
    assert beside.turns >= 10
    assert calls == known
    assert all(a is b for a, b in zip(calls, known, strict=True)), "as it was in the first list"
    again = (await decode_page(body, host="x", reader=rereading(calls, first))).calls
    assert all(a is b for a, b in zip(again, known, strict=True))


async def test_polls_go_on_with_what_they_read_and_not_with_what_was_read_in_passing() -> None:
    rows = [row(number) for number in range(5)]
    sent = rows

    def reply(request: Request) -> bytes:
        if "ParentCallSid" in request.query:
            return answer(200, {"calls": [{**rows[0], "status": "busy"}]})
        first = request.query.get("Page") != "1"
        link = f"{request.path}?Page=1&PageToken=x" if first else None
        return answer(200, {"calls": sent[:2] if first else sent[2:], "next_page_uri": link})

    async with raw_server(serving(reply)) as server, gateway_at(server.base) as gateway:
        polls = [await _listed(gateway) for _ in range(3)]
        await gateway.list_calls(CallQuery(parent_call_sid=sid(9)))
        await gateway.list_calls(CallQuery(limit=1))
        polls.append(await _listed(gateway))
        sent = [{"no": "sid"}, *rows]
        with pytest.raises(NoAnswer):
            await gateway.list_calls(CallQuery())
        sent = [{**each, "status": "ringing"} if each is rows[3] else each for each in rows]
        polls.append(await _listed(gateway))
    for listing in polls[:-1]:
        assert [a is b for a, b in zip(listing.calls, polls[0].calls, strict=True)] == [True] * 5
    last = polls[-1].calls
    assert [call.status for call in last] == [each["status"] for each in sent]
    assert [a is b for a, b in zip(last, polls[0].calls, strict=True)] == [True] * 3 + [False, True]
    assert last == tuple(map(_as_call, sent))


async def _listed(gateway: TwilioGateway) -> Listing:
    return await gateway.list_calls(CallQuery())


def _as_call(sent: Mapping[str, object]) -> Call:
    return msgspec.convert(sent, Call)
