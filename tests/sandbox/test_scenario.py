"""Scenario files: what they become, and what is said of broken ones, and where."""

from __future__ import annotations

import pytest

from runner.sandbox import ManualClock, Sandbox
from runner.sandbox.plans import CallPlan, Person
from runner.sandbox.scenario import enact, read_scenario

WHOLE = """\
start: 2026-01-05T09:00:00Z
people:
  "+14155550111": {ring: 2s, outcome: busy}
documents:
  https://example.com/menu: <Response><Say>menu</Say></Response>
calls:
  - id: stuck
    from: "+14155550199"
    to: "+14155550100"
    direction: inbound
    caller_name: ADA LOVELACE
    age: 2h
    talk: never
  - id: leg
    parent: stuck
    direction: outbound-dial
    at: 5s
    status: ringing
    ring: never
    digits: 12
  - {url: https://example.com/menu, time_limit: 10m, answered_by: human}
"""


def test_a_whole_file() -> None:
    scenario, problems = read_scenario("calls.yaml", WHOLE.encode())
    assert problems == []
    assert scenario.start == 1_767_603_600_000
    assert scenario.people == {"+14155550111": Person(ring=2_000, outcome="busy")}
    assert list(scenario.documents) == ["https://example.com/menu"]
    assert scenario.plans == (
        CallPlan(
            id="stuck",
            from_="+14155550199",
            to="+14155550100",
            caller_name="ADA LOVELACE",
            age=7_200_000,
            person=Person(talk=None),
        ),
        CallPlan(
            id="leg",
            parent="stuck",
            direction="outbound-dial",
            at=5_000,
            status="ringing",
            person=Person(ring=None, digits="12"),
        ),
        CallPlan(url="https://example.com/menu", time_limit=600, answered_by="human"),
    )


@pytest.mark.parametrize(
    ("text", "where", "code", "words"),
    [
        ("calls: [", "1:9", "yaml-syntax", ""),
        ("- a", "1:1", "wrong-type", "keys and values"),
        ("cals: []", "1:1", "unknown-key", "'cals'"),
        ("calls: 3", "1:8", "wrong-type", "a list"),
        ("calls:\n  - 3", "2:5", "wrong-type", "keys and values"),
        ("calls:\n  - form: x", "2:5", "unknown-key", "did you mean from?"),
        ("calls:\n  - from: +14155550199", "2:11", "bad-value", 'quotes: "+14155550199"'),
        ("calls:\n  - status: in progress", "2:13", "bad-value", "did you mean in-progress?"),
        ("calls:\n  - age: 10", "2:10", "bad-value", "45s"),
        ("calls:\n  - age: 10 min", "2:10", "bad-value", "1h30m"),
        ("calls:\n  - digits: one", "2:13", "bad-value", "*"),
        ("calls:\n  - {id: a}\n  - {id: a}", "3:10", "duplicate-id", "above"),
        ("calls:\n  - {id: a, parent: b}", "2:21", "no-parent", "above its children"),
        ("calls:\n  - {id: a, at: 5s}\n  - {parent: a}", "3:14", "no-parent", "later"),
        ("calls:\n  - {twiml: <Response/>, url: x}", "2:31", "exclusive", "not both"),
        ("calls:\n  - {age: 10m, talk: 5m}", "2:22", "contradiction", "talk"),
        ("people: {x: {rings: 3s}}", "1:14", "unknown-key", "did you mean ring?"),
        ("people: {x: 3}", "1:13", "wrong-type", "keys"),
        ("documents: {x: 3}", "1:16", "wrong-type", "TwiML"),
        ("accounts: acme", "1:11", "wrong-type", "a list"),
        ("accounts: [3]", "1:12", "bad-value", "text"),
        ("accounts: [a, a]", "1:15", "duplicate-id", "already"),
        ("accounts: [main]", "1:12", "duplicate-id", "already"),
        ("accounts: [acme]\ncalls:\n  - account: acne", "3:14", "no-account", "did you mean acme?"),
        ("calls:\n  - account: acme", "2:14", "no-account", "the list `accounts`"),
        (
            "accounts: [b]\ncalls:\n  - {id: x}\n  - {parent: x, account: b}",
            "4:14",
            "no-parent",
            "another account",
        ),
        ("start: soon", "1:8", "bad-value", "2026-01-05"),
        ("", "1:1", "empty-file", ""),
    ],
)
def test_what_is_wrong_is_said_where_it_is(text: str, where: str, code: str, words: str) -> None:
    _, problems = read_scenario("calls.yaml", text.encode())
    (problem,) = problems
    assert f"{problem.position.line}:{problem.position.column}" == where
    assert (problem.code, problem.position.path) == (code, "calls.yaml")
    assert words in f"{problem.message} {problem.hint}"


def test_calls_of_accounts() -> None:
    text = "accounts: [acme, b]\ncalls:\n  - {account: acme}\n  - {account: main}\n  - {id: x}\n"
    scenario, problems = read_scenario("calls.yaml", text.encode())
    assert problems == []
    assert scenario.accounts == ("acme", "b")
    assert [plan.account for plan in scenario.plans] == ["acme", "main", ""]


async def test_a_scenario_is_played_account_by_account() -> None:
    text = "accounts: [acme, b]\ncalls:\n  - {id: x}\n  - {id: y, account: acme, at: 5s}\n"
    scenario, _ = read_scenario("calls.yaml", text.encode())
    sandbox = Sandbox(clock=ManualClock())
    sandbox.add_account("b", parent="main")
    sids = enact(sandbox, scenario)
    assert [tenant.account.name for tenant in sandbox.accounts] == ["main", "b", "acme"]
    await sandbox.advance(6_000)
    assert sids == [sandbox.world.call("x").sid, sandbox.world_of("acme").call("y").sid]
    assert len(sandbox.world_of("b").shelf) == 0


def test_all_problems_are_told_at_once() -> None:
    text = "calls:\n  - {form: x, age: 3}\n  - {to: 5}\nextra: 1\n"
    _, problems = read_scenario("calls.yaml", text.encode())
    assert [problem.position.line for problem in problems] == [2, 2, 3, 4]


def test_bad_twiml_is_a_warning_so_that_it_can_be_shown() -> None:
    text = "calls:\n  - twiml: <Response><Say>\n"
    scenario, (problem,) = read_scenario("calls.yaml", text.encode())
    assert (problem.severity, problem.code) == ("warning", "bad-twiml")
    assert len(scenario.plans) == 1
