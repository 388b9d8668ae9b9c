"""Recordings of a call: started, paused, resumed, stopped, read, deleted, and ended with it."""

from __future__ import annotations

import pytest

from runner.sandbox import Sandbox
from tests.sandbox.conftest import Http
from tests.sandbox.under import Under, refused


@pytest.fixture
def call(sandbox: Sandbox, http: Http) -> Under:
    return Under(sandbox, http, sandbox.add_call(id="call").sid)


async def test_a_recording_is_started_paused_resumed_and_stopped(call: Under) -> None:
    made = await call.post("Recordings", RecordingChannels="dual", RecordingTrack="both")
    assert made.status == 201
    assert (made.json["status"], made.json["channels"]) == ("in-progress", 2)
    sid = made.json["sid"]
    await call.sandbox.advance(10_000)
    paused = await call.post("Recordings", sid, Status="paused", PauseBehavior="skip")
    assert (paused.status, paused.json["status"]) == (200, "paused")
    await call.sandbox.advance(4_000)
    resumed = await call.post("Recordings", sid, Status="in-progress")
    assert resumed.json["status"] == "in-progress"
    await call.sandbox.advance(5_000)
    stopped = await call.post("Recordings", sid, Status="stopped")
    assert (stopped.json["status"], stopped.json["duration"]) == ("stopped", None)
    await call.sandbox.advance(500)
    assert (await call.get("Recordings", sid)).json["status"] == "processing"
    await call.sandbox.advance(1_500)
    done = (await call.get("Recordings", sid)).json
    assert (done["status"], done["duration"]) == ("completed", "15")
    assert call.lines("records") == ["started: dual, both", "paused: skip", "resumed", "stopped"]


async def test_silence_in_a_pause_counts(call: Under) -> None:
    sid = (await call.post("Recordings")).json["sid"]
    await call.sandbox.advance(3_000)
    await call.post("Recordings", sid, Status="paused")
    await call.sandbox.advance(4_000)
    await call.post("Recordings", sid, Status="stopped")
    await call.sandbox.advance(2_000)
    done = (await call.get("Recordings", sid)).json
    assert (done["duration"], done["channels"], done["track"]) == ("7", 1, "both")
    assert call.lines("records") == ["started: mono, both", "paused: silence", "stopped"]


async def test_the_current_one_needs_no_sid(call: Under) -> None:
    assert refused(await call.post("Recordings", "Twilio.CURRENT", Status="paused")) == (404, 20404)
    sid = (await call.post("Recordings")).json["sid"]
    paused = await call.post("Recordings", "Twilio.CURRENT", Status="paused")
    assert (paused.json["sid"], paused.json["status"]) == (sid, "paused")
    assert (await call.get("Recordings", "Twilio.CURRENT")).json["sid"] == sid
    await call.post("Recordings", "Twilio.CURRENT", Status="stopped")
    again = await call.post("Recordings", "Twilio.CURRENT", Status="stopped")
    assert refused(again) == (404, 20404)


async def test_stopping_twice_is_an_error(call: Under) -> None:
    sid = (await call.post("Recordings")).json["sid"]
    assert (await call.post("Recordings", sid, Status="stopped")).status == 200
    assert refused(await call.post("Recordings", sid, Status="stopped")) == (400, 21220)
    assert refused(await call.post("Recordings", sid, Status="in-progress")) == (400, 21220)
    assert call.lines("records") == ["started: mono, both", "stopped"]


async def test_pausing_what_pauses_changes_nothing(call: Under) -> None:
    sid = (await call.post("Recordings")).json["sid"]
    for _ in range(2):
        reply = await call.post("Recordings", sid, Status="paused")
        assert (reply.status, reply.json["status"]) == (200, "paused")
    assert call.lines("records") == ["started: mono, both", "paused: silence"]


async def test_a_second_start_finds_the_first_recording(call: Under) -> None:
    first = await call.post("Recordings", RecordingChannels="dual")
    second = await call.post("Recordings")
    assert (first.status, second.status) == (201, 200)
    assert second.json == first.json
    assert call.lines("records") == ["started: dual, both"]
    await call.post("Recordings", "Twilio.CURRENT", Status="stopped")
    third = await call.post("Recordings")
    assert third.status == 201
    assert third.json["sid"] != first.json["sid"]


async def test_recordings_end_with_the_call(call: Under) -> None:
    await call.post("Recordings")
    await call.sandbox.advance(12_000)
    await call.http.update(call.sid, Status="completed")
    await call.sandbox.advance(2_000)
    [recording] = (await call.get("Recordings")).json["recordings"]
    assert (recording["status"], recording["duration"]) == ("completed", "12")
    assert call.lines("records") == ["started: mono, both", "stopped"]


async def test_recordings_go_on_through_a_redirect(call: Under) -> None:
    await call.post("Recordings")
    await call.http.update(call.sid, Twiml="<Response><Pause length='60'/></Response>")
    await call.sandbox.advance(30_000)
    [recording] = (await call.get("Recordings")).json["recordings"]
    assert recording["status"] == "in-progress"


