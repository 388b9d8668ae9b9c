"""Calls as the world plays them, on its own clock and without HTTP."""

from __future__ import annotations

import pytest

from runner.sandbox.legs import Source
from runner.sandbox.plans import CallPlan, Outcome, Person
from runner.sandbox.world import World

START = 1_700_000_000_000


@pytest.fixture
def world() -> World:
    return World(START)


def told(world: World, name: str) -> list[tuple[int, str, str]]:
    """The transcript with times from the start of the world."""
    return [(line.at - START, line.kind, line.text) for line in world.transcript(name)]


def follow(world: World, body: str, **fields: object) -> list[tuple[int, str, str]]:
    """Plays one document for an hour; what happened after the call was there."""
    world.add(CallPlan(id="call", twiml=f"<Response>{body}</Response>", **fields))  # type: ignore[arg-type]
    world.advance(START + 3_600_000)
    return told(world, "call")[1:]


def test_a_call_queues_rings_talks_and_ends(world: World) -> None:
    world.add(CallPlan(id="a", status="queued", queue_time=2_000, person=Person(3_000, talk=9_000)))
    world.advance(START + 60_000)
    assert told(world, "a") == [
        (0, "status", "queued"),
        (2_000, "status", "ringing"),
        (5_000, "status", "in-progress"),
        (14_000, "status", "completed"),
    ]
    row = world.call("a")
    assert (row.duration, row.price) == (9, "-0.00850")


@pytest.mark.parametrize("outcome", ["busy", "no-answer", "failed"])
def test_a_call_that_is_not_answered_has_no_end_and_no_length(
    world: World, outcome: Outcome
) -> None:
    world.add(CallPlan(id="a", status="ringing", person=Person(3_000, outcome=outcome)))
    world.advance(START + 60_000)
    row = world.call("a")
    assert (row.status, row.end_time, row.duration, row.price) == (outcome, None, None, None)


def test_age_is_spent_already(world: World) -> None:
    world.add(CallPlan(id="a", age=50_000, person=Person(talk=60_000)))
    assert world.call("a").start_time == START - 50_000
    world.advance(START + 9_999)
    assert world.call("a").live
    world.advance(START + 10_000)
    assert world.call("a").duration == 60


def test_calls_appear_when_planned(world: World) -> None:
    sids = world.schedule([CallPlan(id="a", at=5_000), CallPlan(id="b", at=1_000, parent="a")])
    assert not world.has("a")
    world.advance(START + 5_000)
    assert [world.call("a").sid, world.call("b").sid] == sids
    assert world.call("b").parent_call_sid == world.call("a").sid


def test_the_same_id_or_an_unknown_parent_is_refused(world: World) -> None:
    world.schedule([CallPlan(id="a", at=5_000)])
    with pytest.raises(ValueError, match="a already"):
        world.add(CallPlan(id="a"))
    with pytest.raises(ValueError, match="no call b"):
        world.add(CallPlan(parent="b"))


def test_verbs_run_in_order_and_the_end_hangs_up(world: World) -> None:
    body = '<Say>one two</Say><Play>a.mp3</Play><Pause length="3"/><Play digits="12"/>'
    assert follow(world, body) == [
        (0, "says", "one two"),
        (800, "plays", "a.mp3"),
        (5_800, "pauses", "3 s"),
        (8_800, "plays", "keys 12"),
        (9_800, "status", "completed"),
    ]


def test_loops(world: World) -> None:
    assert follow(world, '<Say loop="3">one two</Say>')[-1] == (2_400, "status", "completed")


def test_hangup_and_redirect_leave_the_rest_out(world: World) -> None:
    world.documents["http://example.com/next"] = "<Response><Say>next</Say><Hangup/></Response>"
    assert follow(world, "<Redirect>http://example.com/next</Redirect><Say>never</Say>") == [
        (0, "fetches", "http://example.com/next"),
        (100, "says", "next"),
        (500, "status", "completed"),
    ]


def test_relative_urls_start_at_the_document(world: World) -> None:
    world.documents["http://example.com/a/b"] = "<Response><Redirect>c</Redirect></Response>"
    world.documents["http://example.com/a/c"] = "<Response><Say>here</Say></Response>"
    world.add(CallPlan(id="call", url="http://example.com/a/b"))
    world.advance(START + 60_000)
    assert world.heard("call") == ["here"]


def test_a_document_that_redirects_to_itself_takes_time(world: World) -> None:
    world.documents["http://example.com/"] = "<Response><Redirect/></Response>"
    world.add(CallPlan(id="call", url="http://example.com/"))
    world.advance(START + 10_000)
    assert len(world.transcript("call")) == 102


def test_reject(world: World) -> None:
    assert follow(world, '<Reject reason="busy"/>') == [(0, "status", "busy")]


def test_gather_listens_and_goes_on(world: World) -> None:
    body = '<Gather timeout="3"><Say>press one</Say></Gather><Say>nothing came</Say>'
    assert follow(world, body) == [
        (0, "says", "press one"),
        (3_800, "says", "nothing came"),
        (4_600, "status", "completed"),
    ]


