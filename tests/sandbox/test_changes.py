"""Create, update and delete: what is accepted, what is refused, with which code."""

from __future__ import annotations

import pytest

from runner.sandbox import API_KEY, API_SECRET, Sandbox
from tests.sandbox.conftest import Http

HELLO = "<Response><Say>Hello there</Say></Response>"


async def test_completed_ends_every_live_status(sandbox: Sandbox, http: Http) -> None:
    for status in ("queued", "ringing", "in-progress"):
        row = sandbox.add_call(status=status, age=65_000)
        reply = await http.update(row.sid, Status="completed")
        assert (reply.status, reply.json["status"]) == (200, "completed")
        assert reply.json["end_time"] == "Tue, 14 Nov 2023 22:13:20 +0000"
        assert reply.json["duration"] == ("65" if status == "in-progress" else "0")


async def test_canceled_ends_what_is_not_answered_and_leaves_the_rest(
    sandbox: Sandbox, http: Http
) -> None:
    for status, after in [
        ("queued", "canceled"),
        ("ringing", "canceled"),
        ("in-progress", "in-progress"),
    ]:
        row = sandbox.add_call(status=status)
        reply = await http.update(row.sid, Status="canceled")
        assert (reply.status, reply.json["status"], reply.json["duration"]) == (200, after, None)


@pytest.mark.parametrize("status", ["queued", "ringing", "completed"])
@pytest.mark.parametrize("form", [{"Twiml": HELLO}, {"Url": "http://127.0.0.1/"}])
async def test_a_redirect_in_the_wrong_state_is_21220(
    sandbox: Sandbox, http: Http, status: str, form: dict[str, str]
) -> None:
    row = sandbox.add_call(status=status)
    reply = await http.update(row.sid, **form)
    assert reply.status == 400
    assert reply.json == {
        "code": 21220,
        "message": "Call is not in-progress. Cannot redirect.",
        "more_info": "https://www.twilio.com/docs/errors/21220",
        "status": 400,
    }


async def test_an_ended_call_cannot_be_hung_up_again(sandbox: Sandbox, http: Http) -> None:
    row = sandbox.add_call(status="completed")
    for status in ("completed", "canceled"):
        assert (await http.update(row.sid, Status=status)).json["code"] == 21220


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"Twiml": HELLO, "Url": "http://127.0.0.1/"}, 20001),
        ({"Twiml": f"<Response><Say>{'x' * 4000}</Say></Response>"}, 32018),
        ({"Status": "busy"}, 20001),
        ({"Url": "http://127.0.0.1/", "Method": "PUT"}, 21209),
        ({"Url": "ftp://127.0.0.1/"}, 21205),
        ({"Url": "not a url"}, 21205),
        ({"Url": "http://[half"}, 21205),
        ({"Url": "http://under_score.example/"}, 21205),
        ({"Twiml": HELLO, "StatusCallback": "nope"}, 21609),
        ({"TimeLimit": "soon"}, 20001),
    ],
)
async def test_update_refuses(
    sandbox: Sandbox, http: Http, form: dict[str, str], code: int
) -> None:
    row = sandbox.add_call()
    reply = await http.update(row.sid, **form)
    assert (reply.status, reply.json["code"]) == (400, code)
    assert sandbox.world.transcript(row.sid)[-1].kind == "status"


async def test_accepted_is_not_yet_spoken(sandbox: Sandbox, http: Http) -> None:
    row = sandbox.add_call()
    reply = await http.update(row.sid, Twiml=HELLO)
    assert (reply.status, reply.json["status"]) == (200, "in-progress")
    assert sandbox.world.heard(row.sid) == []
    await sandbox.advance(150)
    assert sandbox.world.heard(row.sid) == ["Hello there"]
    await sandbox.advance(799)
    assert sandbox.world.call(row.sid).live
    await sandbox.advance(1)
    assert sandbox.world.call(row.sid).status == "completed"


async def test_the_time_limit_counts_from_the_start(sandbox: Sandbox, http: Http) -> None:
    row = sandbox.add_call(age=50_000)
    await http.update(row.sid, TimeLimit="600")
    await http.update(row.sid, TimeLimit="60")
    await sandbox.advance(9_999)
    assert sandbox.world.call(row.sid).live
    await sandbox.advance(1)
    assert sandbox.world.call(row.sid).duration == 60


async def test_create_queues_rings_answers_and_follows_the_document(
    sandbox: Sandbox, http: Http
) -> None:
    form = {"To": "+14155550111", "From": "+14155550100", "Twiml": HELLO}
    made = (await http.create(**form)).json
    assert (made["status"], made["direction"], made["start_time"]) == (
        "queued",
        "outbound-api",
        None,
    )
    await sandbox.advance(1_000)
    assert (await http.fetch(made["sid"])).json["status"] == "ringing"
    await sandbox.advance(4_000)
    assert (await http.fetch(made["sid"])).json["status"] == "in-progress"
    await sandbox.advance(1_000)
    done = (await http.fetch(made["sid"])).json
    assert (done["status"], done["duration"], done["price"]) == ("completed", "0", "-0.00850")


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"From": "+1", "Twiml": HELLO}, 21201),
        ({"To": "+1", "Twiml": HELLO}, 21213),
        ({"To": "+1", "From": "+1"}, 21205),
    ],
)
async def test_create_refuses(http: Http, form: dict[str, str], code: int) -> None:
    reply = await http.create(**form)
    assert (reply.status, reply.json["code"]) == (400, code)


async def test_delete_forgets_an_ended_call_and_no_other(sandbox: Sandbox, http: Http) -> None:
    row = sandbox.add_call()
    path = f"{http.calls}/{row.sid}.json"
    assert (await http.ask("DELETE", path)).status == 409
    await http.update(row.sid, Status="completed")
    reply = await http.ask("DELETE", path)
    assert (reply.status, reply.text) == (204, "")
    assert (await http.fetch(row.sid)).json["code"] == 20404


async def test_credentials(sandbox: Sandbox, http: Http) -> None:
    http.auth = (API_KEY, API_SECRET)
    assert (await http.page()).status == 200
    http.auth = (API_KEY, "wrong")
    wrong = await http.page()
    assert (wrong.status, wrong.json["code"], wrong.json["status"]) == (401, 20003, 401)
    for header in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic ===="}):
        reply = await http.ask("GET", f"{http.calls}.json", headers=header)
        assert (reply.status, reply.json["code"]) == (401, 20003)


async def test_elsewhere_is_20404(sandbox: Sandbox, http: Http) -> None:
    sid = sandbox.add_call().sid
    for path in (
        f"/2010-04-01/Accounts/AC{'0' * 32}/Calls.json",
        f"{http.calls}/{sid.swapcase()}.json",
        f"{http.calls}/CA{'0' * 32}.json",
        f"{http.calls}/../nowhere.json",
        f"{http.calls}/{sid}/Nowhere.json",
    ):
        reply = await http.ask("GET", path)
        assert (reply.status, reply.json["code"]) == (404, 20404), path
    assert (await http.ask("PUT", f"{http.calls}/{sid}.json")).status == 404


async def test_answers_carry_the_sandbox_clock_and_twilios_headers(
    sandbox: Sandbox, http: Http
) -> None:
    await sandbox.advance(40_000)
    headers = (await http.page()).headers
    assert headers["Date"] == "Tue, 14 Nov 2023 22:14:00 GMT"
    assert headers["Twilio-Concurrent-Requests"] == "1"
    assert headers["Twilio-Request-Id"].startswith("RQ")
    assert headers["Content-Type"] == "application/json; charset=utf-8"
