"""The far side of measurements: as many calls as asked for, each once, and as many changed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.far_side import ACCOUNT_SID, AUTH_TOKEN, FarSide, serve, sid_of
from runner.call import CallQuery
from runner.engine.ports import Listing
from runner.gateway.credentials import Credentials
from runner.gateway.twilio import TwilioGateway, open_gateway
from runner.model import Update
from runner.settings import TwilioSettings

EVERYBODY = CallQuery(("queued", "ringing", "in-progress"))


@pytest.fixture(scope="module")
def far() -> Iterator[FarSide]:
    with serve(calls=50) as served:
        yield served


def gateway_at(base: str) -> TwilioGateway:
    login = Credentials(ACCOUNT_SID, ACCOUNT_SID, AUTH_TOKEN)
    return open_gateway(login, TwilioSettings(api_base=base, page_size=40))


async def listed(base: str, times: int) -> list[Listing]:
    gateway = gateway_at(base)
    try:
        return [await gateway.list_calls(EVERYBODY) for _ in range(times)]
    finally:
        await gateway.close()


async def test_it_lists_each_call_once(far: FarSide) -> None:
    before = far.told()["lists"]
    (listing,) = await listed(far.url, 1)
    assert [call.sid for call in listing.calls] == [sid_of(number) for number in range(50)]
    assert {call.status for call in listing.calls} == {"in-progress"}
    assert listing.server_time is not None
    assert far.told()["lists"] - before == listing.requests == 4, "two of them without calls"


@pytest.mark.parametrize(("changed", "wanted"), [(0.0, 0), (0.05, 5), (1.0, 100)])
async def test_so_many_change_between_two_listings(
    far: FarSide, changed: float, wanted: int
) -> None:
    first, second, third = await listed(far.at(calls=100, changed=changed), 3)
    for one, other in ((first, second), (second, third)):
        pairs = list(zip(one.calls, other.calls, strict=True))
        assert all(a.sid == b.sid for a, b in pairs)
        assert sum(a != b for a, b in pairs) == wanted


async def test_one_call_is_as_it_was_listed_and_becomes_what_it_is_told_to(far: FarSide) -> None:
    gateway = gateway_at(far.url)
    try:
        call = (await gateway.list_calls(EVERYBODY)).calls[7]
        assert await gateway.fetch_call(call.sid) == call
        assert (await gateway.update_call(call.sid, Update(status="completed"))).status == (
            "completed"
        )
        assert (await gateway.update_call(call.sid, Update(twiml="<Response/>"))) == call
    finally:
        await gateway.close()
