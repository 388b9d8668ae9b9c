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
        "undelivered": 0,
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
        ("faults", {"name": "500", "account": "nobody"}, "no account 'nobody'"),
        ("faults", {"name": "500", "account": 3}, "account must be text"),
        ("faults", {"name": "500", "page": "2"}, "page must be a number"),
        ("accounts", {}, "name it"),
        ("accounts", {"name": "main"}, "already"),
        ("accounts", {"name": "a", "parent": "nobody"}, "no account 'nobody'"),
        ("accounts/main", {"status": "asleep"}, "none of active"),
        ("accounts/nobody", {"status": "active"}, "there are main"),
        ("calls", {"calls": [{}], "account": "nobody"}, "no account 'nobody'"),
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


async def test_accounts_are_made_shown_and_shut(sandbox: Sandbox, http: Http) -> None:
    body = {"name": "acme", "parent": "main", "api_key": True}
    made = await steer(http, "POST", "accounts", body)
    acme = sandbox.account("acme")
    assert made.status == 201
    assert made.json == {
        "sid": acme.sid,
        "name": "acme",
        "parent": sandbox.account_sid,
        "status": "active",
        "auth_token": acme.auth_token,
        "api_key": acme.api_key,
        "api_secret": acme.api_secret,
        "calls": 0,
    }
    assert (await steer(http, "POST", "accounts", {"name": "other"})).json["api_key"] is None
    shown = (await steer(http, "GET", "accounts")).json["accounts"]
    assert [account["name"] for account in shown] == ["main", "acme", "other"]
    assert shown[1] == made.json
    assert shown[0]["auth_token"] == sandbox.auth_token
    http.auth = (made.json["api_key"], made.json["api_secret"])
    path = f"/2010-04-01/Accounts/{acme.sid}/Calls.json"
    assert (await http.ask("GET", path)).status == 200
    shut = await steer(http, "POST", "accounts/acme", {"status": "suspended"})
    assert (shut.status, shut.json["status"]) == (200, "suspended")
    assert (await http.ask("GET", path)).status == 401


async def test_calls_faults_and_what_is_shown_by_account(sandbox: Sandbox, http: Http) -> None:
    acme = sandbox.add_account("acme", parent="main")
    calls = [{"id": "a"}, {"id": "b", "account": "main"}]
    added = await steer(http, "POST", "calls", {"calls": calls, "account": acme.sid})
    assert added.json["sids"] == [
        sandbox.world_of("acme").call("a").sid,
        sandbox.world.call("b").sid,
    ]
    sandbox.add_call(id="a")
    await steer(http, "POST", "faults", {"name": "500", "account": "acme", "page": 1})
    (fault,) = (await steer(http, "GET", "faults")).json.values()
    assert (fault["account"], fault["page"]) == (acme.sid, 1)
    acmes = f"/2010-04-01/Accounts/{acme.sid}/Calls.json"
    assert ((await http.ask("GET", acmes)).status, (await http.page()).status) == (500, 200)
    for narrow, count, requests in (("", 3, 2), ("?account=acme", 1, 1), ("?account=main", 2, 1)):
        state = (await steer(http, "GET", f"state{narrow}")).json
        assert (state["calls"], state["requests"]) == ({"in-progress": count}, requests)
        entries = (await steer(http, "GET", f"journal{narrow}")).json["requests"]
        assert len(entries) == requests
        transcripts = (await steer(http, "GET", f"transcripts{narrow}")).json["calls"]
        assert len(transcripts) == count
    one = await steer(http, "GET", "calls/a/transcript?account=acme")
    assert one.json["sid"] == added.json["sids"][0]
    assert (await steer(http, "GET", "calls/a/transcript")).json["sid"] != one.json["sid"]
    by_sid = await steer(http, "GET", f"calls/{one.json['sid']}/transcript")
    assert by_sid.json == one.json
    assert (await steer(http, "GET", "calls/b/transcript?account=acme")).status == 404
    assert (await steer(http, "GET", "journal?account=nobody")).status == 400
