"""Promises of many accounts, as a real process: two hundred of them, and no sick one slows another.

What is compared is counted: polls and acts of the healthy accounts before others fall ill, and in
a span just as long while they are.
"""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from runner.sandbox import RunningClock, Sandbox
from tests.cli.test_run import fetched
from tests.engine.many import add_accounts
from tests.process import Daemon, callflow, daemon

ACCOUNTS = 200
#: Milliseconds from poll to poll, and how many polls a span is long.
INTERVAL = 2_000
POLLS = 3
SICK: dict[str, dict[str, Any]] = {
    "hung": {"name": "hang"},
    "refused": {"name": "401"},
    "busy": {"name": "429"},
    "slow": {"name": "slow", "seconds": 1.5},
}
END = """\
version: 1
flow: ends
rules:
  - id: end
    match: {from: "+14155550199", status: in-progress}
    then: [hangup]
"""


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(clock=RunningClock(round(time.time() * 1000), time.monotonic)) as opened:
        yield opened


def project(
    folder: Path, sandbox: Sandbox, accounts: Mapping[str, Mapping[str, Any]], **settings: Any
) -> dict[str, str]:
    """Writes flow and configuration; the variables that hold the accounts' secrets."""
    (folder / "flows").mkdir()
    (folder / "flows" / "end.yaml").write_text(END)
    told, environ = add_accounts(sandbox, accounts)
    data = {"version": 1, "interval": "2s", "accounts": told, **settings}
    (folder / "callflow.yaml").write_text(json.dumps(data))
    return environ


def polls(sandbox: Sandbox, aliases: Sequence[str], start: int, end: int) -> Counter[str]:
    """How often each of these was polled in a span of time, by alias.

    A poll asks for the calls in progress, and before it acts for all live ones, queued ones first.
    """
    names = {sandbox.account(alias).sid: alias for alias in aliases}
    found = Counter(dict.fromkeys(aliases, 0))
    for entry in sandbox.journal.of("list"):
        if start <= entry.at < end and entry.request.account in names:
            counts = {"in-progress": 1, "queued": -1}.get(entry.request.query.get("Status", ""), 0)
            found[names[entry.request.account]] += counts
    return found


async def a_span(sandbox: Sandbox, aliases: Sequence[str]) -> tuple[int, int, list[str]]:
    """Lets one span pass, in which each of these gets a call; when it was, and the calls."""
    start = sandbox.clock.now()
    rows = [sandbox.add_call(account=alias) for alias in aliases]
    await asyncio.sleep(POLLS * INTERVAL / 1000)
    return start, sandbox.clock.now(), [row.sid for row in rows]


async def test_of_two_hundred_accounts_four_that_are_ill_slow_no_other(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    subs = [f"sub-{number}" for number in range(ACCOUNTS - len(SICK) - 1)]
    healthy = ["main", *subs]
    accounts = {"main": {}} | {alias: {"parent": "main"} for alias in (*subs, *SICK)}
    environ = project(tmp_path, sandbox, accounts)
    async with daemon("--interval", "2s", at=sandbox, cwd=tmp_path, **environ) as running:
        await all_polled(sandbox, accounts)
        reading = asyncio.ensure_future(read_on(running))
        began, ended, calls = await a_span(sandbox, healthy)
        before = polls(sandbox, healthy, began, ended)
        for alias, fault in SICK.items():
            sandbox.set_fault(**fault, account=alias)
        began, ended, more = await a_span(sandbox, healthy)
        during = polls(sandbox, healthy, began, ended)
        ill = polls(sandbox, tuple(SICK), began, ended)
        reading.cancel()
        done = await running.end(signal.SIGTERM)
    assert done.code == 0
    # In a busy moment of this machine polls of a span may come a little after its end.
    assert min(before.values()) >= 1
    assert min(during.values()) >= 1, "none is left out"
    assert during.total() >= 0.7 * before.total()
    updated = Counter(entry.request.sid for entry in sandbox.journal.of("update"))
    assert updated == Counter([*calls, *more]), "each call once, and before its span was over"
    assert (ill["hung"], ill["refused"]) == (1, 1)
    assert ill["busy"] in (1, 2)
    assert ill["slow"] >= POLLS - 1


async def all_polled(sandbox: Sandbox, accounts: Mapping[str, object]) -> None:
    async with asyncio.timeout(15):
        while len({e.request.account for e in sandbox.journal.of("list")}) < len(accounts):  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def read_on(running: Daemon) -> None:
    """Keeps the log from filling its pipe."""
    while True:
        await running.hears("poll")


async def test_readyz_says_which_account_is_ill(sandbox: Sandbox, tmp_path: Path) -> None:
    accounts = {"main": {}, "acme": {"parent": "main"}, "other": {}}
    environ = project(tmp_path, sandbox, accounts, interval="500ms")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    listen = ("--listen", f"127.0.0.1:{port}")
    async with daemon(*listen, at=sandbox, cwd=tmp_path, **environ) as running:
        for alias in accounts:
            await running.hears("poll", alias=alias, account=sandbox.account(alias).sid)
        status, facts = await fetched(port, "/readyz")
        assert (status, facts["ready"], facts["accounts"]) == (200, True, 3)
        assert not {"late", "trouble"} & facts.keys()
        sandbox.set_fault("401", account="acme")
        failed = await running.hears("poll.failed")
        assert (failed["alias"], failed["level"]) == ("acme", "error")
        for _ in range(8):  # two seconds of polls of the others
            await running.hears("poll")
        status, facts = await fetched(port, "/readyz")
        assert (status, facts["ready"], facts["late"]) == (503, False, ["acme"])
        assert str(facts["trouble"]).startswith("acme: ")


async def test_the_text_log_says_which_account_it_is_about(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    environ = project(tmp_path, sandbox, {"main": {}, "acme": {"parent": "main"}})
    sandbox.set_fault("401", account="acme")
    done = await callflow("run", "--once", at=sandbox, cwd=tmp_path, **environ)
    assert done.code == 3, "one account could not be looked at"
    assert " poll alias=main calls=0 " in done.err
    assert " ERROR poll.failed alias=acme error=" in done.err
    assert not [secret for secret in environ.values() if secret in done.err]


async def test_stopping_does_not_wait_for_an_account_that_hangs(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    environ = project(tmp_path, sandbox, {"main": {}, "hung": {}}, interval="500ms", grace="1m")
    sandbox.set_fault("hang", account="hung")
    row = sandbox.add_call(account="main")
    async with daemon(at=sandbox, cwd=tmp_path, **environ) as running:
        await running.hears("action.done", call=row.sid)
        done = await running.end(signal.SIGTERM)
    assert (done.code, done.events[-1]["event"]) == (0, "stopped")
