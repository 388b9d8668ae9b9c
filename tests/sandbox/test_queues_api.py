"""Queues and their members through the API: read, taken out, refused."""

from __future__ import annotations

import pytest

from runner.sandbox import Sandbox
from runner.sandbox.queues import Queue
from runner.sandbox.world import World
from tests.sandbox.conftest import Http
from tests.sandbox.lines import SITE, call, page


def enqueue(attributes: str = "") -> str:
    return f"<Enqueue {attributes}>support</Enqueue><Say>next</Say>"


def only(world: World) -> Queue:
    (queue,) = world.queues.rows.values()
    return queue


@pytest.fixture
async def queue(sandbox: Sandbox) -> str:
    """Two calls wait, the second ten seconds less. Returns the queue's path."""
    call(sandbox.world, "ada", enqueue())
    await sandbox.advance(10_000)
    call(sandbox.world, "bob", enqueue())
    await sandbox.advance(10_000)
    return f"/2010-04-01/Accounts/{sandbox.account_sid}/Queues/{only(sandbox.world).sid}"


async def test_queues_are_read(sandbox: Sandbox, http: Http, queue: str) -> None:
    shown = (await http.ask("GET", f"{queue}.json")).json
    assert (shown["friendly_name"], shown["current_size"]) == ("support", 2)
    assert (shown["average_wait_time"], shown["max_size"]) == (15, 1_000)
    listing = queue.rsplit("/", 1)[0] + ".json"
    assert (await http.ask("GET", listing)).json["queues"] == [shown]


async def test_members_are_read_from_the_front(sandbox: Sandbox, http: Http, queue: str) -> None:
    uri, found = f"{queue}/Members.json?PageSize=1", []
    while uri is not None:
        shown = (await http.ask("GET", uri)).json
        found += shown["queue_members"]
        uri = shown["next_page_uri"]
    told = [(row["call_sid"], row["position"], row["wait_time"]) for row in found]
    world = sandbox.world
    assert told == [(world.sid_of("ada"), 1, 20), (world.sid_of("bob"), 2, 10)]
    for row in found:
        assert (await http.ask("GET", f"{queue}/Members/{row['call_sid']}.json")).json == row
    assert (await http.ask("GET", f"{queue}/Members/Front.json")).json == found[0]


async def test_a_member_is_taken_out(sandbox: Sandbox, http: Http, queue: str) -> None:
    url = page(sandbox.world, "out", "<Say>your turn</Say>")
    reply = await http.ask("POST", f"{queue}/Members/Front.json", data={"Url": url})
    assert (reply.status, reply.json["position"]) == (200, 1)
    await sandbox.advance(5_000)
    assert sandbox.world.heard("ada") == ["your turn"]
    (left,) = (await http.ask("GET", f"{queue}/Members.json")).json["queue_members"]
    assert (left["call_sid"], left["position"]) == (sandbox.world.sid_of("bob"), 1)


@pytest.mark.parametrize(
    ("member", "form", "refused"),
    [
        ("Front", {}, (400, 20001)),
        ("Front", {"Url": "nowhere"}, (400, 21205)),
        ("Front", {"Url": SITE, "Method": "PUT"}, (400, 21209)),
        ("CA" + "0" * 32, {"Url": SITE}, (404, 20404)),
    ],
)
async def test_what_cannot_be_taken_out(
    sandbox: Sandbox,
    http: Http,
    queue: str,
    member: str,
    form: dict[str, str],
    refused: tuple[int, int],
) -> None:
    reply = await http.ask("POST", f"{queue}/Members/{member}.json", data=form)
    assert (reply.status, reply.json["code"]) == refused
    assert len(only(sandbox.world).tickets) == 2


async def test_a_queue_that_is_not_there_is_not_found(http: Http, queue: str) -> None:
    strange = queue.rsplit("/", 1)[0] + "/QU" + "0" * 32
    for path in (f"{strange}.json", f"{strange}/Members.json", f"{strange}/Members/Front.json"):
        assert (await http.ask("GET", path)).json["code"] == 20404
