"""One way in for whoever starts and stops what hangs below a call: the API, and TwiML's verbs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from runner.sandbox import forks, recordings
from runner.sandbox.below import Fork, Recording
from runner.sandbox.legs import Leg
from runner.sandbox.twiml import Element

if TYPE_CHECKING:
    from runner.sandbox.world import World

#: TwiML's nouns inside <Start>, <Stop> and <Connect>, and what they start.
NOUNS: Mapping[str, str] = {
    "Stream": "stream",
    "Siprec": "siprec",
    "Transcription": "transcription",
    "Recording": "recording",
}
#: Attributes that the API calls otherwise than by their own name with a capital.
_FIELDS = {
    ("Recording", "channels"): "RecordingChannels",
    ("Recording", "track"): "RecordingTrack",
    ("Siprec", "connectorName"): "ConnectorName",
}


def start(
    world: World, leg: Leg, kind: str, form: Mapping[str, str], *, by: str = "api"
) -> Recording | Fork:
    """Starts one of a kind (see `NOUNS`) with a form as the API takes it. Raises `ApiError`."""
    if kind == "recording":
        return recordings.start(world, leg, form, by=by)
    return forks.start(world, leg, kind, form)


def stop(world: World, leg: Leg, kind: str, name: str) -> Recording | Fork:
    """Stops one by its SID, its name or, of recordings, `Twilio.CURRENT`. Raises `ApiError`."""
    if kind == "recording":
        form = {"Status": "stopped"}
        return recordings.tell(world, leg, recordings.find(leg, name), form)
    return forks.stop(world, leg, forks.find(leg, kind, name))


def start_noun(world: World, leg: Leg, noun: Element) -> Recording | Fork:
    """Starts what a noun of `NOUNS` says. Raises `ApiError`: its code is the document's fault."""
    return start(world, leg, NOUNS[noun.name], form_of(noun), by="twiml")


def stop_noun(world: World, leg: Leg, noun: Element) -> Recording | Fork:
    """Stops what a noun inside <Stop> names. Raises `ApiError`."""
    kind = NOUNS[noun.name]
    name = noun.attributes.get("name", "")
    return stop(world, leg, kind, recordings.CURRENT if kind == "recording" else name)


def form_of(noun: Element) -> dict[str, str]:
    """A noun's attributes and parameters as the form that would start the same by the API."""
    form = {
        _FIELDS.get((noun.name, name), name[:1].upper() + name[1:]): value
        for name, value in noun.attributes.items()
    }
    if noun.name == "Recording":
        form.setdefault("RecordingChannels", "dual")
    parts = [part for part in noun.children if part.name == "Parameter"]
    for number, part in enumerate(parts, 1):
        form[f"Parameter{number}.Name"] = part.attributes.get("name", "")
        form[f"Parameter{number}.Value"] = part.attributes.get("value", "")
    return form


def ended(world: World, leg: Leg) -> None:
    """Ends whatever runs below a call that is over."""
    if leg.below is None:
        return
    for recording in list(leg.below.recordings.values()):
        if recording.active:
            recordings.stop(world, leg, recording)
    for fork in list(leg.below.forks.values()):
        if fork.active:
            forks.stop(world, leg, fork)
    for subscription in leg.below.subscriptions.values():
        world.note(leg, "subscribes", f"stopped: {subscription.form['Callback']}")
    leg.below.subscriptions.clear()
    for payment in leg.below.payments.values():
        if payment.open:
            leg.below.payments[payment.sid] = replace(payment, status="cancel")
            world.note(leg, "pays", "cancel")
