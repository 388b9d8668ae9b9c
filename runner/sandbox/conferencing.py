"""Conferences as they are played: calls join, wait, are held, are spoken to, leave, are put out."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from runner.model import Millis
from runner.sandbox import announcing, playing
from runner.sandbox.announcing import ANNOUNCEMENT, MUSIC, Aside
from runner.sandbox.conferences import Conference, Reason, Seat
from runner.sandbox.identity import make_sid
from runner.sandbox.legs import Leg, Source
from runner.sandbox.rows import API_VERSION
from runner.sandbox.twiml import Element

if TYPE_CHECKING:
    from runner.sandbox.world import World

#: A `<Dial>` ends after this many seconds, unless it says otherwise.
LONGEST = 14_400
MOST = 250


def join(world: World, leg: Leg, verb: Element, noun: Element) -> None:
    """Takes a call into the conference that its `<Conference>` names, which is opened for it."""
    conference = world.conferences.named(noun.text) or _open(world, noun.text)
    if len(conference.seats) >= noun.number("maxParticipants", MOST, most=MOST):
        world.note(leg, "cut", f"conference {noun.text} is full")
        playing.go_on(world, leg, verb, {"DialCallStatus": "failed"})
        return
    seat = leg.stay = _sit(world, leg, verb, noun, conference)
    world.note(leg, "joins", f"conference {conference.name}")
    conference.seats[seat.sid] = seat
    conference.updated = world.now
    _start(world, conference)
    _beep(world, seat, "onEnter")
    _music(world, seat)
    limit: Millis = verb.number("timeLimit", LONGEST) * 1000
    world.timeline.after(limit, partial(_time_over, world, seat))


def _open(world: World, name: str) -> Conference:
    number = world.conferences.count + 1
    sid = make_sid("CF", world.seed, number)
    conference = Conference(sid, name, (world.now, number), world.now)
    world.conferences.add(conference)
    return conference


def _sit(world: World, leg: Leg, verb: Element, noun: Element, conference: Conference) -> Seat:
    conference.came += 1
    said = noun.attributes
    seat = Seat(
        leg=leg,
        conference=conference,
        verb=verb,
        noun=noun,
        order=(world.now, conference.came),
        updated=world.now,
        muted=said.get("muted") == "true",
        starts=said.get("startConferenceOnEnter") != "false",
        ends=said.get("endConferenceOnExit") == "true",
        beep=said.get("beep", "true"),
    )
    if url := said.get("waitUrl"):
        seat.wait_source = Source(url=url, method=said.get("waitMethod", "POST"))
    if coached := said.get("coach"):
        seat.coaching, seat.coached = True, coached
    return seat


def _start(world: World, conference: Conference) -> None:
    """Lets the conference begin when two are in it and one of them may start it."""
    seats = conference.seats.values()
    if conference.status != "init" or len(seats) < 2 or not any(s.starts for s in seats):
        return
    conference.status, conference.updated = "in-progress", world.now
    for seat in seats:
        if not seat.hold:
            announcing.stop(seat.music)


def _beep(world: World, seat: Seat, when: str) -> None:
    """Lets the others hear that somebody comes or goes."""
    if seat.conference.status == "in-progress" and seat.beep in ("true", when):
        for leg in seat.conference.hearing():
            if leg is not seat.leg:
                world.note(leg, "plays", "a beep")


def _music(world: World, seat: Seat) -> None:
    """Plays what is to be heard on hold, or until the conference starts; silence unless named."""
    announcing.stop(seat.music)
    seat.music = None
    source = seat.hold_source if seat.hold else None
    if seat.conference.status == "init" and not seat.hold:
        source = seat.wait_source
    if source is not None:
        seat.music = _aside(world, seat, source, music=True)
        announcing.begin(world, seat.music, base=seat.leg.url)


# ---- going ----------------------------------------------------------------------------------


def leave(world: World, seat: Seat, *, redirected: bool) -> None:
    """Takes a call out that hung up, or was told to do something else."""
    _rise(world, seat, "left")
    if redirected:
        playing.tell(world, seat.leg, seat.verb, _outcome(seat))


def kick(world: World, seat: Seat) -> None:
    """Puts a call out: it goes on after its `<Dial>`."""
    _rise(world, seat, "kicked")
    playing.go_on(world, seat.leg, seat.verb, _outcome(seat))


def _time_over(world: World, seat: Seat) -> None:
    if seat.leg.stay is seat:
        world.note(seat.leg, "cut", "the time limit of the dial is reached")
        _rise(world, seat, "left")
        playing.go_on(world, seat.leg, seat.verb, _outcome(seat))


def _rise(world: World, seat: Seat, how: str) -> None:
    """Empties a seat. The conference ends with its last seat, or with one that it can't lack."""
    conference = seat.conference
    del conference.seats[seat.sid]
    conference.updated = world.now
    _get_up(world, seat)
    _beep(world, seat, "onExit")
    if seat.ends:
        kicked = how == "kicked"
        reason: Reason = (
            "participant-with-end-conference-on-exit-kicked"
            if kicked
            else "participant-with-end-conference-on-exit-left"
        )
        end(world, conference, reason, by=seat.sid)
    elif not conference.seats:
        last: Reason = "last-participant-kicked" if how == "kicked" else "last-participant-left"
        end(world, conference, last, by=seat.sid)


