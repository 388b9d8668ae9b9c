"""Pages of calls: rows as they were sent, little memory, and no page that takes the loop away."""

from __future__ import annotations

import json

import msgspec
import pytest

from runner.call import Call
from runner.gateway.rows import decode_page
from tests.beside import Beside

DATE = "Tue, 31 Aug 2010 20:36:28 +0000"


def row(number: int, **more: object) -> dict[str, object]:
    return {
        "sid": f"CA{number:032x}",
        "account_sid": "AC" + "0" * 32,
        "status": "in-progress",
        "direction": "outbound-api" if number == 3 else "inbound",
        "api_version": "2010-04-01",
        "date_created": DATE,
        "date_updated": None,
        "start_time": DATE,
        "from": "+14155550100",
        **more,
    }


def body_of(*rows: dict[str, object]) -> bytes:
    return json.dumps({"calls": rows}).encode()


async def test_what_rows_have_in_common_is_kept_once() -> None:
    rows = [row(number) for number in range(6)]
    calls = (await decode_page(body_of(*rows), host="x")).calls
    assert calls == [msgspec.convert(each, Call) for each in rows], "and changed in nothing"
    for name in ("account_sid", "status", "api_version"):
        assert len({id(getattr(call, name)) for call in calls}) == 1, name
    assert calls[0].direction is calls[5].direction


@pytest.mark.parametrize(("odd", "turns"), [(False, 1), (True, 10)])
async def test_a_full_page_leaves_others_their_turns(odd: bool, turns: int) -> None:
    rows = [row(number, **({"duration": number} if odd else {})) for number in range(1_000)]
    async with Beside() as beside:
        page = await decode_page(body_of(*rows), host="x")
    assert beside.turns >= turns
    assert [call.sid for call in page.calls] == [each["sid"] for each in rows]
    assert {call.duration for call in page.calls} == (
        set(map(str, range(1_000))) if odd else {None}
    )
