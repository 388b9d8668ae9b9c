"""Promises of `callflow doctor` about flows, and about what they lead calls to."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from runner.cli.checkup import urls as doctor_urls
from runner.cli.checkup.findings import Finding
from runner.gateway.documents import NotFetched, fetch_document
from runner.language.loader import load
from runner.sandbox import Sandbox
from tests.cli.doctor.visiting import FLOW, bad, diagnose, of, the

# ---- flows and what they lead to ------------------------------------------------------------


async def test_flows_with_errors_and_with_warnings(sandbox: Sandbox, project: Path) -> None:
    file = project / "flows" / "end.yaml"
    file.write_text(FLOW.replace("match", "mach"))
    found = await diagnose(sandbox)
    assert ("problem", "flows") in bad(found)
    assert of("flows", found)[0].about.startswith("flows/end.yaml:")
    file.write_text(FLOW.replace('{from: "+14155550199"}', "{}"))
    found = await diagnose(sandbox)
    assert bad(found) == [("warning", "flows")]
    assert the("flows", found).fix == "callflow validate flows"


GOOD = '<?xml version="1.0" encoding="UTF-8"?>\n<Response><Say>hello</Say></Response>'


@asynccontextmanager
async def website(
    answers: dict[str, dict[str, Any]],
) -> AsyncIterator[tuple[str, list[web.Request]]]:
    """A web server with these answers to GET; and what was asked."""
    asked: list[web.Request] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request)
        return web.Response(**answers[request.path])

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", asked
    finally:
        await runner.cleanup()


def leading_to(action: str) -> str:
    return FLOW.replace("[hangup]", f"[{action}]")


@pytest.mark.parametrize(
    ("action", "answer", "level", "seen"),
    [
        ("redirect", {"text": GOOD, "content_type": "text/xml"}, "ok", "answers with TwiML"),
        ("redirect", {"text": GOOD, "content_type": "text/html"}, "ok", "answers with TwiML"),
        ("redirect", {"status": 405}, "ok", "answers only POST"),
        ("redirect", {"status": 403}, "ok", "seems to check signatures"),
        ("redirect", {"status": 404}, "problem", "answered 404"),
        ("redirect", {"status": 500}, "problem", "answered 500"),
        ("redirect", {"text": GOOD}, "problem", "content type text/plain"),
        ("redirect", {"text": GOOD[:-4], "content_type": "text/xml"}, "problem", "not well-formed"),
        ("redirect", {"text": "<html/>", "content_type": "text/html"}, "problem", "is <html>"),
        (
            "redirect",
            {"text": GOOD + " " * 65_536, "content_type": "text/xml"},
            "problem",
            "longer than 64 kB",
        ),
        ("play", {"body": b"x", "content_type": "audio/mpeg"}, "ok", "sound of type audio/mpeg"),
        ("play", {"text": GOOD, "content_type": "text/html"}, "problem", "does not play"),
        ("play", {"status": 403}, "problem", "answered 403"),
    ],
)
async def test_what_flows_lead_to(
    action: str, answer: dict[str, Any], level: str, seen: str, project: Path
) -> None:
    async with website({"/there": answer}) as (url, asked):
        secret = url.replace("http://", "http://me:hunter2@") + "/there?token=hunter2"
        found = await look_at(project, f"{{{action}: '{secret}'}}", api_base=url)
    (finding,) = found
    assert (finding.level, finding.about) == (level, f"{url}/there")
    assert seen in finding.seen
    assert bool(finding.fix) == (level != "ok")
    assert "hunter2" not in str(finding)
    assert [(request.method, "Authorization" in request.headers) for request in asked] == [
        ("GET", False)
    ]


async def look_at(project: Path, action: str, *, api_base: str | None) -> list[Finding]:
    (project / "flows" / "end.yaml").write_text(leading_to(action))
    loaded = load([project / "flows"])
    assert loaded.flow_set is not None, loaded.problems
    return await doctor_urls.examine(loaded.flow_set, api_base)


async def test_a_url_that_is_redirected_or_not_there(project: Path) -> None:
    moved = {"status": 302, "headers": {"Location": "/new"}}
    good = {"text": GOOD, "content_type": "text/xml"}
    loop = {"status": 302, "headers": {"Location": "/loop"}}
    async with website({"/old": moved, "/new": good, "/loop": loop}) as (url, _):
        (found,) = await look_at(project, f"{{redirect: '{url}/old'}}", api_base=url)
        assert found.level == "ok"
        (found,) = await look_at(project, f"{{redirect: '{url}/loop'}}", api_base=url)
        assert (found.level, "redirects more than" in found.seen) == ("problem", True)
    (found,) = await look_at(project, f"{{redirect: '{url}/old'}}", api_base=url)
    assert (found.level, found.seen) == ("problem", "no connection to 127.0.0.1")


async def test_twilio_can_reach_neither_this_machine_nor_keep_http_secret(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = {"text": GOOD, "content_type": "text/xml"}
    async with website({"/": good}) as (url, asked):
        (found,) = await look_at(project, f"{{redirect: '{url}/'}}", api_base=None)
        assert (found.level, "can't reach this machine" in found.seen) == ("problem", True)
        assert asked == []
        monkeypatch.setenv("http_proxy", url)  # which stands for the whole web
        (found,) = await look_at(project, "{redirect: 'http://example.com/'}", api_base=None)
    assert (found.level, found.seen) == ("warning", "asked for in clear (http)")
    assert "ends/end" in found.fix
    assert [request.host for request in asked] == ["example.com"]


async def test_urls_with_placeholders_are_only_counted(project: Path) -> None:
    action = "{redirect: 'https://nowhere.invalid/?who={{ from }}'}"
    (found,) = await look_at(project, action, api_base=None)
    assert (found.level, found.seen[:24]) == ("ok", "1 URL with placeholders:")


async def test_no_fetch_asks_for_nothing(sandbox: Sandbox, project: Path) -> None:
    async with website({}) as (url, asked):
        (project / "flows" / "end.yaml").write_text(leading_to(f"{{redirect: '{url}/'}}"))
        found = await diagnose(sandbox, fetch=False)
    assert (bad(found), asked) == ([], [])


async def test_a_server_that_hangs_gets_its_time_and_no_more() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(NotFetched, match=r"did not answer within 0\.2s"):
            await fetch_document(url, limit=200)
