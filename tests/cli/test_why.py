"""Promises of `callflow why`: live, over, recorded and pasted calls; each condition and reason."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from runner.sandbox import ManualClock, Sandbox
from runner.sandbox.rows import Row
from tests.process import Done, callflow
from tests.site import MINUTE

FLOW = """\
version: 1
flow: surveys
match: {direction: inbound}
rules:
  - id: cut
    match: {age: {gte: 30m}, not: {from: {prefix: "+1312"}}}
    then: [{say: "The limit is reached."}, hangup]
  - id: many
    match: {concurrent: {by: from, gt: 1}, caller_name: Ann}
    for: 2m
    then: [hangup]
"""
NOBODY = "CA" + "0" * 32


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(clock=ManualClock()) as opened:
        yield opened


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "surveys.yaml").write_text(FLOW)
    return tmp_path


def document(done: Done) -> dict[str, Any]:
    assert done.code == 0, done.err
    found: dict[str, Any] = json.loads(done.out)
    return found


def conditions(node: dict[str, Any]) -> list[dict[str, Any]]:
    if "items" not in node:
        return [node]
    return [leaf for item in node["items"] for leaf in conditions(item)]


async def pasted(sandbox: Sandbox, project: Path, row: Row) -> str:
    """Twilio's JSON of the call, in a file."""
    shown = await callflow(
        "calls", "show", row.sid, "--format", "json", "--show-numbers", at=sandbox, cwd=project
    )
    (project / "call.json").write_text(shown.out)
    return "call.json"


# ---- live -------------------------------------------------------------------------------------


async def test_a_live_call_shows_each_condition_and_what_would_change_it(
    sandbox: Sandbox, project: Path
) -> None:
    row = sandbox.add_call(from_="+13125550104", age=12 * MINUTE)
    told = document(await callflow("why", row.sid, "--format", "json", at=sandbox, cwd=project))
    assert (told["source"], told["status"], told["age_ms"]) == ("live", "in-progress", 720_000)
    assert told["would_act"] == []
    cut, many = told["rules"]
    assert [(c["words"], c["truth"], c["implicit"]) for c in conditions(cut["match"])] == [
        ("direction eq inbound", True, False),
        ("age gte 30m", False, False),
        ("from prefix +1312", True, False),
        ("leg eq parent", True, True),
        ("status eq in-progress", True, True),
    ]
    assert cut["needs"] == [
        "age would have to be at least 30m (in 18m)",
        "from would have to start with something other than +1312 (it is +1312***0104)",
    ]
    assert many["needs"] == [
        "concurrent by from would have to be more than 1 (it is 1)",
        "caller_name would have to be Ann (the call has none)",
    ]
    assert (many["hold"], many["once"]["may_act"]) == ({"held_ms": 0, "wanted_ms": 120_000}, True)
    assert cut["position"] == "flows/surveys.yaml:5:9"
    assert not sandbox.journal.of("update")


async def test_the_text_says_the_same_in_few_columns(sandbox: Sandbox, project: Path) -> None:
    row = sandbox.add_call(from_="+13125550104", age=12 * MINUTE)
    done = await callflow("why", row.sid, "--rule", "surveys/cut", at=sandbox, cwd=project)
    lines = done.out.splitlines()
    assert lines[0] == f"{row.sid}  +1312***0104 -> +1415***0100"
    assert lines[2:] == [
        "1 rule: none would act",
        "",
        "surveys/cut does not match  flows/surveys.yaml:5:9",
        "  yes  direction eq inbound",
        "  no   age gte 30m            it is 12m",
        "  no   not:",
        "  yes    from prefix +1312    it is +1312***0104",
        "  yes  leg eq parent          (implied)",
        "  yes  status eq in-progress  (implied)",
        "  to match: age would have to be at least 30m (in 18m)",
        "       and: from would have to start with something other than +1312 (it is +1312***0104)",
        "",
        "ledger: nothing was done to this call",
    ]
    assert "\x1b" not in done.out
    full = await callflow("why", row.sid, "--show-numbers", at=sandbox, cwd=project)
    assert "+13125550104" in full.out


