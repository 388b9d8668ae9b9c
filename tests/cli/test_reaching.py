"""Promises of `callflow run` about what goes out to services, and what Twilio fetches from it."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import time
from pathlib import Path

import pytest

from runner.sandbox import RunningClock, Sandbox
from tests.gateway.raw import always, answer, raw_server
from tests.process import callflow, daemon

FLOW = """\
version: 1
flow: tells
rules:
  - id: told
    match: {from: "+14155550199"}
    then: [%s]
"""
ROOM = '<Response><Dial><Conference beep="false">room</Conference></Dial></Response>'
SPEAK = '{announce: "Two minutes are left."}'
SECRETS = {
    "CALLFLOW_SIGNING_SECRET": "planted-signing-secret",
    "CALLFLOW_NOTIFY_TOKEN": "planted-header-token",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "flows").mkdir()
    return tmp_path


def says(project: Path, then: str) -> None:
    (project / "flows" / "tells.yaml").write_text(FLOW % then)


def free_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def served_at(address: str, path: str = "") -> tuple[str, ...]:
    return ("--listen", address, "--public-url", f"http://{address}{path}")


async def in_conference(sandbox: Sandbox) -> str:
    """A call that is in a conference with another; its SID."""
    sandbox.add_call(id="other", from_="+14155550111", twiml=ROOM)
    sid = sandbox.add_call(id="party", twiml=ROOM).sid
    await sandbox.advance(1_000)
    return sid


async def heard(sandbox: Sandbox, name: str) -> list[str]:
    """What somebody has heard, as soon as it is something."""
    for _ in range(500):
        sandbox.catch_up()
        if sandbox.world.heard(name):
            break
        await asyncio.sleep(0.01)
    return list(sandbox.world.heard(name))


# ---- posts ----------------------------------------------------------------------------------


async def test_a_post_goes_out_and_no_secret_is_left_behind(
    sandbox: Sandbox, project: Path
) -> None:
    async with raw_server(always(answer(204))) as service:
        header = "headers: {Authorization: {env: CALLFLOW_NOTIFY_TOKEN}}"
        says(project, f"{{notify: {{url: '{service.base}/hook', {header}}}}}")
        sandbox.add_call()
        command = ("run", "--once", "--log-format", "json")
        dry = await callflow(*command, "--dry-run", at=sandbox, cwd=project, **SECRETS)
        assert (dry.code, service.requests) == (0, [])
        done = await callflow(*command, at=sandbox, cwd=project, **SECRETS)
    assert done.code == 0, done.err
    (request,) = service.requests
    assert (request.method, request.target) == ("POST", "/hook")
    assert request.headers["authorization"] == "planted-header-token"
    assert request.headers["webhook-signature"].startswith("v1,")
    assert json.loads(request.body)["call"]["from"] == "+14155550199"
    shown = await callflow("history", "--format", "json", cwd=project)
    written = b"".join(path.read_bytes() for path in project.rglob("*") if path.is_file())
    for text in (done.out + done.err, dry.out + dry.err, shown.out + shown.err):
        assert "planted" not in text
    assert b"planted" not in written


async def test_run_ends_in_time_though_a_service_hangs(sandbox: Sandbox, project: Path) -> None:
    asked = asyncio.Event()

    async def hang(*_: object) -> None:
        asked.set()
        await asyncio.Event().wait()

    async with raw_server(hang) as service:
        says(project, f"{{notify: '{service.base}/hook'}}, hangup")
        sid = sandbox.add_call().sid
        options = ("--grace", "300ms")
        async with daemon(*options, at=sandbox, cwd=project) as running:
            await asked.wait()
            await running.hears("action.done", call=sid, then=["hangup"])
            done = await running.end(signal.SIGTERM)
    assert done.code == 0
    assert done.events[-1]["event"] == "stopped"
    assert done.events[-1]["actions_cut_short"] == 1


# ---- what Twilio fetches --------------------------------------------------------------------


async def test_once_serves_until_twilio_has_fetched(project: Path) -> None:
    says(project, SPEAK)
    address = free_address()
    clock = RunningClock(time.time_ns() // 1_000_000, time.monotonic)
    async with Sandbox(clock=clock) as sandbox:  # plays by itself, as Twilio does
        for name, number in (("party", "+14155550199"), ("other", "+14155550111")):
            sandbox.add_call(id=name, from_=number, twiml=ROOM)
        once = ("run", "--once", "--grace", "1m")
        done = await callflow(*once, *served_at(address), at=sandbox, cwd=project)
        assert done.code == 0, done.err
        assert await heard(sandbox, "party") == ["Two minutes are left."]
        assert sandbox.world.heard("other") == []
    assert address.encode() not in (project / "callflow.db").read_bytes()
    assert "/twiml/" not in done.out + done.err


@pytest.mark.parametrize("path", ["", "/calls"])
async def test_the_runner_serves_what_it_announces(
    path: str, sandbox: Sandbox, project: Path
) -> None:
    says(project, SPEAK)
    await in_conference(sandbox)
    options = served_at(free_address(), path)
    async with daemon(*options, at=sandbox, cwd=project) as running:
        await running.hears("action.done")
        await sandbox.advance(5_000)
        assert sandbox.world.heard("party") == ["Two minutes are left."]
        done = await running.end(signal.SIGTERM)
    assert done.code == 0
    assert [event for event in done.events if event["event"] in ("unreachable", "insecure")] == []


async def test_who_can_not_be_reached_says_so_and_what_to_do(
    sandbox: Sandbox, project: Path
) -> None:
    says(project, SPEAK)
    await in_conference(sandbox)
    async with daemon(at=sandbox, cwd=project) as running:
        warned = await running.hears("unreachable", level="warning", rules=1)
        assert warned["first"] == ["tells/told"]
        assert "give --listen and --public-url" in warned["hint"]
        failed = await running.hears("action.failed")
        assert "Twilio can't fetch the text from here" in failed["detail"]
        says(project, "hangup")
        await running.hears("reload.ok")
        says(project, f"{SPEAK}, {{log: said}}")
        await running.hears("reload.ok")
        await running.hears("unreachable", first=["tells/told"])
        done = await running.end(signal.SIGTERM)
    assert len([event for event in done.events if event["event"] == "unreachable"]) == 2


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        (("--listen", "127.0.0.1:0"), "--public-url"),
        (("--public-url", "https://calls.invalid"), "--listen"),
    ],
)
async def test_half_of_the_way_is_named(
    options: tuple[str, ...], missing: str, sandbox: Sandbox, project: Path
) -> None:
    says(project, SPEAK)
    once = ("run", "--once", "--log-format", "json")
    done = await callflow(*once, *options, at=sandbox, cwd=project)
    (warned,) = [event for event in done.events if event["event"] == "unreachable"]
    assert f"give {missing}, or" in warned["hint"]


async def test_flows_that_publish_nothing_are_not_warned_of(
    sandbox: Sandbox, project: Path
) -> None:
    says(project, "{announce: {url: 'https://calls.invalid/x.xml'}}, {log: said}")
    once = ("run", "--once", "--log-format", "json")
    done = await callflow(*once, at=sandbox, cwd=project)
    assert [event["event"] for event in done.events] == ["poll"]


async def test_plain_http_is_warned_of(sandbox: Sandbox, project: Path) -> None:
    says(project, "hangup")
    config = "version: 1\nlisten: 127.0.0.1:0\npublic_url: http://calls.invalid/x\n"
    (project / "callflow.yaml").write_text(config)
    once = ("run", "--once", "--log-format", "json")
    done = await callflow(*once, at=sandbox, cwd=project)
    (warned,) = [event for event in done.events if event["event"] == "insecure"]
    assert (warned["level"], warned["public_url"]) == ("warning", "http://calls.invalid/x")


async def test_a_public_url_that_is_none_is_usage(sandbox: Sandbox, project: Path) -> None:
    says(project, "hangup")
    options = ("--public-url", "https://calls.invalid/{x}")
    done = await callflow("run", *options, at=sandbox, cwd=project)
    assert done.code == 2
    assert "public_url: only scheme, host, port and a plain path" in done.err
