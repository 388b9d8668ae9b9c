"""`callflow calls events` and `notifications` as processes, against the sandbox."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from runner.durations import rfc3339
from runner.sandbox import ManualClock, Sandbox
from tests.cli.test_calls import Done, calls

MENU = "https://app.example/menu?for=%2B14155550111"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(clock=ManualClock()) as opened:
        yield opened


async def faulty(sandbox: Sandbox, text: str) -> str:
    """A call whose instructions are these; its SID."""
    sandbox.world.documents[MENU] = text
    sid = sandbox.add_call(url=MENU, caller_name="Ada Lovelace").sid
    await sandbox.advance(1_000)
    return sid


async def test_notifications_say_what_went_wrong_and_where_to_read_on(sandbox: Sandbox) -> None:
    sid = await faulty(sandbox, "<Response><Speak>Hello</Speak></Response>")
    done = await calls("notifications", sid, at=sandbox)
    assert (done.code, done.err) == (0, "")
    head, url, see = done.out.splitlines()
    assert " warning 12200: " in head
    assert head.startswith(rfc3339(sandbox.clock.now())[:10])
    assert url == "    url: https://app.example/menu?for=%2B1415***0111"
    assert see == "    see: https://www.twilio.com/docs/errors/12200"


async def test_notifications_for_programs(sandbox: Sandbox) -> None:
    sid = await faulty(sandbox, "<Response><Say>unclosed")
    done = await calls("notifications", sid, "--format", "json", "--show-numbers", at=sandbox)
    (row,) = json.loads(done.out)
    assert row["sid"].startswith("NO")
    assert (row["level"], row["code"], row["url"]) == ("error", 12100, MENU)
    assert row["more_info"] == "https://www.twilio.com/docs/errors/12100"
    assert row["time"].endswith("Z")
    assert row["text"]


async def test_events_show_each_request_with_its_answer_the_oldest_first(sandbox: Sandbox) -> None:
    sid = await faulty(sandbox, "<Response><Pause length='60'/></Response>")
    assert (await calls("say", sid, "Hello.", "--then", "hangup", at=sandbox)).code == 0
    await sandbox.advance(60_000)
    assert (await calls("redirect", sid, "https://x.example/", at=sandbox)).code == 1
    done = await calls("events", sid, at=sandbox)
    assert (done.code, done.err) == (0, "")
    fetched, said, refused = (line.split(" ", 1)[1] for line in done.out.splitlines())
    assert fetched == "POST https://app.example/menu?for=%2B1415***0111: 200 in 0s"
    path = f"https://api.twilio.com/2010-04-01/Accounts/{sandbox.account_sid}/Calls/{sid}.json"
    assert said == f"POST {path}: 200 in 0s"
    assert refused == f"POST {path}: 400 in 0s"


async def test_events_for_programs_hide_who_is_in_them(sandbox: Sandbox) -> None:
    sid = await faulty(sandbox, "<Response><Say>Hello, Ada Lovelace.</Say></Response>")
    arguments = ("events", sid, "--format", "json")
    (event,) = json.loads((await calls(*arguments, at=sandbox)).out)
    assert (event["method"], event["status"], event["content_type"]) == ("POST", 200, "text/xml")
    assert event["parameters"]["From"] == "+1415***0199"
    assert event["body"] == "<Response><Say>Hello, ***.</Say></Response>"
    (event,) = json.loads((await calls(*arguments, "--show-numbers", at=sandbox)).out)
    assert event["parameters"]["From"] == "+14155550199"
    assert event["body"] == "<Response><Say>Hello, Ada Lovelace.</Say></Response>"


async def test_a_login_in_a_url_is_never_shown(sandbox: Sandbox) -> None:
    url = "https://ann:s3cret@app.example/menu"
    sandbox.world.documents[url] = "<Response><Say>unclosed"
    sid = sandbox.add_call(url=url).sid
    await sandbox.advance(1_000)
    for name in ("events", "notifications"):
        done = await calls(name, sid, "--show-numbers", at=sandbox)
        assert "https://***@app.example/menu" in done.out
        assert "s3cret" not in done.out + done.err


@pytest.mark.parametrize(
    ("name", "words"),
    [("events", "no events of this call"), ("notifications", "no errors or warnings on this call")],
)
async def test_it_is_said_where_there_is_nothing(sandbox: Sandbox, name: str, words: str) -> None:
    sid = sandbox.add_call().sid
    assert await calls(name, sid, at=sandbox) == Done(0, "", f"{words} are known\n")
    assert (await calls(name, sid, "--format", "json", at=sandbox)).out == "[]\n"


@pytest.mark.parametrize("name", ["events", "notifications"])
@pytest.mark.parametrize("numbers", [[], ["--show-numbers"]])
async def test_an_unknown_call_is_a_finding(
    sandbox: Sandbox, name: str, numbers: list[str]
) -> None:
    done = await calls(name, "CA" + "9" * 32, *numbers, at=sandbox)
    assert (done.code, done.out, "20404" in done.err) == (1, "", True)
    done = await calls(name, "CA1", *numbers, at=sandbox)
    assert (done.code, "not a call SID" in done.err) == (2, True)


@pytest.mark.parametrize("name", ["events", "notifications"])
async def test_help_shows_an_example(name: str) -> None:
    done = await calls(name, "--help", at=None)
    assert done.code == 0
    assert f"Example: callflow calls {name} CA" in done.out
