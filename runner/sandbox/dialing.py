"""`<Dial>` and the legs that it makes: they ring, one joins, and one side's end ends the dial."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from runner.sandbox import (
    announcing,
    bridges,
    conferencing,
    dial_callbacks,
    dial_recording,
    playing,
)
from runner.sandbox.announcing import HANGUP, WHISPER, Aside
from runner.sandbox.legs import Dialing, Leg, Source
from runner.sandbox.plans import CallPlan, Person
from runner.sandbox.twiml import Element

if TYPE_CHECKING:
    from runner.sandbox.world import World

#: Nouns that call somebody, and what their addresses start with.
_PREFIXES = {"Number": "", "Sip": "", "Client": "client:", "Sim": "sim:"}
#: Nouns that take the caller to a room instead.
_ROOMS = {"Conference": conferencing.join, "Queue": bridges.dial}


def dial(world: World, leg: Leg, verb: Element) -> None:
    """The verb: calls every noun at once; the first who answers is joined."""
    room = next((noun for noun in verb.children if noun.name in _ROOMS and noun.text), None)
    if room is not None:
        _ROOMS[room.name](world, leg, verb, room)
        return
    nouns = _nouns(verb)
    if not nouns:
        world.note(leg, "fault", "13201 <Dial> calls nobody")
        playing.wait(world, leg, 0)
        return
    addresses = [address for address, _ in nouns]
    leg.doing = f"dialling {', '.join(addresses)}"
    called = {_call(world, leg, verb=verb, called=each): each[1] for each in nouns}
    leg.dialing = Dialing(verb, tuple(called), nouns=called)
    dial_recording.ringing(world, leg, verb)
    timeout = verb.number("timeout", 30, most=600) * 1000
    world.step(leg, timeout, partial(_nobody, world, leg, leg.dialing))


def _nouns(verb: Element) -> list[tuple[str, Element]]:
    """Whom to call: addresses, and what says so."""
    nouns = [noun for noun in verb.children if noun.name in _PREFIXES]
    if not nouns:
        return [(verb.text, verb)] if verb.text else []
    named = [(_PREFIXES[noun.name], _name(noun), noun) for noun in nouns]
    return [(prefix + name, noun) for prefix, name, noun in named if name]


def _name(noun: Element) -> str:
    """A noun's text; a client may be named by an `<Identity>` inside."""
    inner = next((part.text for part in noun.children if part.name == "Identity"), "")
    return noun.text or inner


def _call(world: World, leg: Leg, *, verb: Element, called: tuple[str, Element]) -> str:
    address, noun = called
    caller = verb.attributes.get("callerId")
    plan = CallPlan(
        to=address,
        from_=caller or (leg.row.from_ if leg.row.direction == "inbound" else leg.row.to),
        direction="outbound-dial",
        status="ringing",
        person=world.people.get(address, Person()),
        parent=leg.row.sid,
        **dial_callbacks.asked(world, leg, noun),
    )
    world.note(leg, "rings", address)
    return world.add(plan).sid


def _nobody(world: World, leg: Leg, dialing: Dialing) -> None:
    """Nobody answered in time. An answer makes the leg's record another one."""
    if leg.dialing == dialing:
        first = dialing.children[0]
        drop(world, leg, ringing="no-answer")
        leg.dialing = replace(dialing, children=())
        _finish(world, leg, status="no-answer", sid=first)


def adopt(world: World, child: Leg) -> None:
    """Ties a planned child to its parent, as if a `<Dial>` of the parent had made it.

    A parent that has had a document of its own knows whom it dials.
    """
    sid = child.row.parent_call_sid
    if sid is None or not world.has(sid) or not child.row.live:
        return
    parent = world.leg(sid)
    if parent.source is not None or parent.document or not parent.row.live:
        return
    dialing = parent.dialing or Dialing(Element("Dial"), ())
    joined = child.row.sid if child.row.status == "in-progress" else None
    parent.dialing = Dialing(
        dialing.verb, (*dialing.children, child.row.sid), dialing.answered or joined
    )


def answered(world: World, child: Leg) -> None:
    """Drops the others that ring, and joins who picked up with the caller, after the whisper."""
    parent = _dialer(world, child)
    if parent is None or parent.dialing is None or parent.dialing.answered is not None:
        return
    parent.dialing = replace(parent.dialing, answered=child.row.sid)
    for sid in parent.dialing.children:
        if sid != child.row.sid and world.has(sid) and world.call(sid).live:
            world.end(world.leg(sid), "canceled")
    noun = parent.dialing.nouns.get(child.row.sid)
    if noun is not None and noun is not parent.dialing.verb and noun.attributes.get("url"):
        _whisper(world, parent, child, noun)
    else:
        _join(world, parent, child)


