"""Streams, SIPREC and transcriptions: started, found by name, stopped, and ended with the call."""

from __future__ import annotations

from typing import Any

import pytest

from runner.sandbox import Sandbox, forks
from runner.sandbox.below import below
from runner.sandbox.errors import ApiError
from runner.sandbox.forks import parameters
from tests.sandbox import openapi
from tests.sandbox.conftest import Http
from tests.sandbox.under import Under, refused

URL = "wss://agent.example/listen"
#: Where each kind stands, what it needs, what the transcript calls it, and its SID's prefix.
KINDS = {
    "Streams": ({"Url": URL}, "streams", "MZ"),
    "Siprec": ({"ConnectorName": "recorder"}, "siprec", "SR"),
    "Transcriptions": ({"LanguageCode": "en-GB"}, "transcribes", "GT"),
}
ALL_OF_A_TRANSCRIPTION = {
    "Name": "notes",
    "Track": "both_tracks",
    "StatusCallbackUrl": "https://app.example/told",
    "StatusCallbackMethod": "POST",
    "InboundTrackLabel": "caller",
    "OutboundTrackLabel": "agent",
    "PartialResults": "true",
    "LanguageCode": "en-GB",
    "TranscriptionEngine": "google",
    "ProfanityFilter": "false",
    "SpeechModel": "telephony",
    "Hints": "callflow, Twilio",
    "EnableAutomaticPunctuation": "true",
    "IntelligenceService": "GA" + "0" * 32,
    "ConversationConfiguration": "c",
    "ConversationId": "i",
    "ConfigurationId": "d",
    "EnableProviderData": "false",
}


@pytest.fixture
def call(sandbox: Sandbox, http: Http) -> Under:
    return Under(sandbox, http, sandbox.add_call(id="call").sid)


async def start(call: Under, what: str, **form: str) -> dict[str, Any]:
    reply = await call.post(what, **KINDS[what][0], **form)
    assert reply.status == 200, reply.text
    started: dict[str, Any] = reply.json
    return started


@pytest.mark.parametrize("what", KINDS)
@pytest.mark.parametrize("by_name", [True, False])
async def test_one_is_started_and_stopped(call: Under, what: str, by_name: bool) -> None:
    _, word, prefix = KINDS[what]
    made = await start(call, what, Name="agent")
    assert (made["status"], made["name"]) == ("in-progress", "agent")
    assert made["sid"].startswith(prefix)
    await call.sandbox.advance(1_000)
    name = "agent" if by_name else made["sid"]
    stopped = await call.post(what, name, Status="stopped")
    assert (stopped.status, stopped.json["status"]) == (200, "stopped")
    assert stopped.json["sid"] == made["sid"]
    assert stopped.json["date_updated"] != made["date_updated"]
    assert [line.split(":")[0] for line in call.lines(word)] == ["started agent", "stopped agent"]


@pytest.mark.parametrize("what", KINDS)
async def test_stopping_twice_is_an_error(call: Under, what: str) -> None:
    made = await start(call, what, Name="agent")
    assert (await call.post(what, "agent", Status="stopped")).status == 200
    for name in ("agent", made["sid"]):
        assert refused(await call.post(what, name, Status="stopped")) == (400, 21220)
    assert len(call.lines(KINDS[what][1])) == 2


@pytest.mark.parametrize("what", KINDS)
async def test_names_are_unique_while_they_run(call: Under, what: str) -> None:
    first = await start(call, what, Name="agent")
    second = await call.post(what, **KINDS[what][0], Name="agent")
    assert refused(second) == (400, 20001)
    await call.post(what, "agent", Status="stopped")
    again = await start(call, what, Name="agent")
    assert again["sid"] != first["sid"]
    stopped = await call.post(what, "agent", Status="stopped")
    assert stopped.json["sid"] == again["sid"]


@pytest.mark.parametrize("what", KINDS)
async def test_unknown_names_are_not_found(call: Under, what: str) -> None:
    await start(call, what)
    for name in ("agent", KINDS[what][2] + "0" * 32):
        assert refused(await call.post(what, name, Status="stopped")) == (404, 20404)


async def test_kinds_and_calls_do_not_mix_names(sandbox: Sandbox, http: Http, call: Under) -> None:
    for what in KINDS:
        await start(call, what, Name="agent")
    other = Under(sandbox, http, sandbox.add_call().sid)
    await start(other, "Streams", Name="agent")
    await call.post("Siprec", "agent", Status="stopped")
    assert call.lines("siprec")[1:] == ["stopped agent"]
    assert len(call.lines("streams")) == len(call.lines("transcribes")) == 1
    assert len(other.lines("streams")) == 1