async def test_the_list_is_paged_and_filtered(call: Under) -> None:
    sids = []
    for _ in range(5):
        sids.append((await call.post("Recordings")).json["sid"])
        await call.post("Recordings", "Twilio.CURRENT", Status="stopped")
        await call.sandbox.advance(1_000)
    page = (await call.get("Recordings", PageSize="2")).json
    found = [each["sid"] for each in page["recordings"]]
    assert found == sids[:2:-1]
    # Keyset pages survive the removal of the row that they point at.
    assert (await call.ask("DELETE", "Recordings", found[-1])).status == 204
    while page["next_page_uri"] is not None:
        page = (await call.http.ask("GET", page["next_page_uri"])).json
        found += [each["sid"] for each in page["recordings"]]
    assert found == sids[::-1]
    newer = (await call.ask("GET", "Recordings", params={"DateCreated>": "2023-11-14"})).json
    assert len(newer["recordings"]) == 4
    other = (await call.get("Recordings", DateCreated="2023-11-13")).json
    assert other["recordings"] == []
    assert refused(await call.get("Recordings", DateCreated="today")) == (400, 20001)
    assert refused(await call.get("Recordings", PageToken="PARE1")) == (400, 20001)


async def test_only_what_has_ended_is_deleted(call: Under) -> None:
    sid = (await call.post("Recordings")).json["sid"]
    assert refused(await call.ask("DELETE", "Recordings", sid)) == (409, 20009)
    await call.post("Recordings", sid, Status="stopped")
    assert (await call.ask("DELETE", "Recordings", sid)).status == 204
    assert refused(await call.get("Recordings", sid)) == (404, 20404)
    await call.sandbox.advance(5_000)
    assert (await call.get("Recordings")).json["recordings"] == []


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"RecordingChannels": "stereo"}, 20001),
        ({"RecordingTrack": "inbound_track"}, 20001),
        ({"Trim": "yes"}, 20001),
        ({"RecordingStatusCallback": "nope"}, 21609),
        ({"RecordingStatusCallback": "http://a_b/"}, 21609),
        ({"RecordingStatusCallbackMethod": "PUT"}, 21209),
        ({"RecordingStatusCallbackEvent": "completed started"}, 20001),
    ],
)
async def test_start_refuses(call: Under, form: dict[str, str], code: int) -> None:
    reply = await call.ask("POST", "Recordings", data=form)
    assert refused(reply) == (400, code)
    assert call.lines("records") == []


@pytest.mark.parametrize(
    "form", [{}, {"Status": "completed"}, {"Status": "paused", "PauseBehavior": "music"}]
)
async def test_an_update_refuses(call: Under, form: dict[str, str]) -> None:
    sid = (await call.post("Recordings")).json["sid"]
    assert refused(await call.ask("POST", "Recordings", sid, data=form)) == (400, 20001)
    assert (await call.get("Recordings", sid)).json["status"] == "in-progress"


@pytest.mark.parametrize("status", ["queued", "ringing", "completed"])
async def test_only_a_conversation_is_recorded(sandbox: Sandbox, http: Http, status: str) -> None:
    call = Under(sandbox, http, sandbox.add_call(status=status).sid)
    reply = await call.post("Recordings")
    assert refused(reply) == (400, 21220)
    assert reply.json["message"] == "Requested resource is not eligible for recording"


async def test_strangers_are_not_found(sandbox: Sandbox, http: Http, call: Under) -> None:
    nobody = Under(sandbox, http, "CA" + "0" * 32)
    assert refused(await nobody.post("Recordings")) == (404, 20404)
    assert refused(await nobody.get("Recordings")) == (404, 20404)
    other = Under(sandbox, http, sandbox.add_call().sid)
    sid = (await other.post("Recordings")).json["sid"]
    assert refused(await call.get("Recordings", sid)) == (404, 20404)
    assert refused(await call.post("Recordings", sid, Status="stopped")) == (404, 20404)
    http.auth = (sandbox.account_sid, "wrong")
    assert refused(await call.post("Recordings")) == (401, 20003)


STARTING = (
    '<Response><Start><Recording track="inbound"/>'
    '<Stream name="agent" url="wss://agent.example/"/></Start>'
    '<Pause length="60"/></Response>'
)


async def test_what_a_document_starts_is_a_resource_like_any_other(
    sandbox: Sandbox, http: Http
) -> None:
    call = Under(sandbox, http, sandbox.add_call(id="call", twiml=STARTING).sid)
    await sandbox.advance(1_000)
    [recording] = (await call.get("Recordings")).json["recordings"]
    assert (recording["channels"], recording["track"]) == (2, "inbound")
    # The API's recording is another side's: it runs beside that one, and is the newest.
    beside = await call.post("Recordings")
    assert beside.status == 201
    assert (await call.get("Recordings", "Twilio.CURRENT")).json == beside.json
    stopped = await call.post("Recordings", recording["sid"], Status="stopped")
    assert stopped.json["status"] == "stopped"
    assert (await call.post("Streams", "agent", Status="stopped")).status == 200
    assert call.lines("streams") == [
        "started agent: wss://agent.example/, inbound_track",
        "stopped agent",
    ]