async def test_what_would_act_is_what_plan_sends(sandbox: Sandbox, project: Path) -> None:
    row = sandbox.add_call(age=31 * MINUTE)
    planned = await callflow("plan", "--format", "json", at=sandbox, cwd=project)
    (step,) = json.loads(planned.out)["steps"]
    told = document(await callflow("why", row.sid, "--format", "json", at=sandbox, cwd=project))
    assert told["would_act"] == ["surveys/cut"]
    assert told["rules"][0]["request"] == step["request"]
    assert told["rules"][0]["effects"] == step["effects"]
    text = await callflow("why", row.sid, at=sandbox, cwd=project)
    assert "surveys/cut would act now" in text.out
    assert "  then: the call ends after say" in text.out


async def test_a_hold_and_a_rule_above_are_told(sandbox: Sandbox, project: Path) -> None:
    (project / "flows" / "surveys.yaml").write_text(
        "version: 1\nflow: f\nrules:\n"
        "  - {id: wait, for: 2m, then: [hangup]}\n"
        "  - {id: first, continue: true, mode: shadow, then: [hangup]}\n"
        "  - {id: second, then: [{say: hello}, {pause: 9m}]}\n"
        "  - {id: third, then: [hangup]}\n"
    )
    row = sandbox.add_call()
    assert (await callflow("run", "--once", at=sandbox, cwd=project)).code == 0
    await sandbox.advance(4_000)
    told = document(await callflow("why", row.sid, "--format", "json", at=sandbox, cwd=project))
    assert [(rule["rule"], rule["fate"]) for rule in told["rules"]] == [
        ("wait", "hold"),
        ("first", "once"),
        ("second", "once"),
        ("third", "taken"),
    ]
    assert told["rules"][0]["hold"] == {"held_ms": 4_000, "wanted_ms": 120_000}
    assert told["rules"][3]["behind"] == "f/second"
    assert [entry["rule"] for entry in told["ledger"]] == ["f/first", "f/second"]
    text = (await callflow("why", row.sid, at=sandbox, cwd=project)).out
    assert "because: its conditions have held for 4s; it wants 2m [hold]" in text
    assert "mode: shadow; this call is outside it" in text


# ---- over, gone, unknown ----------------------------------------------------------------------


async def test_a_call_that_is_over_is_told_from_the_ledger_and_as_it_looks_now(
    sandbox: Sandbox, project: Path
) -> None:
    row = sandbox.add_call(age=31 * MINUTE)
    await callflow("run", "--once", at=sandbox, cwd=project)
    await sandbox.advance(MINUTE)
    told = document(await callflow("why", row.sid, "--format", "json", at=sandbox, cwd=project))
    assert (told["source"], told["status"]) == ("over", "completed")
    assert "the call is over (completed)" in told["notes"][0]
    (entry,) = told["ledger"]
    assert (entry["rule"], entry["outcome"]) == ("surveys/cut", "done")
    assert "age 31m gte 30m" in entry["why"]
    assert told["rules"][0]["needs"] == ["status would have to be in-progress (it is completed)"]
    assert told["rules"][0]["once"]["may_act"] is False
    without = await callflow("why", row.sid, cwd=project)  # no credentials
    assert without.code == 0
    assert "can't be read from Twilio (no usable Twilio credentials)" in without.out
    assert "surveys/cut say, hangup: done" in without.out


