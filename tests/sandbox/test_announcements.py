"""Announcements into conferences, and whispers: who hears what, and who doesn't."""

from __future__ import annotations

import pytest
from aiohttp import web

from runner.sandbox import Sandbox, conferencing
from runner.sandbox.conferences import Seat
from runner.sandbox.legs import Source
from runner.sandbox.plans import Person
from runner.sandbox.world import World
from tests.sandbox.conftest import Http
from tests.sandbox.lines import SITE, START, call, lines, page, since, to

ROOM = '<Dial><Conference beep="false">room</Conference></Dial>'
BOB = "+14155550111"


@pytest.fixture
def world() -> World:
    world = World(START)
    for name in ("ada", "bob"):
        call(world, name, ROOM)
    return world


def seat(world: World, name: str) -> Seat:
    stay = world.leg(name).stay
    assert isinstance(stay, Seat)
    return stay


def announce(world: World, body: str) -> str:
    """Announces something to ada. Returns the document's URL."""
    url = page(world, "announcement", body)
    conferencing.announce(world, seat(world, "ada"), Source(url=url))
    return url


def test_one_hears_it_and_stays_in_the_conference(world: World) -> None:
    to(world, 1_000)
    url = announce(world, "<Say>two minutes</Say><Pause/><Play>gong.mp3</Play>")
    to(world, 60_000)
    assert since(world, "ada", 1_000) == [
        (1_000, "told", f"announcement {url}"),
        (1_000, "fetches", url),
        (1_100, "says", "two minutes"),
        (1_900, "pauses", "1 s"),
        (2_900, "plays", "gong.mp3"),
    ]
    assert len(lines(world, "bob")) == 1
    assert len(seat(world, "ada").conference.seats) == 2


def test_a_redirect_goes_on_with_another_document(world: World) -> None:
    page(world, "second", "<Say>and more</Say>")
    announce(world, "<Say>some</Say><Redirect>second</Redirect><Say>never</Say>")
    to(world, 60_000)
    assert world.heard("ada") == ["some", "and more"]


@pytest.mark.parametrize("verb", ["Dial", "Gather", "Hangup", "Record", "Leave", "Enqueue"])
def test_other_verbs_are_a_fault(world: World, verb: str) -> None:
    announce(world, f"<{verb}/><Say>still here</Say>")
    to(world, 60_000)
    faults = [text for _, kind, text in lines(world, "ada") if kind == "fault"]
    assert faults == [f"13238 <{verb}> can't be played here"]
    assert world.heard("ada") == ["still here"]
    assert world.call("ada").live


def test_a_recording_is_played_as_it_is(world: World) -> None:
    conferencing.announce(world, seat(world, "ada"), Source(url=f"{SITE}gong.MP3"))
    assert lines(world, "ada")[-1] == (0, "plays", f"{SITE}gong.MP3")


def test_one_after_the_other(world: World) -> None:
    announce(world, "<Say>the first of them</Say>")
    other = page(world, "other", "<Say>the second</Say>")
    conferencing.announce(world, seat(world, "ada"), Source(url=other))
    to(world, 60_000)
    assert [line for line in lines(world, "ada") if line[1] == "says"] == [
        (100, "says", "the first of them"),
        (1_800, "says", "the second"),
    ]


def test_a_document_that_is_not_there_is_a_fault_and_nothing_else(world: World) -> None:
    conferencing.announce(world, seat(world, "ada"), Source(url="https://example.com/"))
    announce(world, "<Say>this one is</Say>")
    to(world, 60_000)
    assert "fault" in [kind for _, kind, _ in lines(world, "ada")]
    assert world.heard("ada") == ["this one is"]


def test_an_update_breaks_an_announcement_off(world: World) -> None:
    announce(world, "<Say>one two three four</Say><Say>never</Say>")
    to(world, 500)
    world.redirect(world.leg("ada"), Source(twiml="<Response><Say>stop</Say></Response>"))
    to(world, 60_000)
    assert since(world, "ada", 600)[:3] == [
        (650, "cut", "saying 'one two three four'"),
        (650, "leaves", "conference room"),
        (650, "says", "stop"),
    ]
    assert "never" not in world.heard("ada")


def test_everybody_hears_what_is_for_everybody_but_who_is_on_hold(world: World) -> None:
    call(world, "eve", ROOM)
    conferencing.hold(world, seat(world, "eve"), True, None)
    url = page(world, "all", "<Say>closing soon</Say>")
    conferencing.announce_all(world, seat(world, "ada").conference, Source(url=url))
    to(world, 60_000)
    assert world.heard("ada") == world.heard("bob") == ["closing soon"]
    assert world.heard("eve") == []


