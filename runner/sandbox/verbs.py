"""What each TwiML verb does to a call: an explicit table of small functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from runner.model import Millis
from runner.sandbox import dialing, playing
from runner.sandbox.legs import Leg, Source
from runner.sandbox.twiml import Element, speech_time

if TYPE_CHECKING:
    from runner.sandbox.world import World

#: No recording's length is known without fetching it: every one is taken to last this long.
RECORDING: Millis = 5_000
#: What a caller leaves after the beep, unless `maxLength` is shorter.
MESSAGE: Millis = 10_000
KEY: Millis = 500
#: Stands for "until it is broken off" in `loop="0"`.
ENDLESS = 1_000

Verb: TypeAlias = "Callable[[World, Leg, Element], None]"


def say(world: World, leg: Leg, verb: Element) -> None:
    """Speaks; `loop` repeats."""
    world.note(leg, "says", verb.text)
    playing.wait(world, leg, speech_time(verb.text) * _loop(verb), doing=f"saying {verb.text!r}")


def play(world: World, leg: Leg, verb: Element) -> None:
    """Plays a recording, or keys."""
    keys = verb.attributes.get("digits")
    length = RECORDING if keys is None else KEY * len(keys)
    world.note(leg, "plays", verb.text if keys is None else f"keys {keys}")
    playing.wait(world, leg, length * _loop(verb), doing=f"playing {verb.text}")


def pause(world: World, leg: Leg, verb: Element) -> None:
    """Is silent."""
    seconds = verb.number("length", 1)
    world.note(leg, "pauses", f"{seconds} s")
    playing.wait(world, leg, seconds * 1000, doing="a pause")


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
    digits = leg.person.digits
    timeout = verb.number("timeout", 5) * 1000
    leg.doing = "listening"
    if digits:
        world.note(leg, "types", digits)
        millis = KEY * len(digits)
    else:
        millis = timeout
    world.step(leg, millis, partial(_heard, world, leg, verb))


def _heard(world: World, leg: Leg, verb: Element) -> None:
    digits = leg.person.digits
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
    """Stays where it is until somebody takes the call out: queues, streams, agents."""
    world.note(leg, "waits", f"<{verb.name}> {verb.text}".strip())
    playing.hold(leg, f"<{verb.name}>")


def pass_by(world: World, leg: Leg, verb: Element) -> None:
    """Takes no time and changes nothing that the Calls API shows."""
    playing.wait(world, leg, 0)


def _loop(verb: Element) -> int:
    return verb.number("loop", 1, most=ENDLESS) or ENDLESS


#: The second half of a <Gather>: no document can name it, since XML names don't start with #.
_LISTEN = "#listen"

VERBS: Mapping[str, Verb] = {
    "Say": say,
    "Play": play,
    "Pause": pause,
    "Redirect": redirect,
    "Hangup": hangup,
    "Reject": reject,
    "Dial": dialing.dial,
    "Gather": gather,
    _LISTEN: _listen,
    "Record": record,
    "Enqueue": keep,
    "Connect": keep,
    "Refer": keep,
    "Leave": pass_by,
    "Start": pass_by,
    "Stop": pass_by,
    "Sms": pass_by,
    "Pay": pass_by,
    "Prompt": pass_by,
}
