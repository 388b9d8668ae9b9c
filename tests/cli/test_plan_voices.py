"""Promises of snapshots about how calls begin: asked once a number, and never guessed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runner.sandbox import ManualClock, Sandbox
from tests.process import callflow
from tests.site import MINUTE

AGAIN = "version: 1\nflow: f\nrules:\n  - {id: r, match: {age: {gte: 30m}}, then: [restart]}\n"
ENDS = AGAIN.replace("restart", "hangup")
NUMBER, BARE = "+14155550100", "+14155550101"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(clock=ManualClock()) as opened:
        opened.add_number(NUMBER, voice_url="https://app.example/voice")
        opened.add_number(BARE)
        for number in (NUMBER, NUMBER, BARE):
            opened.add_call(to=number, age=40 * MINUTE)
        opened.add_call(to=NUMBER, direction="outbound-api", age=MINUTE)
        yield opened


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "f.yaml").write_text(AGAIN)
    (tmp_path / "ends.yaml").write_text(ENDS)
    return tmp_path


async def test_a_snapshot_plans_with_what_was_asked_once_a_number(
    sandbox: Sandbox, project: Path
) -> None:
    live = await callflow(
        *("plan", "--save-snapshot", "calls.json", "--format", "json"), at=sandbox, cwd=project
    )
    asked = [e.request.path for e in sandbox.journal if "IncomingPhoneNumbers" in e.request.path]
    assert len(asked) == 2
    assert "https://app.example/voice" in live.out
    assert "the number that was called has no voice URL" in live.out
    again = await callflow("plan", "--snapshot", "calls.json", "--format", "json", cwd=project)
    assert (again.code, again.out, again.err) == (0, live.out, "")


async def test_nothing_is_asked_where_no_rule_needs_it(sandbox: Sandbox, project: Path) -> None:
    done = await callflow(
        *("plan", "ends.yaml", "--save-snapshot", "calls.json"), at=sandbox, cwd=project
    )
    assert done.code == 0
    assert not [e for e in sandbox.journal if "IncomingPhoneNumbers" in e.request.path]
    assert json.loads((project / "calls.json").read_text())["voices"] == {}


@pytest.mark.parametrize("older", [False, True])
async def test_what_a_snapshot_does_not_say_is_held_and_told(
    sandbox: Sandbox, project: Path, older: bool
) -> None:
    await callflow("plan", "ends.yaml", "--save-snapshot", "calls.json", at=sandbox, cwd=project)
    if older:
        path = project / "calls.json"
        document = json.loads(path.read_text())
        del document["voices"], document["conferences"]
        document["callflow_snapshot"] = 2
        path.write_text(json.dumps(document))
    done = await callflow("plan", "--snapshot", "calls.json", cwd=project)
    assert done.code == 0
    assert "the snapshot doesn't say how calls to 2 numbers begin" in done.err
    assert "https://app.example/voice" not in done.out
    assert "could not be looked up yet" in done.out


async def test_what_can_not_be_asked_now_is_held(sandbox: Sandbox, project: Path) -> None:
    sandbox.set_fault("500", on=("number",))
    done = await callflow("plan", at=sandbox, cwd=project)
    assert done.code == 0
    assert "could not be looked up yet" in done.out
