"""Promises of `callflow run`, `plan` and `history` as real processes on real signals."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from runner.sandbox import Sandbox
from tests.process import callflow, daemon

END = """\
version: 1
flow: ends
rules:
  - id: end
    match: {from: "+14155550199"}
    then: [hangup]
"""
SPEAK = END.replace("ends", "speaks").replace("[hangup]", "[{say: hello}, {pause: 9m}]")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "end.yaml").write_text(END)
    return tmp_path


async def test_once_acts_and_history_tells(sandbox: Sandbox, project: Path) -> None:
    row = sandbox.add_call()
    done = await callflow("run", "--once", "--log-format", "json", at=sandbox, cwd=project)
    assert (done.code, done.out) == (0, "")
    assert [event["event"] for event in done.events] == ["poll", "action.intended", "action.done"]
    assert {"account", "calls", "took_ms", "requests"} <= done.events[0].keys()
    assert sandbox.world.call(row.sid).status == "completed"
    told = await callflow("history", "--format", "json", cwd=project)
    (entry,) = json.loads(told.out)
    assert (entry["call"], entry["rule"], entry["outcome"]) == (row.sid, "end", "done")
    assert entry["request"] == {"Status": "completed"}
    assert "+14155550199" not in told.out
    assert "+1415***0199" in entry["why"]


async def test_text_log_and_history_mask_numbers_unless_asked(
    sandbox: Sandbox, project: Path
) -> None:
    sandbox.add_call()
    done = await callflow("run", "--once", at=sandbox, cwd=project)
    assert "action.done" in done.err
    assert "+14155550199" not in done.err
    shown = await callflow("history", "--show-numbers", cwd=project)
    assert "from +14155550199" in shown.out


async def test_history_verifies_the_ledger(sandbox: Sandbox, project: Path) -> None:
    sandbox.add_call()
    await callflow("run", "--once", at=sandbox, cwd=project)
    good = await callflow("history", "--verify", cwd=project)
    assert (good.code, good.out[:31]) == (0, "2 rows, all as they were writte")
    db = sqlite3.connect(project / "callflow.db")
    db.execute("UPDATE acts SET outcome = 'failed'")
    db.commit()
    db.close()
    bad = await callflow("history", "--verify", cwd=project)
    assert (bad.code, "outcome is failed, the journal's done" in bad.err) == (1, True)


async def test_a_dry_run_sends_and_writes_nothing(sandbox: Sandbox, project: Path) -> None:
    row = sandbox.add_call()
    done = await callflow(
        "run", "--once", "--dry-run", "--log-format", "json", at=sandbox, cwd=project
    )
    assert done.code == 0
    assert [event["event"] for event in done.events] == ["poll", "action.planned"]
    assert sandbox.world.call(row.sid).status == "in-progress"
    assert sorted(path.name for path in project.iterdir()) == ["flows"]


async def test_plan_shows_what_run_then_does(sandbox: Sandbox, project: Path) -> None:
    row = sandbox.add_call()
    plan = await callflow("plan", "--format", "json", at=sandbox, cwd=project)
    assert plan.code == 0
    (step,) = json.loads(plan.out)["steps"]
    assert (step["call"], step["request"]) == (row.sid, {"Status": "completed"})
    text = await callflow("plan", at=sandbox, cwd=project)
    assert "1 call listed: 1 to change, 0 held back" in text.out
    assert not sandbox.journal.of("update")


async def test_a_restart_does_not_act_twice(sandbox: Sandbox, project: Path) -> None:
    (project / "flows" / "end.yaml").write_text(SPEAK)
    sandbox.add_call()
    for _ in range(2):
        async with daemon(at=sandbox, cwd=project) as running:
            await running.hears("poll")
            await running.hears("poll")
            assert (await running.end(signal.SIGTERM)).code == 0
    assert len(sandbox.journal.of("update")) == 1


async def test_kill_9_and_restart_settles_the_open_intent(sandbox: Sandbox, project: Path) -> None:
    sandbox.add_call()
    sandbox.set_fault("hang", on=("update",))
    async with daemon(at=sandbox, cwd=project) as running:
        await running.hears("action.intended")
        running.process.kill()
        await running.process.communicate()
    sandbox.faults.clear()
    async with daemon(at=sandbox, cwd=project) as running:
        assert (await running.hears("action.done"))["attempt"] == 2


async def test_edits_come_into_force_and_broken_ones_do_not(
    sandbox: Sandbox, project: Path
) -> None:
    file = project / "flows" / "end.yaml"
    file.write_text(END.replace("+14155550199", "+14155550111"))
    row = sandbox.add_call()
    async with daemon(at=sandbox, cwd=project) as running:
        await running.hears("poll")
        file.write_text(END.replace("match", "mach"))
        failed = await running.hears("reload.failed")
        assert "unknown" in failed["problems"][0]
        await running.hears("poll")
        assert sandbox.world.call(row.sid).status == "in-progress"
        temporary = project / "flows" / ".end.yaml.swp"
        temporary.write_text(END)
        temporary.rename(file)  # as editors save
        await running.hears("reload.ok")
        await running.hears("action.done")
        shutil.rmtree(project / "flows")
        await running.hears("reload.failed")
        await running.hears("poll")
        (project / "flows").mkdir()
        file.write_text(SPEAK)
        await running.hears("reload.ok")
        assert (await running.end(signal.SIGTERM)).code == 0


async def test_a_folder_that_never_rests_does_not_stop_the_polls(
    sandbox: Sandbox, project: Path
) -> None:
    for number in range(200):
        text = END.replace("flow: ends", f"flow: ends-{number}")
        (project / "flows" / f"{number}.yaml").write_text(text)

    async def scribble() -> None:
        while True:
            for number in range(7):
                (project / "flows" / f"{number}.log").write_text("x")
                await asyncio.sleep(0.003)

    async with daemon(at=sandbox, cwd=project) as running:
        await running.hears("poll")
        scribbling = asyncio.create_task(scribble())
        began = time.monotonic()
        for _ in range(6):
            await running.hears("poll")
        assert time.monotonic() - began < 6
        scribbling.cancel()


async def test_a_flow_file_that_cannot_be_read_to_its_end_does_not_stop_the_polls(
    sandbox: Sandbox, project: Path
) -> None:
    async with daemon(at=sandbox, cwd=project) as running:
        await running.hears("poll")
        os.mkfifo(project / "flows" / "pipe.yaml")  # as a network file system that hangs
        await asyncio.sleep(1)
        for _ in range(3):
            await running.hears("poll")


async def test_healthz_and_readyz(sandbox: Sandbox, project: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    async with daemon("--listen", f"127.0.0.1:{port}", at=sandbox, cwd=project) as running:
        await running.hears("poll")
        assert await fetched(port, "/healthz") == (200, {"alive": True})
        status, facts = await fetched(port, "/readyz")
        assert (status, facts["ready"], facts["last_reload_ok"]) == (200, True, True)
        sandbox.set_fault("500", on=("list",))
        await running.hears("poll.failed")
        await running.hears("poll.failed")
        status, facts = await fetched(port, "/readyz")
        assert "500" in facts["trouble"] or "server error" in facts["trouble"]


async def fetched(port: int, path: str) -> tuple[int, dict[str, object]]:
    def get() -> tuple[int, dict[str, object]]:
        try:
            with urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            with error:
                return error.code, json.load(error)

    return await asyncio.to_thread(get)


async def test_a_port_in_use_is_one_clear_error(sandbox: Sandbox, project: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = await callflow("run", "--listen", address, at=sandbox, cwd=project)
    assert done.code == 3
    assert f"can't listen on {address}" in done.err
    assert "--listen" in done.err


async def test_missing_credentials_are_named_before_anything_is_sent(project: Path) -> None:
    done = await callflow("run", "--once", cwd=project)
    assert done.code == 2
    assert "TWILIO_ACCOUNT_SID" in done.err
    assert "TWILIO_AUTH_TOKEN" in done.err
    assert not (project / "callflow.db").exists()


@pytest.mark.parametrize("fault", ["401", "403", "429", "500", "html", "malformed", "reset-before"])
async def test_a_far_side_that_fails_once_is_exit_3(
    sandbox: Sandbox, project: Path, fault: str
) -> None:
    sandbox.set_fault(fault)
    done = await callflow("run", "--once", "--log-format", "json", at=sandbox, cwd=project)
    assert done.code == 3
    (event,) = done.events
    assert event["event"] == "poll.failed"
    assert event["error"]
    planned = await callflow("plan", at=sandbox, cwd=project)
    assert planned.code == 3
    assert planned.err.startswith("error: ")


async def test_nobody_listening_is_exit_3(sandbox: Sandbox, project: Path) -> None:
    done = await callflow("plan", "--api-base", "http://127.0.0.1:1", at=sandbox, cwd=project)
    assert done.code == 3
    assert "127.0.0.1:1" in done.err


async def test_broken_flows_stop_the_start_with_every_problem(
    sandbox: Sandbox, project: Path
) -> None:
    (project / "flows" / "broken.yaml").write_text("version: 1\nflow: x\nrules: [{id: a}]\n")
    done = await callflow("run", "--once", at=sandbox, cwd=project)
    assert done.code == 1
    assert "broken.yaml:3:" in done.err
    assert not sandbox.journal.of("list")


def junk(path: Path) -> None:
    path.write_bytes(b"junk, not sqlite" * 200)


def foreign(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE theirs (x)")
    db.close()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (junk, "not a SQLite database"),
        (foreign, "another program"),
        (Path.mkdir, "can't open or write the store"),
    ],
)
async def test_a_store_that_cannot_be_used_is_exit_3(
    sandbox: Sandbox, project: Path, make: Callable[[Path], None], words: str
) -> None:
    make(project / "callflow.db")
    sandbox.add_call()
    done = await callflow("run", "--once", at=sandbox, cwd=project)
    assert (done.code, words in done.err) == (3, True), done.err
    assert not sandbox.journal.of("update")


async def test_a_place_that_cannot_be_written_is_exit_3(sandbox: Sandbox, project: Path) -> None:
    sandbox.add_call()
    # Not even root may write there.
    done = await callflow(
        "run", "--once", "--store", "sqlite:////proc/x.db", at=sandbox, cwd=project
    )
    assert done.code == 3
    assert "can't open or write the store /proc/x.db" in done.err
    assert "writable" in done.err
    assert not sandbox.journal.of("update")


async def test_the_configuration_file_counts_and_options_win(
    sandbox: Sandbox, project: Path
) -> None:
    (project / "callflow.yaml").write_text(
        "version: 1\nstore: sqlite:///mine.db\nlog_format: json\nflows: [flows]\n"
    )
    done = await callflow("run", "--once", at=sandbox, cwd=project)
    assert done.events[0]["event"] == "poll"
    assert (project / "mine.db").exists()
    text = await callflow("run", "--once", "--log-format", "text", at=sandbox, cwd=project)
    assert text.events == []
    (project / "callflow.yaml").write_text("version: 1\nintervall: 2s\n")
    bad = await callflow("run", "--once", at=sandbox, cwd=project)
    assert bad.code == 1
    assert "callflow.yaml:2:1" in bad.err
    assert "interval" in bad.err


async def test_an_act_without_an_outcome_is_exit_1(sandbox: Sandbox, project: Path) -> None:
    sandbox.add_call()
    sandbox.set_fault("500", on=("update",))
    done = await callflow("run", "--once", "--log-format", "json", at=sandbox, cwd=project)
    assert (done.code, done.events[-1]["event"]) == (1, "action.retrying")
    sandbox.faults.clear()
    done = await callflow("run", "--once", "--log-format", "json", at=sandbox, cwd=project)
    # The recovery goes on beside the poll: either may end first.
    assert done.code == 0
    assert {"poll", "action.done"} <= {event["event"] for event in done.events}


@pytest.mark.parametrize(
    ("option", "code"), [(("--since", "99999999999999999d"), 0), (("--limit", "9" * 23), 2)]
)
async def test_history_takes_no_number_for_its_own_mistake(
    sandbox: Sandbox, project: Path, option: tuple[str, str], code: int
) -> None:
    sandbox.add_call()
    await callflow("run", "--once", at=sandbox, cwd=project)
    assert (await callflow("history", *option, cwd=project)).code == code
