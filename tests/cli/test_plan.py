"""Promises of `callflow plan`: what run then does, also from a snapshot; what an edit changes."""

from __future__ import annotations

import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runner.sandbox import ManualClock, Sandbox
from tests.process import callflow
from tests.site import SECOND

OLD = """\
version: 1
flow: ends
rules:
  - id: end
    match: {age: {gte: 10m}}
    then: [hangup]
  - id: fax
    match: {answered_by: fax}
    then: [hangup]
"""
NEW = """\
version: 1
flow: ends
rules:
  - id: end
    match: {age: {gte: 30m}}
    then: [hangup]
  - id: vip
    match: {from: "+14155550155"}
    then: [{say: "Hello"}, hangup]
  - id: fax
    match: {answered_by: fax}
    then: [{say: "No faxes."}, hangup]
"""


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(clock=ManualClock()) as opened:
        yield opened


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "end.yaml").write_text(NEW)
    (tmp_path / "old.yaml").write_text(OLD)
    return tmp_path


def populate(sandbox: Sandbox) -> None:
    minute = 60 * SECOND
    sandbox.add_call(id="old", from_="+14155550101", age=45 * minute)
    sandbox.add_call(id="lost", from_="+14155550102", age=20 * minute)
    sandbox.add_call(id="gained", from_="+14155550155", age=minute)
    sandbox.add_call(id="changed", from_="+14155550103", age=minute, answered_by="fax")
    sandbox.add_call(id="left-alone", from_="+14155550104", age=minute)


# ---- snapshots --------------------------------------------------------------------------------


async def test_a_snapshot_plans_the_same_without_network_credentials_or_store(
    sandbox: Sandbox, project: Path
) -> None:
    populate(sandbox)
    await callflow("run", "old.yaml", "--once", at=sandbox, cwd=project)
    (project / "callflow.db").rename(project / "ledger.db")
    store = "sqlite:///ledger.db"
    saved = await callflow(
        *("plan", "--save-snapshot", "calls.json", "--store", store, "--show-numbers"),
        at=sandbox,
        cwd=project,
    )
    assert saved.code == 0
    assert "calls.json: 2 live calls" in saved.err
    assert "personal data" in saved.err
    assert stat.S_IMODE((project / "calls.json").stat().st_mode) == 0o600
    again = await callflow("plan", "--snapshot", "calls.json", "--show-numbers", cwd=project)
    assert (again.code, again.out, again.err) == (0, saved.out, "")


async def test_a_snapshot_masks_nothing_and_is_closed_to_others(
    sandbox: Sandbox, project: Path
) -> None:
    populate(sandbox)
    open_to_all = project / "calls.json"
    open_to_all.write_text("{}")
    open_to_all.chmod(0o644)
    await callflow("plan", "--save-snapshot", "calls.json", at=sandbox, cwd=project)
    assert stat.S_IMODE(open_to_all.stat().st_mode) == 0o600
    document = json.loads(open_to_all.read_text())
    assert document["callflow_snapshot"] == 3
    assert {call["from"] for call in document["calls"]} >= {"+14155550155"}
    shown = await callflow("plan", "--snapshot", "calls.json", cwd=project)
    assert "+14155550155" not in shown.out
    assert "+1415***0155" in shown.out


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("junk", "is not JSON"),
        ("[]", "is not a snapshot"),
        ('{"calls": []}', "is not a snapshot"),
        ('{"callflow_snapshot": 4}', "written by a newer callflow"),
        ('{"callflow_snapshot": 1, "account": "AC1"}', "missing required field `now`"),
        (None, "can't read the snapshot"),
    ],
)
async def test_what_is_no_snapshot_is_said_to_be_none(
    project: Path, content: str | None, words: str
) -> None:
    if content is not None:
        (project / "calls.json").write_text(content)
    done = await callflow("plan", "--snapshot", "calls.json", cwd=project)
    assert (done.code, words in done.err) == (2, True), done.err


async def test_a_snapshot_that_can_not_be_written_is_a_failure(
    sandbox: Sandbox, project: Path
) -> None:
    done = await callflow("plan", "--save-snapshot", "no/where.json", at=sandbox, cwd=project)
    assert (done.code, "can't write the snapshot no/where.json" in done.err) == (3, True)
    both = await callflow("plan", "--snapshot", "a", "--save-snapshot", "b", cwd=project)
    assert (both.code, "exclude each other" in both.err) == (2, True)


async def test_what_a_snapshot_was_not_asked_is_said(sandbox: Sandbox, project: Path) -> None:
    await callflow("plan", "--save-snapshot", "calls.json", at=sandbox, cwd=project)
    flow = project / "flows" / "end.yaml"
    flow.write_text(
        NEW.replace("    then: [hangup]", "    once: {per: from, within: 1h}\n    then: [hangup]")
    )
    done = await callflow("plan", "--snapshot", "calls.json", cwd=project)
    assert "for which from ends/end has acted" in done.err


