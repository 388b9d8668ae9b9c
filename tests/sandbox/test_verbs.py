"""Verbs that need more than one document or one leg: streams, answering late, recorded dials."""

from __future__ import annotations

import pytest

from runner.sandbox import Sandbox, subresources
from runner.sandbox.legs import Source
from runner.sandbox.plans import Person
from runner.sandbox.world import World
from tests.sandbox.conftest import Http
from tests.sandbox.lines import START, call, lines, page, since, to

BOB = "+14155550111"
GOODBYE = Source(twiml="<Response><Say>goodbye</Say></Response>")
STREAM = '<Stream name="agent" url="wss://example.com/"/>'


@pytest.fixture
def world() -> World:
    return World(START)


def test_what_is_started_goes_on_beside_the_document(world: World) -> None:
    call(world, "ada", f"<Start>{STREAM}</Start><Say>hello there</Say>")
    to(world, 60_000)
    assert lines(world, "ada") == [
        (0, "streams", "started agent: wss://example.com/, inbound_track"),
        (0, "says", "hello there"),
        (800, "status", "completed"),
        (800, "streams", "stopped agent"),
    ]


def test_an_update_leaves_what_was_started_alone(world: World) -> None:
    call(world, "ada", f"<Start>{STREAM}</Start><Pause length='60'/>")
    world.redirect(world.leg("ada"), Source(twiml="<Response><Pause length='60'/></Response>"))
    to(world, 1_000)
    assert "stopped agent" not in [text for _, _, text in lines(world, "ada")]


@pytest.mark.parametrize(
    ("noun", "kind"),
    [
        (STREAM, "streams"),
        ('<Siprec name="agent" connectorName="desk"/>', "siprec"),
        ('<Transcription name="agent"/>', "transcribes"),
        ("<Recording/>", "records"),
    ],
)
def test_stop_ends_what_start_began(world: World, noun: str, kind: str) -> None:
    call(world, "ada", f"<Start>{noun}</Start><Pause/><Stop>{noun}</Stop><Pause/>")
    to(world, 1_500)
    told = [line for line in lines(world, "ada") if line[1] == kind]
    assert [(at, text.split()[0].rstrip(":")) for at, _, text in told] == [
        (0, "started"),
        (1_000, "stopped"),
    ]


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<Start><Stream url="http://example.com/"/></Start>', "21205 <Stream>: "),
        ('<Stop><Stream name="agent"/></Stop>', "20404 <Stream>: "),
        ("<Start><Say>no</Say></Start>", "12200 <Say> can't stand in <Start>"),
        ("<Connect><Stream/></Connect>", "20001 <Stream>: "),
    ],
)
def test_what_cannot_be_started_is_a_fault_and_the_call_goes_on(
    world: World, body: str, fault: str
) -> None:
    call(world, "ada", f"{body}<Say>next</Say>")
    to(world, 60_000)
    (found,) = [text for _, kind, text in lines(world, "ada") if kind == "fault"]
    assert found.startswith(fault)
    assert world.heard("ada") == ["next"]


def connected(world: World, attributes: str = "") -> None:
    call(world, "ada", f"<Connect {attributes}>{STREAM}</Connect><Say>next</Say>")
    to(world, 5_000)


def test_a_connected_stream_holds_the_call(world: World) -> None:
    connected(world)
    to(world, 3_600_000)
    assert lines(world, "ada") == [
        (0, "streams", "started agent: wss://example.com/, inbound_track"),
        (0, "joins", "the stream"),
    ]


def test_an_update_ends_a_connected_stream(world: World) -> None:
    connected(world)
    world.redirect(world.leg("ada"), GOODBYE)
    to(world, 60_000)
    assert since(world, "ada", 5_100) == [
        (5_150, "leaves", "the stream"),
        (5_150, "streams", "stopped agent"),
        (5_150, "says", "goodbye"),
        (5_550, "status", "completed"),
    ]


def test_the_far_side_ends_a_connected_stream(world: World) -> None:
    connected(world)
    subresources.stop(world, world.leg("ada"), "stream", "agent")
    to(world, 60_000)
    assert since(world, "ada", 5_000) == [
        (5_000, "streams", "stopped agent"),
        (5_000, "leaves", "the stream"),
        (5_000, "says", "next"),
        (5_400, "status", "completed"),
    ]


def test_a_connects_action_comes_next(world: World) -> None:
    connected(world, f'action="{page(world, "after", "<Say>after</Say>")}"')
    subresources.stop(world, world.leg("ada"), "stream", "agent")
    to(world, 60_000)
    assert world.heard("ada") == ["after"]


def test_a_hang_up_ends_a_connected_stream(world: World) -> None:
    connected(world)
    world.hang_up(world.leg("ada"))
    assert since(world, "ada", 5_000)[1:] == [
        (5_000, "status", "completed"),
        (5_000, "streams", "stopped agent"),
        (5_000, "leaves", "the stream"),
    ]


