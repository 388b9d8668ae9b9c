"""Two hundred accounts on one sandbox: each by itself, and none at the others' expense."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import aiohttp
import pytest

from runner.sandbox import Account, CallPlan, Fault, Person, Sandbox
from runner.sandbox.faults import Faults
from runner.sandbox.generator import Generator, populate
from runner.sandbox.world import World
from tests.sandbox.conftest import Http, Reply, basic
from tests.sandbox.sdk import arrived

ACCOUNTS, CALLS = 200, 50


async def page_of(http: Http, account: Account) -> Reply:
    """The account's list, asked for by itself."""
    login = {"Authorization": basic(account.sid, account.auth_token)}
    path = f"/2010-04-01/Accounts/{account.sid}/Calls.json?PageSize=1000"
    return await http.ask("GET", path, headers=login)


def fill(sandbox: Sandbox) -> list[Account]:
    """Two hundred subaccounts with fifty calls each, each ending at another second."""
    accounts = [sandbox.add_account(f"sub-{n}", parent="main") for n in range(ACCOUNTS)]
    for account in accounts:
        world = sandbox.world_of(account.sid)
        for number in range(CALLS):
            world.add(CallPlan(person=Person(talk=1_000 * (number + 1))))
    return accounts


async def test_a_request_plays_one_account_and_no_other(sandbox: Sandbox, http: Http) -> None:
    accounts = fill(sandbox)
    start = sandbox.clock.now()
    sandbox.clock.move(10_000)
    page = (await page_of(http, accounts[7])).json
    assert sum(call["status"] == "in-progress" for call in page["calls"]) == CALLS - 10
    moved = [account for account in accounts if sandbox.world_of(account.sid).now != start]
    assert moved == [accounts[7]]
    assert sandbox.world.now == start
    sandbox.catch_up()
    assert {sandbox.world_of(account.sid).now for account in accounts} == {start + 10_000}
    assert len(sandbox.world_of("sub-9").shelf.rows("completed")) == 10


async def test_one_that_hangs_leaves_the_others_alone(sandbox: Sandbox, http: Http) -> None:
    accounts = fill(sandbox)
    sandbox.set_fault("hang", account=accounts[0].sid)
    sandbox.set_fault("401", account=accounts[1].name)
    sandbox.set_fault("429", account=accounts[2].sid)
    stuck = [asyncio.ensure_future(page_of(http, accounts[0])) for _ in range(3)]
    replies = await asyncio.gather(*(page_of(http, account) for account in accounts[1:]))
    assert [reply.status for reply in replies] == [401, 429, *[200] * (ACCOUNTS - 3)]
    await arrived(sandbox, ACCOUNTS + 2)
    assert not any(task.done() for task in stuck)
    assert len(sandbox.journal.of("list", account=accounts[1].sid)) == 1
    assert {e.fault for e in sandbox.journal.by(accounts[0].sid)} == {"hang"}
    await sandbox.close()
    done = await asyncio.gather(*stuck, return_exceptions=True)
    assert all(isinstance(one, aiohttp.ClientError) for one in done)


async def test_requests_under_way_are_counted_by_account(sandbox: Sandbox, http: Http) -> None:
    acme = sandbox.add_account("acme", parent="main")
    sandbox.set_fault("hang", account=acme.sid, times=2)
    stuck = [asyncio.ensure_future(page_of(http, acme)) for _ in range(2)]
    await arrived(sandbox, 2)
    header = "Twilio-Concurrent-Requests"
    assert (await http.page()).headers[header] == "1"
    assert (await page_of(http, acme)).headers[header] == "3"
    await sandbox.close()
    await asyncio.gather(*stuck, return_exceptions=True)