def test_who_waits_alone_is_spoken_to_over_the_music(world: World) -> None:
    music = page(world, "music", "<Say>one two three four five</Say>")
    wait = f'waitUrl="{music}" startConferenceOnEnter="false"'
    call(world, "eve", f"<Dial><Conference {wait}>other</Conference></Dial>")
    to(world, 1_000)
    url = page(world, "said", "<Say>a b c d e f g h</Say>")
    conferencing.announce(world, seat(world, "eve"), Source(url=url))
    to(world, 2_000)
    world.redirect(world.leg("eve"), Source(twiml="<Response><Hangup/></Response>"))
    to(world, 60_000)
    assert world.heard("eve") == ["one two three four five", "a b c d e f g h"]
    assert (2_150, "cut", "saying 'a b c d e f g h'") in lines(world, "eve")


async def test_the_api_announces(sandbox: Sandbox, http: Http) -> None:
    asked: list[dict[str, str]] = []

    async def document(request: web.Request) -> web.Response:
        form = await request.post()
        asked.append({"method": request.method, **{k: str(v) for k, v in form.items()}})
        asked[-1] |= dict(request.query)
        return web.Response(text=f"<Response><Say>{request.path[1:]}</Say></Response>")

    app = web.Application()
    app.router.add_route("*", "/{name}", document)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    own = f"http://127.0.0.1:{runner.addresses[0][1]}"
    for name in ("ada", "bob"):
        call(sandbox.world, name, ROOM)
    conference = seat(sandbox.world, "ada").conference
    path = f"/2010-04-01/Accounts/{sandbox.account_sid}/Conferences/{conference.sid}"
    one = f"{path}/Participants/{sandbox.world.sid_of('ada')}.json"
    told = {"AnnounceUrl": f"{own}/alone", "AnnounceMethod": "GET"}
    assert (await http.ask("POST", one, data=told)).status == 200
    assert (
        await http.ask("POST", f"{path}.json", data={"AnnounceUrl": f"{own}/all"})
    ).status == 200
    await sandbox.advance(5_000)
    await runner.cleanup()
    assert sandbox.world.heard("ada") == ["alone", "all"]
    assert sandbox.world.heard("bob") == ["all"]
    alone, both = sorted(asked, key=lambda form: form["method"])
    assert alone["CallSid"] == sandbox.world.sid_of("ada")
    assert (both["method"], both["ConferenceSid"]) == ("POST", conference.sid)
    assert "CallSid" not in both


async def test_a_forbidden_verb_becomes_a_notification(sandbox: Sandbox, http: Http) -> None:
    call(sandbox.world, "ada", ROOM)
    url = page(sandbox.world, "bad", "<Hangup/>")
    conferencing.announce(sandbox.world, seat(sandbox.world, "ada"), Source(url=url))
    await sandbox.advance(5_000)
    sid = sandbox.world.sid_of("ada")
    noted = (await http.ask("GET", f"{http.calls}/{sid}/Notifications.json")).json
    assert [row["error_code"] for row in noted["notifications"]] == ["13238"]


# ---- whispers -------------------------------------------------------------------------------


@pytest.fixture
def dialling() -> World:
    world = World(START)
    page(world, "whisper", "<Say>a caller from sales</Say>")
    twiml = f'<Dial><Number url="{SITE}whisper">{BOB}</Number></Dial><Say>next</Say>'
    call(world, "parent", twiml)
    return world


def child_of(world: World) -> str:
    (child,) = [row.sid for row in world.shelf if row.parent_call_sid]
    return child


def test_a_whisper_is_heard_by_the_called_party_before_they_are_connected(
    dialling: World,
) -> None:
    to(dialling, 10_000)
    assert lines(dialling, "parent") == [(0, "rings", BOB), (5_700, "joins", BOB)]
    assert lines(dialling, child_of(dialling)) == [
        (4_000, "status", "in-progress"),
        (4_000, "fetches", f"{SITE}whisper"),
        (4_100, "says", "a caller from sales"),
        (5_700, "joins", dialling.call("parent").from_),
    ]


def test_the_caller_may_give_up_during_a_whisper(dialling: World) -> None:
    to(dialling, 5_000)
    dialling.hang_up(dialling.leg("parent"))
    to(dialling, 60_000)
    child = child_of(dialling)
    assert dialling.call(child).status == "completed"
    assert "joins" not in [kind for _, kind, _ in lines(dialling, child)]


@pytest.mark.parametrize(("digits", "joined"), [("1", True), ("", False)])
def test_a_called_party_that_does_not_press_a_key_is_not_connected(
    world: World, digits: str, joined: bool
) -> None:
    page(world, "accepted", "<Say>thank you</Say>")
    gather = '<Gather numDigits="1" action="accepted"><Say>press a key</Say></Gather><Hangup/>'
    page(world, "screen", gather)
    world.people[BOB] = Person(digits=digits)
    url = f"{SITE}screen"
    call(world, "parent", f'<Dial><Number url="{url}">{BOB}</Number></Dial><Say>next</Say>')
    to(world, 60_000)
    assert ("joins" in [kind for _, kind, _ in lines(world, "parent")]) is joined
    assert world.heard("parent") == ([] if joined else ["next"])
    said = ["press a key", "thank you"] if joined else ["press a key"]
    assert world.heard(child_of(world)) == said
