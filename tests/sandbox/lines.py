"""Transcripts as tests write them down, and the shortest way to a call that follows TwiML."""

from __future__ import annotations

from typing import Any

from runner.sandbox.plans import CallPlan
from runner.sandbox.world import World

START = 1_700_000_000_000
#: Documents whose name is all that matters stand here.
SITE = "http://example.com/"

Line = tuple[int, str, str]


def lines(world: World, name: str) -> list[Line]:
    """What happened to a call after it was there, with times from the start of the world."""
    happened = world.transcript(name)[1:]
    return [(line.at - START, line.kind, line.text) for line in happened]


def since(world: World, name: str, millis: int) -> list[Line]:
    """What happened to a call from a moment on."""
    return [line for line in lines(world, name) if line[0] >= millis]


def call(world: World, name: str, body: str, **fields: Any) -> None:
    """A call that follows these verbs."""
    world.add(CallPlan(id=name, twiml=f"<Response>{body}</Response>", **fields))


def page(world: World, name: str, body: str) -> str:
    """Puts a document on the site. Returns its URL."""
    world.documents[SITE + name] = f"<Response>{body}</Response>"
    return SITE + name


def to(world: World, millis: int) -> None:
    """Plays up to a moment, from the start of the world."""
    world.advance(START + millis)
