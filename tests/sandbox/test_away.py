"""A sandbox that goes away: connections are refused, calls go on, and it returns where it was."""

from __future__ import annotations

import asyncio
import socket

import aiohttp
import pytest
import requests
from twilio.rest import Client

from runner.sandbox import ManualClock, Sandbox
from tests.sandbox.conftest import Http
from tests.sandbox.sdk import arrived, using


def listed(client: Client) -> list[str]:
    return [str(call.sid) for call in client.calls.list()]


async def test_the_port_refuses_while_the_sandbox_is_away(sandbox: Sandbox) -> None:
    row = sandbox.add_call(id="a", twiml="<Response><Say>hello</Say><Pause/></Response>")
    url = sandbox.url
    await sandbox.go_away()
    for _ in range(2):
        with pytest.raises(requests.ConnectionError, match="refused"):
            await using(sandbox, listed)
    await sandbox.advance(500)
    assert sandbox.world.heard("a") == ["hello"], "the calls go on"
    await sandbox.come_back()
    assert sandbox.url == url
    assert await using(sandbox, listed) == [row.sid]
    await sandbox.come_back()
    assert await using(sandbox, listed) == [row.sid]


async def test_going_away_breaks_what_is_under_way(sandbox: Sandbox) -> None:
    sandbox.set_fault("hang", times=1)

    async def leave() -> None:
        await arrived(sandbox, 1)
        await sandbox.go_away()

    leaving = asyncio.ensure_future(leave())
    with pytest.raises(requests.ConnectionError):
        await using(sandbox, listed)
    await leaving
    await sandbox.come_back()
    sandbox.set_fault("hang", times=1)
    with pytest.raises(requests.ReadTimeout):
        await using(sandbox, listed, patience=0.2)


async def test_idle_connections_are_broken_too(sandbox: Sandbox, http: Http) -> None:
    assert (await http.page()).status == 200
    await sandbox.go_away()
    await sandbox.go_away()
    with pytest.raises(aiohttp.ClientConnectionError):
        await http.page()
    await sandbox.come_back()
    assert (await http.page()).status == 200


async def test_nobody_takes_the_port_meanwhile(sandbox: Sandbox) -> None:
    port = int(sandbox.url.rpartition(":")[2])
    await sandbox.go_away()
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", port))
    await sandbox.close()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))


async def test_there_is_no_address_before_it_opens() -> None:
    sandbox = Sandbox(clock=ManualClock())
    await sandbox.go_away()
    with pytest.raises(RuntimeError, match="not open"):
        _ = sandbox.url
    await sandbox.come_back()
    assert sandbox.url.startswith("http://127.0.0.1:")
    await sandbox.close()
