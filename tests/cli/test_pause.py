"""Promises of `callflow pause` and `resume`: a runner obeys at once, whoever asked, and says so."""

from __future__ import annotations

import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from runner.sandbox import ManualClock, Sandbox
from tests.process import Daemon, Done, callflow, daemon

FLOWS = """\
version: 1
flow: ends
rules:
  - id: a
    match: {to: "+14155550101"}
    then: [hangup]
  - id: b
    match: {to: "+14155550102"}
    then: [hangup]
"""
OTHER = "version: 1\nflow: other\nrules: [{id: c, match: {to: '+14155550103'}, then: [hangup]}]\n"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(clock=ManualClock()) as opened:
        yield opened


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "ends.yaml").write_text(FLOWS)
    (tmp_path / "flows" / "other.yaml").write_text(OTHER)
    return tmp_path


def ring(sandbox: Sandbox) -> None:
    """One call for each rule."""
    for last in (1, 2, 3):
        sandbox.add_call(id=f"c{last}", to=f"+1415555010{last}")


async def paused(project: Path, *arguments: str) -> Done:
    """Pauses. Where no runner has used the store yet, it says so: it may be the wrong one."""
    used = (project / "callflow.db").exists()
    done = await callflow("pause", *arguments, "--reason", "too eager", cwd=project)
    assert (done.code, done.err.startswith("note: no runner has used")) == (0, not used), done.err
    return done


async def heard(running: Daemon, name: str, **fields: Any) -> None:
    """Waits for such an event, unless it has come already: polls and pauses are told apart."""
    if not any(e["event"] == name and fields.items() <= e.items() for e in running.events):
        await running.hears(name, **fields)


async def held(sandbox: Sandbox, project: Path) -> set[str]:
    """The rules that plan holds back as paused."""
    done = await callflow("plan", "--format", "json", at=sandbox, cwd=project)
    assert done.code == 0, done.err
    plan = json.loads(done.out)
    assert len(plan["steps"]) + len(plan["held"]) == 3
    return {each["rule"] for each in plan["held"] if each["reason"] == "paused"}


# ---- what is paused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "stopped"),
    [
        (["ends/a"], {"a"}),
        (["ends"], {"a", "b"}),
        (["ends/b", "other"], {"b", "c"}),
        (["--account", "ACCOUNT"], {"a", "b", "c"}),
        (["ends", "--account", "ACCOUNT"], {"a", "b"}),
        (["ends", "--account", "AC" + "0" * 32], set()),
        (["--all"], {"a", "b", "c"}),
    ],
)
async def test_plan_and_run_hold_what_was_named_and_resume_lets_it_go(
    sandbox: Sandbox, project: Path, scope: list[str], stopped: set[str]
) -> None:
    ring(sandbox)
    scope = [sandbox.account_sid if word == "ACCOUNT" else word for word in scope]
    done = await paused(project, *scope)
    assert ": too eager" in done.out
    assert "until resumed" in done.out
    assert await held(sandbox, project) == stopped
    assert (await callflow("run", "--once", at=sandbox, cwd=project)).code == 0
    assert len(sandbox.journal.of("update")) == 3 - len(stopped)
    lifted = await callflow("resume", *scope, cwd=project)
    assert (lifted.code, lifted.err) == (0, "")
    assert (await callflow("run", "--once", at=sandbox, cwd=project)).code == 0
    assert len(sandbox.journal.of("update")) == 3


async def test_a_running_daemon_obeys_and_tells_of_both(sandbox: Sandbox, project: Path) -> None:
    async with daemon(at=sandbox, cwd=project) as running:
        await running.hears("poll")
        await paused(project, "ends/a")
        said = await running.hears("rule.paused", flow="ends", rule="a")
        assert (said["reason"], said["tripped"], said["until"]) == ("too eager", False, None)
        assert "@" in said["by"]
        ring(sandbox)
        for rule in ("b", "c"):
            await heard(running, "action.done", rule=rule)
        assert sandbox.world.call("c1").status == "in-progress"
        await callflow("resume", "ends/a", cwd=project)
        await heard(running, "action.done", rule="a")
        await heard(running, "rule.resumed", flow="ends", rule="a")


async def test_an_expiry_ends_it(sandbox: Sandbox, project: Path) -> None:
    async with daemon(at=sandbox, cwd=project) as running:
        await running.hears("poll")
        done = await paused(project, "ends", "--for", "1s")
        assert "until resumed" not in done.out
        ring(sandbox)
        await heard(running, "action.done", rule="a")
        assert (await callflow("pause", "--list", cwd=project)).out == "nothing is paused\n"
    missing = await callflow("resume", "other", cwd=project)
    assert (missing.code, missing.err) == (1, "nothing was paused by that name\n")


# ---- the kill switch --------------------------------------------------------------------------


async def test_a_file_made_by_hand_stops_everything_until_it_is_removed(
    sandbox: Sandbox, project: Path
) -> None:
    ring(sandbox)
    (project / "PAUSED").touch()
    async with daemon(at=sandbox, cwd=project) as running:
        said = await running.hears("rule.paused", scope="everything")
        assert "PAUSED" in said["reason"]
        await running.hears("poll", calls=3)
        assert await held(sandbox, project) == {"a", "b", "c"}
        text = (await callflow("plan", at=sandbox, cwd=project)).out
        assert text.startswith("PAUSED  everything is paused: the file PAUSED\n")
        assert sandbox.journal.of("update") == []
        (project / "PAUSED").unlink()
        await heard(running, "action.done", rule="c")
        await heard(running, "rule.resumed", scope="everything")