async def test_an_unknown_call_is_one_clear_finding(sandbox: Sandbox, project: Path) -> None:
    done = await callflow("why", NOBODY, at=sandbox, cwd=project)
    assert (done.code, done.out) == (1, "")
    assert f"Twilio has no call {NOBODY} in this account" in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "CALL_SID is missing"),
        (("flows",), '"flows" is not a call SID'),
        ((NOBODY, "--rule", "surveys/cuts"), 'did you mean "surveys/cut"?'),
        ((NOBODY, "--at", "2026-11-02T15:00:00Z"), "--at needs --snapshot or --call-json"),
        ((NOBODY, "--snapshot", "x.json", "--at", "noon"), '--at "noon" is not a time'),
        ((NOBODY, "--snapshot", "a", "--call-json", "b"), "exclude each other"),
        ((NOBODY,), "no usable Twilio credentials"),
    ],
)
async def test_usage(project: Path, words: tuple[str, ...], said: str) -> None:
    done = await callflow("why", *words, cwd=project)
    assert (done.code, said in done.err) == (2, True), done.err


async def test_a_far_side_that_fails_is_a_failure(sandbox: Sandbox, project: Path) -> None:
    sandbox.set_fault("500")
    assert (await callflow("why", NOBODY, at=sandbox, cwd=project)).code == 3


# ---- recorded and pasted ----------------------------------------------------------------------


async def test_a_snapshot_tells_of_its_calls_at_any_time(sandbox: Sandbox, project: Path) -> None:
    row = sandbox.add_call(age=12 * MINUTE)
    sandbox.add_call(id="other", caller_name="Ann")
    await callflow("plan", "--save-snapshot", "calls.json", at=sandbox, cwd=project)
    why = ("why", row.sid, "--snapshot", "calls.json", "--format", "json")
    told = document(await callflow(*why, cwd=project))
    assert (told["source"], told["rules"][0]["fate"]) == ("snapshot", "no-match")
    # Another call from this number is live, and the snapshot knows it.
    assert told["rules"][1]["needs"] == ["caller_name would have to be Ann (the call has none)"]
    later = told["at"].replace(told["at"][11:13], f"{(int(told['at'][11:13]) + 1) % 24:02d}", 1)
    if later > told["at"]:
        then = document(await callflow(*why, "--at", later, cwd=project))
        assert (then["age_ms"], then["would_act"]) == (72 * MINUTE, ["surveys/cut"])
    missing = await callflow("why", NOBODY, "--snapshot", "calls.json", cwd=project)
    assert (missing.code, f"calls.json has no call {NOBODY}" in missing.err) == (1, True)


async def test_a_pasted_call_is_explained_alone(sandbox: Sandbox, project: Path) -> None:
    row = sandbox.add_call(age=31 * MINUTE)
    name = await pasted(sandbox, project, row)
    why = ("why", "--call-json", name, "--format", "json", "--at", "2027-01-01T00:00:00Z")
    told = document(await callflow(*why, cwd=project))
    assert (told["call"], told["source"], told["at"]) == (
        row.sid,
        "pasted",
        "2027-01-01T00:00:00.000Z",
    )
    assert told["rules"][0]["fate"] == "acts"
    assert told["rules"][1]["needs"][0].endswith("(the other live calls are not known)")
    assert "nothing is known here" in told["notes"][0]
    named = await callflow("why", row.sid, "flows", "--call-json", name, cwd=project)
    assert named.code == 0
    wrong = await callflow("why", NOBODY, "--call-json", name, cwd=project)
    assert (wrong.code, f"call.json holds {row.sid}" in wrong.err) == (2, True)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("hello", "is not JSON"),
        ("{}", "does not hold one call"),
        ("[]", "does not hold one call"),
        (json.dumps({"sid": "CA" + "1" * 32, "accountSid": "AC1"}), "names fields otherwise"),
        (json.dumps({"sid": "CA" + "1" * 32, "from": ["x"]}), "is not a call"),
    ],
)
async def test_what_is_no_call_is_said_to_be_none(project: Path, content: str, said: str) -> None:
    (project / "call.json").write_text(content)
    done = await callflow("why", "--call-json", "call.json", cwd=project)
    assert (done.code, said in done.err) == (2, True), done.err
