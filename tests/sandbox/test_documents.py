"""Documents over HTTP: fetched on loopback as Twilio asks for them, and what failures do."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from twilio.request_validator import RequestValidator

from runner.sandbox import AUTH_TOKEN, Sandbox
from tests.sandbox.conftest import Http


class Site:
    """A web application of a customer's, on loopback."""

    def __init__(self) -> None:
        self.url = ""
        self.token = AUTH_TOKEN
        self.asked: list[tuple[str, dict[str, str], dict[str, str]]] = []

    async def voice(self, http: web.Request) -> web.Response:
        self.asked.append((http.method, dict(http.query), dict(await http.post())))  # type: ignore[arg-type]
        self.valid = RequestValidator(self.token).validate(
            str(http.url), dict(await http.post()), http.headers["X-Twilio-Signature"]
        )
        return web.Response(text="<Response><Say>from the site</Say></Response>")

    async def away(self, http: web.Request) -> web.Response:
        raise web.HTTPFound("https://example.com/")

    async def broken(self, http: web.Request) -> web.Response:
        return web.Response(status=500)

    async def endless(self, http: web.Request) -> web.Response:
        return web.Response(text=f"<Response><Say>{'x' * 200_000}</Say></Response>")


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site, app = Site(), web.Application()
    app.router.add_route("*", "/voice", site.voice)
    app.router.add_route("*", "/away", site.away)
    app.router.add_route("*", "/broken", site.broken)
    app.router.add_route("*", "/endless", site.endless)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    site.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield site
    await runner.cleanup()


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_an_update_by_url_is_fetched_and_played(
    sandbox: Sandbox, http: Http, site: Site, method: str
) -> None:
    row = sandbox.add_call()
    reply = await http.update(row.sid, Url=f"{site.url}/voice?x=1", Method=method)
    assert reply.status == 200
    await sandbox.advance(10_000)
    assert sandbox.world.heard(row.sid) == ["from the site"]
    ((asked, query, form),) = site.asked
    assert asked == method
    told = form if method == "POST" else query
    assert (told["CallSid"], told["CallStatus"], query["x"]) == (row.sid, "in-progress", "1")
    assert site.valid


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/broken", "11200 {}/broken: answered 500"),
        ("/away", "11200 {}/away: answered 302"),
        ("/endless", "11750 the document is longer than 65536 bytes"),
    ],
)
async def test_what_can_not_be_fetched_ends_the_call(
    sandbox: Sandbox, site: Site, path: str, reason: str
) -> None:
    row = sandbox.add_call(url=site.url + path)
    await sandbox.advance(10_000)
    faults = [line.text for line in sandbox.world.transcript(row.sid) if line.kind == "fault"]
    assert faults == [reason.format(site.url)]
    assert sandbox.world.call(row.sid).status == "completed"


async def test_nobody_there(sandbox: Sandbox) -> None:
    row = sandbox.add_call(url="http://127.0.0.1:1/")
    await sandbox.advance(10_000)
    assert sandbox.world.call(row.sid).status == "completed"


async def test_a_document_that_comes_too_late_is_dropped(
    sandbox: Sandbox, http: Http, site: Site
) -> None:
    row = sandbox.add_call(url=f"{site.url}/voice")
    await http.update(row.sid, Status="completed")
    await sandbox.settle()
    await sandbox.advance(10_000)
    assert sandbox.world.heard(row.sid) == []


async def test_an_accounts_document_is_asked_for_in_its_name(sandbox: Sandbox, site: Site) -> None:
    acme = sandbox.add_account("acme", parent="main")
    site.token = acme.auth_token
    sandbox.add_call(id="a", account="acme", url=f"{site.url}/voice")
    await sandbox.advance(5_000)
    assert sandbox.world_of("acme").heard("a") == ["from the site"]
    ((_, _, form),) = site.asked
    assert (form["AccountSid"], site.valid) == (acme.sid, True)
