"""The `record` of a `<Dial>`: the conversation is recorded from the answer, or from the ringing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.sandbox import recordings
from runner.sandbox.legs import Leg
from runner.sandbox.paths import ROOT
from runner.sandbox.twiml import Element

if TYPE_CHECKING:
    from runner.sandbox.world import World

#: What `record` may be, other than `do-not-record`: "true" is an older word for the second.
_RINGING = ("record-from-ringing", "record-from-ringing-dual")
_ANSWER = ("record-from-answer", "record-from-answer-dual", "true")
_BY = "dial"


def ringing(world: World, leg: Leg, verb: Element) -> None:
    """The dial begins."""
    _begin(world, leg, verb, _RINGING)


def joined(world: World, leg: Leg, verb: Element) -> None:
    """The dial is answered. The recording is the calling leg's."""
    _begin(world, leg, verb, _ANSWER)


def _begin(world: World, leg: Leg, verb: Element, words: tuple[str, ...]) -> None:
    record = verb.attributes.get("record", "")
    if record in words:
        channels = "dual" if record.endswith("-dual") else "mono"
        recordings.start(world, leg, {"RecordingChannels": channels}, by=_BY)


def over(world: World, leg: Leg) -> dict[str, str]:
    """The dial is over, and so is its recording. Returns what its action is told of that."""
    recording = recordings.current(leg, by=_BY)
    if recording is None:
        return {}
    recordings.stop(world, leg, recording)
    return {
        "RecordingUrl": f"https://api.twilio.com{ROOT}{world.account_sid}/Recordings/{recording.sid}"
    }
