"""Promises about changes that must not be sent any more, found out at the last moment."""

from __future__ import annotations

import asyncio

import pytest

from runner.engine.ports import NotProcessed
from runner.gateway.web import WebPoster
from runner.model import Update
from runner.settings import NotificationSettings
from tests.gateway.raw import always, answer, gateway_at, raw_server, serving

SID = "CA" + "1" * 32
HANG_UP = Update(status="completed")


async def test_a_change_is_held_back_before_its_first_byte_is_written() -> None:
    reply = serving(lambda _request: answer(200, {"sid": SID}))
    async with raw_server(reply) as server, gateway_at(server.base) as gateway:
        gateway.change_only_while(lambda: False)
        with pytest.raises(NotProcessed, match="may not act any more"):
            await gateway.update_call(SID, HANG_UP)
        assert server.requests == []
        assert (await gateway.fetch_call(SID)).sid == SID, "looking is free"
        gateway.change_only_while(lambda: True)
        assert (await gateway.update_call(SID, HANG_UP)).sid == SID


async def test_it_is_asked_when_the_connection_stands_and_not_before() -> None:
    """A process that was frozen while it connected finds out in time."""
    may_change = True
    reply = serving(lambda _request: answer(200, {"sid": SID}))
    async with raw_server(reply) as server, gateway_at(server.base) as gateway:
        gateway.change_only_while(lambda: may_change)
        change = asyncio.ensure_future(gateway.update_call(SID, HANG_UP))
        await asyncio.sleep(0)  # it is connecting now
        may_change = False
        with pytest.raises(NotProcessed):
            await change
        assert server.requests == []


async def test_a_post_to_a_service_is_held_back_too() -> None:
    """A runner that waited for a turn, and whose place another took meanwhile."""
    async with raw_server(always(answer(204))) as server:
        web = WebPoster(NotificationSettings(), {})
        web.post_only_while(lambda: False)
        with pytest.raises(NotProcessed, match="may not act any more"):
            await web.post(f"{server.base}/hook", {"body": "{}"}, id_="0" * 32, at=1)
        assert server.requests == []
        web.post_only_while(lambda: True)
        await web.post(f"{server.base}/hook", {"body": "{}"}, id_="0" * 32, at=1)
        assert [request.headers["content-type"] for request in server.requests] == [
            "application/json"
        ]
        await web.close()
