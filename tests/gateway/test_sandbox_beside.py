"""The real SDK against the sandbox, for what goes beside a call: every way to ask is played."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from runner.engine.ports import NoSuchCall, NothingThere, NotProcessed, Refused
from runner.gateway.credentials import Credentials
from runner.gateway.twilio import TwilioGateway, open_gateway
from runner.model import Update
from runner.sandbox import ManualClock, Sandbox
from runner.settings import TwilioSettings
from tests.sandbox.lines import call

ROOM = "<Dial><Conference>room</Conference></Dial>"
NUMBER = "+14155550100"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(clock=ManualClock()) as opened:
        yield opened


@pytest.fixture
async def gateway(sandbox: Sandbox) -> AsyncIterator[TwilioGateway]:
    opened = open_gateway(
        Credentials(sandbox.account_sid, sandbox.account_sid, sandbox.auth_token),
        TwilioSettings(api_base=sandbox.url, page_size=3),
        ticks=sandbox.clock.now,
    )
    yield opened
    await opened.close()


def heard(sandbox: Sandbox, name: str) -> list[str]:
    return [line.text for line in sandbox.world.transcript(name) if line.kind == "says"]


# ---- below a call -----------------------------------------------------------------------------


async def test_a_recording_is_started_paused_and_stopped(
    sandbox: Sandbox, gateway: TwilioGateway
) -> None:
    sid = sandbox.add_call().sid
    await gateway.post_below(sid, "Recordings", {})
    for status in ("paused", "in-progress", "stopped"):
        await gateway.post_below(sid, "Recordings/Twilio.CURRENT", {"Status": status})
    with pytest.raises(NoSuchCall):
        await gateway.post_below(sid, "Recordings/Twilio.CURRENT", {"Status": "stopped"})


async def test_a_stream_is_stopped_by_its_name_whatever_the_name_holds(
    sandbox: Sandbox, gateway: TwilioGateway
) -> None:
    sid = sandbox.add_call().sid
    fields = {"Url": "wss://app.example/audio", "Name": "agent one/ü"}
    await gateway.post_below(sid, "Streams", fields)
    with pytest.raises(NoSuchCall):
        await gateway.post_below(sid, "Streams/agent", {"Status": "stopped"})
    await gateway.post_below(sid, "Streams/agent%20one%2F%C3%BC", {"Status": "stopped"})


async def test_a_call_that_is_over_takes_nothing(sandbox: Sandbox, gateway: TwilioGateway) -> None:
    sid = sandbox.add_call().sid
    await gateway.update_call(sid, Update(status="completed"))
    with pytest.raises(Refused) as raised:
        await gateway.post_below(sid, "Recordings", {})
    assert raised.value.code == 21220


# ---- conferences ------------------------------------------------------------------------------


async def test_an_announcement_is_heard_by_the_one_call_in_its_conference(
    sandbox: Sandbox, gateway: TwilioGateway
) -> None:
    for name in ("ann", "ben", "eve"):
        call(sandbox.world, name, ROOM)
    url = "https://app.example/soon"
    sandbox.world.documents[url] = "<Response><Say>Two minutes left.</Say></Response>"
    await gateway.announce(sandbox.world.sid_of("ben"), {"AnnounceUrl": url})
    await sandbox.advance(5_000)
    assert [heard(sandbox, name) for name in ("ann", "ben", "eve")] == [
        [],
        ["Two minutes left."],
        [],
    ]
    names = [await gateway.conference_of(sandbox.world.sid_of(n)) for n in ("ann", "eve")]
    assert names == ["room", "room"]


async def test_a_call_that_left_hears_nothing(sandbox: Sandbox, gateway: TwilioGateway) -> None:
    for name in ("ann", "ben", "eve"):
        call(sandbox.world, name, ROOM)
    sid = sandbox.world.sid_of("ben")
    assert await gateway.conference_of(sid) == "room"
    await gateway.update_call(sid, Update(twiml="<Response><Pause length='60'/></Response>"))
    await sandbox.advance(500)  # where it was found is still believed
    with pytest.raises(NothingThere, match="in no conference"):
        await gateway.announce(sid, {"AnnounceUrl": "https://app.example/soon"})
    assert [entry.status for entry in sandbox.journal.of("participant")].count(404) == 1
    assert await gateway.conference_of(sid) is None


async def test_a_search_that_breaks_off_has_sent_nothing(
    sandbox: Sandbox, gateway: TwilioGateway
) -> None:
    for name in ("ann", "ben"):
        call(sandbox.world, name, ROOM)
    sandbox.set_fault("500", on=("conference",), times=1)
    sid, fields = sandbox.world.sid_of("ann"), {"AnnounceUrl": "https://app.example/soon"}
    with pytest.raises(NotProcessed):
        await gateway.announce(sid, fields)
    await gateway.announce(sid, fields)


# ---- numbers ----------------------------------------------------------------------------------


async def test_a_number_says_how_its_calls_begin(sandbox: Sandbox, gateway: TwilioGateway) -> None:
    sandbox.add_application("menu", voice_url="https://app.example/menu", voice_method="GET")
    for number, fields in (
        (NUMBER, {"voice_url": "https://app.example/voice"}),
        ("+14155550101", {"application": "menu"}),
        ("+14155550102", {"trunk": "TK" + "1" * 32, "voice_url": "https://app.example/voice"}),
        ("+14155550103", {}),
    ):
        sandbox.add_number(number, **fields)
    rows = [sandbox.add_call(to=f"+1415555010{n}") for n in range(4)]
    listed = [await gateway.fetch_call(row.sid) for row in rows]
    assert await gateway.voice_of(listed[0]) == {
        "url": "https://app.example/voice",
        "method": "POST",
    }
    assert await gateway.voice_of(listed[1]) == {"url": "https://app.example/menu", "method": "GET"}
    for row, words in ((listed[2], "SIP trunk"), (listed[3], "no voice URL")):
        with pytest.raises(NothingThere, match=words):
            await gateway.voice_of(row)
