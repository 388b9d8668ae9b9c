"""Documents in people's ears beside their own: whispers, announcements, waiting music.

Such a document is an `Aside`. It takes nobody out of where they are, plays only some verbs, and
ends silently when nobody is left who hears it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from runner.model import Millis
from runner.sandbox import playing
from runner.sandbox.fetches import Fetch, absolute
from runner.sandbox.legs import Leg, Source
from runner.sandbox.sounds import KEY, is_recording, sound_of, typed
from runner.sandbox.twiml import BadTwiml, Element, parse

if TYPE_CHECKING:
    from runner.sandbox.world import World


@dataclass(frozen=True, slots=True)
class Manner:
    """Which verbs a kind of aside may hold, the fault that others are, and whether it repeats."""

    verbs: frozenset[str]
    code: int
    repeats: bool = False


_SOUNDS = frozenset({"Say", "Play", "Pause"})
_PLAIN = _SOUNDS | {"Redirect"}
#: Into a conference, and before two parties are connected.
ANNOUNCEMENT = Manner(_PLAIN, 13238)
GREETING = Manner(_PLAIN, 12200)
#: In a conference that has not started, and for who is on hold in one.
MUSIC = Manner(_PLAIN, 13238, repeats=True)
WHISPER = Manner(_PLAIN | {"Gather", "Hangup"}, 12200)
QUEUEING = Manner(_PLAIN | {"Gather", "Hangup", "Leave"}, 12200, repeats=True)

#: How an aside ended: at its end, by one of these verbs, or because it can't be played.
END, LEAVE, HANGUP, FAULT = "end", "leave", "hangup", "fault"
#: The second half of a `<Gather>`, as in `verbs.py`.
_LISTEN = "#listen"


@dataclass(slots=True, eq=False)
class Aside:
    """One document beside others. `ears` says who hears it at the moment.

    `told` is what its requests carry, `ended` is called once, unless its listeners went away.
    """

    source: Source
    manner: Manner
    ears: Callable[[], Sequence[Leg]]
    told: Callable[[], Mapping[str, str]]
    ended: Callable[[str], None]
    verbs: tuple[Element, ...] = ()
    url: str = ""
    #: How long this round of it has been heard: silence is not repeated.
    heard: Millis = 0
    #: What is heard of it right now; of two asides each knows its own.
    doing: str = ""
    over: bool = False


def begin(world: World, aside: Aside, *, base: str = "") -> None:
    """Plays an aside from the start. `base` is the URL that its own is relative to."""
    aside.source = replace(aside.source, url=absolute(base, aside.source.url))
    _open(world, aside, aside.source)


def stop(aside: Aside | None) -> None:
    """Breaks an aside off; None is none."""
    if aside is not None and not aside.over:
        aside.over = True
        _fall_silent(aside, aside.ears())


def _open(
    world: World, aside: Aside, source: Source, *, extra: Mapping[str, str] | None = None
) -> None:
    """Gets a document of an aside, its first or another one."""
    url = absolute(aside.url, source.url)
    if is_recording(url):
        aside.verbs = (Element("Play", text=url),)
        _go_on(world, aside)
        return
    legs = aside.ears()
    for leg in legs:
        world.note(leg, "fetches", url)
    request = Fetch(
        # What a whole conference is to hear belongs to the trace of no call.
        sid=legs[0].row.sid if len(legs) == 1 else "",
        document=0,
        url=url,
        method=source.method,
        parameters=dict(aside.told()) | dict(extra or {}),
        plays=False,
        take=partial(_taken, world, aside, url),
    )
    playing.send(world, request)


def _taken(world: World, aside: Aside, url: str, text: str | None, reason: str) -> None:
    if aside.over or not aside.ears():
        aside.over = True
        return
    try:
        if text is None:
            raise BadTwiml(11200, f"{url}: {reason}")
        aside.verbs, aside.url = parse(text), url
    except BadTwiml as bad:
        _fault(world, aside, bad.code, str(bad))
        _end(aside, FAULT)
    else:
        _go_on(world, aside)


def _go_on(world: World, aside: Aside) -> None:
    """Plays the next verb, to whoever hears it now."""
    legs = () if aside.over else aside.ears()
    if not legs:
        aside.over = True
        return
    _fall_silent(aside, legs)
    if not aside.verbs:
        _at_end(world, aside)
        return
    verb, aside.verbs = aside.verbs[0], aside.verbs[1:]
    if verb.name in _SOUNDS:
        _sound(world, aside, verb)
    elif verb.name == _LISTEN:
        _listen(world, aside, verb)
    elif verb.name in aside.manner.verbs:
        _DEEDS[verb.name](world, aside, verb)
    else:
        _fault(world, aside, aside.manner.code, f"<{verb.name}> can't be played here")
        world.timeline.after(0, partial(_go_on, world, aside))


def _fall_silent(aside: Aside, legs: Sequence[Leg]) -> None:
    for leg in legs:
        if leg.doing == aside.doing:
            leg.doing = ""


def _at_end(world: World, aside: Aside) -> None:
    if not aside.manner.repeats:
        _end(aside, END)
    elif aside.heard:
        aside.heard, aside.url = 0, ""
        _open(world, aside, aside.source)


def _end(aside: Aside, how: str) -> None:
    aside.over = True
    aside.ended(how)


def _sound(world: World, aside: Aside, verb: Element) -> None:
    sound = sound_of(verb)
    aside.doing = sound.doing
    for leg in aside.ears():
        world.note(leg, sound.kind, sound.text)
        leg.doing = sound.doing
    _after(world, aside, sound.millis)


def _after(world: World, aside: Aside, millis: Millis) -> None:
    aside.heard += millis
    world.timeline.after(millis, partial(_go_on, world, aside))


def _fault(world: World, aside: Aside, code: int, reason: str) -> None:
    for leg in aside.ears():
        world.note(leg, "fault", f"{code} {reason}")


# ---- verbs that are more than a sound -------------------------------------------------------


def _redirect(world: World, aside: Aside, verb: Element) -> None:
    aside.verbs = ()
    _open(world, aside, Source(url=verb.text, method=verb.attributes.get("method", "POST")))


def _leave(world: World, aside: Aside, verb: Element) -> None:
    _end(aside, LEAVE)


def _hangup(world: World, aside: Aside, verb: Element) -> None:
    _end(aside, HANGUP)


def _gather(world: World, aside: Aside, verb: Element) -> None:
    prompts = tuple(part for part in verb.children if part.name in _SOUNDS)
    aside.verbs = (*prompts, Element(_LISTEN, verb.attributes), *aside.verbs)
    _go_on(world, aside)


def _listen(world: World, aside: Aside, verb: Element) -> None:
    (leg, *_) = aside.ears()
    digits, finished = typed(verb, leg.person.digits)
    pause = 0 if finished else verb.number("timeout", 5) * 1000
    if not digits:
        _after(world, aside, pause)
        return
    world.note(leg, "types", leg.person.digits)
    deed = partial(_typed, world, aside, verb, digits)
    aside.heard += 1
    world.timeline.after(KEY * len(leg.person.digits) + pause, deed)


def _typed(world: World, aside: Aside, verb: Element, digits: str) -> None:
    if not aside.over and aside.ears():
        aside.verbs = ()
        _open(world, aside, playing.action_of(verb), extra={"Digits": digits})


_DEEDS: Mapping[str, Callable[[World, Aside, Element], None]] = {
    "Redirect": _redirect,
    "Leave": _leave,
    "Hangup": _hangup,
    "Gather": _gather,
}