async def test_a_signal_stops_everything_and_a_restart_does_not_forget(
    sandbox: Sandbox, project: Path
) -> None:
    async with daemon(at=sandbox, cwd=project) as running:
        await running.hears("poll")
        running.process.send_signal(signal.SIGUSR1)
        await running.hears("rule.paused", scope="everything", reason="signal SIGUSR1")
        ring(sandbox)
        await running.hears("poll", calls=3)
        await running.end(signal.SIGTERM)
    async with daemon(at=sandbox, cwd=project) as running:
        await running.hears("rule.paused", scope="everything", reason="signal SIGUSR1")
        await running.hears("poll", calls=3)
        assert sandbox.journal.of("update") == []
        done = await callflow("resume", "--all", cwd=project)
        assert (done.code, done.out) == (0, "resumed everything\n")
        await heard(running, "action.done", rule="a")


# ---- what is shown ----------------------------------------------------------------------------


async def test_the_list_shows_all_and_resume_what_stays(project: Path) -> None:
    nothing = await callflow("pause", "--list", cwd=project)
    assert (nothing.code, nothing.out) == (0, "nothing is paused\n")
    assert not (project / "callflow.db").exists(), "looking makes no store"
    await paused(project, "ends/a", "--for", "2h")
    await paused(project, "ends")
    await paused(project, "--all")
    listed = await callflow("pause", "--list", "--format", "json", cwd=project)
    rows = json.loads(listed.out)
    assert [row["scope"] for row in rows] == ["everything", "rule ends/a", "flow ends"]
    assert [row["until"] is None for row in rows] == [True, False, True]
    assert {row["reason"] for row in rows} == {"too eager"}
    assert {(row["tripped"], "@" in row["by"]) for row in rows} == {(False, True)}
    done = await callflow("resume", "ends", cwd=project)
    assert (done.code, done.out) == (0, "resumed flow ends\n")
    stays = [line.split(":")[0] for line in done.err.splitlines()]
    assert stays == ["still everything", "still rule ends/a"]
    assert (await callflow("resume", "--all", cwd=project)).err.startswith("still rule ends/a: ")
    assert (await callflow("resume", "--all", cwd=project)).code == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["ends/aa", "--reason", "x"],
            'there is no rule "ends/aa"\n  did you mean "ends/a"?\n  --force',
        ),
        (["edns", "--reason", "x"], 'there is no flow "edns"\n  did you mean "ends"?'),
        (["ends/", "--reason", "x"], "is neither FLOW nor FLOW/RULE"),
        (["ends"], "--reason is missing"),
        (["ends", "--reason", "  "], "--reason is missing"),
        (["--reason", "x"], "nothing is named"),
        (["ends", "--all", "--reason", "x"], "--all stands alone"),
        (["ends", "--for", "soon", "--reason", "x"], "is not a duration"),
        (["ends", "--for", "0s", "--reason", "x"], "a pause of no time"),
        (["ends", "--for", "99999999999h", "--reason", "x"], "no calendar reaches that far"),
        (["--account", "acme", "--reason", "x"], 'there is no account "acme"'),
        (["--all", "--store", "mysql://x", "--reason", "x"], "not a store"),
    ],
)
async def test_usage(project: Path, arguments: list[str], said: str) -> None:
    done = await callflow("pause", *arguments, cwd=project)
    assert (done.code, done.out, said in done.err) == (2, "", True), done.err
    assert not (project / "callflow.db").exists()
    assert not (project / "PAUSED").exists()


async def test_force_pauses_what_no_file_has_and_accounts_go_by_alias(project: Path) -> None:
    await paused(project, "gone/rule", "--force")
    sid = "AC" + "1" * 32
    (project / "callflow.yaml").write_text(
        f"version: 1\naccounts:\n  acme: {{sid: {sid}, auth_token: {{env: T}}}}\n"
    )
    await paused(project, "--account", "acme")
    listed = await callflow("pause", "--list", cwd=project)
    assert [line.split(":")[0] for line in listed.out.splitlines()] == [
        "rule gone/rule",
        "account acme",
    ]
    stranger = "AC" + "2" * 32
    done = await callflow("pause", "--account", stranger, "--reason", "x", cwd=project)
    assert (done.code, "there is no account" in done.err) == (2, True)
    assert (await callflow("resume", "--account", sid, cwd=project)).code == 0


async def test_a_kill_switch_that_can_not_be_written_says_what_to_do(project: Path) -> None:
    store = ("--store", "sqlite:///away/callflow.db")
    done = await callflow("pause", "--all", "--reason", "x", *store, cwd=project)
    assert (done.code, done.out) == (3, "")
    assert "can't write away/PAUSED" in done.err
    assert "touch away/PAUSED" in done.err


async def test_who_stopped_what_is_told_by_the_history(sandbox: Sandbox, project: Path) -> None:
    await callflow("run", "--once", at=sandbox, cwd=project)
    await paused(project, "ends/a")
    await callflow("resume", "ends/a", cwd=project)
    await paused(project, "--all")
    await callflow("resume", "--all", cwd=project)
    rows = json.loads((await callflow("history", "--notes", "--format", "json", cwd=project)).out)
    assert [(row["event"], row["detail"]) for row in rows] == [
        ("paused", "rule ends/a: too eager"),
        ("resumed", "rule ends/a"),
        ("killed", "too eager"),
        ("lifted", "too eager"),
    ]
    assert all("@" in row["by"] for row in rows)
    (line,) = (await callflow("history", "--notes", "--limit", "1", cwd=project)).out.splitlines()
    assert line == f"{rows[-1]['time']} lifted by {rows[-1]['by']}: too eager"
    refused = await callflow("history", "--notes", "--rule", "ends", cwd=project)
    assert (refused.code, "--notes has no --rule" in refused.err) == (2, True)
    assert (await callflow("history", "--verify", cwd=project)).code == 0
