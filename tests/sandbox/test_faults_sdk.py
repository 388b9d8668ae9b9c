"""Every fault as Twilio's own SDK meets it, on the list and on an update."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest import Client

from runner.sandbox import Sandbox
from runner.sandbox.faults import CALLBACKS, NAMES, REFUSALS
from tests.sandbox.sdk import answers, arrived, using

TESTED_BELOW = {"slow", "skew", "no-date", "stale", "shrink", "too-early", "lost"}
#: What the SDK raises, and whether the update was processed all the same.
BROKEN: dict[str, tuple[type[Exception], bool]] = {
    "hang": (requests.ReadTimeout, False),
    "hang-after": (requests.ReadTimeout, True),
    "reset-before": (requests.ConnectionError, False),
    "reset-after": (requests.ConnectionError, True),
    "malformed": (ValueError, True),
    "html": (TwilioException, True),
    "truncated": (requests.exceptions.ChunkedEncodingError, True),
}


def test_every_fault_is_met() -> None:
    assert {*REFUSALS, *BROKEN} | TESTED_BELOW == set(NAMES) - set(CALLBACKS)


def hang_up(sid: str) -> Callable[[Client], Any]:
    return lambda client: client.calls(sid).update(status="completed")


def listed(client: Client) -> list[str]:
    return [str(call.sid) for call in client.calls.list(page_size=3)]


def first_page(client: Client) -> dict[str, str]:
    """The headers of the list's first page."""
    client.calls.page(page_size=3)
    headers: dict[str, str] = answers(client)[-1].headers
    return headers


@pytest.mark.parametrize("name", REFUSALS)
@pytest.mark.parametrize("retry_after", [None, 3])
async def test_refusals(sandbox: Sandbox, name: str, retry_after: int | None) -> None:
    row = sandbox.add_call()
    sandbox.set_fault(name, times=2, retry_after=retry_after)
    with pytest.raises(TwilioException) as raised:
        await using(sandbox, listed)
    response = raised.value.args[1]
    assert response.status_code == int(name)
    wanted = None if retry_after is None else str(retry_after)
    assert response.headers.get("Retry-After") == wanted
    with pytest.raises(TwilioRestException) as refused:
        await using(sandbox, hang_up(row.sid))
    assert (refused.value.status, refused.value.code) == (int(name), REFUSALS[name].code)
    assert sandbox.world.call(row.sid).live
    assert await using(sandbox, listed) == [row.sid]


@pytest.mark.parametrize("name", BROKEN)
async def test_broken_lines(sandbox: Sandbox, name: str) -> None:
    kind, processed = BROKEN[name]
    row = sandbox.add_call()
    sandbox.set_fault(name, times=2)
    patience = 0.5 if name.startswith("hang") else 10.0
    with pytest.raises(kind):
        await using(sandbox, hang_up(row.sid), patience=patience)
    await arrived(sandbox, 1)
    assert sandbox.world.call(row.sid).live is not processed
    with pytest.raises((kind, TwilioException)):
        await using(sandbox, listed, patience=patience)
    await arrived(sandbox, 2)
    assert await using(sandbox, listed) == [row.sid]


async def test_slow(sandbox: Sandbox) -> None:
    row = sandbox.add_call()
    sandbox.set_fault("slow", seconds=5)
    with pytest.raises(requests.ReadTimeout):
        await using(sandbox, hang_up(row.sid), patience=0.2)
    await arrived(sandbox, 1)
    assert not sandbox.world.call(row.sid).live
    sandbox.faults.clear()
    sandbox.set_fault("slow", seconds=0.05)
    assert await using(sandbox, listed) == [row.sid]


@pytest.mark.parametrize(
    ("seconds", "date"),
    [(3_600, "Tue, 14 Nov 2023 23:13:20 GMT"), (-3_600, "Tue, 14 Nov 2023 21:13:20 GMT")],
)
async def test_a_clock_an_hour_off(sandbox: Sandbox, seconds: int, date: str) -> None:
    row = sandbox.add_call()
    sandbox.set_fault("skew", seconds=seconds)
    assert (await using(sandbox, first_page))["Date"] == date
    assert sandbox.world.call(row.sid).start_time == sandbox.clock.now()


@pytest.mark.parametrize("beside", ["", "429", "html", "truncated", "malformed"])
async def test_no_date_at_all(sandbox: Sandbox, beside: str) -> None:
    sandbox.set_fault("no-date", times=1)
    if beside:
        sandbox.set_fault(beside, times=1)

    def ask(client: Client) -> list[Any]:
        url = f"{sandbox.url}/2010-04-01/Accounts/{client.account_sid}/Calls.json"
        login = (str(client.username), str(client.password))
        seen = []
        for _ in range(2):
            with requests.get(url, auth=login, stream=True, timeout=10) as answer:
                seen.append(answer.headers.get("Date"))
        return seen

    assert await using(sandbox, ask) == [None, "Tue, 14 Nov 2023 22:13:20 GMT"]


