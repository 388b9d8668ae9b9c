"""Queues: calls wait, hear what the queue has for them, are taken out, or leave."""

from __future__ import annotations

import pytest

from runner.sandbox.legs import Source
from runner.sandbox.plans import Person
from runner.sandbox.queues import Queue
from runner.sandbox.world import World
from tests.sandbox.lines import START, call, lines, page, since, to

ACTION = "http://127.0.0.1:9/left"
GOODBYE = Source(twiml="<Response><Say>goodbye</Say></Response>")


@pytest.fixture
def world() -> World:
    return World(START)


def enqueue(attributes: str = "") -> str:
    return f"<Enqueue {attributes}>support</Enqueue><Say>next</Say>"


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