async def test_a_fault_of_one_account(sandbox: Sandbox, http: Http) -> None:
    acme = sandbox.add_account("acme", parent="main")
    sandbox.add_account("stranger")
    sandbox.set_fault("500", account="acme")
    assert ((await page_of(http, acme)).status, (await http.page()).status) == (500, 200)
    path = f"/2010-04-01/Accounts/{acme.sid}/Calls.json"
    assert (await http.ask("GET", path)).status == 500, "whoever asks about it"
    login = {"Authorization": basic(acme.sid, acme.auth_token)}
    about = "/2010-04-01/Accounts.json"
    assert (await http.ask("GET", about, headers=login)).status == 500
    assert (await http.ask("GET", about)).status == 200
    sandbox.faults.clear()
    sandbox.set_fault("503")
    assert ((await page_of(http, acme)).status, (await http.page()).status) == (503, 503)
    with pytest.raises(ValueError, match="no account 'nobody'"):
        sandbox.set_fault("500", account="nobody")


def test_faults_have_chances_of_their_own() -> None:
    def hits(seed: int, *, beside: bool) -> list[str]:
        faults = Faults(3)
        faults.set(Fault("lost", chance=0.4, seed=seed))
        if beside:
            faults.set(Fault("slow", chance=0.5))
        return [faults.take("update").name for _ in range(300)]

    assert hits(1, beside=True) == hits(1, beside=False) != hits(2, beside=False)
    assert set(hits(1, beside=False)) == {"", "reset-before", "reset-after"}


@pytest.mark.parametrize("fields", [{"chance": 1.5}, {"chance": -0.1}, {"page": 0}])
def test_a_fault_that_makes_no_sense(fields: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="from"):
        Fault("500", **fields)


def test_what_is_left_of_a_fault_is_shown() -> None:
    faults = Faults()
    number = faults.set(Fault("500", times=3))
    faults.take("list")
    assert faults.active()[number].times == 2


async def test_worlds_play_in_one_order_of_time(sandbox: Sandbox) -> None:
    told: list[tuple[int, str]] = []
    for name in ("a", "b"):
        sandbox.add_account(name)
        world = sandbox.world_of(name)
        world.listeners.append(lambda sid, line, name=name: told.append((line.at, name)))
    start = sandbox.clock.now()
    for name, ends in (("a", 4_000), ("b", 2_000), ("a", 6_000), ("b", 9_000)):
        sandbox.add_call(account=name, person=Person(talk=ends))
    told.clear()
    await sandbox.advance(7_000)
    assert told == [(start + 2_000, "b"), (start + 4_000, "a"), (start + 6_000, "a")]
    assert {t.world.now for t in sandbox.accounts} == {sandbox.clock.now()} == {start + 7_000}


async def test_documents_and_people_are_everybodys(sandbox: Sandbox) -> None:
    sandbox.add_account("acme", parent="main")
    sandbox.world.documents["https://example.com/a"] = "<Response><Say>found</Say></Response>"
    sandbox.add_call(id="a", account="acme", url="https://example.com/a")
    await sandbox.advance(1_000)
    assert sandbox.world_of("acme").heard("a") == ["found"]


async def test_plans_go_to_their_accounts(sandbox: Sandbox) -> None:
    sandbox.add_account("acme", parent="main")
    plan = CallPlan(id="a", at=5_000)
    sids = sandbox.schedule([plan, replace(plan, account="acme")])
    await sandbox.advance(6_000)
    assert [sandbox.world.call("a").sid, sandbox.world_of("acme").call("a").sid] == sids


def test_generated_calls_are_spread() -> None:
    worlds = [World(0, seed=number) for number in range(4)]
    populate(worlds, 50, 2.0, seed=3)
    for world in worlds:
        world.advance(1)
    assert [len(world.shelf) for world in worlds] == [13, 13, 12, 12]
    assert worlds[0].shelf.rows()[0].from_ != worlds[1].shelf.rows()[0].from_
    for world in worlds:
        world.advance(600_000)
    arrived = [len(world.shelf) - 13 for world in worlds]
    assert all(200 < number < 400 for number in arrived)
    assert 1_000 < sum(arrived) < 1_400
    alone = World(0)
    alone.schedule(Generator(3).live(13))
    alone.advance(1)
    assert [row.to for row in alone.shelf] == [row.to for row in list(worlds[0].shelf)[:13]]
