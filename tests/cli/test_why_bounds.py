"""Promises of `callflow why`: guards with their use, pauses, protection, for any kind of call."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from runner.sandbox import ManualClock, Sandbox
from tests.process import Done, callflow
from tests.site import MINUTE

LONG = """\
version: 1
flow: surveys
rules: [{id: cut, match: {age: {gte: 30m}}, then: [hangup]}]
"""


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(clock=ManualClock()) as opened:
        yield opened


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "surveys.yaml").write_text(LONG)
    return tmp_path


def document(done: Done) -> dict[str, Any]:
    assert done.code == 0, done.err
    found: dict[str, Any] = json.loads(done.out)
    return found


async def rule_of(sandbox: Sandbox, project: Path, sid: str, **more: str) -> dict[str, Any]:
    """What why says of the one rule."""
    done = await callflow("why", sid, "--format", "json", at=sandbox, cwd=project, **more)
    (rule,) = document(done)["rules"]
    found: dict[str, Any] = rule
    return found


async def test_guards_tell_where_they_come_from_and_how_much_is_used(
    sandbox: Sandbox, project: Path
) -> None:
    flow = project / "flows" / "surveys.yaml"
    flow.write_text("version: 1\nflow: f\nrules: [{id: r, then: [hangup]}]\n")
    for _ in range(3):
        sandbox.add_call()
    await callflow("run", "--once", at=sandbox, cwd=project)
    row = sandbox.add_call()
    text = (await callflow("why", row.sid, at=sandbox, cwd=project)).out
    assert [line.strip() for line in text.splitlines() if "guard:" in line] == [
        "guard: burst 1 of 10 changed in this poll (default: 25% of live ones, once more than 10)",
        "guard: rate 3 of 30 ended in the last 1m (default)",
        "guard: all flows together, burst 1 of 10 changed in this poll "
        "(default: 25% of live ones, once more than 10)",
        "guard: all flows together, rate 3 of 30 ended in the last 1m (default)",
    ]
    (project / "callflow.yaml").write_text(
        "version: 1\nguards: {rule: {rate: {max: 3, per: 1h}}, together: {burst: unlimited}}\n"
    )
    flow.write_text(flow.read_text().replace("then", "guard: {burst: unlimited}, then"))
    rule = await rule_of(sandbox, project, row.sid)
    assert (rule["fate"], rule["detail"]) == (
        "guard",
        "1 call would be ended, after 3 in the last 1h; at most 3 may be",
    )
    assert [
        (use["guard"], use["together"], use["from"], use["used"], use["allowed"])
        for use in rule["guards"]
    ] == [
        ("burst", False, "rule", 1, None),
        ("rate", False, "configuration", 3, 3),
        ("burst", True, "configuration", 1, None),
        ("rate", True, "default", 3, 30),
    ]
    await callflow("run", "--once", at=sandbox, cwd=project)
    tripped = await rule_of(sandbox, project, row.sid)
    assert (tripped["fate"], tripped["pause"]["tripped"]) == ("tripped", True)


async def test_a_pause_is_told_with_who_why_and_until(sandbox: Sandbox, project: Path) -> None:
    (project / "flows" / "surveys.yaml").write_text(
        "version: 1\nflow: f\nrules: [{id: r, match: {age: {gte: 1m}}, then: [hangup]}]\n"
    )
    row = sandbox.add_call()
    paused = ("pause", "f", "--reason", "asked by +14155550177", "--for", "1h")
    await callflow(*paused, cwd=project)
    text = (await callflow("why", row.sid, at=sandbox, cwd=project)).out
    assert "pause: flow f is paused by " in text, "also of a rule that doesn't match"
    assert ": asked by +1415***0177" in text
    await sandbox.advance(MINUTE)
    rule = await rule_of(sandbox, project, row.sid)
    assert (rule["fate"], rule["pause"]["until"] is None) == ("paused", False)
    assert ", until 2" in rule["detail"]
    (project / "PAUSED").touch()
    rule = await rule_of(sandbox, project, row.sid)
    assert rule["pause"]["scope"] == "everything"


async def test_protection_names_the_entry_the_emergency_or_the_leg(
    sandbox: Sandbox, project: Path
) -> None:
    (project / "flows" / "surveys.yaml").write_text(
        "version: 1\nflow: f\nrules: [{id: r, match: {leg: any}, then: [hangup]}]\n"
    )
    (project / "callflow.yaml").write_text("version: 1\nnever: {prefixes: ['+1312']}\n")
    vip = sandbox.add_call(from_="+13125550104")
    rule = await rule_of(sandbox, project, vip.sid)
    assert (rule["fate"], rule["protected"]) == (
        "protected",
        "from is +1312***0104 (never: prefixes +1312)",
    )
    parent = sandbox.add_call(id="parent")
    child = sandbox.add_call(parent="parent", to="911", direction="outbound-dial")
    rule = await rule_of(sandbox, project, parent.sid)
    assert rule["detail"] == f"its leg {child.sid}: to is 911 (emergency number)"
    assert (await rule_of(sandbox, project, child.sid))["detail"] == "to is 911 (emergency number)"
    await callflow("pause", "f", "--reason", "x", cwd=project)
    text = (await callflow("why", parent.sid, at=sandbox, cwd=project)).out
    assert "[paused]" in text
    assert f"protection: its leg {child.sid}: to is 911 (emergency number)" in text


async def test_a_pasted_call_is_bound_by_the_same(sandbox: Sandbox, project: Path) -> None:
    row = sandbox.add_call(age=31 * MINUTE, to="+14155550123")
    shown = ("calls", "show", row.sid, "--format", "json", "--show-numbers")
    pasted = (await callflow(*shown, at=sandbox, cwd=project)).out
    (project / "call.json").write_text(pasted)
    why = ("why", "--call-json", "call.json", "--rule", "surveys/cut", "--format", "json")
    (project / "PAUSED").touch()
    assert document(await callflow(*why, cwd=project))["rules"][0]["fate"] == "paused"
    (project / "PAUSED").unlink()
    (project / "callflow.yaml").write_text("version: 1\nnever: {numbers: ['+14155550123']}\n")
    assert document(await callflow(*why, cwd=project))["rules"][0]["fate"] == "protected"
