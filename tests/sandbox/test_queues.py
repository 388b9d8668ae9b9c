"""Queues: calls wait, hear what the queue has for them, are taken out, or leave."""

from __future__ import annotations

import pytest

from runner.sandbox import Sandbox
from runner.sandbox.legs import Source
from runner.sandbox.plans import Person
from runner.sandbox.queues import Queue
from runner.sandbox.world import World
from tests.sandbox.conftest import Http
from tests.sandbox.lines import SITE, START, call, lines, page, since, to

ACTION = "http://127.0.0.1:9/left"
GOODBYE = Source(twiml="<Response><Say>goodbye</Say></Response>")
ADA, AGENT = "+14155550101", "+14155550102"


@pytest.fixture
def world() -> World:
    return World(START)


def enqueue(attributes: str = "") -> str:
    return f"<Enqueue {attributes}>support</Enqueue><Say>next</Say>"


def take(attributes: str = "", dial: str = "") -> str:
    return f"<Dial {dial}><Queue {attributes}>support</Queue></Dial><Say>done</Say>"


def only(world: World) -> Queue:
    (queue,) = world.queues.rows.values()
    return queue


def result(world: World, name: str = "QueueResult") -> str:
    (fetch,) = world.outbox
    assert fetch.parameters["QueueSid"] == only(world).sid
    return fetch.parameters[name]


def test_a_call_waits_where_it_is_put(world: World) -> None:
    call(world, "ada", enqueue())
    to(world, 3_600_000)
    assert lines(world, "ada") == [(0, "waits", "queue support")]
    assert list(only(world).tickets) == [world.sid_of("ada")]


def test_the_waiting_document_is_played_again_and_again(world: World) -> None:
    url = page(world, "wait", "<Say>please hold</Say><Pause/>")
    call(world, "ada", enqueue(f'waitUrl="{url}"'))
    to(world, 3_000)
    assert lines(world, "ada")[1:] == [
        (0, "fetches", url),
        (100, "says", "please hold"),
        (900, "pauses", "1 s"),
        (1_900, "fetches", url),
        (2_000, "says", "please hold"),
        (2_800, "pauses", "1 s"),
    ]


def test_the_waiting_document_is_told_of_the_queue(world: World) -> None:
    call(world, "first", enqueue())
    to(world, 8_000)
    call(world, "ada", enqueue('waitUrl="http://127.0.0.1:9/wait" waitUrlMethod="GET"'))
    (fetch,) = world.outbox
    asked = {name: text for name, text in fetch.parameters.items() if "Queue" in name}
    assert asked == {
        "QueueSid": only(world).sid,
        "QueuePosition": "2",
        "QueueTime": "0",
        "AvgQueueTime": "4",
        "CurrentQueueSize": "2",
        "MaxQueueSize": "1000",
    }
    assert fetch.method == "GET"


def test_leave_goes_on_after_the_enqueue(world: World) -> None:
    url = page(world, "wait", "<Say>nobody is here</Say><Leave/><Say>never</Say>")
    call(world, "ada", enqueue(f'waitUrl="{url}"'))
    to(world, 60_000)
    assert lines(world, "ada")[2:] == [
        (100, "says", "nobody is here"),
        (1_300, "leaves", "queue support"),
        (1_300, "says", "next"),
        (1_700, "status", "completed"),
    ]
    assert only(world).tickets == {}


def test_leave_goes_to_the_action(world: World) -> None:
    url = page(world, "wait", "<Pause length='7'/><Leave/>")
    call(world, "ada", enqueue(f'waitUrl="{url}" action="{ACTION}"'))
    to(world, 60_000)
    assert (result(world), result(world, "QueueTime")) == ("leave", "7")
    assert world.heard("ada") == []


