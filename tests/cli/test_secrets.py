"""Promises: whatever a run writes, and wherever, no secret is in it, and no number in a log."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from runner.gateway.accounts import read_accounts
from runner.language.loader import load_config
from runner.sandbox import ManualClock, Sandbox
from runner.settings import settings_from
from tests import warm
from tests.cli.planted import (
    CALLER,
    HOOK_PATH,
    OPERATOR_TOKEN,
    READ_TOKEN,
    Net,
    Planted,
    plant,
)
from tests.console.collector import Collector, collecting
from tests.gateway.raw import RawServer, always, answer, raw_server
from tests.process import PATIENCE, callflow, start

#: What is served with `--listen`; whoever serves more adds a line.
URLS = (
    *("/", "/healthz", "/readyz", "/metrics", "/nothing-there"),
    *("/api/status", "/api/calls", "/api/rules", "/api/held", "/api/acts", "/api/chart"),
    *("/api/history", "/api/history?rule=acts", "/api/why/{sid}", "/api/why/CA0"),
)
#: What is told to it, and with what.
ORDERS: tuple[tuple[str, dict[str, str]], ...] = (
    *(("/api/login", {"token": token}) for token in (OPERATOR_TOKEN, READ_TOKEN, "wrong-token-")),
    ("/api/pause", {"flow": "acts", "rule": "moves", "reason": "x"}),
    ("/api/pause", {"flow": "acst", "reason": "x"}),
    ("/api/resume", {"flow": "acts", "rule": "moves"}),
    ("/twilio/status", {}),
)
#: What the ledger must hold to send it, and to send it again: requests as they are, spoken texts
#: and phone numbers in them. Its files are readable by their owner alone.
ON_RECORD = {"path of a webhook", "query of a webhook", "login in a URL"}
#: Each must have come before the run is stopped.
TOLD = (
    *("action.done", "action.failed", "action.unknown", "action.withdrawn", "action.retrying"),
    *("poll.failed", "reload.failed", "reload.ok", "rule.paused"),
)
BROKEN = """\
version: 1
flow: broken
rules:
  - id: tells
    match: {{from: "+14155550199"}}
    then:
      - notify:
          url: "https://desk:{login}@example.com/{path}?key={query}"
          headers: {{Authorization: "Bearer {header}", X-Api-Key: "{header}"}}
