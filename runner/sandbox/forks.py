"""Streams, SIPREC and transcriptions of a call: started, found by name, stopped."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from runner.sandbox.below import Fork, below, place
from runner.sandbox.connections import Connection
from runner.sandbox.errors import ApiError, invalid, not_found, wrong_state
from runner.sandbox.forms import check_callback, needed, one_of, usable
from runner.sandbox.legs import Leg

if TYPE_CHECKING:
    from runner.sandbox.world import World

TRACKS = ("inbound_track", "outbound_track", "both_tracks")
_PARAMETER = re.compile(r"Parameter([1-9]\d?)\.(Name|Value)\Z")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fork: where it stands in paths, how its SIDs begin, what it takes."""

    path: str
    prefix: str
    word: str
    track: str
    callback: str
    flags: tuple[str, ...] = ()


KINDS: Mapping[str, Kind] = {
    "stream": Kind("Streams", "MZ", "streams", "inbound_track", "StatusCallback"),
    "siprec": Kind("Siprec", "SR", "siprec", "both_tracks", "StatusCallback"),
    "transcription": Kind(
        *("Transcriptions", "GT", "transcribes", "both_tracks", "StatusCallbackUrl"),
        flags=(
            *("PartialResults", "ProfanityFilter"),
            *("EnableAutomaticPunctuation", "EnableProviderData"),
        ),
    ),
}


def start(world: World, leg: Leg, kind: str, form: Mapping[str, str]) -> Fork:
    """Starts one. Raises `ApiError`."""
    what = KINDS[kind]
    track = _check(kind, form)
    name = form.get("Name") or None
    if name is not None and _running(leg, kind, name) is not None:
        raise invalid("Name", f"{name} is in use on this call")
    sid, order = place(world, leg, what.prefix)
    fork = Fork(sid, order, world.now, kind, name, dict(form))
    below(leg).forks[sid] = fork
    where = form.get("Url") or form.get("ConnectorName") or form.get("LanguageCode")
    told = ", ".join(filter(None, (where, track)))
    world.note(leg, what.word, f"started{f' {name}' if name else ''}: {told}")
    return fork


def _check(kind: str, form: Mapping[str, str]) -> str:
    """Checks everything but the name. Returns the track."""
    what = KINDS[kind]
    if kind == "stream" and not usable(needed(form, "Url"), ("wss",)):
        raise ApiError(400, 21205, f"Url is not a valid wss URL: {form['Url']}")
    track = one_of(form, "Track", TRACKS, what.track)
    check_callback(form, what.callback, "StatusCallbackMethod")
    for flag in what.flags:
        one_of(form, flag, ("true", "false"), "true")
    if kind != "transcription":
        parameters(form)
    return track


def parameters(form: Mapping[str, str]) -> dict[str, str]:
    """`Parameter1.Name` and `Parameter1.Value` and so on as names and values."""
    halves: dict[str, dict[str, str]] = {}
    for key, value in form.items():
        if found := _PARAMETER.match(key):
            halves.setdefault(found[1], {})[found[2]] = value
    for number, half in halves.items():
        if not half.get("Name"):
            raise invalid(f"Parameter{number}.Name", "a parameter has a name")
    return {half["Name"]: half.get("Value", "") for half in halves.values()}


def find(leg: Leg, kind: str, name: str) -> Fork:
    """One by its SID or its name; of several of that name the running one. Raises `ApiError`."""
    forks = [fork for fork in below(leg).forks.values() if fork.kind == kind]
    for fork in forks:
        if fork.sid == name:
            return fork
    named = [fork for fork in forks if fork.name == name]
    if not named:
        raise not_found(f"{KINDS[kind].path}/{name}")
    return next((fork for fork in named if fork.active), named[-1])


def _running(leg: Leg, kind: str, name: str) -> Fork | None:
    forks = [] if leg.below is None else leg.below.forks.values()
    return next((f for f in forks if f.kind == kind and f.name == name and f.active), None)


def stop(world: World, leg: Leg, fork: Fork) -> Fork:
    """Stops one that runs. Raises `ApiError` for one that doesn't."""
    what = KINDS[fork.kind]
    if not fork.active:
        raise wrong_state(f"{what.path}/{fork.name or fork.sid} is stopped already.")
    stopped = replace(fork, status="stopped", updated=world.now)
    below(leg).forks[fork.sid] = stopped
    world.note(leg, what.word, f"stopped{f' {fork.name}' if fork.name else ''}")
    if isinstance(leg.stay, Connection) and leg.stay.fork == fork.sid:
        leg.stay.over()
    return stopped
