"""`<Start>`, `<Stop>` and `<Connect>`: streams and the like by a document instead of by the API."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from runner.sandbox import playing, subresources
from runner.sandbox.connections import Connection
from runner.sandbox.errors import ApiError
from runner.sandbox.legs import Leg
from runner.sandbox.subresources import NOUNS
from runner.sandbox.twiml import Element

if TYPE_CHECKING:
    from runner.sandbox.world import World


def start(world: World, leg: Leg, verb: Element) -> None:
    """Starts every noun and goes on at once; what is started runs beside the call."""
    for noun in _known(world, leg, verb):
        try:
            subresources.start_noun(world, leg, noun)
        except ApiError as error:
            world.note(leg, "fault", f"{error.code} <{noun.name}>: {error.message}")
    playing.wait(world, leg, 0)


def stop(world: World, leg: Leg, verb: Element) -> None:
    """Stops what every noun names and goes on."""
    for noun in _known(world, leg, verb):
        try:
            subresources.stop_noun(world, leg, noun)
        except ApiError as error:
            world.note(leg, "fault", f"{error.code} <{noun.name}>: {error.message}")
    playing.wait(world, leg, 0)


def _known(world: World, leg: Leg, verb: Element) -> list[Element]:
    for noun in verb.children:
        if noun.name not in NOUNS:
            world.note(leg, "fault", f"12200 <{noun.name}> can't stand in <{verb.name}>")
    return [noun for noun in verb.children if noun.name in NOUNS]


def connect(world: World, leg: Leg, verb: Element) -> None:
    """Hands the call to a stream until that is over, or an update takes the call back."""
    noun = next((part for part in verb.children if part.name == "Stream"), None)
    if noun is None:  # an agent or a room of Twilio's, which nobody plays here
        world.note(leg, "waits", f"<{verb.name}> {verb.text}".strip())
        playing.hold(leg, f"<{verb.name}>")
        return
    try:
        fork = subresources.start_noun(world, leg, noun)
    except ApiError as error:
        world.note(leg, "fault", f"{error.code} <{noun.name}>: {error.message}")
        playing.wait(world, leg, 0)
        return
    leg.stay = Connection(verb, fork.sid, partial(_over, world, leg, verb))
    world.note(leg, "joins", "the stream")


def _over(world: World, leg: Leg, verb: Element) -> None:
    """The stream was stopped, by its far side or by the API: the call goes on after it."""
    leg.stay = None
    world.note(leg, "leaves", "the stream")
    if leg.row.live:
        playing.go_on(world, leg, verb, {})


def leave(world: World, leg: Leg, connection: Connection) -> None:
    """Ends a stream because the call is over or was told something else."""
    leg.stay = None
    world.note(leg, "leaves", "the stream")
    fork = None if leg.below is None else leg.below.forks.get(connection.fork)
    if fork is not None and fork.active:
        subresources.stop(world, leg, "stream", fork.sid)