@pytest.mark.parametrize("name", ["a b", "ä", "a/b", "a.json", "50%", "Twilio.CURRENT"])
async def test_names_are_what_the_path_encodes(call: Under, name: str) -> None:
    assert (await start(call, "Streams", Name=name))["name"] == name
    reply = await call.post("Streams", _quoted(name), Status="stopped")
    assert (reply.status, reply.json["name"]) == (200, name)


def _quoted(name: str) -> str:
    return "".join(f"%{byte:02X}" for byte in name.encode())


@pytest.mark.parametrize("what", KINDS)
@pytest.mark.parametrize("form", [{}, {"Status": "paused"}, {"Status": "in-progress"}])
async def test_they_can_only_be_stopped(call: Under, what: str, form: dict[str, str]) -> None:
    await start(call, what, Name="agent")
    assert refused(await call.ask("POST", what, "agent", data=form)) == (400, 20001)
    assert len(call.lines(KINDS[what][1])) == 1


@pytest.mark.parametrize(
    ("what", "form", "code"),
    [
        ("Streams", {}, 20001),
        ("Streams", {"Url": "https://agent.example/"}, 21205),
        ("Streams", {"Url": "ws://agent.example/"}, 21205),
        ("Streams", {"Url": "/listen"}, 21205),
        ("Streams", {"Url": URL, "Track": "both"}, 20001),
        ("Streams", {"Url": URL, "StatusCallback": "nope"}, 21609),
        ("Streams", {"Url": URL, "StatusCallbackMethod": "PUT"}, 21209),
        ("Streams", {"Url": URL, "Parameter1.Value": "alone"}, 20001),
        ("Siprec", {"Track": "left"}, 20001),
        ("Siprec", {"StatusCallback": "http://a_b/"}, 21609),
        ("Siprec", {"Parameter7.Name": "", "Parameter7.Value": "x"}, 20001),
        ("Transcriptions", {"Track": "caller"}, 20001),
        ("Transcriptions", {"StatusCallbackUrl": "nope"}, 21609),
        ("Transcriptions", {"PartialResults": "perhaps"}, 20001),
    ],
)
async def test_start_refuses(call: Under, what: str, form: dict[str, str], code: int) -> None:
    assert refused(await call.ask("POST", what, data=form)) == (400, code)
    assert call.lines(KINDS[what][1]) == []


async def test_a_transcription_takes_all_its_fields(call: Under) -> None:
    made = await call.ask("POST", "Transcriptions", data=ALL_OF_A_TRANSCRIPTION)
    assert (made.status, made.json["name"]) == (200, "notes")
    assert call.lines("transcribes") == ["started notes: en-GB, both_tracks"]


@pytest.mark.skipif(openapi.document() is None, reason="Twilio's document is not here")
def test_those_are_all_its_fields() -> None:
    form = openapi.form("/{CallSid}/Transcriptions.json")
    assert set(openapi.properties(form)) == set(ALL_OF_A_TRANSCRIPTION)


async def test_parameters_are_heard_of(call: Under) -> None:
    form = {"Parameter1_Name": "room", "Parameter1_Value": "7", "Parameter12_Name": "empty"}
    made = await start(call, "Streams", Track="both_tracks", **form)
    [fork] = below(call.sandbox.world.leg("call")).forks.values()
    assert fork.sid == made["sid"]
    assert parameters(fork.form) == {"room": "7", "empty": ""}
    assert call.lines("streams") == [f"started: {URL}, both_tracks"]


async def test_they_end_with_the_call(call: Under) -> None:
    for what in KINDS:
        await start(call, what, Name="agent")
    await call.http.update(call.sid, Status="completed")
    for what, (_, word, _) in KINDS.items():
        assert call.lines(word)[1:] == ["stopped agent"]
        assert refused(await call.post(what, "agent", Status="stopped")) == (400, 21220)
        assert refused(await call.post(what, **KINDS[what][0])) == (400, 21220)


@pytest.mark.parametrize("what", KINDS)
@pytest.mark.parametrize("status", ["queued", "ringing", "completed"])
async def test_only_a_conversation_has_them(
    sandbox: Sandbox, http: Http, what: str, status: str
) -> None:
    call = Under(sandbox, http, sandbox.add_call(status=status).sid)
    assert refused(await call.post(what, **KINDS[what][0])) == (400, 21220)


async def test_those_started_without_the_api_are_no_others(call: Under) -> None:
    world = call.sandbox.world
    leg = world.leg("call")
    forks.start(world, leg, "stream", {"Url": URL, "Name": "agent"})
    assert refused(await call.post("Streams", Url=URL, Name="agent")) == (400, 20001)
    assert (await call.post("Streams", "agent", Status="stopped")).status == 200
    with pytest.raises(ApiError):
        forks.stop(world, leg, forks.find(leg, "stream", "agent"))