# ---- against the flows before -----------------------------------------------------------------


async def test_against_shows_calls_gained_lost_and_changed(sandbox: Sandbox, project: Path) -> None:
    populate(sandbox)
    done = await callflow(
        *("plan", "--against", "old.yaml", "--format", "json", "--show-numbers"),
        at=sandbox,
        cwd=project,
    )
    assert done.code == 0
    against = json.loads(done.out)["against"]
    (gained,), (lost,), (changed,) = against["gained"], against["lost"], against["changed"]
    assert (gained["from"], gained["rule"]) == ("+14155550155", "vip")
    assert gained["request"] == {"Twiml": "<Response><Say>Hello</Say><Hangup /></Response>"}
    assert [effect["kind"] for effect in gained["effects"]] == ["ends-call-after", "ends-stream"]
    assert (lost["from"], lost["rule"], lost["request"]) == (
        "+14155550102",
        "end",
        {"Status": "completed"},
    )
    assert lost["now"] == {
        "fate": "no-match",
        "detail": "age would have to be at least 30m (in 10m)",
    }
    assert changed["before"]["request"] == {"Status": "completed"}
    assert "No faxes." in changed["after"]["request"]["Twiml"]
    assert against["unchanged"] == 1
    text = (await callflow("plan", "--against", "old.yaml", at=sandbox, cwd=project)).out
    assert [line[:4] for line in text.splitlines() if line[0] != " "] == [
        "+ CA",
        "- CA",
        "~ CA",
        "of 4",
    ]
    assert not sandbox.journal.of("update")


async def test_a_removed_rule_and_broken_old_flows(sandbox: Sandbox, project: Path) -> None:
    populate(sandbox)
    flow = project / "flows" / "end.yaml"
    flow.write_text(NEW.replace("id: fax", "id: faxes"))
    flow.write_text(OLD.replace("id: end", "id: renamed").replace("10m", "50m"))
    done = await callflow("plan", "--against", "old.yaml", at=sandbox, cwd=project)
    assert "now:  there is no rule ends/end [removed]" in done.out
    (project / "old.yaml").write_text("version: 1\n")
    broken = await callflow("plan", "--against", "old.yaml", at=sandbox, cwd=project)
    assert (broken.code, "old.yaml:1" in broken.err) == (1, True)


async def test_detailed_exitcode_tells_something_from_nothing(
    sandbox: Sandbox, project: Path
) -> None:
    populate(sandbox)
    plan = ("plan", "--save-snapshot", "calls.json", "--detailed-exitcode")
    assert (await callflow(*plan, at=sandbox, cwd=project)).code == 4
    again = ("plan", "--snapshot", "calls.json")
    assert (await callflow(*again, cwd=project)).code == 0
    detailed = (*again, "--detailed-exitcode")
    assert (await callflow(*detailed, "--against", "old.yaml", cwd=project)).code == 4
    assert (await callflow(*detailed, "--against", "flows", cwd=project)).code == 0


# ---- legs -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("match", "then", "expected"),
    [
        ("{leg: parent}", "[hangup]", ["ends-call", "drops-child"]),
        ("{leg: child}", "[{say: hello}, hangup]", ["ends-call-after", "ends-dial", "ends-stream"]),
        (
            "{leg: parent}",
            "[{redirect: 'https://example.com/x'}]",
            ["drops-child", "ends-stream"],
        ),
        ("{leg: child}", "[{say: hello}]", ["ends-call-after", "ends-dial", "ends-stream"]),
        ("{leg: child, status: ringing}", "[cancel]", ["ends-call", "ends-dial"]),
    ],
)
async def test_legs_affected_are_named(
    sandbox: Sandbox, project: Path, match: str, then: str, expected: list[str]
) -> None:
    status = "ringing" if "ringing" in match else "in-progress"
    parent = sandbox.add_call(id="parent")
    child = sandbox.add_call(id="child", parent="parent", direction="outbound-dial", status=status)
    (project / "flows" / "end.yaml").write_text(
        f"version: 1\nflow: f\nrules:\n  - {{id: r, match: {match}, then: {then}}}\n"
    )
    done = await callflow("plan", "--format", "json", at=sandbox, cwd=project)
    (step,) = json.loads(done.out)["steps"]
    assert [effect["kind"] for effect in step["effects"]] == expected
    named = {effect["call"] for effect in step["effects"]}
    other = child.sid if step["call"] == parent.sid else parent.sid
    assert named - {step["call"]} == {other}
    text = await callflow("plan", at=sandbox, cwd=project)
    assert other in text.out.partition("then: ")[2]
