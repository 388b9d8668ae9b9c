"""Recordings of a call: started, paused, resumed, stopped, and made ready afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from runner.model import Millis
from runner.sandbox.below import Recording, below, place
from runner.sandbox.errors import not_found, wrong_state
from runner.sandbox.forms import check_callback, one_of
from runner.sandbox.legs import Leg

if TYPE_CHECKING:
    from runner.sandbox.world import World

#: Stands for the recording that is running, in the place of its SID.
CURRENT = "Twilio.CURRENT"
#: From the end of a recording until work on it begins, and until it can be had.
SETTLING: Millis = 500
WORK: Millis = 2_000
CHANNELS = {"mono": 1, "dual": 2}
TRACKS = ("inbound", "outbound", "both")
TRIMS = ("trim-silence", "do-not-trim")
PAUSES = ("skip", "silence")
EVENTS = ("in-progress", "completed", "absent")


def start(world: World, leg: Leg, form: Mapping[str, str], *, by: str = "api") -> Recording:
    """Records a call; where the same side records it already, that recording. Raises `ApiError`."""
    channels = CHANNELS[one_of(form, "RecordingChannels", CHANNELS, "mono")]
    track = one_of(form, "RecordingTrack", TRACKS, "both")
    one_of(form, "Trim", TRIMS, "do-not-trim")
    for event in form.get("RecordingStatusCallbackEvent", "completed").split():
        one_of({"RecordingStatusCallbackEvent": event}, "RecordingStatusCallbackEvent", EVENTS, "")
    check_callback(form, "RecordingStatusCallback", "RecordingStatusCallbackMethod")
    running = current(leg, by=by)
    if running is not None:
        return running
    sid, order = place(world, leg, "RE")
    recording = Recording(sid, order, world.now, channels, track, by)
    below(leg).recordings[sid] = recording
    world.note(leg, "records", f"started: {'mono' if channels == 1 else 'dual'}, {track}")
    return recording


def current(leg: Leg, *, by: str = "") -> Recording | None:
    """The newest recording that runs or pauses, of that side if named."""
    found = None if leg.below is None else leg.below.recordings.values()
    runs = [each for each in found or () if each.active and by in ("", each.by)]
    return runs[-1] if runs else None


def find(leg: Leg, name: str) -> Recording:
    """A recording by its SID or as `Twilio.CURRENT`. Raises `ApiError`."""
    found = current(leg) if name == CURRENT else below(leg).recordings.get(name)
    if found is None:
        raise not_found(f"Recordings/{name}")
    return found


def tell(world: World, leg: Leg, recording: Recording, form: Mapping[str, str]) -> Recording:
    """Pauses, resumes or stops a recording. Raises `ApiError`."""
    status = one_of(form, "Status", ("in-progress", "paused", "stopped"))
    pause = one_of(form, "PauseBehavior", PAUSES, "silence")
    if not recording.active:
        raise wrong_state(f"Recording is {recording.status}. It cannot be changed.")
    if status == "stopped":
        return stop(world, leg, recording)
    if status == recording.status:
        return recording
    if status == "paused":
        world.note(leg, "records", f"paused: {pause}")
        kept = world.now if pause == "skip" else None
        return _change(world, leg, recording, status=status, paused=kept)
    world.note(leg, "records", "resumed")
    skipped = _skipped(world, recording)
    return _change(world, leg, recording, status=status, skipped=skipped, paused=None)


def stop(world: World, leg: Leg, recording: Recording) -> Recording:
    """Ends a recording; it is worked on and can be had a little later."""
    world.note(leg, "records", "stopped")
    skipped = _skipped(world, recording)
    fields = {"status": "stopped", "ended": world.now, "skipped": skipped, "paused": None}
    ended = _change(world, leg, recording, **fields)
    for millis, status in ((SETTLING, "processing"), (WORK, "completed")):
        world.timeline.after(millis, partial(_goes_on, world, leg, ended.sid, status))
    return ended


def _goes_on(world: World, leg: Leg, sid: str, status: str) -> None:
    recording = below(leg).recordings.get(sid)
    if recording is not None:
        _change(world, leg, recording, status=status)


def _skipped(world: World, recording: Recording) -> Millis:
    """What pauses have left out by now."""
    pause = 0 if recording.paused is None else world.now - recording.paused
    return recording.skipped + pause


def _change(world: World, leg: Leg, recording: Recording, **fields: Any) -> Recording:
    changed = replace(recording, updated=world.now, **fields)
    below(leg).recordings[changed.sid] = changed
    return changed
