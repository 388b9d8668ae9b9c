"""`statusCallback` on the nouns of a `<Dial>`: who is told of the leg that a noun calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.sandbox import callbacks
from runner.sandbox.fetches import absolute
from runner.sandbox.forms import METHODS, usable
from runner.sandbox.legs import Leg
from runner.sandbox.twiml import Element

if TYPE_CHECKING:
    from runner.sandbox.world import World


def asked(world: World, leg: Leg, noun: Element) -> dict[str, Any]:
    """What a noun adds to its leg's plan. What can't be used is left out, with a warning."""
    given = noun.attributes.get("statusCallback")
    if not given or noun.name == "Dial":
        return {}
    url = absolute(leg.url, given)
    if not usable(url):
        _warn(world, leg, f"<{noun.name}> can't call back {given!r}")
        return {}
    return {
        "status_callback": url,
        "status_callback_method": _method(world, leg, noun),
        "status_callback_event": _events(world, leg, noun),
    }


def _method(world: World, leg: Leg, noun: Element) -> str:
    method = noun.attributes.get("statusCallbackMethod", "POST")
    if method in METHODS:
        return method
    _warn(world, leg, f"<{noun.name}> can't call back by {method!r}")
    return "POST"


def _events(world: World, leg: Leg, noun: Element) -> tuple[str, ...]:
    words = noun.attributes.get("statusCallbackEvent", "").split() or callbacks.UNSAID
    if foreign := callbacks.unknown(words):
        _warn(world, leg, f"<{noun.name}> has no event {' '.join(foreign)}")
    return tuple(word for word in words if word in callbacks.EVENTS)


def _warn(world: World, leg: Leg, what: str) -> None:
    world.note(leg, "fault", f"12200 {what}")
