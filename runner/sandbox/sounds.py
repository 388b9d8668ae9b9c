"""What verbs sound like: the line that a listener's transcript gets, and how long it takes."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from runner.model import Millis
from runner.sandbox.twiml import Element, speech_time

#: No recording's length is known without fetching it: every one is taken to last this long.
RECORDING: Millis = 5_000
KEY: Millis = 500
#: Stands for "until it is broken off" in `loop="0"`.
ENDLESS = 1_000

_FILES = (".mp3", ".wav", ".aif", ".aiff", ".gsm", ".ulaw")


class Sound(NamedTuple):
    """`kind` and `text` go into the transcript; `doing` is what an update would break off."""

    kind: str
    text: str
    millis: Millis
    doing: str


def sound_of(verb: Element) -> Sound:
    """A `<Say>`, `<Play>` or `<Pause>` as it is heard."""
    loops = verb.number("loop", 1, most=ENDLESS) or ENDLESS
    if verb.name == "Say":
        millis = speech_time(verb.text) * loops
        return Sound("says", verb.text, millis, f"saying {verb.text!r}")
    if verb.name == "Pause":
        seconds = verb.number("length", 1)
        return Sound("pauses", f"{seconds} s", seconds * 1000, "a pause")
    keys = verb.attributes.get("digits")
    if keys is not None:
        return Sound("plays", f"keys {keys}", KEY * len(keys) * loops, "playing keys")
    return Sound("plays", verb.text, RECORDING * loops, f"playing {verb.text}")


def is_recording(url: str) -> bool:
    """True for the URL of a sound file, which is played and not read."""
    try:
        return urlsplit(url).path.lower().endswith(_FILES)
    except ValueError:
        return False


def typed(verb: Element, digits: str) -> tuple[str, bool]:
    """What a `<Gather>` takes of the keys that are pressed, and whether that ends it at once.

    It ends with as many digits as it wants, or with the finishing key, which it doesn't take.
    """
    if "dtmf" not in verb.attributes.get("input", "dtmf"):
        return "", False
    wanted = verb.number("numDigits", 0)
    finish = verb.attributes.get("finishOnKey", "#")
    taken = ""
    for key in digits:
        if finish and key in finish:
            return taken, True
        taken += key
        if len(taken) == wanted:
            return taken, True
    return taken, False
