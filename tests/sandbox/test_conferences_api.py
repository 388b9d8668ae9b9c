"""Conferences and participants through the API: found, read, told something, refused."""

from __future__ import annotations

import pytest

from runner.sandbox import Sandbox
from runner.sandbox.conferences import Conference
from runner.sandbox.world import World
from tests.sandbox.conftest import Http, Reply
from tests.sandbox.lines import call, lines, page


def room(attributes: str = "", dial: str = "", after: str = "<Say>next</Say>") -> str:
    return f"<Dial {dial}><Conference {attributes}>room</Conference></Dial>{after}"


def only(world: World) -> Conference:
    (conference,) = world.conferences.rows.values()
    return conference


@pytest.fixture
async def talk(sandbox: Sandbox) -> str:
    """Two calls in conversation. Returns the conference's path."""
    for name in ("ada", "bob"):
        call(sandbox.world, name, room('beep="false"'))
    base = f"/2010-04-01/Accounts/{sandbox.account_sid}/Conferences/"
    return base + only(sandbox.world).sid


def seat_path(sandbox: Sandbox, talk: str, name: str = "ada") -> str:
    return f"{talk}/Participants/{sandbox.world.sid_of(name)}.json"


def refusal(reply: Reply) -> tuple[int, int]:
    return reply.status, reply.json["code"]


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
