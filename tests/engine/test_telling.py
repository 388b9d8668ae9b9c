"""Promises: a post to a service comes again under its own id, delays no call, shows no secret."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from runner.engine.clock import SystemClock
from runner.engine.loop import Engine
from runner.gateway.signing import read_secrets
from runner.gateway.web import WebPoster
from runner.settings import NotificationSettings
from tests.engine.test_rules import flow, rule
from tests.gateway.raw import RawServer, Request, answer, raw_server
from tests.site import SECOND, Site

SECRET = "planted-signing-secret"
TOKEN = "planted-header-token"
ENVIRON = {
    "CALLFLOW_SIGNING_SECRET": SECRET,
    "CALLFLOW_NOTIFY_TOKEN": TOKEN,
    "TWILIO_AUTH_TOKEN": "planted-account-token",
}
WAYS = "{headers: {Authorization: {env: CALLFLOW_NOTIFY_TOKEN}}, url: 'BASE/hook?key=planted-key'}"


class Service:
    """A service that answers one after the other of these, the last one for ever; None: never."""

    def __init__(self, *statuses: int | None) -> None:
        self.statuses = list(statuses)
        self.asked = asyncio.Event()

    async def reply(self, _request: Request, writer: asyncio.StreamWriter) -> bool:
        self.asked.set()
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if status is None:
            await asyncio.Event().wait()
        else:
            writer.write(answer(status))
            await writer.drain()
        return True


@asynccontextmanager
async def posting(site: Site, service: Service, *, then: str = "") -> AsyncIterator[RawServer]:
    """A service that the site's engine posts to, by the one rule there is."""
    keys = read_secrets((), ENVIRON)
    # As patient as it can be: a hanging service then hangs for the whole test.
    poster = WebPoster(NotificationSettings(timeout=60_000), ENVIRON, keys=keys)
    async with raw_server(service.reply) as server:
        actions = then or f"[{{notify: {WAYS}}}]"
        site.flows(flow(rule("r", "", actions.replace("BASE", server.base))))
        site.engine.reach(web=poster)
        try:
            yield server
        finally:
            await poster.close()


async def tries(site: Site) -> list[tuple[str, str, int]]:
    """Part, outcome and number of tries of each entry."""
    return [(e.intent.part, e.outcome, e.attempt) for e in await site.history()]


async def test_every_try_has_the_same_id_and_the_time_of_its_own(site: Site) -> None:
    async with posting(site, Service(503, 429, 200)) as server:
        site.sandbox.add_call(id="a")
        await site.poll()
    assert await tries(site) == [("notify", "done", 3)]
    assert len({request.headers["webhook-id"] for request in server.requests}) == 1
    times = [int(request.headers["webhook-timestamp"]) for request in server.requests]
    assert [later - times[0] for later in times] == [0, 1, 6]
    assert len({request.headers["webhook-signature"] for request in server.requests}) == 3
    assert len({request.body for request in server.requests}) == 1


@pytest.mark.parametrize(("asked", "waited"), [("30", 30), ("0", 1), ("86400", 60)])
async def test_a_service_that_wants_time_gets_it_up_to_a_minute(
    site: Site, asked: str, waited: int
) -> None:
    class Busy(Service):
        async def reply(self, _request: Request, writer: asyncio.StreamWriter) -> bool:
            status = self.statuses.pop(0)
            headers = {"Retry_After": asked} if status == 429 else {}
            writer.write(answer(status or 200, **headers))
            await writer.drain()
            return True

    async with posting(site, Busy(429, 200)) as server:
        site.sandbox.add_call(id="a")
        await site.poll()
    assert await tries(site) == [("notify", "done", 2)]
    first, second = (int(request.headers["webhook-timestamp"]) for request in server.requests)
    assert second - first == waited


async def test_a_restart_goes_on_under_the_same_id(site: Site) -> None:
    service = Service(None, 200)
    async with posting(site, service) as server:
        site.sandbox.add_call(id="a")
        await site.engine.tick(site.time.now())
        await service.asked.wait()
        flows, poster = site.engine.flow_set, WebPoster(NotificationSettings(), ENVIRON)
        await site.engine.abandon()  # as a crash would
        site.restart()
        site.engine.load(flows)
        site.engine.reach(web=poster)
        await site.poll(after=2 * SECOND)
        await poster.close()
    assert await tries(site) == [("notify", "done", 1)]
    first, second = server.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