"""
MORE = "version: 1\nflow: more\nrules: [{id: long, match: {age: {gte: 4h}}, then: [hangup]}]\n"


@dataclass
class Scene:
    """A deployment with everything secret in it, and what it speaks to."""

    sandbox: Sandbox
    service: RawServer
    collector: Collector
    planted: Planted
    manager: socket.socket

    def datagrams(self) -> bytes:
        """What systemd was told."""
        told = b""
        while True:
            try:
                told += self.manager.recv(65536) + b"\n"
            except BlockingIOError:
                return told


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        clock = ManualClock(time.time_ns() // 1_000_000)
        sandbox = await stack.enter_async_context(Sandbox(clock=clock))
        service = await stack.enter_async_context(raw_server(always(answer(204))))
        collector = await stack.enter_async_context(collecting())
        manager = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        folder = tmp_path / "deployment"
        folder.mkdir()
        planted = plant(sandbox, folder, service.base)
        planted.environ |= {
            "NOTIFY_SOCKET": str(tmp_path / "notify"),
            "CALLFLOW_TRACES": "1",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        }
        yield Scene(sandbox, service, collector, planted, manager)


def people_call(sandbox: Sandbox) -> None:
    """Calls for which everything happens: done, refused, lost, not allowed in."""
    for number in range(4):
        called = {"to": f"+1415555010{number}", "caller_name": CALLER}
        sandbox.add_call(id=f"m{number}", **called)
        sandbox.add_call(id=f"s{number}", account="second", **called)
    sandbox.set_fault("401", on=("update",), account=sandbox.account_sid, times=1)
    sandbox.set_fault("403", on=("update",), account="second", times=1)
    sandbox.set_fault("hang", on=("update",), account="second", times=3)
    sandbox.set_fault("401", on=("list",), account="third")


@dataclass
class Run:
    """A `callflow run` whose log is read as it comes, in whatever format."""

    process: Process | warm.Process
    err: str = ""

    async def tells(self, *words: str) -> None:
        """Waits until each of these has been told."""
        assert self.process.stderr is not None
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while any(word not in self.err for word in words):
                    line = await self.process.stderr.readline()
                    assert line, f"the run ended: {self.err}"
                    self.err += line.decode()
        assert [word for word in words if word not in self.err] == [], self.err

    async def end(self) -> tuple[str, str]:
        """Stops it; returns all that it wrote."""
        self.process.send_signal(signal.SIGTERM)
        out, err = await asyncio.wait_for(self.process.communicate(), PATIENCE)
        return out.decode(), self.err + err.decode()


@pytest.mark.parametrize("log_format", ["text", "json"])
async def test_a_run_writes_no_secret_anywhere(scene: Scene, log_format: str) -> None:
    planted, net = scene.planted, Net()
    people_call(scene.sandbox)
    listen = free_port()
    arguments = ("run", "--listen", listen, "--log-format", log_format, "--interval", "500ms")
    process = await start(*arguments, cwd=planted.folder, **planted.environ)
    run = Run(process)
    try:
        await run.tells("started", "poll.failed", "action.done", "action.unknown")
        hook = {"path": HOOK_PATH, "query": planted.secrets["query of a webhook"]}
        hook |= {"login": planted.secrets["login in a URL"], "header": "planted-in-a-flow-0010"}
        planted.write("flows/broken.yaml", BROKEN.format(**hook))
        await run.tells("reload.failed")
        (planted.folder / "flows/broken.yaml").unlink()
        planted.write("flows/more.yaml", MORE)
        await callflow("pause", "acts/ends", "--reason", "x", cwd=planted.folder, **planted.environ)
        await run.tells(*TOLD)
        await look_at(f"http://{listen}", scene.sandbox.world.call("m0").sid, net)
        out, err = await run.end()
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    assert process.returncode == 0
    net.add("standard output", out)
    net.add("standard error", err)
    net.add("sd_notify", scene.datagrams())
    net.add("traces", b"".join(scene.collector.bodies))
    secrets = planted.secrets | {"header in a broken flow": "planted-in-a-flow-0010"}
    assert net.leaks(secrets) == []
    assert net.numbers() == []
    stored = Net()
    stored.add_files(planted.folder, "callflow.db*")
    stored.add_files(planted.folder, "PAUSED")
    assert stored.caught
    assert stored.leaks(without(secrets, ON_RECORD)) == []
    # It was not for nothing: the secrets went where they belong.
    (post, *_) = scene.service.requests
    assert post.target.startswith(f"/{HOOK_PATH}?")
    assert post.headers["authorization"] == planted.secrets["header of a notify"]
    assert scene.collector.headers["x-key"] == planted.secrets["header of the traces"]
    assert {"callflow.poll", "callflow.act"} <= {span.name for span in scene.collector.spans}


async def look_at(base: str, sid: str, net: Net) -> None:
    """Asks for all that is served, as one who may see it and as a stranger."""
    tokens = (OPERATOR_TOKEN, READ_TOKEN, "wrong-token-for-all")
    who = ({}, *({"Authorization": f"Bearer {token}"} for token in tokens))
    asked = [("GET", path.format(sid=sid), None) for path in URLS]
    asked += [("POST", path, body) for path, body in ORDERS]
    answers = []
    async with aiohttp.ClientSession(base, cookie_jar=aiohttp.DummyCookieJar()) as session:
        for method, path, body in asked:
            for headers in who:
                async with session.request(method, path, json=body, headers=headers) as answered:
                    net.add(path, f"{answered.headers}")
                    net.add(path, await answered.read())
                    answers.append(answered.status)
    assert {200, 401, 404} <= set(answers) <= {200, 400, 401, 403, 404, 429, 503}


async def test_what_people_ask_for_shows_no_secret(scene: Scene) -> None:
    planted, net = scene.planted, Net()
    people_call(scene.sandbox)
    scene.sandbox.faults.clear()
    flows = (planted.folder / "flows/acts.yaml").read_text()
    # Somebody is there, so that one poll needs not wait for another try.
    planted.write("flows/acts.yaml", flows.replace("http://127.0.0.1:1", scene.service.base))
    sid = scene.sandbox.world.call("m0").sid
    main, snapshot = ("--account", "main"), "moment.json"
    for command in (
        ("plan", *main),
        ("plan", *main, "--format", "json", "--save-snapshot", snapshot),
        ("plan", *main, "--snapshot", snapshot, "--show-numbers"),
        ("run", "--once", "--dry-run"),
        ("run", "--once", "--dry-run", "--log-format", "json"),
        ("why", sid, *main),
        ("run", "--once", "--grace", "0s"),
        ("why", sid, *main, "--format", "json"),
        ("history",),
        ("history", "--format", "json", "--show-numbers"),
        ("pause", "acts/ends", "--reason", "x"),
        ("pause", "--list", "--format", "json"),
        ("validate",),
        ("doctor", "--no-fetch"),
        ("calls", "list", *main),
    ):
        done = await callflow(*command, cwd=planted.folder, **planted.environ)
        # Somebody did have something to look at, and none of these is a mistake of ours.
        assert done.out or done.err, command
        assert "unexpected" not in done.err, command
        net.add(" ".join(command), done.out + done.err)
    assert net.leaks(planted.secrets) == []
    personal = Net({w: t for w, t in net.caught.items() if "--show-numbers" not in w})
    assert personal.numbers() == []
    kept = Net()
    kept.add_files(planted.folder, snapshot)
    assert kept.leaks(planted.secrets) == []


@pytest.mark.parametrize("log_format", ["text", "json"])
async def test_no_way_to_fail_to_run_shows_a_secret(scene: Scene, log_format: str) -> None:
    planted, net = scene.planted, Net()
    token, folder = planted.secrets["auth token of a variable"], planted.folder
    config = (folder / "callflow.yaml").read_text()
    port = scene.sandbox.url.rpartition(":")[2]
    once = ("run", "--once", "--log-format", log_format)

    async def fails(*more: str, text: str = config, **environ: str) -> None:
        planted.write("callflow.yaml", text)
        done = await callflow(*once, *more, cwd=folder, **planted.environ | environ)
        assert done.code != 0
        assert "unexpected" not in done.err
        net.add(f"{more} {sorted(environ)} {len(net.caught)}", done.out + done.err)

    await fails(MAIN_TOKEN=f'"{token}"')
    await fails(MAIN_TOKEN=f"{token} {token}")
    await fails(SIGNING=f"whsec_{planted.secrets['signing secret']}")
    await fails(text=config.replace("{env: MAIN_TOKEN}", token))
    await fails(text=config.replace("{env: SIGNING}", "SIGNING") + f"auth_token: {token}\n")
    await fails(text=config.replace("env: MAIN_TOKEN", f"env: {token}"))
    # TLS where there is none, and nobody there.
    await fails(text=config.replace(scene.sandbox.url, f"https://127.0.0.1:{port}"))
    await fails(text=config.replace(scene.sandbox.url, "http://127.0.0.1:1"))
    await fails("--store", f"sqlite:///{folder}")
    await fails("--api-base", f"http://desk:{planted.secrets['login in a URL']}@127.0.0.1:1")
    (folder / "second.secret").write_text(f"{planted.secrets['read token']}\n\nmore\n")
    await fails()
    assert net.leaks(planted.secrets) == []


async def test_what_holds_a_secret_does_not_show_it_when_printed(scene: Scene) -> None:
    planted = scene.planted
    config = load_config(planted.folder / "callflow.yaml")
    assert config.data is not None
    settings = settings_from(config.data, {})
    accounts = read_accounts(settings.accounts, planted.environ, api_base=None)
    net = Net({"settings": repr(settings).encode(), "accounts": repr(accounts).encode()})
    assert len(accounts) == 3
    assert net.leaks(planted.secrets) == []


def test_the_net_finds_what_it_looks_for() -> None:
    secret = "planted-anywhere-0011"
    for told in (
        f"x={secret}",
        "UExBTlRFRA==",
        "Authorization: Basic QUMxOnBsYW50ZWQtYW55d2hlcmUtMDAxMQ==",
        "planted-anywhere-0012",
    ):
        found = Net({"here": told.encode()}).leaks({"it": secret})
        assert bool(found) == (secret in told or "QUMx" in told), told


def without(secrets: dict[str, str], names: set[str]) -> dict[str, str]:
    """The secrets but those."""
    return {name: secret for name, secret in secrets.items() if name not in names}


def free_port() -> str:
    """`HOST:PORT` where nobody listens."""
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{line.getsockname()[1]}"
