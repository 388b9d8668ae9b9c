"""`<Dial>`: legs that ring, join, end each other, and what updates do to a pair of legs."""

from __future__ import annotations

import pytest

from runner.sandbox.legs import Source
from runner.sandbox.plans import CallPlan, Person
from runner.sandbox.rows import Row
from runner.sandbox.world import World

START = 1_700_000_000_000
BOB, CAROL = "+14155550111", "+14155550112"
GOODBYE = Source(twiml="<Response><Say>goodbye</Say></Response>")


@pytest.fixture
def world() -> World:
    world = World(START)
    world.documents["http://example.com/after"] = "<Response><Say>after</Say></Response>"
    return world


def dial(world: World, body: str = BOB, attributes: str = "", seconds: int = 10) -> list[Row]:
    """A call that dials and then says `next`; after so many seconds its children."""
    twiml = f"<Response><Dial {attributes}>{body}</Dial><Say>next</Say></Response>"
    world.add(CallPlan(id="parent", twiml=twiml))
    world.advance(START + seconds * 1_000)
    parent = world.call("parent").sid
    return [row for row in world.shelf if row.parent_call_sid == parent]


def later(world: World, seconds: int = 60) -> None:
    world.advance(world.now + seconds * 1_000)


def test_a_child_is_a_call_of_its_own(world: World) -> None:
    (child,) = dial(world)
    assert (child.status, child.direction, child.to) == ("in-progress", "outbound-dial", BOB)
    assert child.from_ == world.call("parent").from_
    assert world.call("parent").status == "in-progress"


def test_the_callers_verbs_go_on_when_the_child_ends(world: World) -> None:
    world.people[BOB] = Person(ring=2_000, talk=30_000)
    (child,) = dial(world)
    later(world)
    assert world.call(child.sid).duration == 30
    assert world.heard("parent") == ["next"]
    assert world.call("parent").status == "completed"


def test_an_action_takes_over_and_is_told_how_it_went(world: World) -> None:
    world.people[BOB] = Person(outcome="busy")
    dial(world, attributes='action="http://127.0.0.1:9/after"')
    (fetch,) = world.outbox
    assert fetch.parameters["DialCallStatus"] == "busy"
    assert fetch.parameters["CallSid"] == world.call("parent").sid
    assert world.heard("parent") == []


def test_nobody_answers_in_time(world: World) -> None:
    world.people[BOB] = Person(ring=None)
    (child,) = dial(world, attributes='timeout="5"')
    assert child.status == "no-answer"
    assert world.heard("parent") == ["next"]


def test_the_first_who_answers_is_joined(world: World) -> None:
    world.people[CAROL] = Person(ring=1_000)
    bob, carol = dial(world, f"<Number>{BOB}</Number><Number>{CAROL}</Number>")
    assert (bob.status, carol.status) == ("canceled", "in-progress")
    assert world.heard("parent") == []


def test_the_dial_goes_on_while_one_still_rings(world: World) -> None:
    world.people[BOB] = Person(ring=1_000, outcome="busy")
    bob, carol = dial(world, f"<Number>{BOB}</Number><Client>carol</Client>")
    assert (bob.status, carol.status, carol.to) == ("busy", "in-progress", "client:carol")


def test_the_time_limit_of_a_dial(world: World) -> None:
    (child,) = dial(world, attributes='timeLimit="3"')
    assert (child.status, child.duration) == ("completed", 3)


def test_a_dial_that_calls_nobody_is_a_fault(world: World) -> None:
    dial(world, "")
    assert world.transcript("parent")[1].text.startswith("13201")
    assert world.heard("parent") == ["next"]


def test_a_conference_keeps_the_caller(world: World) -> None:
    assert dial(world, "<Conference>room</Conference>", seconds=3_600) == []
    assert world.transcript("parent")[-1].text == "conference room"


def test_redirecting_the_parent_drops_its_child(world: World) -> None:
    (child,) = dial(world, attributes='action="http://example.com/after"')
    world.redirect(world.leg("parent"), GOODBYE)
    later(world)
    assert world.call(child.sid).status == "completed"
    # The interrupted dial's action is asked, and its answer is not played.
    assert "http://example.com/after" in [line.text for line in world.transcript("parent")]
    assert world.heard("parent") == ["goodbye"]


def test_redirecting_the_child_ends_the_parents_dial(world: World) -> None:
    (child,) = dial(world, attributes='action="http://example.com/after"')
    world.redirect(world.leg(child.sid), GOODBYE)
    later(world)
    assert world.heard(child.sid) == ["goodbye"]
    assert world.heard("parent") == ["after"]


def test_hanging_up_the_child_lets_the_parent_go_on(world: World) -> None:
    (child,) = dial(world)
    world.hang_up(world.leg(child.sid))
    later(world)
    assert world.heard("parent") == ["next"]


def test_hanging_up_the_parent_ends_the_child(world: World) -> None:
    (child,) = dial(world)
    world.hang_up(world.leg("parent"))
    assert world.call(child.sid).status == "completed"
    assert world.heard("parent") == []


def test_hanging_up_a_parent_whose_dial_rings_cancels_the_child(world: World) -> None:
    (child,) = dial(world, seconds=1)
    assert (child.status, world.call("parent").status) == ("ringing", "in-progress")
    world.hang_up(world.leg("parent"))
    assert world.call(child.sid).status == "canceled"


def test_a_planned_pair_behaves_like_a_dialled_one(world: World) -> None:
    world.add(CallPlan(id="parent"))
    world.add(CallPlan(id="child", direction="outbound-dial", parent="parent"))
    world.redirect(world.leg("parent"), GOODBYE)
    later(world, 1)
    assert world.call("child").status == "completed"


def test_the_end_of_a_planned_child_ends_its_parent(world: World) -> None:
    world.add(CallPlan(id="parent"))
    world.add(CallPlan(id="child", parent="parent", person=Person(talk=5_000)))
    later(world)
    assert world.call("parent").status == "completed"
