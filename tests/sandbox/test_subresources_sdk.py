"""Twilio's own SDK with what hangs below a call: one happy path each."""

from __future__ import annotations

import json
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException

from runner.sandbox import Sandbox
from tests.sandbox.sdk import using

URL = "wss://agent.example/listen"


def lines(sandbox: Sandbox, kind: str) -> list[str]:
    return [line.text for line in sandbox.world.transcript("call") if line.kind == kind]


async def test_the_sdk_records(sandbox: Sandbox) -> None:
    sid = sandbox.add_call(id="call").sid

    def deed(client: Any) -> None:
        call = client.calls(sid)
        made = call.recordings.create(recording_channels="dual", recording_track="inbound")
        assert (made.status, made.channels, made.track) == ("in-progress", 2, "inbound")
        paused = call.recordings("Twilio.CURRENT").update(status="paused", pause_behavior="skip")
        assert (paused.sid, paused.status) == (made.sid, "paused")
        call.recordings(made.sid).update(status="in-progress")
        call.recordings("Twilio.CURRENT").update(status="stopped")
        assert [each.sid for each in call.recordings.list()] == [made.sid]
        assert call.recordings(made.sid).fetch().status == "stopped"
        assert call.recordings(made.sid).delete()
        assert call.recordings.list() == []

    await using(sandbox, deed)
    told = ["started: dual, inbound", "paused: skip", "resumed", "stopped", "deleted"]
    assert lines(sandbox, "records") == told


async def test_the_sdk_streams_forks_and_transcribes(sandbox: Sandbox) -> None:
    sid = sandbox.add_call(id="call").sid

    def deed(client: Any) -> None:
        call = client.calls(sid)
        parameters = {"parameter1_name": "room", "parameter1_value": "7"}
        stream = call.streams.create(url=URL, name="agent", track="both_tracks", **parameters)
        assert (stream.name, stream.status) == ("agent", "in-progress")
        assert call.streams("agent").update(status="stopped").sid == stream.sid
        siprec = call.siprec.create(name="copy", connector_name="recorder")
        assert call.siprec(siprec.sid).update(status="stopped").status == "stopped"
        notes = call.transcriptions.create(
            name="notes", language_code="en-GB", partial_results=True
        )
        assert call.transcriptions("notes").update(status="stopped").sid == notes.sid

    await using(sandbox, deed)
    assert lines(sandbox, "streams") == [f"started agent: {URL}, both_tracks", "stopped agent"]
    assert lines(sandbox, "siprec") == ["started copy: recorder, both_tracks", "stopped copy"]
    assert lines(sandbox, "transcribes") == ["started notes: en-GB, both_tracks", "stopped notes"]


async def test_the_sdk_sends_messages(sandbox: Sandbox) -> None:
    sid = sandbox.add_call(id="call").sid

    def deed(client: Any) -> None:
        call = client.calls(sid)
        content = json.dumps({"say": "hello"})
        first = call.user_defined_messages.create(content=content, idempotency_key="one")
        again = call.user_defined_messages.create(content=content, idempotency_key="one")
        assert first.sid == again.sid
        subscriptions = call.user_defined_message_subscriptions
        made = subscriptions.create(callback="https://app.example/told")
        assert subscriptions(made.sid).delete()

    await using(sandbox, deed)
    assert lines(sandbox, "message") == ['{"say": "hello"}']
    assert len(lines(sandbox, "subscribes")) == 2


async def test_the_sdk_reads_the_trace(sandbox: Sandbox) -> None:
    sid = sandbox.add_call(id="call", twiml="<Response><Oops/><Pause length='9'/></Response>").sid
    await sandbox.advance(1_000)

    def deed(client: Any) -> None:
        call = client.calls(sid)
        call.update(time_limit=600)
        [event] = call.events.list()
        assert event.request["parameters"] == {"time_limit": "600"}
        [notice] = call.notifications.list(log=1)
        assert (notice.error_code, notice.log) == ("12200", "1")
        assert call.notifications(notice.sid).fetch().message_text == notice.message_text

    await using(sandbox, deed)


async def test_the_sdk_raises_twilios_codes(sandbox: Sandbox) -> None:
    sid = sandbox.add_call(status="completed").sid
    with pytest.raises(TwilioRestException) as refusal:
        await using(sandbox, lambda client: client.calls(sid).streams.create(url=URL))
    assert (refusal.value.status, refusal.value.code) == (400, 21220)
