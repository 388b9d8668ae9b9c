"""`<Dial><Queue>`: who waits longest is connected, and both go on when that is over."""

from __future__ import annotations

import pytest

from runner.sandbox.legs import Source
from runner.sandbox.plans import Person
from runner.sandbox.queues import Queue
from runner.sandbox.world import World
from tests.sandbox.lines import START, call, lines, page, since, to

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