def test_hangup_and_redirect_in_the_waiting_document(world: World) -> None:
    page(world, "two", "<Say>two</Say><Hangup/>")
    url = page(world, "one", "<Say>one</Say><Redirect>two</Redirect>")
    call(world, "ada", enqueue(f'waitUrl="{url}"'))
    to(world, 60_000)
    assert world.heard("ada") == ["one", "two"]
    assert lines(world, "ada")[-2:] == [
        (1_000, "status", "completed"),
        (1_000, "leaves", "queue support"),
    ]


def test_a_key_in_the_waiting_document(world: World) -> None:
    page(world, "keys", "<Say>good bye then</Say><Leave/>")
    gather = '<Gather action="keys" numDigits="1"><Say>press one to leave</Say></Gather>'
    call(world, "ada", enqueue(f'waitUrl="{page(world, "w", gather)}"'), person=Person(digits="1"))
    to(world, 60_000)
    assert world.heard("ada") == ["press one to leave", "good bye then", "next"]


def test_other_verbs_of_a_waiting_document_are_a_fault(world: World) -> None:
    url = page(world, "wait", "<Dial>+1415</Dial><Say>hold</Say>")
    call(world, "ada", enqueue(f'waitUrl="{url}"'))
    to(world, 200)
    assert lines(world, "ada")[2:] == [
        (100, "fault", "12200 <Dial> can't be played here"),
        (100, "says", "hold"),
    ]


def test_a_waiting_document_without_a_sound_is_played_once(world: World) -> None:
    call(world, "ada", enqueue(f'waitUrl="{page(world, "wait", "")}"'))
    to(world, 60_000)
    assert len(lines(world, "ada")) == 2


def test_a_full_queue(world: World) -> None:
    call(world, "ada", enqueue())
    only(world).max_size = 1
    call(world, "bob", enqueue())
    call(world, "eve", enqueue(f'action="{ACTION}"'))
    assert world.outbox[0].parameters["QueueResult"] == "queue-full"
    to(world, 60_000)
    assert lines(world, "bob")[:2] == [(0, "cut", "queue support is full"), (0, "says", "next")]


def test_an_update_takes_a_call_out(world: World) -> None:
    call(world, "ada", enqueue(f'action="{ACTION}" waitUrl="{page(world, "w", "<Say>a b</Say>")}"'))
    to(world, 300)
    world.redirect(world.leg("ada"), GOODBYE)
    to(world, 60_000)
    assert since(world, "ada", 300) == [
        (300, "told", GOODBYE.twiml),
        (450, "cut", "saying 'a b'"),
        (450, "leaves", "queue support"),
        (450, "fetches", ACTION),
        (450, "says", "goodbye"),
        (850, "status", "completed"),
    ]
    assert result(world) == "redirected"


def test_a_caller_who_gives_up(world: World) -> None:
    call(world, "ada", enqueue(f'action="{ACTION}"'), person=Person(talk=5_000))
    to(world, 60_000)
    assert (result(world), only(world).tickets) == ("hangup", {})


# ---- <Dial><Queue> --------------------------------------------------------------------------


def test_who_waits_longest_is_connected(world: World) -> None:
    call(world, "ada", enqueue(), from_=ADA)
    call(world, "bob", enqueue())
    to(world, 5_000)
    call(world, "agent", take(), from_=AGENT)
    to(world, 60_000)
    assert lines(world, "ada")[1:] == [
        (5_000, "leaves", "queue support"),
        (5_000, "joins", AGENT),
    ]
    assert lines(world, "agent") == [(5_000, "joins", ADA)]
    assert list(only(world).tickets) == [world.sid_of("bob")]


def test_both_go_on_when_the_other_hangs_up(world: World) -> None:
    call(world, "ada", enqueue(), person=Person(talk=9_000))
    call(world, "agent", take(dial=f'action="{ACTION}"'))
    to(world, 60_000)
    (fetch,) = world.outbox
    told = {name: text for name, text in fetch.parameters.items() if name.startswith("Dial")}
    assert told == {
        "DialCallStatus": "completed",
        "DialCallSid": world.sid_of("ada"),
        "DialCallDuration": "9",
        "DialBridged": "true",
    }