def _whisper(world: World, parent: Leg, child: Leg, noun: Element) -> None:
    """Plays the noun's document to the called party alone; the caller hears it ring."""
    source = Source(url=noun.attributes["url"], method=noun.attributes.get("method", "POST"))

    def ears() -> tuple[Leg, ...]:
        waits = _dialer(world, child) is parent and child.row.live
        return (child,) if waits else ()

    def ended(how: str) -> None:
        if how == HANGUP:
            world.end(child, "completed")
        else:
            _join(world, parent, child)

    told = partial(playing.parameters, world, child)
    announcing.begin(world, Aside(source, WHISPER, ears, told, ended), base=parent.url)


def _join(world: World, parent: Leg, child: Leg) -> None:
    if parent.dialing is None:
        return
    parent.dialing = dialing = replace(parent.dialing, joined=True)
    if parent.row.status == "ringing":  # answerOnBridge
        world.answer(parent)
    world.note(parent, "joins", child.row.to)
    world.note(child, "joins", parent.row.from_)
    dial_recording.joined(world, parent, dialing.verb)
    limit = dialing.verb.number("timeLimit", 14_400)
    world.later(child, limit * 1000, partial(_time_over, world, parent, child, dialing))


def _time_over(world: World, parent: Leg, child: Leg, dialing: Dialing) -> None:
    if parent.dialing is dialing:
        world.end(child, "completed")


def ended(world: World, child: Leg) -> None:
    """Lets the parent go on when the leg it was joined with, or the last that rang, is over."""
    parent = _dialer(world, child)
    if parent is None or parent.dialing is None:
        return
    joined = parent.dialing.answered
    rings = any(world.call(sid).live for sid in parent.dialing.children if world.has(sid))
    if child.row.sid == joined or (joined is None and not rings):
        _finish(world, parent, status=child.row.status, sid=child.row.sid)


def interrupt(world: World, leg: Leg) -> None:
    """Undoes both dials that a leg takes part in, because it is told to do something else."""
    dialing = leg.dialing
    drop(world, leg)
    if dialing is not None:
        # Twilio asks the interrupted dial's action too, as if it had ended by itself.
        told = _outcome(world, "completed", dialing) | dial_recording.over(world, leg)
        playing.tell(world, leg, dialing.verb, told)
    parent = _dialer(world, leg)
    if parent is not None:
        _finish(world, parent, status="completed", sid=leg.row.sid)


def drop(world: World, parent: Leg, *, spare: str = "", ringing: str = "canceled") -> None:
    """Ends every leg that this one has dialled and that is still there, but for `spare`.

    `ringing` is how those end that have not been answered.
    """
    dialing, parent.dialing = parent.dialing, None
    for sid in dialing.children if dialing is not None else ():
        if sid != spare and world.has(sid) and world.call(sid).live:
            child = world.leg(sid)
            world.end(child, "completed" if child.row.status == "in-progress" else ringing)


def _finish(world: World, parent: Leg, *, status: str, sid: str) -> None:
    """Goes on after a dial that is over: with its action, or with the next verb.

    `sid` is the leg that decided how it ended.
    """
    dialing = parent.dialing
    if dialing is None:
        return
    drop(world, parent, spare=sid)
    told = _outcome(world, status, dialing, sid) | dial_recording.over(world, parent)
    playing.go_on(world, parent, dialing.verb, told)


def _outcome(
    world: World, status: str, dialing: Dialing, decided: str | None = None
) -> dict[str, str]:
    """What an action is told of the dial. `decided` is the leg that ended it."""
    told = {"DialCallStatus": status, "DialBridged": "true" if dialing.joined else "false"}
    sid = decided or dialing.answered
    if sid is not None and world.has(sid):
        told |= {"DialCallSid": sid, "DialCallDuration": str(world.call(sid).duration or 0)}
    return told


def _dialer(world: World, child: Leg) -> Leg | None:
    """The leg whose running `<Dial>` this one belongs to."""
    sid = child.row.parent_call_sid
    if sid is None or not world.has(sid):
        return None
    parent = world.leg(sid)
    ours = parent.dialing is not None and child.row.sid in parent.dialing.children
    return parent if ours and parent.row.live else None
