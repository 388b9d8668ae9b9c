"""Conferences: who is in them, when they start and end, and what a call does afterwards."""

from __future__ import annotations

import pytest

from runner.sandbox import conferencing
from runner.sandbox.conferences import Conference
from runner.sandbox.legs import Source
from runner.sandbox.plans import Person
from runner.sandbox.rooms import KEPT, Rooms
from runner.sandbox.world import World
from tests.sandbox.lines import START, call, lines, page, since, to

GOODBYE = Source(twiml="<Response><Say>goodbye</Say></Response>")


@pytest.fixture
def world() -> World:
    return World(START)


def room(attributes: str = "", dial: str = "", after: str = "<Say>next</Say>") -> str:
    return f"<Dial {dial}><Conference {attributes}>room</Conference></Dial>{after}"


def only(world: World) -> Conference:
    (conference,) = world.conferences.rows.values()
    return conference


def test_a_conference_starts_with_the_second_who_comes(world: World) -> None:
    call(world, "ada", room())
    assert (only(world).status, list(only(world).seats)) == ("init", [world.sid_of("ada")])
    to(world, 5_000)
    call(world, "bob", room())
    assert only(world).status == "in-progress"
    assert lines(world, "ada") == [
        (0, "joins", "conference room"),
        (5_000, "plays", "a beep"),
    ]
    assert lines(world, "bob") == [(5_000, "joins", "conference room")]


def test_it_waits_for_one_who_may_start_it(world: World) -> None:
    for name in ("ada", "bob"):
        call(world, name, room('startConferenceOnEnter="false"'))
    assert only(world).status == "init"
    call(world, "host", room())
    assert only(world).status == "in-progress"


def test_who_waits_hears_the_waiting_document_again_and_again(world: World) -> None:
    url = page(world, "wait", "<Say>please hold</Say>")
    call(world, "ada", room(f'waitUrl="{url}"'))
    to(world, 1_500)
    call(world, "bob", room('beep="false"'))
    to(world, 60_000)
    assert lines(world, "ada") == [
        (0, "joins", "conference room"),
        (0, "fetches", url),
        (100, "says", "please hold"),
        (900, "fetches", url),
        (1_000, "says", "please hold"),
    ]


def test_it_ends_with_the_last_who_leaves(world: World) -> None:
    call(world, "ada", room(after=""), person=Person(talk=9_000))
    call(world, "bob", room(after=""), person=Person(talk=4_000))
    to(world, 4_000)
    assert only(world).status == "in-progress"
    to(world, 9_000)
    ended = only(world)
    assert (ended.status, ended.reason) == ("completed", "last-participant-left")
    assert (ended.ended_by, ended.updated) == (world.sid_of("ada"), START + 9_000)
    assert lines(world, "ada")[-3:] == [
        (4_000, "plays", "a beep"),
        (9_000, "status", "completed"),
        (9_000, "leaves", "conference room"),
    ]


def test_it_ends_with_one_that_it_cannot_lack(world: World) -> None:
    call(world, "host", room('endConferenceOnExit="true"'), person=Person(talk=4_000))
    call(world, "ada", room())
    to(world, 60_000)
    assert only(world).reason == "participant-with-end-conference-on-exit-left"
    assert since(world, "ada", 4_000) == [
        (4_000, "plays", "a beep"),
        (4_000, "leaves", "conference room"),
        (4_000, "says", "next"),
        (4_400, "status", "completed"),
    ]


def test_the_dials_action_is_asked_instead_of_the_next_verb(world: World) -> None:
    call(world, "ada", room(dial='action="http://127.0.0.1:9/after"'))
    to(world, 1_000)
    conferencing.end(world, only(world), "conference-ended-via-api")
    (fetch,) = world.outbox
    assert fetch.parameters["DialCallStatus"] == "answered"
    assert world.heard("ada") == []


def test_an_update_takes_a_call_out(world: World) -> None:
    after = page(world, "after", "<Say>never</Say>")
    call(world, "ada", room(dial=f'action="{after}"'))
    call(world, "bob", room('beep="false"'))
    to(world, 1_000)
    world.redirect(world.leg("ada"), GOODBYE)
    to(world, 60_000)
    assert since(world, "ada", 1_000) == [
        (1_000, "told", GOODBYE.twiml),
        (1_150, "leaves", "conference room"),
        (1_150, "fetches", after),
        (1_150, "says", "goodbye"),
        (1_550, "status", "completed"),
    ]
    assert list(only(world).seats) == [world.sid_of("bob")]
    assert since(world, "bob", 1) == [(1_150, "plays", "a beep")]


def test_two_who_talk_move_into_a_conference(world: World) -> None:
    url = page(world, "room", room())
    call(world, "parent", f'<Dial action="{url}">+14155550111</Dial>')
    to(world, 5_000)
    (child,) = [row.sid for row in world.shelf if row.parent_call_sid]
    world.redirect(world.leg(child), Source(twiml=f"<Response>{room()}</Response>"))
    to(world, 60_000)
    assert set(only(world).seats) == {child, world.sid_of("parent")}
    assert since(world, "parent", 5_000) == [
        (5_150, "fetches", url),
        (5_250, "joins", "conference room"),
    ]
    assert since(world, child, 5_000)[1:] == [
        (5_150, "joins", "conference room"),
        (5_250, "plays", "a beep"),
    ]


@pytest.mark.parametrize(
    ("beep", "heard"),
    [("true", 2), ("onEnter", 1), ("onExit", 1), ("false", 0)],
)
def test_beeps_are_for_the_others(world: World, beep: str, heard: int) -> None:
    call(world, "ada", room('beep="false"'))
    call(world, "bob", room('beep="false"'))
    call(world, "eve", room(f'beep="{beep}"'), person=Person(talk=1_000))
    to(world, 2_000)
    for name in ("ada", "bob"):
        assert [line[2] for line in lines(world, name)].count("a beep") == heard
    assert (0, "plays", "a beep") not in lines(world, "eve")


def test_a_full_conference_lets_nobody_in(world: World) -> None:
    for name in ("ada", "bob", "eve"):
        call(world, name, room('maxParticipants="2"'))
    to(world, 60_000)
    assert lines(world, "eve") == [
        (0, "cut", "conference room is full"),
        (0, "says", "next"),
        (400, "status", "completed"),
    ]


def test_the_time_limit_of_the_dial(world: World) -> None:
    call(world, "ada", room(dial='timeLimit="5"'))
    to(world, 60_000)
    assert lines(world, "ada")[1:] == [
        (5_000, "cut", "the time limit of the dial is reached"),
        (5_000, "leaves", "conference room"),
        (5_000, "says", "next"),
        (5_400, "status", "completed"),
    ]


def test_the_same_name_later_is_another_conference(world: World) -> None:
    call(world, "ada", room(), person=Person(talk=1_000))
    to(world, 2_000)
    call(world, "bob", room())
    first, second = world.conferences.rows.values()
    assert (first.status, second.status, first.name) == ("completed", "init", second.name)
    assert first.sid != second.sid


def test_conferences_that_are_over_are_forgotten_in_time() -> None:
    rooms: Rooms[Conference] = Rooms()
    for number in range(KEPT + 2):
        conference = Conference(f"CF{number}", "room", (START, number), START)
        rooms.add(conference)
        rooms.close(conference)
    assert len(rooms.rows) == KEPT
    assert "CF1" not in rooms.rows
    assert rooms.named("room") is None
