"""Conferences: who is in them, when they start and end, and what a call does afterwards."""

from __future__ import annotations

import pytest

from runner.sandbox import Sandbox, conferencing
from runner.sandbox.conferences import Conference
from runner.sandbox.legs import Source
from runner.sandbox.plans import Person
from runner.sandbox.world import World
from tests.sandbox.conftest import Http
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
    assert lines(world, "ada") == [(0, "joins", "conference room")]
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
    call(world, "bob", room())
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


# ---- the API --------------------------------------------------------------------------------


@pytest.fixture
async def talk(sandbox: Sandbox) -> str:
    """Two calls in conversation. Returns the conference's path."""
    for name in ("ada", "bob"):
        call(sandbox.world, name, room('beep="false"'))
    base = f"/2010-04-01/Accounts/{sandbox.account_sid}/Conferences/"
    return base + only(sandbox.world).sid


def seat_path(sandbox: Sandbox, talk: str, name: str = "ada") -> str:
    return f"{talk}/Participants/{sandbox.world.sid_of(name)}.json"


def refusal(reply: object) -> tuple[int, int]:
    return reply.status, reply.json["code"]  # type: ignore[attr-defined]


async def test_a_conference_and_its_participants_are_read(
    sandbox: Sandbox, http: Http, talk: str
) -> None:
    shown = (await http.ask("GET", f"{talk}.json")).json
    assert (shown["friendly_name"], shown["status"]) == ("room", "in-progress")
    listed = (await http.ask("GET", f"{talk}/Participants.json?PageSize=1")).json
    assert [row["call_sid"] for row in listed["participants"]] == [sandbox.world.sid_of("bob")]
    older = (await http.ask("GET", listed["next_page_uri"])).json
    assert [row["call_sid"] for row in older["participants"]] == [sandbox.world.sid_of("ada")]
    assert older["next_page_uri"] is None
    one = (await http.ask("GET", seat_path(sandbox, talk))).json
    assert one == older["participants"][0]
    assert (one["muted"], one["hold"], one["status"]) == (False, False, "connected")


async def test_conferences_are_found_by_name_status_and_date(
    sandbox: Sandbox, http: Http, talk: str
) -> None:
    world, listing = sandbox.world, talk.rsplit("/", 1)[0] + ".json"
    call(world, "eve", "<Dial><Conference>other</Conference></Dial>")
    await sandbox.advance(1_000)
    world.end(world.leg("eve"), "completed")
    today, tomorrow = "2023-11-14", "2023-11-15"
    asked = {
        "": ["other", "room"],
        "Status=in-progress": ["room"],
        "Status=completed": ["other"],
        "Status=init": [],
        "FriendlyName=other": ["other"],
        f"DateCreated={today}": ["other", "room"],
        f"DateCreated%3E={tomorrow}": [],
        f"DateUpdated%3C={today}": [],
        f"DateUpdated%3C={tomorrow}&Status=completed": ["other"],
    }
    for query, names in asked.items():
        found = (await http.ask("GET", f"{listing}?{query}")).json["conferences"]
        assert [row["friendly_name"] for row in found] == names, query
    first = (await http.ask("GET", f"{listing}?PageSize=1")).json
    second = (await http.ask("GET", first["next_page_uri"])).json
    assert [row["friendly_name"] for row in second["conferences"]] == ["room"]
    assert refusal(await http.ask("GET", f"{listing}?Status=over")) == (400, 20001)


async def test_a_participant_is_muted_and_held(sandbox: Sandbox, http: Http, talk: str) -> None:
    music = page(sandbox.world, "music", "<Play>la.mp3</Play>")
    path = seat_path(sandbox, talk)
    told = {"Muted": "true", "Hold": "true", "HoldUrl": music, "EndConferenceOnExit": "true"}
    shown = (await http.ask("POST", path, data=told)).json
    assert (shown["muted"], shown["hold"], shown["end_conference_on_exit"]) == (True,) * 3
    for query, count in {"Hold=true": 1, "Muted=false": 1, "Hold=true&Muted=false": 0}.items():
        listed = (await http.ask("GET", f"{talk}/Participants.json?{query}")).json
        assert len(listed["participants"]) == count, query
    await sandbox.advance(6_000)
    await http.ask("POST", path, data={"Hold": "false"})
    await sandbox.advance(60_000)
    assert [line[1:] for line in lines(sandbox.world, "ada")[1:]] == [
        ("told", "muted"),
        ("told", "hold"),
        ("fetches", music),
        ("plays", "la.mp3"),
        ("fetches", music),
        ("plays", "la.mp3"),
        ("told", "no longer on hold"),
    ]