def _get_up(world: World, seat: Seat) -> None:
    seat.leg.stay = None
    seat.leg.doing = ""
    seat.conference.gone[seat.sid] = seat.order
    world.note(seat.leg, "leaves", f"conference {seat.conference.name}")


def end(world: World, conference: Conference, reason: Reason, *, by: str | None = None) -> None:
    """Ends a conference; whoever is in it goes on after the `<Dial>`."""
    conference.status, conference.updated = "completed", world.now
    conference.reason, conference.ended_by = reason, by
    world.conferences.close(conference)
    seats, conference.seats = list(conference.seats.values()), {}
    for seat in seats:
        _get_up(world, seat)
        playing.go_on(world, seat.leg, seat.verb, _outcome(seat))


def _outcome(seat: Seat) -> dict[str, str]:
    """What a `<Dial>`'s action is told of a conference."""
    return {"DialCallStatus": "answered", "ConferenceSid": seat.conference.sid}


# ---- what the API does to it ----------------------------------------------------------------


def hold(world: World, seat: Seat, on: bool, source: Source | None) -> None:
    """Takes somebody off the conversation, who hears a document meanwhile; or brings them back."""
    seat.hold, seat.hold_source = on, source if on else None
    world.note(seat.leg, "told", "hold" if on else "no longer on hold")
    _music(world, seat)


def wait(world: World, seat: Seat, source: Source) -> None:
    """Changes what a participant hears until the conference starts."""
    seat.wait_source = source
    if seat.conference.status == "init" and not seat.hold:
        _music(world, seat)


def mute(world: World, seat: Seat, on: bool) -> None:
    """Lets nobody hear them, or everybody again."""
    if seat.muted != on:
        seat.muted = on
        world.note(seat.leg, "told", "muted" if on else "no longer muted")


def announce(world: World, seat: Seat, source: Source) -> None:
    """Speaks to one participant alone, after what is being announced to them already."""
    world.note(seat.leg, "told", f"announcement {source.url}")
    _queue_up(world, seat.spoken, _aside(world, seat, source))


def announce_all(world: World, conference: Conference, source: Source) -> None:
    """Speaks to everybody in a conference. The document is asked for once."""

    def told() -> Mapping[str, str]:
        return {"AccountSid": world.account_sid, "ApiVersion": API_VERSION} | _named(conference)

    for leg in conference.hearing():
        world.note(leg, "told", f"announcement {source.url}")
    ended = partial(_next, world, conference.spoken)
    aside = Aside(source, ANNOUNCEMENT, conference.hearing, told, ended)
    _queue_up(world, conference.spoken, aside)


def _aside(world: World, seat: Seat, source: Source, *, music: bool = False) -> Aside:
    def told() -> Mapping[str, str]:
        return playing.parameters(world, seat.leg) | _named(seat.conference)

    if music:
        return Aside(source, MUSIC, seat.ears, told, lambda how: None)
    return Aside(source, ANNOUNCEMENT, seat.ears, told, partial(_next, world, seat.spoken))


def _named(conference: Conference) -> dict[str, str]:
    return {"ConferenceSid": conference.sid, "FriendlyName": conference.name}


def _queue_up(world: World, spoken: deque[Aside], aside: Aside) -> None:
    while spoken and spoken[0].over:  # nobody was left to hear it
        spoken.popleft()
    spoken.append(aside)
    if len(spoken) == 1:
        announcing.begin(world, aside)


def _next(world: World, spoken: deque[Aside], how: str) -> None:
    """One announcement is over: it is the next one's turn."""
    spoken.popleft()
    if spoken:
        announcing.begin(world, spoken[0])
