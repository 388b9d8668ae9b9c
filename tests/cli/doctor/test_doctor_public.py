"""Promises of `callflow doctor` about the ways in and out: the public URL, signing secrets."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from runner.cli.checkup.public import console_findings, examine_public
from runner.console.web.health import Health
from runner.console.web.served import Documents
from runner.console.web.server import Site, serve
from runner.engine.clock import SystemClock
from runner.sandbox import Sandbox
from runner.settings import settings_from
from tests.cli.doctor.visiting import bad, diagnose, of, the
from tests.gateway.raw import always, answer, raw_server
from tests.process import callflow

SECRET = "planted-signing-secret"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def configure(project: Path, text: str) -> None:
    (project / "callflow.yaml").write_text(f"version: 1\n{text}")


@asynccontextmanager
async def runner_at(port: int, public_url: str) -> AsyncIterator[None]:
    """What a runner serves there."""
    clock = SystemClock()
    documents = Documents(public_url, clock)
    async with serve(Site(Health({}), clock, documents), f"127.0.0.1:{port}"):
        yield


# ---- the public URL -------------------------------------------------------------------------


async def test_a_public_url_that_leads_to_the_runner(sandbox: Sandbox, project: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/calls"
    configure(project, f"listen: 127.0.0.1:{port}\npublic_url: {url}\n")
    async with runner_at(port, url):
        found = await diagnose(sandbox)
    assert bad(found) == []
    assert (the("public", found).seen, the("public", found).about) == (
        "a runner answers there",
        url,
    )


async def test_before_the_start_it_says_that_nothing_can_answer(
    sandbox: Sandbox, project: Path
) -> None:
    port = free_port()
    address = f"127.0.0.1:{port}"
    configure(project, f"listen: {address}\npublic_url: http://{address}\n")
    found = await diagnose(sandbox)
    assert bad(found) == [("warning", "public")]
    assert the("public", found).seen == (
        f"no connection to 127.0.0.1; nor does a runner at {address}"
    )
    assert "start callflow run" in the("public", found).fix


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        (answer(404), "/healthz below it answered 404"),
        (answer(502), "/healthz below it answered 502"),
        (answer(200, b"hello"), "what answers there is no runner"),
        (answer(200, [1]), "what answers there is no runner"),
    ],
)
async def test_a_proxy_that_leads_elsewhere_is_a_problem(
    sent: bytes, seen: str, sandbox: Sandbox, project: Path
) -> None:
    port = free_port()
    async with raw_server(always(sent)) as elsewhere, runner_at(port, elsewhere.base):
        configure(project, f"listen: 127.0.0.1:{port}\npublic_url: {elsewhere.base}/calls\n")
        found = await diagnose(sandbox)
        assert bad(found) == [("problem", "public")]
        assert the("public", found).seen == seen
        assert f"pass it on to 127.0.0.1:{port}" in the("public", found).fix
        assert [request.target for request in elsewhere.requests] == ["/calls/healthz"]


async def test_nobody_is_asked_with_no_fetch(sandbox: Sandbox, project: Path) -> None:
    configure(project, "listen: 127.0.0.1:0\npublic_url: https://nobody.invalid\n")
    found = await diagnose(sandbox, fetch=False)
    assert (bad(found), the("public", found).seen) == ([], "not asked for (--no-fetch)")


async def test_a_public_url_needs_a_server(sandbox: Sandbox, project: Path) -> None:
    configure(project, "public_url: https://nobody.invalid\n")
    found = await diagnose(sandbox)
    assert bad(found) == [("problem", "public")]
    assert "without listen" in the("public", found).seen


async def test_twilio_itself_reaches_no_loopback_and_should_not_go_in_clear() -> None:
    settings = {"listen": "127.0.0.1:1", "public_url": "http://localhost:1"}
    (found,) = await examine_public(settings_from(settings, {}), fetch=False)
    assert (found.level, "can't reach this machine" in found.seen) == ("problem", True)
    settings["public_url"] = "http://calls.invalid"
    first, second = await examine_public(settings_from(settings, {}), fetch=False)
    assert [(first.level, first.seen), second.level] == [("warning", "it isn't https"), "ok"]


# ---- signing secrets ------------------------------------------------------------------------


async def test_signing_secrets_that_are_there(sandbox: Sandbox, project: Path) -> None:
    assert of("signing", await diagnose(sandbox)) == []
    found = await diagnose(sandbox, CALLFLOW_SIGNING_SECRET=SECRET)
    assert the("signing", found).seen == "posts are signed with 1 secret (CALLFLOW_SIGNING_SECRET)"
    configure(project, "notifications: {signing_secret_env: [NEW_ONE, OLD_ONE]}\n")
    found = await diagnose(sandbox, NEW_ONE=SECRET, OLD_ONE="whsec_c2VjcmV0")
    assert the("signing", found).seen == "posts are signed with 2 secrets (NEW_ONE, OLD_ONE)"
    assert (bad(found), SECRET in str(found)) == ([], False)


async def test_each_signing_secret_that_is_not_is_named(sandbox: Sandbox, project: Path) -> None:
    configure(project, "notifications: {signing_secret_env: [NEW_ONE, OLD_ONE]}\n")
    found = await diagnose(sandbox, OLD_ONE=f"whsec_{SECRET}")
    assert bad(found) == [("problem", "signing")] * 2
    assert [each.seen for each in of("signing", found)] == [
        "NEW_ONE is not set",
        "OLD_ONE begins with whsec_, but what follows is not base64",
    ]
    assert SECRET not in str(found)
    asked = len(sandbox.journal)
    done = await callflow("run", "--once", at=sandbox, cwd=project, OLD_ONE=f"whsec_{SECRET}")
    assert len(sandbox.journal) == asked
    assert done.code == 2
    assert "no usable signing secret" in done.err
    assert "NEW_ONE is not set" in done.err
    assert SECRET not in done.out + done.err


@pytest.mark.parametrize(
    ("listen", "environ", "level", "seen"),
    [
        ("127.0.0.1:1", {}, "ok", "open for everybody on this machine"),
        ("0.0.0.0:1", {}, "ok", "open for nobody"),
        ("0.0.0.0:1", {"CALLFLOW_READ_TOKEN": "r" * 20}, "ok", "open for who has a token"),
        ("127.0.0.1:1", {"CALLFLOW_READ_TOKEN": "short"}, "problem", "has 5 characters"),
    ],
)
def test_it_says_who_may_see_the_console(
    listen: str, environ: dict[str, str], level: str, seen: str
) -> None:
    (found,) = console_findings(settings_from({"listen": listen}, {}), environ)
    assert (found.check, found.level) == ("console", level)
    assert seen in found.seen
    assert console_findings(settings_from({}, {}), environ) == []