async def test_the_api_ends_a_connected_stream(sandbox: Sandbox, http: Http) -> None:
    call(sandbox.world, "ada", f"<Connect>{STREAM}</Connect><Say>next</Say>")
    path = f"{http.calls}/{sandbox.world.sid_of('ada')}/Streams/agent.json"
    assert (await http.ask("POST", path, data={"Status": "stopped"})).status == 200
    await sandbox.advance(5_000)
    assert sandbox.world.heard("ada") == ["next"]


# ---- answering ------------------------------------------------------------------------------


def rings(world: World, body: str) -> None:
    call(world, "ada", body, status="ringing", person=Person(ring=1_000))


def test_an_inbound_call_is_answered_by_the_first_verb(world: World) -> None:
    rings(world, "<Say>hello</Say>")
    to(world, 60_000)
    assert lines(world, "ada") == [
        (1_000, "status", "in-progress"),
        (1_000, "says", "hello"),
        (1_400, "status", "completed"),
    ]


def test_a_rejected_call_is_never_answered(world: World) -> None:
    rings(world, '<Reject reason="busy"/>')
    to(world, 60_000)
    assert lines(world, "ada") == [(1_000, "status", "busy")]
    assert world.call("ada").duration is None


def test_answer_on_bridge_lets_the_caller_ring_until_somebody_is_there(world: World) -> None:
    rings(world, f'<Dial answerOnBridge="true">{BOB}</Dial><Say>nobody</Say>')
    to(world, 4_999)
    assert world.call("ada").status == "ringing"
    to(world, 60_000)
    assert lines(world, "ada") == [
        (1_000, "rings", BOB),
        (5_000, "status", "in-progress"),
        (5_000, "joins", BOB),
    ]


def test_a_caller_whom_nobody_answered_hears_the_next_verb(world: World) -> None:
    world.people[BOB] = Person(ring=2_000, outcome="busy")
    rings(world, f'<Dial answerOnBridge="true">{BOB}</Dial><Say>nobody</Say>')
    to(world, 60_000)
    assert lines(world, "ada")[1:] == [
        (3_000, "status", "in-progress"),
        (3_000, "says", "nobody"),
        (3_400, "status", "completed"),
    ]


def test_a_call_that_still_rings_cannot_be_redirected_and_can_be_cancelled(world: World) -> None:
    rings(world, f'<Dial answerOnBridge="true">{BOB}</Dial>')
    to(world, 2_000)
    world.cancel(world.leg("ada"))
    (child,) = [row for row in world.shelf if row.parent_call_sid]
    assert (world.call("ada").status, child.status) == ("canceled", "canceled")


# ---- dials ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "begins", "how"),
    [
        ("record-from-answer", 4_000, "mono"),
        ("record-from-answer-dual", 4_000, "dual"),
        ("true", 4_000, "mono"),
        ("record-from-ringing", 0, "mono"),
        ("record-from-ringing-dual", 0, "dual"),
    ],
)
def test_a_recorded_dial(world: World, record: str, begins: int, how: str) -> None:
    world.people[BOB] = Person(talk=10_000)
    action = "http://127.0.0.1:9/after"
    call(world, "ada", f'<Dial record="{record}" action="{action}">{BOB}</Dial>')
    to(world, 60_000)
    told = [line for line in lines(world, "ada") if line[1] == "records"]
    assert told == [(begins, "records", f"started: {how}, both"), (14_000, "records", "stopped")]
    (fetch,) = world.outbox
    assert "/Recordings/RE" in fetch.parameters["RecordingUrl"]


def test_a_dial_that_is_not_to_be_recorded(world: World) -> None:
    call(world, "ada", f'<Dial record="do-not-record">{BOB}</Dial>')
    to(world, 10_000)
    assert "records" not in [kind for _, kind, _ in lines(world, "ada")]


@pytest.mark.parametrize(
    ("noun", "address"),
    [
        ("<Sip>sip:bob@example.com</Sip>", "sip:bob@example.com"),
        ("<Client>bob</Client>", "client:bob"),
        ("<Client><Identity>bob</Identity><Parameter name='a' value='b'/></Client>", "client:bob"),
        (f'<Number statusCallback="http://example.com/">{BOB}</Number>', BOB),
    ],
)
def test_whom_a_dial_calls(world: World, noun: str, address: str) -> None:
    call(world, "ada", f'<Dial callerId="+14155550177">{noun}</Dial>')
    (child,) = [row for row in world.shelf if row.parent_call_sid]
    assert (child.to, child.from_) == (address, "+14155550177")


def test_a_child_that_was_taken_away_is_out_of_the_dials_time_limit(world: World) -> None:
    call(world, "ada", f'<Dial timeLimit="10">{BOB}</Dial><Say>next</Say>')
    to(world, 5_000)
    (child,) = [row.sid for row in world.shelf if row.parent_call_sid]
    world.redirect(world.leg(child), Source(twiml="<Response><Pause length='60'/></Response>"))
    to(world, 60_000)
    assert world.call(child).live
