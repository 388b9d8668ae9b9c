"""`dial`: whom the call is connected with, what is heard on the way, and what comes after."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from runner.sandbox.plans import Person
from tests.actions.playing import CALLER, SITE, acted, became, legs, pages
from tests.site import Site, open_site

BOB, CAROL = "+14155550111", "+14155550112"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with open_site(tmp_path) as opened:
        opened.sandbox.world.people[BOB] = Person(ring=2_000, talk=30_000)
        yield opened


@pytest.mark.parametrize(
    ("written", "to"),
    [
        (BOB, BOB),
        ({"number": BOB}, BOB),
        ("sip:desk%20one@pbx.example.com", "sip:desk%20one@pbx.example.com"),
        ({"sip": "sip:a@pbx.example.com;transport=tls"}, "sip:a@pbx.example.com;transport=tls"),
        ("client:ann", "client:ann"),
        ({"client": 'Bob "B" & <Söhne>'}, 'client:Bob "B" & <Söhne>'),
    ],
)
async def test_the_call_is_connected_and_ends_with_the_other(
    site: Site, written: Any, to: str
) -> None:
    site.sandbox.world.people[to] = Person(ring=2_000, talk=30_000)
    await acted(site, {"dial": written})
    assert await became(site, 60) == [
        (0, "rings", to),
        (2_000, "joins", to),
        (32_000, "status", "completed"),
    ]
    assert legs(site) == [(to, CALLER, "completed")]


async def test_it_goes_on_with_the_next_action(site: Site) -> None:
    await acted(site, {"dial": BOB}, {"say": "That was all."}, "hangup")
    assert (await became(site, 60))[2:] == [
        (32_000, "says", "That was all."),
        (33_200, "status", "completed"),
    ]


async def test_of_several_the_first_who_answers_is_connected(site: Site) -> None:
    site.sandbox.world.people[CAROL] = Person(ring=1_000, talk=9_000)
    await acted(site, {"dial": {"number": [BOB, CAROL]}})
    assert await became(site, 60) == [
        (0, "rings", BOB),
        (0, "rings", CAROL),
        (1_000, "joins", CAROL),
        (10_000, "status", "completed"),
    ]
    assert legs(site) == [(BOB, CALLER, "canceled"), (CAROL, CALLER, "completed")]


async def test_who_is_called_sees_the_caller_id(site: Site) -> None:
    await acted(site, {"dial": {"number": BOB, "caller_id": "+14155550188"}})
    await site.sandbox.advance(5_000)
    assert legs(site) == [(BOB, "+14155550188", "in-progress")]


async def test_nobody_answers_in_time(site: Site) -> None:
    site.sandbox.world.people[BOB] = Person(ring=None)
    await acted(site, {"dial": {"number": BOB, "timeout": "20s"}}, {"say": "Sorry."}, "hangup")
    assert (await became(site, 60))[1:] == [
        (20_000, "says", "Sorry."),
        (20_400, "status", "completed"),
    ]
    assert legs(site) == [(BOB, CALLER, "no-answer")]


async def test_the_time_together_is_limited(site: Site) -> None:
    await acted(site, {"dial": {"number": BOB, "time_limit": "10s"}})
    assert (await became(site, 60))[-1] == (12_000, "status", "completed")


async def test_only_who_is_called_hears_the_whisper(site: Site) -> None:
    pages(site, whisper="<Say>A caller from the shop.</Say>")
    await acted(site, {"dial": {"number": BOB, "whisper": SITE + "whisper"}})
    await site.sandbox.advance(20_000)
    world = site.sandbox.world
    (bob,) = [row.sid for row in world.shelf if row.to == BOB]
    assert world.heard(bob) == ["A caller from the shop."]
    assert world.heard("ada") == []
    joins = [line for line in world.transcript("ada") if line.kind == "joins"]
    assert [line.text for line in joins] == [BOB]


async def test_the_conversation_is_recorded(site: Site) -> None:
    await acted(site, {"dial": {"number": BOB, "record": "record-from-answer-dual"}})
    recorded = [line for line in await became(site, 60) if line[1] == "records"]
    assert recorded[0] == (2_000, "records", "started: dual, both")
    assert [line[0] for line in recorded[1:]] == [32_000]


async def test_the_action_says_how_it_goes_on(site: Site) -> None:
    pages(site, after="<Say>Please rate us.</Say><Hangup/>")
    await acted(site, {"dial": {"number": BOB, "action": SITE + "after", "method": "GET"}})
    assert (await became(site, 60))[2:] == [
        (32_100, "says", "Please rate us."),
        (33_300, "status", "completed"),
    ]


async def test_it_joins_a_conference_and_leaves_with_it(site: Site) -> None:
    room = (
        "<Response><Dial><Conference endConferenceOnExit='true'>desk</Conference></Dial></Response>"
    )
    site.sandbox.add_call(id="host", to=CAROL, twiml=room, person=Person(talk=20_000))
    conference = {"name": "desk", "beep": False, "muted": True}
    await acted(site, {"dial": {"conference": conference}}, {"say": "It is over."}, "hangup")
    seats = next(iter(site.sandbox.world.conferences.rows.values())).seats
    assert [seat.muted for seat in seats.values()] == [False, True]
    assert [line[1:] for line in await became(site, 60)] == [
        ("joins", "conference desk"),
        ("plays", "a beep"),  # the host's
        ("leaves", "conference desk"),
        ("says", "It is over."),
        ("status", "completed"),
    ]


async def test_it_waits_for_a_conference_to_begin(site: Site) -> None:
    pages(site, wait="<Say>Nobody else is here yet.</Say><Pause length='60'/>")
    conference = {"name": "desk", "wait_url": SITE + "wait"}
    await acted(site, {"dial": {"conference": conference}})
    assert (await became(site, 30))[:2] == [
        (0, "joins", "conference desk"),
        (100, "says", "Nobody else is here yet."),
    ]


async def test_it_takes_who_has_waited_longest_out_of_a_queue(site: Site) -> None:
    pages(site, greet="<Say>Ada is on the line.</Say>")
    queue = "<Response><Enqueue>support</Enqueue><Say>You were helped.</Say></Response>"
    site.sandbox.add_call(id="first", to=BOB, from_="+14155550133", twiml=queue)
    site.sandbox.add_call(id="second", to=BOB, twiml=queue)
    await site.sandbox.advance(1_000)
    await acted(site, {"dial": {"queue": "support", "whisper": SITE + "greet"}})
    assert [line[1:] for line in await became(site, 5)] == [("joins", "+14155550133")]
    world = site.sandbox.world
    assert (world.heard("first"), world.heard("second")) == (["Ada is on the line."], [])
    site.sandbox.world.hang_up(world.leg("ada"))
    await site.sandbox.advance(5_000)
    assert world.heard("first") == ["Ada is on the line.", "You were helped."]


async def test_the_rule_knows_its_call_again_and_dials_once(site: Site) -> None:
    await acted(site, {"dial": BOB})
    for _ in range(3):
        await site.poll(after=5_000)
    assert len(site.updates()) == 1
    assert [to for to, _, _ in legs(site)] == [BOB]
