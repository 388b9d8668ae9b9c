"""`callflow sandbox` as a process: what it says, serves, refuses, and how it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import aiohttp
import pytest

from runner.sandbox import ACCOUNT_SID, AUTH_TOKEN, ManualClock, Sandbox
from tests.sandbox.conftest import basic
from tests.sandbox.listener import listening


async def start(*arguments: str) -> Process:
    """Starts the command on a free port."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "runner", "sandbox", "--listen", "127.0.0.1:0", *arguments),
        stdout=PIPE,
        stderr=PIPE,
        env={"PATH": os.environ["PATH"], "PYTHONWARNINGS": "error"},
    )


async def url_of(process: Process) -> str:
    """Where it says that it serves."""
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    return line.split(" at ")[1].split(",")[0]


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "calls.yaml"
    path.write_text("start: 2026-01-05T09:00:00Z\ncalls:\n  - {id: a, age: 10m}\n")
    return path


async def test_it_serves_the_scenario_until_it_is_stopped(scenario: Path) -> None:
    process = await start("--scenario", str(scenario), "--speed", "0")
    url = await url_of(process)
    path = f"{url}/2010-04-01/Accounts/{ACCOUNT_SID}/Calls.json"
    login = {"Authorization": basic(ACCOUNT_SID, AUTH_TOKEN)}
    async with aiohttp.ClientSession() as session, session.get(path, headers=login) as reply:
        assert reply.headers["Date"] == "Mon, 05 Jan 2026 09:00:00 GMT"
        (call,) = (await reply.json())["calls"]
    assert call["start_time"] == "Mon, 05 Jan 2026 08:50:00 +0000"
    process.send_signal(signal.SIGTERM)
    out, err = await process.communicate()
    assert f"export TWILIO_AUTH_TOKEN={AUTH_TOKEN}" in out.decode()
    assert f"export CALLFLOW_API_BASE={url}" in out.decode()
    assert out.decode().endswith("stopped\n")
    assert (process.returncode, err) == (0, b"")


async def test_it_generates_calls_and_ctrl_c_ends_it() -> None:
    process = await start("--calls", "30", "--rate", "50", "--speed", "10", "--seed", "7")
    url = await url_of(process)
    async with aiohttp.ClientSession() as session, session.get(f"{url}/sandbox/state") as reply:
        assert sum((await reply.json())["calls"].values()) >= 30
    process.send_signal(signal.SIGINT)
    await process.communicate()
    assert process.returncode == 0


async def test_it_serves_accounts_with_calls_spread_over_them(tmp_path: Path) -> None:
    path = tmp_path / "calls.yaml"
    path.write_text("accounts: [acme]\ncalls:\n  - {id: a, account: acme, talk: never}\n")
    process = await start(
        *("--accounts", "3", "--calls", "10", "--scenario", str(path), "--speed", "0")
    )
    url = await url_of(process)
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{url}/sandbox/accounts") as reply:
            accounts = (await reply.json())["accounts"]
        main, acme = accounts[0], accounts[1]
        login = {"Authorization": basic(main["sid"], main["auth_token"])}
        where = f"{url}/2010-04-01/Accounts/{acme['sid']}/Calls.json"
        async with session.get(where, headers=login) as reply:
            assert len((await reply.json())["calls"]) == 3
    named = [(account["name"], account["calls"]) for account in accounts]
    assert named == [("main", 2), ("acme", 3), ("sub-1", 2), ("sub-2", 2), ("sub-3", 2)]
    assert {account["parent"] for account in accounts} == {None, ACCOUNT_SID}
    process.send_signal(signal.SIGTERM)
    out, _ = await process.communicate()
    assert f"Of 5 accounts: curl {url}/sandbox/accounts" in out.decode()


async def test_generated_calls_tell_an_application() -> None:
    async with listening() as listener:
        process = await start("--rate", "100", "--speed", "20", "--status-callback", listener.url)
        await url_of(process)
        told = 20
        await listener.heard(told)
        while not {"initiated", "ringing"} <= set(listener.statuses):
            told += 1
            await listener.heard(told)
        process.send_signal(signal.SIGTERM)
        await process.communicate()
    assert all(listener.signed(request, AUTH_TOKEN) for request in listener.requests)
    assert process.returncode == 0


async def ended(*arguments: str) -> tuple[int | None, str]:
    process = await start(*arguments)
    _, err = await process.communicate()
    return process.returncode, err.decode()


async def test_a_port_in_use_is_a_failure_with_a_way_out() -> None:
    async with Sandbox(clock=ManualClock()) as other:
        where = other.url.removeprefix("http://")
        code, err = await ended("--listen", where)
    assert code == 3
    assert f"something is listening on {where} already" in err
    assert "--listen 127.0.0.1:8701" in err


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.com"])
async def test_other_machines_are_kept_out(host: str) -> None:
    code, err = await ended("--listen", f"{host}:0")
    assert code == 3
    assert "--allow-remote" in err


async def test_a_broken_scenario_is_shown_where_it_is_broken(tmp_path: Path) -> None:
    path = tmp_path / "calls.yaml"
    path.write_text("calls:\n  - {id: a, tlak: 5m}\n")
    code, err = await ended("--scenario", str(path))
    assert code == 1
    assert f"{path}:2:13: error" in err
    assert "did you mean talk?" in err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--listen", "8700"), 2),
        (("--speed", "-1"), 2),
        (("--scenario", "nowhere.yaml"), 3),
        (("--status-callback", "nowhere"), 2),
        (("--status-callback", "https://example.com/status"), 2),
    ],
)
async def test_what_makes_no_sense_is_refused(arguments: tuple[str, ...], code: int) -> None:
    assert (await ended(*arguments))[0] == code
