"""`callflow run --listen` as a process: console, metrics and Twilio's callbacks together."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from runner.sandbox import Sandbox
from tests.cli.doctor.test_doctor_public import free_port
from tests.engine.test_rules import flow, rule
from tests.process import Daemon, callflow, daemon

READ, OPERATE = "read-me-0123456789", "operate-0123456789"
A = "+14155550101"


@asynccontextmanager
async def running(
    at: Sandbox, cwd: Path, *options: str, **more: str
) -> AsyncIterator[tuple[Daemon, str]]:
    """A daemon that serves, and the URL at which it does."""
    (cwd / "flows").mkdir(exist_ok=True)
    listen = ("--listen", "127.0.0.1:0") if "--listen" not in options else ()
    async with daemon(*listen, *options, at=at, cwd=cwd, **more) as process:
        yield process, str((await process.hears("started"))["console"])


async def ask(
    url: str, path: str, *, token: str = "", body: dict[str, Any] | None = None
) -> tuple[int, Any]:
    """What the server answers: its status, and its JSON or text."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    method = "GET" if body is None else "POST"
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url + path, json=body, headers=headers) as answer,
    ):
        plain = answer.content_type != "application/json"
        return answer.status, await (answer.text() if plain else answer.json())


async def test_an_operator_stops_a_rule_and_everything(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "a.yaml").write_text(flow(rule("cut", "", "[hangup]")))
    async with running(sandbox, tmp_path) as (process, url):
        _, paused = await ask(url, "/api/pause", body={"flow": "f", "rule": "cut", "reason": "no"})
        assert paused["paused"]["reason"] == "no"
        await process.hears("rule.paused", scope="rule f/cut")
        sid = sandbox.add_call(to=A).sid
        await process.hears("poll", calls=1)
        await process.hears("poll", calls=1)
        _, status = await ask(url, "/api/status")
        assert (status["role"], status["calls"], status["held"]) == ("leading", 1, 1)
        _, why = await ask(url, f"/api/why/{sid}")
        assert why["rules"][0]["fate"] == "paused"
        _, killed = await ask(url, "/api/kill", body={"reason": "who wrote this?", "by": "ann"})
        assert killed["killed"]["reason"] == "who wrote this?"
        await ask(url, "/api/resume", body={"flow": "f", "rule": "cut"})
        await process.hears("poll", calls=1)
        assert sandbox.world.call(sid).live
        done = await callflow("pause", "--list", cwd=tmp_path)
        assert "everything" in done.out
        await ask(url, "/api/resume", body={"all": True})
        await process.hears("action.done", call=sid)
        _, metrics = await ask(url, "/metrics")
        assert 'callflow_actions_total{flow="f",outcome="done",rule="cut"} 1.0' in metrics
        assert (await process.end(signal.SIGTERM)).code == 0


async def test_a_callback_has_its_call_looked_at_long_before_the_next_poll(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    public = f"http://127.0.0.1:{free_port()}"
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "a.yaml").write_text(flow(rule("cut", f"match: {{to: '{A}'}}")))
    options = ("--interval", "10m", "--listen", public.removeprefix("http://"))
    tokens = {"CALLFLOW_READ_TOKEN": READ, "CALLFLOW_OPERATOR_TOKEN": OPERATE}
    served = running(sandbox, tmp_path, *options, "--public-url", public, **tokens)
    async with served as (process, url):
        await process.hears("poll", calls=0)
        sid = sandbox.add_call(
            to=A, status_callback=f"{public}/twilio/status", status_callback_event=("answered",)
        ).sid
        await process.hears("action.done", call=sid)
        assert not [event for event in process.events if event["event"] == "poll"][1:]
        assert (await ask(url, "/metrics"))[0] == 401
        status, metrics = await ask(url, "/metrics", token=READ)
        assert status == 200
        assert 'callflow_push_total{result="acted"} 1.0' in metrics
        assert (await ask(url, "/api/kill", token=READ, body={"reason": "x"}))[0] == 403
        assert (await ask(url, "/api/status", token=OPERATE))[1]["access"]["role"] == "operator"
        for secret in (READ, OPERATE, sandbox.auth_token):
            assert secret not in "".join(process.lines)


@pytest.mark.parametrize(("name", "status"), [("calls.internal", 200), ("calls.stranger", 403)])
async def test_orders_are_taken_under_names_that_the_configuration_has(
    sandbox: Sandbox, tmp_path: Path, name: str, status: int
) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "a.yaml").write_text(flow(rule("cut")))
    config = "version: 1\nconsole: {hosts: [calls.internal]}\n"
    (tmp_path / "callflow.yaml").write_text(config)
    tokens = {"CALLFLOW_OPERATOR_TOKEN": OPERATE}
    async with running(sandbox, tmp_path, **tokens) as (_, url), aiohttp.ClientSession() as session:
        headers = {"Host": name, "Authorization": f"Bearer {OPERATE}"}
        body = {"flow": "f", "reason": "no"}
        async with session.post(f"{url}/api/pause", json=body, headers=headers) as answer:
            assert answer.status == status


async def test_beyond_this_machine_nothing_is_shown_without_tokens(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "a.yaml").write_text(flow(rule("cut")))
    async with running(sandbox, tmp_path, "--listen", "0.0.0.0:0") as (process, url):
        closed = await process.hears("console.closed")
        assert "CALLFLOW_OPERATOR_TOKEN" in closed["hint"]
        status, answer = await ask(url, "/api/status")
        assert (status, "CALLFLOW_READ_TOKEN" in answer["error"]["hint"]) == (403, True)
        assert (await ask(url, "/healthz"))[0] == 200


@pytest.mark.parametrize(
    ("tokens", "said"),
    [
        ({"CALLFLOW_READ_TOKEN": "short"}, "at least 16"),
        ({"CALLFLOW_READ_TOKEN": READ, "CALLFLOW_OPERATOR_TOKEN": READ}, "the same token"),
    ],
)
async def test_tokens_that_protect_nothing_are_refused_at_the_start(
    sandbox: Sandbox, tmp_path: Path, tokens: dict[str, str], said: str
) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "a.yaml").write_text(flow(rule("cut")))
    done = await callflow("run", "--listen", "127.0.0.1:0", at=sandbox, cwd=tmp_path, **tokens)
    assert done.code == 2
    assert said in done.err
    assert READ not in done.err
