"""Twilio's own SDK against the sandbox: what works there works here, and fails alike."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest import Client

from runner.sandbox import API_KEY, API_SECRET, Sandbox

HELLO = "<Response><Say>Hello</Say></Response>"


async def using(sandbox: Sandbox, deed: Callable[[Any], Any]) -> Any:
    """Does something with a client of this sandbox, in a thread: the SDK blocks."""
    client = Client(sandbox.account_sid, sandbox.auth_token)
    client.api.base_url = sandbox.url
    try:
        return await asyncio.to_thread(deed, client)
    finally:
        client.http_client.session.close()


async def test_lists_page_by_page(sandbox: Sandbox) -> None:
    rows = [sandbox.add_call() for _ in range(7)]
    sandbox.add_call(status="ringing")
    calls = await using(sandbox, lambda c: c.calls.list(status="in-progress", page_size=3))
    assert [call.sid for call in calls] == [row.sid for row in reversed(rows)]
    assert len(sandbox.journal.of("list")) == 3


async def test_pages_go_back_and_forth(sandbox: Sandbox) -> None:
    for _ in range(5):
        sandbox.add_call()

    def walk(client: Any) -> tuple[list[str], list[str]]:
        first = client.calls.page(page_size=2)
        second = first.next_page()
        back = second.previous_page()
        return [call.sid for call in client.calls.page(page_size=2)], [c.sid for c in back]

    first, back = await using(sandbox, walk)
    assert first == back


async def test_filters_by_time(sandbox: Sandbox) -> None:
    old = sandbox.add_call(age=7_200_000)
    new = sandbox.add_call()
    then = datetime(2023, 11, 14, 21, 0, tzinfo=UTC)
    after = await using(sandbox, lambda c: c.calls.list(start_time_after=then))
    before = await using(sandbox, lambda c: c.calls.list(start_time_before=then))
    assert ([c.sid for c in after], [c.sid for c in before]) == ([new.sid], [old.sid])


async def test_a_call_is_read_as_the_sdk_reads_it(sandbox: Sandbox) -> None:
    row = sandbox.add_call(from_="client:ada", age=1_000, caller_name="ADA")
    call = await using(sandbox, lambda c: c.calls(row.sid).fetch())
    assert (call._from, call.status, call.duration) == ("client:ada", "in-progress", None)
    assert call.start_time == datetime(2023, 11, 14, 22, 13, 19, tzinfo=UTC)
    assert call.subresource_uris["recordings"].endswith(f"{row.sid}/Recordings.json")


async def test_updates_and_creates(sandbox: Sandbox) -> None:
    row = sandbox.add_call()
    await using(sandbox, lambda c: c.calls(row.sid).update(twiml=HELLO))
    await sandbox.advance(10_000)
    assert sandbox.world.heard(row.sid) == ["Hello"]
    made = await using(
        sandbox, lambda c: c.calls.create(to="+14155550111", from_="+14155550100", twiml=HELLO)
    )
    assert (made.status, made.direction) == ("queued", "outbound-api")


async def test_refusals_raise_with_twilios_code(sandbox: Sandbox) -> None:
    row = sandbox.add_call(status="completed")
    for deed, status, code in [
        (lambda c: c.calls("CA" + "0" * 32).fetch(), 404, 20404),
        (lambda c: c.calls(row.sid).update(twiml=HELLO), 400, 21220),
    ]:
        with pytest.raises(TwilioRestException) as raised:
            await using(sandbox, deed)
        assert (raised.value.status, raised.value.code) == (status, code)


async def test_a_page_that_fails_raises_without_a_code(sandbox: Sandbox) -> None:
    sandbox.set_fault("429")
    with pytest.raises(TwilioException) as raised:
        await using(sandbox, lambda c: c.calls.list())
    assert raised.value.args[1].status_code == 429


async def test_deletes(sandbox: Sandbox) -> None:
    row = sandbox.add_call(status="completed")
    assert await using(sandbox, lambda c: c.calls(row.sid).delete())
    assert len(sandbox.world.shelf) == 0


async def test_an_api_key_opens_the_account(sandbox: Sandbox) -> None:
    def ask(_: Any) -> Any:
        client = Client(API_KEY, API_SECRET, sandbox.account_sid)
        client.api.base_url = sandbox.url
        try:
            return client.calls.list()
        finally:
            client.http_client.session.close()

    assert await using(sandbox, ask) == []
