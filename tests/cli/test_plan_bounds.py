"""Promises of `callflow plan`: guards, pauses, protection, accounts and masks as `run` has them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runner.engine.ports import Intent
from runner.sandbox import ManualClock, Sandbox
from runner.store.sqlite import SqliteStore
from tests.process import callflow

CROWD_FLOW = "version: 1\nflow: f\nrules: [{id: r, then: [hangup]}]\n"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(clock=ManualClock()) as opened:
        yield opened


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "end.yaml").write_text(CROWD_FLOW)
    return tmp_path


def crowd(sandbox: Sandbox, number: int, **fields: str) -> None:
    for _ in range(number):
        sandbox.add_call(**fields)


async def test_a_rule_that_would_trip_is_told_first_and_pauses_nothing(
    sandbox: Sandbox, project: Path
) -> None:
    crowd(sandbox, 11)
    done = await callflow("plan", "--detailed-exitcode", at=sandbox, cwd=project)
    assert done.code == 4
    lines = done.out.splitlines()
    assert lines[:3] == [
        "TRIP  f/r: the burst guard of this rule would trip",
        "    11 calls of 11 live ones would be changed in one poll; at most 10 may be (25%, once "
        "more than 10)",
        "    nothing of it would be sent; the rule would be paused until `callflow resume f/r`",
    ]
    assert lines[-1] == "11 calls listed: 0 to change, 11 held back, 1 rule would trip"
    assert all(line.endswith("[held: guard]") for line in lines[3:-1])
    plan = json.loads((await callflow("plan", "--format", "json", at=sandbox, cwd=project)).out)
    (trip,) = plan["trips"]
    assert {"flow": "f", "rule": "r", "guard": "burst", "calls": 11, "allowed": 10}.items() <= (
        trip.items()
    )
    assert {held["reason"] for held in plan["held"]} == {"guard"}
    assert not (project / "callflow.db").exists()
    tripped = await callflow("run", "--once", at=sandbox, cwd=project)
    assert (tripped.code, sandbox.journal.of("update")) == (1, [])
    after = json.loads((await callflow("plan", "--format", "json", at=sandbox, cwd=project)).out)
    assert (after["trips"], {held["reason"] for held in after["held"]}) == ([], {"tripped"})
    (pause,) = after["pauses"]
    assert (pause["tripped"], "rule f/r" in pause["scope"]) == (True, True)
    assert "`callflow resume f/r` lets it act again" in pause["text"]


async def test_a_snapshot_carries_pauses_and_earlier_ends_but_no_configuration(
    sandbox: Sandbox, project: Path
) -> None:
    for _ in range(3):
        crowd(sandbox, 10)
        await callflow("run", "--once", at=sandbox, cwd=project)
    crowd(sandbox, 2)
    await callflow("pause", "other", "--force", "--reason", "call +14155550177", cwd=project)
    saved = await callflow("plan", "--save-snapshot", "calls.json", at=sandbox, cwd=project)
    ledger = json.loads((project / "calls.json").read_text())["ledger"]
    assert len(ledger["ended"]["f/r"]) == 30
    assert [pause["flow"] for pause in ledger["pauses"]] == ["other"]
    (project / "callflow.db").unlink()
    again = await callflow("plan", "--snapshot", "calls.json", cwd=project)
    assert again.out == saved.out
    assert "2 calls would be ended, after 30 in the last 1m; at most 30 may be" in again.out
    assert "call +1415***0177" in again.out
    (project / "callflow.yaml").write_text(
        "version: 1\nguards: {rule: {rate: {max: 40, per: 1m}}, together: {rate: unlimited}}\n"
    )
    loose = await callflow("plan", "--snapshot", "calls.json", cwd=project)
    assert "2 to change, 0 held back" in loose.out
    (project / "callflow.yaml").write_text("version: 1\nnever: {directions: [inbound]}\n")
    strict = await callflow("plan", "--snapshot", "calls.json", cwd=project)
    assert strict.out.count("[held: protected]") == 2
    assert "direction is inbound (never: directions)" in strict.out


async def test_an_older_snapshot_still_plans_and_says_what_it_lacks(
    sandbox: Sandbox, project: Path
) -> None:
    crowd(sandbox, 3)
    await callflow("plan", "--save-snapshot", "calls.json", at=sandbox, cwd=project)
    document = json.loads((project / "calls.json").read_text())
    for key in ("pauses", "ended", "ended_since", "busy"):
        del document["ledger"][key]
    del document["alias"]
    (project / "calls.json").write_text(json.dumps(document | {"callflow_snapshot": 1}))
    done = await callflow("plan", "--snapshot", "calls.json", cwd=project)
    assert (done.code, "3 to change" in done.out) == (0, True)
    assert "of an older callflow: what was paused" in done.err


async def test_against_tells_of_guards_that_only_one_side_trips(
    sandbox: Sandbox, project: Path
) -> None:
    crowd(sandbox, 11)
    (project / "old.yaml").write_text(CROWD_FLOW.replace("then", "match: {to: X}, then"))
    against = ("plan", "--against", "old.yaml", "--detailed-exitcode")
    done = await callflow(*against, at=sandbox, cwd=project)
    assert done.code == 4
    assert done.out.startswith("TRIP  f/r: the burst guard of this rule would trip\n")
    back = await callflow(
        *("plan", "old.yaml", "--against", "flows", "--detailed-exitcode", "--format", "json"),
        at=sandbox,
        cwd=project,
    )
    trips = json.loads(back.out)["against"]["trips"]
    assert (back.code, trips["after"], len(trips["before"])) == (4, [], 1)


async def test_what_is_under_way_in_the_ledger_is_held_in_flight(
    sandbox: Sandbox, project: Path
) -> None:
    row = sandbox.add_call()
    intent = Intent(
        sandbox.account_sid, row.sid, "gone", "x", "rev", ("hangup",), {}, "", sandbox.clock.now()
    )
    store = await SqliteStore(project / "callflow.db").open()
    await store.claim([intent])
    await store.close()
    done = await callflow("plan", at=sandbox, cwd=project)
    assert "[held: in-flight]" in done.out


# ---- several accounts -------------------------------------------------------------------------


async def test_each_account_is_planned_with_its_own_flows(sandbox: Sandbox, project: Path) -> None:
    acme = sandbox.add_account("acme", parent="main")
    (project / "callflow.yaml").write_text(
        f"version: 1\napi_base: {sandbox.url}\naccounts:\n"
        f"  main: {{sid: {sandbox.account_sid}, auth_token: {{env: TWILIO_AUTH_TOKEN}}}}\n"
        f"  acme: {{sid: {acme.sid}, parent: main}}\n"
    )
    (project / "flows" / "end.yaml").write_text(
        CROWD_FLOW.replace("flow: f", "flow: f\naccounts: [acme]")
    )
    row = sandbox.add_call(account="acme")
    sandbox.add_call()
    unsaid = await callflow("plan", at=sandbox, cwd=project)
    assert (unsaid.code, unsaid.out) == (2, "")
    assert "say which with --account: main or acme" in unsaid.err
    main = await callflow("plan", "--account", "main", at=sandbox, cwd=project)
    assert "0 to change" in main.out
    saving = ("plan", "--account", "acme", "--save-snapshot", "acme.json", "--format", "json")
    saved = await callflow(*saving, at=sandbox, cwd=project)
    assert [step["call"] for step in json.loads(saved.out)["steps"]] == [row.sid]
    again = await callflow("plan", "--snapshot", "acme.json", "--format", "json", cwd=project)
    assert again.out == saved.out
    wrong = await callflow("plan", "--snapshot", "acme.json", "--account", "main", cwd=project)
    assert (wrong.code, "is a snapshot of account acme" in wrong.err) == (2, True)
    why = await callflow("why", row.sid, "--account", acme.sid, at=sandbox, cwd=project)
    assert "f/r would act now" in why.out
    assert (await callflow("why", row.sid, at=sandbox, cwd=project)).code == 2
    await callflow("run", "--once", at=sandbox, cwd=project)
    known = await callflow("why", row.sid, at=sandbox, cwd=project)
    assert (known.code, "the call is over" in known.out) == (0, True), "the ledger says whose it is"


# ---- what is personal -------------------------------------------------------------------------


async def test_a_caller_s_name_is_masked_wherever_it_stands(
    sandbox: Sandbox, project: Path
) -> None:
    (project / "flows" / "end.yaml").write_text(
        "version: 1\nflow: f\nrules:\n"
        "  - id: greet\n    match: {caller_name: {prefix: Ada}}\n"
        "    then: [{say: 'Bye {{ caller_name }}.'}, hangup]\n"
        "  - {id: ben, match: {caller_name: Ben}, then: [hangup]}\n"
    )
    row = sandbox.add_call(caller_name="Ada & Lovelace")
    for command in (["plan"], ["plan", "--format", "json"], ["why", row.sid]):
        hidden = await callflow(*command, at=sandbox, cwd=project)
        assert (hidden.code, "Lovelace" in hidden.out) == (0, False), hidden.out
        assert "Bye ***." in hidden.out
        full = await callflow(*command, "--show-numbers", at=sandbox, cwd=project)
        assert "Bye Ada &amp; Lovelace." in full.out