async def test_two_calls_have_an_id_each(site: Site) -> None:
    async with posting(site, Service(200)) as server:
        for name in ("a", "b"):
            site.sandbox.add_call(id=name)
        await site.poll()
    assert len({request.headers["webhook-id"] for request in server.requests}) == 2


@pytest.mark.parametrize(
    ("status", "outcome", "number"),
    [(404, "failed", 1), (307, "failed", 1), (429, "failed", 4), (500, "unknown", 4)],
)
async def test_how_it_ends_where_the_service_never_takes_it(
    status: int, outcome: str, number: int, site: Site
) -> None:
    async with posting(site, Service(status)) as server:
        site.sandbox.add_call(id="a")
        await site.poll()
        await site.poll(after=60 * SECOND)
    assert await tries(site) == [("notify", outcome, number)]
    assert len(server.requests) == number


async def test_a_service_that_hangs_delays_neither_the_hang_up_nor_the_next_poll(
    site: Site,
) -> None:
    service = Service(None)
    async with posting(site, service, then=f"[{{notify: {WAYS}}}, hangup]"):
        first = site.sandbox.add_call(id="a").sid
        await site.engine.tick(site.time.now())
        await service.asked.wait()
        await until_done(site, 1)
        assert site.sandbox.world.call(first).status == "completed"
        second = site.sandbox.add_call(id="b").sid
        await site.engine.tick(site.time.now())
        await until_done(site, 2)
        assert site.sandbox.world.call(second).status == "completed"
        assert [outcome for part, outcome, _ in await tries(site) if part == "notify"] == [
            "intended",
            "intended",
        ]
        assert await site.engine.stop(0) == 2  # and neither does it delay the end


async def until_done(site: Site, updates: int) -> None:
    """Waits until so many updates have their outcome."""
    for _ in range(500):
        done = [each for each in await tries(site) if each[:2] == ("", "done")]
        if len(done) >= updates:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(await tries(site))


@pytest.mark.parametrize("statuses", [(200,), (404,), (503, 307), (500,)])
async def test_no_secret_is_told_or_kept(statuses: tuple[int, ...], site: Site) -> None:
    async with posting(site, Service(*statuses)) as server:
        site.sandbox.add_call(id="a")
        await site.poll()
        (sent, *_) = server.requests
    assert sent.headers["authorization"] == TOKEN
    planted = (SECRET, TOKEN, "planted-account-token", sent.headers["webhook-signature"])
    assert site.events
    told = repr(site.events)
    kept = b"".join(path.read_bytes() for path in site.folder.glob("store.db*"))
    assert b"CALLFLOW_NOTIFY_TOKEN" in kept
    for secret in planted:
        assert secret not in told
        assert secret.encode() not in kept
    details = [event.fields.get("detail", "") for event in site.events]
    assert not [detail for detail in details if "planted-key" in str(detail)]


async def test_a_variable_that_is_missing_is_named_once_and_not_tried_again(site: Site) -> None:
    async with posting(site, Service(200), then=f"[{{notify: {WAYS}}}]".replace("TOKEN", "GONE")):
        site.sandbox.add_call(id="a")
        await site.poll()
    (entry,) = await site.history()
    assert (entry.outcome, entry.detail) == (
        "failed",
        "the variable CALLFLOW_NOTIFY_GONE is not set",
    )


async def test_a_rehearsal_posts_nothing(site: Site) -> None:
    async with posting(site, Service(200)) as server:
        site.sandbox.add_call(id="a")
        await site.engine.rehearse(site.time.now())
        await site.engine.preview(site.time.now())
        await site.engine.settle()
        assert server.requests == []
    assert await site.history() == []


async def test_a_stop_waits_for_no_further_try(site: Site) -> None:
    class Busy(Service):
        async def reply(self, _request: Request, writer: asyncio.StreamWriter) -> bool:
            writer.write(answer(429, Retry_After="60"))
            await writer.drain()
            return True

    # On real time: on the site's, nothing ever waits.
    sid, clock = site.sandbox.account_sid, SystemClock()
    site.engine = Engine(sid, site.gateway, store=site.store, clock=clock, tell=site.events.append)
    async with posting(site, Busy()):
        site.sandbox.add_call(id="a")
        await site.engine.tick(clock.now())
        await site.until(lambda: bool(site.told("action.retrying")))
        assert await site.engine.stop(3 * SECOND) == 0
    assert await tries(site) == [("notify", "retrying", 2)]
