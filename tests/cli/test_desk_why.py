"""Promises of why at the desk: what `callflow why` says, without a request, of any call."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runner.cli.daemon.crew import Post
from runner.cli.daemon.desk import RunningDesk
from runner.console.desk import Order, Refusal, Scope
from runner.durations import rfc3339
from runner.engine.ports import Event
from runner.gateway.accounts import Account
from runner.gateway.credentials import Credentials
from runner.gateway.twilio import open_gateway
from runner.sandbox.faults import Fault
from runner.settings import TwilioSettings
from tests.cli.desking import Desking, open_desk
from tests.site import MINUTE, SECOND

FLOW = """\
version: 1
flow: surveys
rules:
  - {id: cut, match: {age: {gte: 30m}}, then: [hangup]}
  - {id: warn, match: {from: "+14155550199"}, for: 1m, then: [{say: hello}]}
"""
NOBODY = "CA" + 32 * "f"
#: The rules here ask for calls in progress only.
PART = "of other live calls only those that rules ask for are known here: guards count these"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Desking]:
    async with open_desk(tmp_path) as opened:
        opened.flows(FLOW)
        yield opened


def fates(document: dict[str, Any]) -> dict[str, str]:
    """What comes of each rule."""
    return {rule["rule"]: rule["fate"] for rule in document["rules"]}


async def test_a_call_that_the_last_poll_saw_is_explained_without_a_request(here: Desking) -> None:
    row = here.site.sandbox.add_call(from_="+14155550199")
    await here.poll()
    at, before = here.site.time.now(), here.requests()
    await here.site.sandbox.advance(SECOND)
    document = await here.why(row.sid)
    assert here.requests() == before
    assert (document["source"], document["at"]) == ("live", rfc3339(at))
    assert document["notes"] == [PART]
    assert fates(document) == {"cut": "no-match", "warn": "hold"}
    assert document["from"] == "+1415***0199"
    assert (await here.why(row.sid, show_numbers=True))["from"] == "+14155550199"


async def test_it_tells_of_one_rule_or_flow_and_knows_no_other(here: Desking) -> None:
    row = here.site.sandbox.add_call()
    await here.poll()
    assert list(fates(await here.why(row.sid, "surveys/cut"))) == ["cut"]
    with pytest.raises(Refusal, match='no rule or flow "surveys/cot"') as refused:
        await here.why(row.sid, "surveys/cot")
    assert (refused.value.status, refused.value.hint) == (400, 'did you mean "surveys/cut"?')


async def test_pauses_and_acts_since_the_poll_are_told(here: Desking) -> None:
    old = here.site.sandbox.add_call(age=31 * MINUTE)
    poll = await here.site.engine.preview(here.site.time.now())
    assert poll.plan is not None
    assert len(poll.plan.steps) == 1
    assert fates(await here.why(old.sid))["cut"] == "acts"
    await here.desk.pause(Scope("surveys", "cut"), Order("a look", "ann"))
    document = await here.why(old.sid)
    assert fates(document)["cut"] == "paused"
    assert document["rules"][0]["pause"]["reason"] == "a look"
    await here.desk.resume(Scope("surveys", "cut"), by="ann")
    await here.poll()
    document = await here.why(old.sid)
    assert (fates(document)["cut"], len(document["ledger"])) == ("once", 1)


async def test_flows_that_were_reloaded_count_from_the_next_poll_on(here: Desking) -> None:
    row = here.site.sandbox.add_call(age=31 * MINUTE)
    await here.site.engine.preview(here.site.time.now())
    here.flows(FLOW.replace("cut", "chop"))
    assert fates(await here.why(row.sid))["cut"] == "acts"
    await here.site.engine.preview(here.site.time.now())
    assert fates(await here.why(row.sid))["chop"] == "acts"


# ---- calls that no poll has seen -------------------------------------------------------------


async def test_a_call_that_is_over_costs_one_request(here: Desking) -> None:
    row = here.site.sandbox.add_call(age=31 * MINUTE)
    await here.poll()
    await here.poll(after=2 * SECOND)
    before = here.requests()
    document = await here.why(row.sid)
    assert here.requests() == before + 1
    assert (document["source"], document["status"]) == ("over", "completed")
    assert document["notes"][0].startswith("the call is over (completed)")
    assert document["ledger"][0]["outcome"] == "done"
    command = await here.command(row.sid)
    assert document == {**command, "notes": [*command["notes"], PART]}


async def test_a_call_that_began_after_the_poll_is_seen_as_the_next_poll_will(
    here: Desking,
) -> None:
    await here.poll()
    row = here.site.sandbox.add_call(age=31 * MINUTE)
    document = await here.why(row.sid)
    assert (document["source"], fates(document)["cut"]) == ("live", "acts")


async def test_before_the_first_poll_twilio_is_asked_as_by_the_command(here: Desking) -> None:
    row = here.site.sandbox.add_call(age=31 * MINUTE)
    assert await here.why(row.sid) == await here.command(row.sid)


async def test_nobody_is_asked_who_is_in_which_conference(here: Desking) -> None:
    """That takes as many requests as there are conferences."""
    row = here.site.sandbox.add_call(from_="+14155550199")
    here.flows(FLOW.replace("for: 1m, ", ""))
    document, command = await here.why(row.sid), await here.command(row.sid)
    effects = document["rules"][1]["effects"]
    (left,) = (each for each in effects if each["kind"] == "leaves-conference")
    assert left["text"] == "leaves its conference, if it is in one"
    effects.remove(left)
    assert document == command


async def test_a_call_that_nobody_knows_is_a_404_that_says_why(here: Desking) -> None:
    await here.poll()
    with pytest.raises(Refusal, match="nobody knows a call") as refused:
        await here.why(NOBODY)
    assert refused.value.status == 404
    assert "a subaccount's calls are its own" in refused.value.hint
    with pytest.raises(Refusal, match='"CA123" is not a call SID') as refused:
        await here.why("CA123")
    assert refused.value.status == 400


async def test_where_twilio_fails_the_ledger_tells_or_else_nobody(here: Desking) -> None:
    row = here.site.sandbox.add_call(age=31 * MINUTE)
    await here.poll()
    await here.poll(after=2 * SECOND)
    here.site.sandbox.faults.set(Fault("500"))
    document = await here.why(row.sid)
    assert (document["source"], len(document["ledger"]), document["rules"]) == ("ledger", 1, [])
    assert document["notes"][0].startswith("the call can't be read from Twilio (")
    with pytest.raises(Refusal) as refused:
        await here.why(NOBODY)
    assert refused.value.status == 503


async def test_a_standby_explains_what_it_does_not_poll(here: Desking) -> None:
    row = here.site.sandbox.add_call(age=31 * MINUTE)
    await here.poll()
    here.board.hear(Event("standby", here.site.time.now(), fields={"holder": "other"}))
    document = await here.why(row.sid)
    assert document["source"] == "over"
    assert document == await here.command(row.sid)


async def test_of_several_accounts_the_one_is_found_that_has_the_call(here: Desking) -> None:
    sandbox = here.site.sandbox
    other = sandbox.add_account("other")
    credentials = Credentials(other.sid, other.sid, password=other.auth_token)
    gateway = open_gateway(credentials, TwilioSettings(api_base=sandbox.url))
    crew = replace(here.crew, posts=[*here.crew.posts, Post(Account("b", credentials), gateway)])
    desk = RunningDesk(crew, here.store, here.board, changed=nothing)
    row = sandbox.add_call(account="other", age=31 * MINUTE)
    before = here.requests()
    document = await desk.why(row.sid, rule="", show_numbers=False)
    # A fetch of each account, and where nothing is known of its other calls a list of them.
    assert here.requests() <= before + 2 + 3
    assert (document["source"], fates(document)["cut"]) == ("live", "acts")
    with pytest.raises(Refusal, match="in these 2 accounts"):
        await desk.why(NOBODY, rule="", show_numbers=False)
    await gateway.close()


async def nothing() -> None:
    """Nobody needs to know."""