def test_the_enqueues_action_is_asked_when_the_agent_is_gone(world: World) -> None:
    call(world, "ada", enqueue(f'action="{ACTION}"'))
    to(world, 3_000)
    call(world, "agent", take(), person=Person(talk=20_000))
    to(world, 60_000)
    assert (result(world), result(world, "QueueTime")) == ("bridged", "3")


def test_a_call_is_told_something_before_it_is_connected(world: World) -> None:
    call(world, "ada", enqueue())
    url = page(world, "before", "<Say>this call is recorded</Say>")
    call(world, "agent", take(f'url="{url}"'))
    to(world, 60_000)
    assert [line[:2] for line in lines(world, "ada")[1:]] == [
        (0, "leaves"),
        (0, "fetches"),
        (100, "says"),
        (1_700, "joins"),
    ]
    assert world.heard("agent") == []
    assert lines(world, "agent")[0][:2] == (1_700, "joins")


def test_the_agent_waits_for_the_next_who_comes(world: World) -> None:
    call(world, "first", enqueue(), person=Person(talk=1_000))
    to(world, 2_000)
    call(world, "agent", take(), from_=AGENT)
    to(world, 10_000)
    call(world, "ada", enqueue(), from_=ADA)
    to(world, 60_000)
    assert lines(world, "agent") == [
        (2_000, "waits", "somebody in queue support"),
        (10_000, "joins", ADA),
    ]


@pytest.mark.parametrize(("timeout", "until"), [("", 30_000), ('timeout="5"', 5_000)])
def test_nobody_comes(world: World, timeout: str, until: int) -> None:
    call(world, "first", enqueue(), person=Person(talk=0))
    to(world, 0)
    call(world, "agent", take(dial=timeout))
    to(world, 60_000)
    assert lines(world, "agent")[1] == (until, "says", "done")
    call(world, "ada", enqueue())
    assert list(only(world).tickets) == [world.sid_of("ada")]


def test_a_queue_that_is_not_there(world: World) -> None:
    call(world, "agent", take())
    to(world, 60_000)
    assert lines(world, "agent")[:2] == [
        (0, "cut", "there is no queue support"),
        (0, "says", "done"),
    ]


@pytest.mark.parametrize(
    ("name", "other", "next_"), [("ada", "agent", "done"), ("agent", "ada", "next")]
)
def test_an_update_to_one_lets_the_other_go_on(
    world: World, name: str, other: str, next_: str
) -> None:
    call(world, "ada", enqueue())
    call(world, "agent", take())
    to(world, 4_000)
    world.redirect(world.leg(name), GOODBYE)
    to(world, 60_000)
    assert since(world, name, 4_100)[0] == (4_150, "says", "goodbye")
    assert since(world, other, 4_100)[0] == (4_150, "says", next_)


def test_an_update_out_of_a_conversation_is_told_to_the_action(world: World) -> None:
    call(world, "ada", enqueue(f'action="{ACTION}"'))
    call(world, "agent", take())
    world.redirect(world.leg("ada"), GOODBYE)
    to(world, 60_000)
    assert result(world) == "redirected-from-bridged"


def test_the_time_limit_of_the_dial(world: World) -> None:
    call(world, "ada", enqueue())
    call(world, "agent", take(dial='timeLimit="6"'))
    to(world, 60_000)
    assert since(world, "ada", 1)[0] == (6_000, "says", "next")
    assert since(world, "agent", 1)[1] == (6_000, "says", "done")


def test_an_agent_who_gives_up_waiting_takes_nobody(world: World) -> None:
    call(world, "first", enqueue(), person=Person(talk=0))
    to(world, 0)
    call(world, "agent", take(), person=Person(talk=2_000))
    to(world, 3_000)
    call(world, "ada", enqueue())
    assert lines(world, "ada") == [(3_000, "waits", "queue support")]


# ---- the API --------------------------------------------------------------------------------


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