async def test_a_participant_is_put_out(sandbox: Sandbox, http: Http, talk: str) -> None:
    path = seat_path(sandbox, talk)
    assert (await http.ask("DELETE", path)).status == 204
    await sandbox.advance(1_000)
    assert sandbox.world.heard("ada") == ["next"]
    assert only(sandbox.world).status == "in-progress"
    assert refusal(await http.ask("DELETE", path)) == (404, 20404)
    await http.ask("DELETE", seat_path(sandbox, talk, "bob"))
    assert only(sandbox.world).reason == "last-participant-kicked"


async def test_a_conference_is_ended(sandbox: Sandbox, http: Http, talk: str) -> None:
    shown = (await http.ask("POST", f"{talk}.json", data={"Status": "completed"})).json
    assert (shown["status"], shown["reason_conference_ended"]) == (
        "completed",
        "conference-ended-via-api",
    )
    await sandbox.advance(1_000)
    assert sandbox.world.heard("ada") == sandbox.world.heard("bob") == ["next"]
    assert (await http.ask("GET", f"{talk}.json")).json == shown
    assert (await http.ask("GET", f"{talk}/Participants.json")).json["participants"] == []


async def test_who_is_not_in_it_is_not_found(sandbox: Sandbox, http: Http, talk: str) -> None:
    call(sandbox.world, "eve", "<Pause length='60'/>")
    path = seat_path(sandbox, talk, "eve")
    for method in ("GET", "POST", "DELETE"):
        assert refusal(await http.ask(method, path)) == (404, 20404)
    await http.ask("POST", f"{talk}.json", data={"Status": "completed"})
    for method, gone in [("POST", f"{talk}.json"), ("POST", seat_path(sandbox, talk))]:
        assert refusal(await http.ask(method, gone)) == (404, 20404)
    strange = talk.rsplit("/", 1)[0] + "/CF" + "0" * 32
    assert refusal(await http.ask("GET", f"{strange}.json")) == (404, 20404)


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"AnnounceUrl": "ftp://example.com/"}, 21205),
        ({"AnnounceUrl": "http://example.com/", "AnnounceMethod": "PUT"}, 21209),
        ({"HoldUrl": "hold", "Hold": "true"}, 21205),
        ({"Coaching": "true"}, 20001),
        ({"CallSidToCoach": "CA" + "0" * 32}, 20001),
    ],
)
async def test_what_a_participant_cannot_be_told(
    sandbox: Sandbox, http: Http, talk: str, form: dict[str, str], code: int
) -> None:
    before = (await http.ask("GET", seat_path(sandbox, talk))).json
    reply = await http.ask("POST", seat_path(sandbox, talk), data=form)
    assert refusal(reply) == (400, code)
    assert (await http.ask("GET", seat_path(sandbox, talk))).json == before


async def test_a_participant_coaches_and_has_a_label(sandbox: Sandbox, http: Http) -> None:
    call(sandbox.world, "ada", room('participantLabel="agent one"'))
    call(sandbox.world, "bob", room(f'coach="{sandbox.world.sid_of("ada")}" muted="true"'))
    sid = only(sandbox.world).sid
    base = f"/2010-04-01/Accounts/{sandbox.account_sid}/Conferences/{sid}/Participants/"
    assert (await http.ask("GET", f"{base}agent%20one.json")).json["label"] == "agent one"
    bob = f"{base}{sandbox.world.sid_of('bob')}.json"
    shown = (await http.ask("GET", bob)).json
    assert (shown["coaching"], shown["call_sid_to_coach"]) == (True, sandbox.world.sid_of("ada"))
    shown = (await http.ask("POST", bob, data={"Coaching": "false"})).json
    assert (shown["coaching"], shown["call_sid_to_coach"], shown["muted"]) == (False, None, True)
