"""Whatever is done to calls in rooms, in whatever order: nobody is in two places or left behind."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from runner.sandbox import conferencing, subresources
from runner.sandbox.bridges import Bridge
from runner.sandbox.conferences import Seat
from runner.sandbox.connections import Connection
from runner.sandbox.legs import Leg, Source
from runner.sandbox.plans import CallPlan, Person
from runner.sandbox.queues import Ticket, Wanting
from runner.sandbox.world import World
from tests.sandbox.lines import SITE, START, page

BOB = "+14155550111"
DOCUMENTS = (
    "<Dial><Conference>a</Conference></Dial><Say>next</Say>",
    f'<Dial action="{SITE}after"><Conference endConferenceOnExit="true">a</Conference></Dial>',
    f'<Dial timeLimit="9"><Conference waitUrl="{SITE}wait">b</Conference></Dial>',
    f'<Enqueue waitUrl="{SITE}wait" action="{SITE}after">q</Enqueue><Say>next</Say>',
    f'<Enqueue waitUrl="{SITE}leave">q</Enqueue><Dial><Conference>b</Conference></Dial>',
    f'<Dial timeout="7"><Queue url="{SITE}wait">q</Queue></Dial><Say>next</Say>',
    '<Dial timeLimit="8"><Queue>q</Queue></Dial>',
    f'<Dial action="{SITE}after"><Number url="{SITE}wait">{BOB}</Number></Dial>',
    '<Connect><Stream name="s" url="wss://example.com/"/></Connect><Say>next</Say>',
    f"<Dial>{BOB}</Dial><Redirect>{SITE}after</Redirect>",
)
NAMES = ("a", "b", "c", "d", "e")
DEEDS = ("call", "update", "child", "hang up", "wait", "kick", "end", "announce", "hold", "stop")

Deed = tuple[str, int, int, int]


def check(world: World) -> None:
    """What must be true at any moment."""
    for row in world.shelf:
        leg = world.leg(row.sid)
        assert row.live or (leg.stay is None and leg.dialing is None)
        if leg.stay is not None:
            assert leg.dialing is None
            _check_stay(leg)
    for conference in world.conferences.rows.values():
        assert (conference.status == "completed") == (not conference.seats)
        assert all(seat.leg.stay is seat for seat in conference.seats.values())
    for queue in world.queues.rows.values():
        assert all(ticket.leg.stay is ticket for ticket in queue.tickets.values())
        assert all(wanting.leg.stay is wanting for wanting in queue.wanting)
        assert not (queue.tickets and queue.wanting)


def _check_stay(leg: Leg) -> None:
    stay = leg.stay
    if isinstance(stay, Seat):
        assert stay.conference.seats[leg.row.sid] is stay
    elif isinstance(stay, Ticket):
        assert stay.queue.tickets[leg.row.sid] is stay
    elif isinstance(stay, Wanting):
        assert stay in stay.queue.wanting
    elif isinstance(stay, Bridge):
        assert stay.wanting.leg.stay is stay.ticket.leg.stay is stay
    else:
        assert isinstance(stay, Connection)
        assert leg.below is not None
        assert leg.below.forks[stay.fork].active


def do(world: World, deed: Deed) -> None:
    """One thing that happens to the world."""
    what, which, other, millis = deed
    name = NAMES[which]
    source = Source(twiml=f"<Response>{DOCUMENTS[other]}</Response>")
    if what == "call" and not world.has(name):
        person = Person(talk=20_000) if other % 2 else Person()
        world.add(CallPlan(id=name, twiml=source.twiml, person=person))
    elif what == "wait":
        world.advance(world.now + millis)
    elif what == "child":
        children = [row.sid for row in world.shelf if row.parent_call_sid and row.live]
        for sid in children[:1]:
            world.redirect(world.leg(sid), source)
    elif world.has(name) and world.call(name).live:
        _tell(world, world.leg(name), what, source)


def _tell(world: World, leg: Leg, what: str, source: Source) -> None:
    stay = leg.stay
    if what == "update":
        world.redirect(leg, source)
    elif what == "hang up":
        world.hang_up(leg)
    elif what == "stop" and isinstance(stay, Connection):
        subresources.stop(world, leg, "stream", stay.fork)
    elif isinstance(stay, Seat):
        if what == "kick":
            conferencing.kick(world, stay)
        elif what == "end":
            conferencing.end(world, stay.conference, "conference-ended-via-api")
        elif what == "announce":
            conferencing.announce(world, stay, Source(url=f"{SITE}wait"))
            conferencing.announce_all(world, stay.conference, Source(url=f"{SITE}leave"))
        elif what == "hold":
            conferencing.hold(world, stay, not stay.hold, Source(url=f"{SITE}wait"))


deeds = st.tuples(
    st.sampled_from(DEEDS),
    st.integers(0, len(NAMES) - 1),
    st.integers(0, len(DOCUMENTS) - 1),
    st.sampled_from((0, 50, 150, 400, 1_000, 5_000, 12_000)),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(deeds, max_size=40))
def test_everybody_is_in_one_place_at_most(steps: list[Deed]) -> None:
    world = World(START)
    page(world, "wait", "<Say>please hold the line</Say>")
    page(world, "leave", "<Pause length='3'/><Leave/>")
    page(world, "after", "<Say>after</Say>")
    world.people[BOB] = Person(ring=2_000, talk=15_000)
    for step in steps:
        do(world, step)
        check(world)
    for row in list(world.shelf):
        world.end(world.leg(row.sid), "completed")
    world.advance(world.now + 60_000)
    check(world)
    assert not [room for room in world.conferences.rows.values() if room.status != "completed"]
    assert not any(queue.tickets or queue.wanting for queue in world.queues.rows.values())
