"""Participants of a conference as the API has them: listed, read, held, spoken to, put out."""

from __future__ import annotations

from typing import Any

from runner.sandbox import conferencing
from runner.sandbox.conference_pages import found, live, source_of
from runner.sandbox.conferences import Seat
from runner.sandbox.dates import rfc2822
from runner.sandbox.errors import invalid, not_found
from runner.sandbox.exchange import GONE, Answer, Exchange, shown
from runner.sandbox.pages import Listing, page

_FILTERS = {"Muted": "muted", "Hold": "hold", "Coaching": "coaching"}


def read_all(exchange: Exchange) -> Answer:
    """A page of participants; of a conference that is over there are none."""
    conference, given = found(exchange), exchange.request.query
    kept = {name: given[name] for name in _FILTERS if given.get(name)}

    def wanted(seat: Seat) -> bool:
        return all(getattr(seat, _FILTERS[name]) is _true(text) for name, text in kept.items())

    def render(seat: Seat) -> dict[str, Any]:
        return _render(exchange, seat)

    rows, gone = conference.seats, conference.gone
    return page(exchange, Listing("participants", rows, render, kept, (wanted,), gone))


def read_one(exchange: Exchange) -> Answer:
    """A participant as it is."""
    return shown(_render(exchange, _seat(exchange)))


def update(exchange: Exchange) -> Answer:
    """Mutes, holds or speaks to one participant, or changes what its leaving does."""
    seat, world, form = _seat(exchange), exchange.world, exchange.form
    announcement = source_of(exchange, "Announce")
    music, waiting = source_of(exchange, "Hold", "GET"), source_of(exchange, "Wait")
    _coach(exchange, seat)
    if form.get("Muted"):
        conferencing.mute(world, seat, _true(form["Muted"]))
    if form.get("Hold"):
        conferencing.hold(world, seat, _true(form["Hold"]), music)
    if waiting is not None:
        conferencing.wait(world, seat, waiting)
    if form.get("EndConferenceOnExit"):
        seat.ends = _true(form["EndConferenceOnExit"])
    if form.get("BeepOnExit"):
        seat.beep = _beep(seat.beep, _true(form["BeepOnExit"]))
    if announcement is not None:
        conferencing.announce(world, seat, announcement)
    seat.updated = world.now
    return shown(_render(exchange, seat))


def _coach(exchange: Exchange, seat: Seat) -> None:
    """Lets only one other participant hear this one, or everybody again. Raises `ApiError`."""
    coaching, coached = (exchange.form.get(name) for name in ("Coaching", "CallSidToCoach"))
    if not coaching and not coached:
        return
    if coached and coached not in seat.conference.seats:
        raise invalid("CallSidToCoach", f"{coached} is not in the conference")
    on = _true(coaching) if coaching else True
    whom = (coached or seat.coached) if on else None
    if on and whom is None:
        raise invalid("Coaching", "CallSidToCoach says whom")
    seat.coaching, seat.coached = on, whom


def kick(exchange: Exchange) -> Answer:
    """Puts a participant out; the call goes on after its `<Dial>`."""
    conferencing.kick(exchange.world, _seat(exchange))
    return GONE


def _seat(exchange: Exchange) -> Seat:
    """The participant that the path names, by its call or its label. Raises `ApiError`."""
    seats, name = live(exchange).seats, exchange.request.below
    labelled = (seat for seat in seats.values() if seat.label == name)
    seat = seats.get(name) or next(labelled, None)
    if seat is None:
        raise not_found(exchange.request.path)
    return seat


def _true(text: str) -> bool:
    """What Twilio takes for true: everything else is false."""
    return text.lower() == "true"


def _beep(beep: str, on_exit: bool) -> str:
    """The `beep` of who beeps on entering as before, and on leaving as told."""
    enters = beep in ("true", "onEnter")
    words = {(True, True): "true", (True, False): "onEnter", (False, True): "onExit"}
    return words.get((enters, on_exit), "false")


def _render(exchange: Exchange, seat: Seat) -> dict[str, Any]:
    conference = seat.conference.sid
    path = f"{exchange.base}/Conferences/{conference}/Participants"
    return {
        "account_sid": exchange.world.account_sid,
        "call_sid": seat.sid,
        "label": seat.label,
        "call_sid_to_coach": seat.coached,
        "coaching": seat.coaching,
        "conference_sid": conference,
        "date_created": rfc2822(seat.order[0]),
        "date_updated": rfc2822(seat.updated),
        "end_conference_on_exit": seat.ends,
        "muted": seat.muted,
        "hold": seat.hold,
        "start_conference_on_enter": seat.starts,
        "status": "connected",
        "queue_time": None,
        "uri": f"{path}/{seat.sid}.json",
    }