async def test_a_stale_list(sandbox: Sandbox) -> None:
    ended = sandbox.add_call(id="ended")
    await sandbox.advance(10_000)
    sandbox.world.hang_up(sandbox.world.leg("ended"))
    begun = sandbox.add_call()
    sandbox.set_fault("stale", seconds=5, times=1)

    def live(client: Client) -> list[str]:
        return [str(call.sid) for call in client.calls.list(status="in-progress")]

    assert await using(sandbox, live) == [ended.sid]
    assert await using(sandbox, live) == [begun.sid]


async def test_too_early(sandbox: Sandbox) -> None:
    row = sandbox.add_call()
    sandbox.set_fault("too-early", times=1)
    with pytest.raises(TwilioRestException) as raised:
        await using(sandbox, hang_up(row.sid))
    assert (raised.value.status, raised.value.code) == (400, 21220)
    assert (await using(sandbox, hang_up(row.sid))).status == "completed"


@pytest.mark.parametrize("name", ["500", "hang", "truncated"])
async def test_a_page_that_fails_midway(sandbox: Sandbox, name: str) -> None:
    rows = [sandbox.add_call() for _ in range(7)]
    sandbox.set_fault(name, page=2, times=1)
    wrong = (TwilioException, requests.RequestException)
    with pytest.raises(wrong):
        await using(sandbox, listed, patience=1 if name == "hang" else 10)
    await arrived(sandbox, 2)
    first, second = sandbox.journal.of("list")
    assert (first.status, first.fault, second.fault) == (200, "", name)
    assert [entry.request.page for entry in (first, second)] == [1, 2]
    assert await using(sandbox, listed) == [row.sid for row in reversed(rows)]


async def test_a_fault_of_one_page_spares_other_requests(sandbox: Sandbox) -> None:
    row = sandbox.add_call()
    sandbox.set_fault("500", page=1)
    assert (await using(sandbox, hang_up(row.sid))).status == "completed"
    with pytest.raises(TwilioException):
        await using(sandbox, listed)


@pytest.mark.parametrize("status", ["in-progress", "ringing"])
async def test_a_list_that_shrinks_while_it_is_read(sandbox: Sandbox, status: str) -> None:
    rows = [sandbox.add_call(status=status) for _ in range(10)]
    newest = [row.sid for row in reversed(rows)]
    sandbox.set_fault("shrink", page=1, times=1)
    sandbox.set_fault("shrink", page=2, times=1)

    def live(client: Client) -> list[str]:
        return [str(call.sid) for call in client.calls.list(status=status, page_size=3)]

    assert await using(sandbox, live) == newest, "none skipped, none twice"
    assert await using(sandbox, live) == newest[6:]
    assert {sandbox.world.call(sid).live for sid in newest[:6]} == {False}


async def test_calls_that_end_between_pages(sandbox: Sandbox) -> None:
    rows = [sandbox.add_call() for _ in range(9)]
    newest = [row.sid for row in reversed(rows)]
    gone = {newest[1], newest[2], newest[4], newest[8]}

    def live(client: Client) -> list[str]:
        page = client.calls.page(status="in-progress", page_size=3)
        seen = [str(call.sid) for call in page]
        for sid in gone:
            client.calls(sid).update(status="completed")
        while page.next_page_url is not None:
            page = page.next_page()
            seen += [str(call.sid) for call in page]
        return seen

    assert await using(sandbox, live) == newest[:3] + [s for s in newest[3:] if s not in gone]


async def test_answers_lost_at_random(sandbox: Sandbox) -> None:
    rows = [sandbox.add_call() for _ in range(60)]
    sandbox.lose_answers(0.5, seed=7)

    def hang_all_up(client: Client) -> set[str]:
        lost = set()
        for row in rows:
            try:
                client.calls(row.sid).update(status="completed")
            except requests.ConnectionError:
                lost.add(row.sid)
        return lost

    lost = await using(sandbox, hang_all_up)
    assert 15 < len(lost) < 45
    processed = {row.sid for row in rows if not sandbox.world.call(row.sid).live}
    assert len(lost & processed) > 3, "some were processed"
    assert len(lost - processed) > 3, "and some were not"
    for entry in sandbox.journal.of("update"):
        before = {"": False, "reset-after": False, "reset-before": True}[entry.fault]
        assert (entry.request.sid in processed) is not before, "the journal knows"
