"""The control API: calls, clock, faults, journal, transcripts, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from runner.sandbox import Sandbox
from tests.sandbox.conftest import Http, Reply


async def steer(http: Http, method: str, path: str, body: Any = None) -> Reply:
    """Asks the control API, which wants no credentials."""
    options = {} if body is None else {"json": body}
    return await http.ask(method, f"/sandbox/{path}", headers={}, **options)


async def test_state_counts_calls_by_status(sandbox: Sandbox, http: Http) -> None:
    sandbox.add_call()
    sandbox.add_call(status="ringing")
    assert (await steer(http, "GET", "state")).json == {
        "now": sandbox.clock.now(),
        "speed": 0.0,
        "calls": {"in-progress": 1, "ringing": 1},
        "requests": 0,
    }


async def test_calls_are_added_as_a_scenario_says_them(sandbox: Sandbox, http: Http) -> None:
    calls = [{"id": "a", "age": "10m", "talk": "never"}, {"id": "b", "at": "5s", "parent": "a"}]
    reply = await steer(http, "POST", "calls", {"calls": calls})
    assert reply.status == 201
    assert reply.json["sids"] == [sandbox.world.sid_of("a"), sandbox.world.sid_of("b")]
    assert sandbox.world.call("a").start_time == sandbox.clock.now() - 600_000
    moved = await steer(http, "POST", "clock", {"move": "5s"})
    assert moved.json["now"] == sandbox.clock.now()
    assert sandbox.world.call("b").status == "in-progress"


async def test_faults_are_set_shown_and_cleared(sandbox: Sandbox, http: Http) -> None:
    first = await steer(http, "POST", "faults", {"name": "500", "on": ["list"], "times": 3})
    second = await steer(http, "POST", "faults", {"name": "slow", "seconds": 0.01})
    assert (first.status, first.json) == (201, {"number": 1})
    assert (await http.page()).status == 500
    active = (await steer(http, "GET", "faults")).json
    assert (active["1"]["name"], active["1"]["on"]) == ("500", ["list"])
    assert (await steer(http, "DELETE", "faults?number=1")).status == 204
    assert list((await steer(http, "GET", "faults")).json) == [str(second.json["number"])]
    await steer(http, "DELETE", "faults")
    assert (await steer(http, "GET", "faults")).json == {}


async def test_the_journal_holds_every_request_and_no_secret(sandbox: Sandbox, http: Http) -> None:
    row = sandbox.add_call()
    await http.page(Status="in-progress")
    await http.update(row.sid, Status="completed")
    shown = await steer(http, "GET", "journal")
    assert shown.json["requests"][0] == {
        "at": sandbox.clock.now(),
        "method": "GET",
        "path": f"{http.calls}.json",
        "query": {"Status": "in-progress"},
        "form": {},
        "kind": "list",
        "status": 200,
        "fault": "",
    }
    assert sandbox.auth_token not in shown.text
    (update,) = (await steer(http, "GET", "journal?kind=update")).json["requests"]
    assert update["form"] == {"Status": "completed"}
    await steer(http, "DELETE", "journal")
    assert len(sandbox.journal) == 0


async def test_transcripts(sandbox: Sandbox, http: Http) -> None:
    row = sandbox.add_call(id="a", twiml="<Response><Say>hello</Say></Response>")
    lines = [
        {"at": sandbox.clock.now(), "kind": "status", "text": "in-progress"},
        {"at": sandbox.clock.now(), "kind": "says", "text": "hello"},
    ]
    one = await steer(http, "GET", "calls/a/transcript")
    assert one.json == {"sid": row.sid, "lines": lines}
    assert (await steer(http, "GET", "transcripts")).json == {"calls": [one.json]}
    assert (await steer(http, "GET", "calls/b/transcript")).status == 404


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("calls", {}, "calls"),
        ("calls", {"calls": [{"form": "+1"}]}, "did you mean from?"),
        ("calls", {"calls": [{"parent": "nobody"}]}, "nobody"),
        ("clock", {"move": 5}, "not a duration"),
        ("clock", [], "object"),
        ("faults", {"name": "418"}, "418"),
        ("faults", {"name": "500", "on": "list"}, "list like"),
        ("faults", {"name": "500", "times": "x"}, "number"),
        ("faults", {"name": "500", "time": 3}, "no 'time'"),
        ("faults", {}, "name"),
    ],
)
async def test_refuses_with_a_reason(http: Http, path: str, body: Any, words: str) -> None:
    reply = await steer(http, "POST", path, body)
    assert reply.status == 400
    assert words in reply.json["error"]


async def test_a_form_of_a_web_page_steers_nothing(sandbox: Sandbox, http: Http) -> None:
    reply = await http.ask("POST", "/sandbox/calls", headers={}, data='{"calls": [{}]}')
    assert reply.status == 400
    assert len(sandbox.world.shelf) == 0
