"""Promises about what is sent below a call: one form, to that place and to no other."""

from __future__ import annotations

import pytest

from runner.engine.ports import NoAnswer, NoSuchCall, NotProcessed, Refused, Throttled
from tests.gateway.raw import CALLS, SID, answer, gateway_at, raw_server, serving

MISSING = {"code": 20404, "message": "The requested resource was not found", "status": 404}
CREATED = serving(lambda _request: answer(201, {"sid": "RE" + "1" * 32}))


@pytest.mark.parametrize(
    ("target", "fields"),
    [
        ("Recordings", {}),
        ("Recordings", {"RecordingChannels": "dual"}),
        ("Recordings/Twilio.CURRENT", {"Status": "paused", "PauseBehavior": "silence"}),
        ("Streams/agent%20one", {"Status": "stopped"}),
        ("Streams/a%2F..%2Fb", {"Status": "stopped"}),
        ("UserDefinedMessages", {"Content": '{"a": "é&=+ \U0001f600"}', "IdempotencyKey": "k"}),
    ],
)
async def test_one_form_is_sent_to_the_letter(target: str, fields: dict[str, str]) -> None:
    async with raw_server(CREATED) as server, gateway_at(server.base) as gateway:
        await gateway.post_below(SID, target, fields)
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", f"{CALLS}/{SID}/{target}.json")
    assert request.form == fields
    assert request.headers["content-type"].startswith("application/x-www-form-urlencoded")


@pytest.mark.parametrize(
    "target",
    [
        *("", "/", "..", "Streams/", "Streams/..", "Streams/.", "Streams/a/b", "../Calls"),
        *("Streams/a?b=c", "Streams/a#b", "Streams/a b", "Streams/é", "Streams/%zz", "Streams/a\n"),
    ],
)
async def test_what_could_be_read_as_another_path_is_not_sent(target: str) -> None:
    async with raw_server(CREATED) as server, gateway_at(server.base) as gateway:
        with pytest.raises(Refused, match="nothing that a call has below it"):
            await gateway.post_below(SID, target, {})
        with pytest.raises(Refused, match="not a call SID"):
            await gateway.post_below("CA1/../..", "Recordings", {})
    assert server.requests == []


@pytest.mark.parametrize("fields", [{}, {"Status": "stopped"}])
async def test_it_is_held_back_like_an_update(fields: dict[str, str]) -> None:
    """An empty form too, which is how a recording starts."""
    async with raw_server(CREATED) as server, gateway_at(server.base) as gateway:
        gateway.change_only_while(lambda: False)
        with pytest.raises(NotProcessed, match="may not act any more"):
            await gateway.post_below(SID, "Recordings", fields)
        assert server.requests == []


async def test_where_nothing_is_there_it_says_what_that_can_mean() -> None:
    reply = serving(lambda _request: answer(404, MISSING))
    async with raw_server(reply) as server, gateway_at(server.base) as gateway:
        with pytest.raises(NoSuchCall, match="20404") as raised:
            await gateway.post_below(SID, "Streams/agent", {"Status": "stopped"})
    assert "the call is over, or nothing of that name runs on it" in raised.value.hint
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [(400, 21220, Refused), (429, 20429, Throttled), (500, 20500, NoAnswer)],
)
async def test_errors_are_those_of_updates(status: int, code: int, kind: type[Exception]) -> None:
    reply = serving(lambda _request: answer(status, {"code": code, "message": "no"}))
    async with raw_server(reply) as server, gateway_at(server.base) as gateway:
        with pytest.raises(kind):
            await gateway.post_below(SID, "Siprec", {"Name": "callflow"})
    assert len(server.requests) == 1, "never twice"
