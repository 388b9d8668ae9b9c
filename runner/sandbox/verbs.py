"""What each TwiML verb does to a call: an explicit table of small functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from runner.model import Millis
from runner.sandbox import connecting, dialing, playing, queueing
from runner.sandbox.legs import Leg, Source
from runner.sandbox.sounds import KEY, sound_of, typed
from runner.sandbox.twiml import Element

if TYPE_CHECKING:
    from runner.sandbox.world import World

#: What a caller leaves after the beep, unless `maxLength` is shorter.
MESSAGE: Millis = 10_000

Verb: TypeAlias = "Callable[[World, Leg, Element], None]"


def sound(world: World, leg: Leg, verb: Element) -> None:
    """Speaks, plays a recording or keys, or is silent; `loop` repeats."""
    heard = sound_of(verb)
    world.note(leg, heard.kind, heard.text)
    playing.wait(world, leg, heard.millis, doing=heard.doing)


def redirect(world: World, leg: Leg, verb: Element) -> None:
    """Goes on with the document at a URL; what stands after it never runs."""
    leg.verbs = ()
    source = Source(url=verb.text, method=verb.attributes.get("method", "POST"))
    playing.fetch(world, leg, source)


def hangup(world: World, leg: Leg, verb: Element) -> None:
    """Ends the call."""
    world.end(leg, "completed")


def reject(world: World, leg: Leg, verb: Element) -> None:
    """Refuses the call."""
    busy = verb.attributes.get("reason") == "busy"
    world.end(leg, "busy" if busy else "no-answer")


def gather(world: World, leg: Leg, verb: Element) -> None:
    """Plays what stands inside, then listens for keys."""
    prompts = tuple(part for part in verb.children if part.name in ("Say", "Play", "Pause"))
    leg.verbs = (*prompts, Element(_LISTEN, verb.attributes), *leg.verbs)
    playing.wait(world, leg, 0)


def _listen(world: World, leg: Leg, verb: Element) -> None:
    digits, finished = typed(verb, leg.person.digits)
    leg.doing = "listening"
    millis = 0 if finished else verb.number("timeout", 5) * 1000
    if digits or finished:
        world.note(leg, "types", leg.person.digits)
        millis += KEY * len(leg.person.digits)
    world.step(leg, millis, partial(_heard, world, leg, verb, digits))


def _heard(world: World, leg: Leg, verb: Element, digits: str) -> None:
    if digits or verb.attributes.get("actionOnEmptyResult") == "true":
        playing.fetch(world, leg, playing.action_of(verb), extra={"Digits": digits})
    else:
        playing.proceed(world, leg)


def record(world: World, leg: Leg, verb: Element) -> None:
    """Records a message, then goes to the action; without one to the next verb."""
    length = min(MESSAGE, verb.number("maxLength", 3_600) * 1000)
    world.note(leg, "records", f"{length // 1000} s")
    leg.doing = "recording"
    world.step(leg, length, partial(_recorded, world, leg, verb))


def _recorded(world: World, leg: Leg, verb: Element) -> None:
    if "action" in verb.attributes:
        playing.fetch(world, leg, playing.action_of(verb))
    else:
        playing.proceed(world, leg)


def keep(world: World, leg: Leg, verb: Element) -> None:
    """Stays where it is until somebody takes the call out."""
    world.note(leg, "waits", f"<{verb.name}> {verb.text}".strip())
    playing.hold(leg, f"<{verb.name}>")


def pass_by(world: World, leg: Leg, verb: Element) -> None:
    """Takes no time and changes nothing that the Calls API shows."""
    playing.wait(world, leg, 0)


#: The second half of a <Gather>: no document can name it, since XML names don't start with #.
_LISTEN = "#listen"

VERBS: Mapping[str, Verb] = {
    "Say": sound,
    "Play": sound,
    "Pause": sound,
    "Redirect": redirect,
    "Hangup": hangup,
    "Reject": reject,
    "Dial": dialing.dial,
    "Gather": gather,
    _LISTEN: _listen,
    "Record": record,
    "Enqueue": queueing.enqueue,
    "Connect": connecting.connect,
    "Refer": keep,
    "Leave": pass_by,
    "Start": connecting.start,
    "Stop": connecting.stop,
    "Sms": pass_by,
    "Pay": pass_by,
    "Prompt": pass_by,
}
