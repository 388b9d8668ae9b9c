"""Conferences and queues as others see them: Twilio's OpenAPI document, and Twilio's SDK."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from runner.sandbox import Sandbox
from tests.sandbox import openapi
from tests.sandbox.conftest import Http
from tests.sandbox.lines import call, page
from tests.sandbox.sdk import using

ROOM = '<Dial><Conference beep="false">room</Conference></Dial>'
QUEUE = "<Enqueue>support</Enqueue>"

documented = pytest.mark.skipif(
    openapi.document() is None, reason="Twilio's OpenAPI document is not on this machine"
)


def sids(sandbox: Sandbox) -> dict[str, str]:
    """Two calls talk in a conference, one waits in a queue. The names in the paths."""
    world = sandbox.world
    for name in ("ada", "bob"):
        call(world, name, ROOM)
    call(world, "eve", QUEUE)
    (conference,), (queue,) = world.conferences.rows, world.queues.rows
    return {"conference": conference, "ada": world.sid_of("ada"), "queue": queue}


def known(body: dict[str, Any]) -> dict[str, Any]:
    """A conference without the null that the document describes and its schema doesn't allow."""
    return {
        key: value
        for key, value in body.items()
        if (key, value) != ("reason_conference_ended", None)
    }


@documented
async def test_answers_fit_the_document(sandbox: Sandbox, http: Http) -> None:
    names = sids(sandbox)
    base = f"/2010-04-01/Accounts/{sandbox.account_sid}"
    url = page(sandbox.world, "said", "<Say>hello</Say>")
    conference, queue = f"/Conferences/{names['conference']}", f"/Queues/{names['queue']}"
    asked: list[tuple[str, str, str, dict[str, str]]] = [
        ("get", "/Conferences.json", "/Conferences.json", {"Status": "in-progress"}),
        ("get", "/Conferences/{Sid}.json", f"{conference}.json", {}),
        ("post", "/Conferences/{Sid}.json", f"{conference}.json", {"AnnounceUrl": url}),
        (
            "get",
            "/Conferences/{ConferenceSid}/Participants.json",
            f"{conference}/Participants.json",
            {"Muted": "false", "Hold": "false", "PageSize": "1"},
        ),
        (
            "get",
            "/Conferences/{ConferenceSid}/Participants/{CallSid}.json",
            f"{conference}/Participants/{names['ada']}.json",
            {},
        ),
        (
            "post",
            "/Conferences/{ConferenceSid}/Participants/{CallSid}.json",
            f"{conference}/Participants/{names['ada']}.json",
            {"AnnounceUrl": url, "AnnounceMethod": "GET", "Muted": "true", "BeepOnExit": "true"},
        ),
        ("get", "/Queues.json", "/Queues.json", {}),
        ("get", "/Queues/{Sid}.json", f"{queue}.json", {}),
        ("get", "/Queues/{QueueSid}/Members.json", f"{queue}/Members.json", {}),
        (
            "get",
            "/Queues/{QueueSid}/Members/{CallSid}.json",
            f"{queue}/Members/Front.json",
            {},
        ),
        (
            "post",
            "/Queues/{QueueSid}/Members/{CallSid}.json",
            f"{queue}/Members/Front.json",
            {"Url": url},
        ),
        ("post", "/Conferences/{Sid}.json", f"{conference}.json", {"Status": "completed"}),
    ]
    for method, shape, path, told in asked:
        names_of, answer = openapi.beside(shape, method)
        assert set(told) <= names_of, shape
        given = {"params" if method == "get" else "data": told}
        reply = await http.ask(method.upper(), base + path, **given)
        assert reply.status == 200, path
        body = known(reply.json)
        if "conferences" in body:
            assert body["conferences"]
            body["conferences"] = [known(row) for row in body["conferences"]]
        answer.validate(body)
        properties = set(openapi.properties(answer))
        assert set(reply.json) == properties, shape


async def test_the_sdk_finds_a_call_in_its_conference_and_speaks_to_it(sandbox: Sandbox) -> None:
    names = sids(sandbox)
    url = page(sandbox.world, "said", "<Say>two minutes</Say>")

    def deed(client: Client) -> None:
        (conference,) = client.conferences.list(status="in-progress", friendly_name="room")
        seats = client.conferences(conference.sid).participants
        found = [seat.call_sid for seat in seats.list(page_size=1)]
        assert sorted(found) == sorted(sandbox.world.sid_of(name) for name in ("ada", "bob"))
        told = seats(names["ada"]).update(announce_url=url, announce_method="GET")
        assert told.call_sid == names["ada"]
        assert client.conferences.list(date_created=date(1999, 1, 1)) == []

    await using(sandbox, deed)
    await sandbox.advance(5_000)
    assert sandbox.world.heard("ada") == ["two minutes"]
    assert sandbox.world.heard("bob") == []


async def test_the_sdk_takes_who_waits_longest_out_of_a_queue(sandbox: Sandbox) -> None:
    sids(sandbox)
    url = page(sandbox.world, "out", "<Say>your turn</Say>")

    def deed(client: Client) -> None:
        (queue,) = client.queues.list()
        assert (queue.friendly_name, queue.current_size) == ("support", 1)
        (member,) = client.queues(queue.sid).members.list()
        assert member.position == 1
        client.queues(queue.sid).members("Front").update(url=url)

    await using(sandbox, deed)
    await sandbox.advance(5_000)
    assert sandbox.world.heard("eve") == ["your turn"]


async def test_the_sdk_is_told_that_a_conference_is_over(sandbox: Sandbox) -> None:
    names = sids(sandbox)

    def deed(client: Client) -> tuple[int, int]:
        conference = client.conferences(names["conference"])
        conference.update(status="completed")
        with pytest.raises(TwilioRestException) as caught:
            conference.participants(names["ada"]).update(announce_url="http://example.com/")
        return caught.value.status, caught.value.code

    assert await using(sandbox, deed) == (404, 20404)


async def test_faults_strike_reads_of_rooms_and_what_they_are_told_apart(
    sandbox: Sandbox, http: Http
) -> None:
    names = sids(sandbox)
    sandbox.set_fault("503", on=("participant",))
    base = f"/2010-04-01/Accounts/{sandbox.account_sid}/Conferences/{names['conference']}"
    assert (await http.ask("GET", f"{base}.json")).status == 200
    assert (await http.ask("GET", f"{base}/Participants.json")).status == 200
    muted = await http.ask("POST", f"{base}/Participants/{names['ada']}.json")
    assert muted.status == 503
    assert [entry.status for entry in sandbox.journal.of("participant")] == [503]