def test_gather_takes_keys_to_its_action(world: World) -> None:
    world.documents["http://example.com/keys"] = "<Response><Say>thanks</Say></Response>"
    body = '<Gather action="http://example.com/keys"><Say>press one</Say></Gather>'
    assert follow(world, body, person=Person(digits="1"))[1:4] == [
        (800, "types", "1"),
        (6_300, "fetches", "http://example.com/keys"),
        (6_400, "says", "thanks"),
    ]


@pytest.mark.parametrize(
    ("attributes", "digits", "fetched", "sent"),
    [
        ('numDigits="1"', "12", 1_000, "1"),
        ("", "12#3", 2_000, "12"),
        ('finishOnKey="*"', "1#*", 1_500, "1#"),
        ('finishOnKey="" timeout="2"', "1#", 3_000, "1#"),
    ],
)
def test_gather_ends_with_its_digits_or_its_key(
    world: World, attributes: str, digits: str, fetched: int, sent: str
) -> None:
    follow(
        world,
        f'<Gather action="http://127.0.0.1:9/keys" {attributes}/>',
        person=Person(digits=digits),
    )
    assert told(world, "call")[2] == (fetched, "fetches", "http://127.0.0.1:9/keys")
    assert world.outbox[0].parameters["Digits"] == sent


def test_gather_for_speech_takes_no_keys(world: World) -> None:
    body = '<Gather input="speech" timeout="2" action="http://127.0.0.1:9/keys"/><Say>next</Say>'
    assert (2_000, "says", "next") in follow(world, body, person=Person(digits="1"))


def test_record(world: World) -> None:
    assert follow(world, '<Record maxLength="4"/><Say>got it</Say>') == [
        (0, "records", "4 s"),
        (4_000, "says", "got it"),
        (4_800, "status", "completed"),
    ]


@pytest.mark.parametrize("body", ["<Enqueue>support</Enqueue>", "<Connect/>"])
def test_what_waits_waits_for_ever(world: World, body: str) -> None:
    assert follow(world, body + "<Say>never</Say>")[0][1] == "waits"
    assert world.call("call").live


def test_an_unknown_verb_is_passed_by(world: World) -> None:
    assert follow(world, "<Shout>hi</Shout><Leave/>") == [
        (0, "fault", "12200 <Shout> is no verb"),
        (0, "status", "completed"),
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("<Response><Say>", "12100"),
        ("plain text", "12100"),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]><Response>&a;</Response>", "12100"),
        ("<Response>" + "<Gather>" * 5_000 + "</Gather>" * 5_000 + "</Response>", "11750"),
        ("<Response>" + "<Gather>" * 2_000 + "</Gather>" * 2_000 + "</Response>", "12100"),
        ("<Response><Redirect>http://[half</Redirect></Response>", "11200"),
        ("<Answer/>", "12102"),
        (f"<Response><Say>{'x' * 70_000}</Say></Response>", "11750"),
    ],
)
def test_a_bad_document_ends_the_call_after_an_apology(world: World, text: str, code: str) -> None:
    world.add(CallPlan(id="call", twiml=text))
    assert world.call("call").live
    world.advance(START + 60_000)
    faults = [line.text for line in world.transcript("call") if line.kind == "fault"]
    assert [fault[:5] for fault in faults] == [code]
    assert world.heard("call") == ["We are sorry, an application error has occurred. Goodbye."]
    assert world.call("call").status == "completed"


def test_elsewhere_is_never_connected_to(world: World) -> None:
    world.add(CallPlan(id="call", url="https://example.com/voice"))
    world.advance(START + 60_000)
    assert world.outbox == []
    assert told(world, "call")[2] == (
        0,
        "fault",
        "11200 https://example.com/voice: the sandbox connects to this machine only",
    )


def test_the_fallback_is_asked_when_the_document_fails(world: World) -> None:
    world.documents["http://example.com/fallback"] = "<Response><Say>instead</Say></Response>"
    plan = CallPlan(
        id="call", url="https://example.com/voice", fallback_url="http://example.com/fallback"
    )
    world.add(plan)
    world.advance(START + 60_000)
    assert world.heard("call") == ["instead"]


def test_an_update_breaks_off_what_is_being_said(world: World) -> None:
    world.add(CallPlan(id="call", twiml="<Response><Say>a long story</Say></Response>"))
    world.advance(START + 500)
    world.redirect(world.leg("call"), Source(twiml="<Response><Say>stop</Say></Response>"))
    world.advance(START + 60_000)
    assert told(world, "call")[1:] == [
        (0, "says", "a long story"),
        (500, "told", "<Response><Say>stop</Say></Response>"),
        (650, "cut", "saying 'a long story'"),
        (650, "says", "stop"),
        (1_050, "status", "completed"),
    ]


def test_a_call_ends_once(world: World) -> None:
    world.add(CallPlan(id="call"))
    world.hang_up(world.leg("call"))
    world.end(world.leg("call"), "failed")
    assert world.call("call").status == "completed"


def test_listeners_hear_everything_as_it_happens(world: World) -> None:
    lines: list[str] = []
    world.listeners.append(lambda sid, line: lines.append(f"{sid[:2]} {line.kind} {line.text}"))
    world.add(CallPlan(id="call", person=Person(talk=1_000)))
    world.advance(START + 1_000)
    assert lines == ["CA status in-progress", "CA status completed"]
