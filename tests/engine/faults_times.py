"""The cases of wrong clocks: ages are Twilio's, and what doesn't fit makes no call older."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.engine.faults_scene import (
    HANGUP,
    INTENDED,
    LIST,
    LISTS,
    OLD,
    POLL,
    Case,
    Scene,
    Seen,
    act,
    failed,
)
from tests.site import MINUTE

HOUR = 3_600_000
Play = Callable[[Scene], Awaitable[None]]

#: One call is ten minutes old, one forty; the rule ends those of thirty.
ONE = [("done", 1, "")]
BOTH = [*ONE, *ONE]


def _cast(scene: Scene) -> None:
    scene.sandbox.add_call(id="young", age=10 * MINUTE)
    scene.sandbox.add_call(id="old", age=40 * MINUTE)


def _survived(scene: Scene) -> None:
    assert scene.sandbox.world.call("young").status == "in-progress"


def here(skew: int) -> Play:
    """This machine's clock is off."""

    async def play(scene: Scene) -> None:
        scene.site.time.skew = skew
        _cast(scene)
        await scene.poll(2)
        _survived(scene)

    return play


def there(seconds: float, *, first: int = 0, times: int | None = None) -> Play:
    """Twilio's clock is off, after so many good polls, for so many lists."""

    async def play(scene: Scene) -> None:
        _cast(scene)
        await scene.poll(first)
        scene.sandbox.set_fault("skew", on=("list",), seconds=seconds, times=times)
        await scene.poll(2)

    return play


async def _leaps(scene: Scene) -> None:
    _cast(scene)
    await scene.poll(2)
    scene.sandbox.set_fault("skew", on=("list",), seconds=3_600)
    await scene.poll(10)
    _survived(scene)


async def _leap_lasts(scene: Scene) -> None:
    scene.sandbox.add_call(id="young", age=10 * MINUTE)
    await scene.poll()
    scene.sandbox.set_fault("skew", on=("list",), seconds=3_600)
    for _ in range(3):
        await scene.site.poll(after=30_000)


async def _undated(scene: Scene) -> None:
    scene.sandbox.add_call(id="young", age=10 * MINUTE)
    scene.sandbox.add_call(id="almost", age=30 * MINUTE - 3_000)
    await scene.poll()
    scene.site.time.skew = HOUR
    scene.sandbox.set_fault("no-date", on=("list",))
    await scene.site.poll(after=2_000)
    await scene.site.poll(after=2_000)
    _survived(scene)


async def _never_dated(scene: Scene) -> None:
    _cast(scene)
    scene.sandbox.set_fault("no-date", on=("list",))
    await scene.poll()


OFF: Seen = ("clock.off", {"hint": "set this machine's clock"})
UNDATED = "doesn't say what time it is"
NEVER_DATED = Case(
    "no-date",
    "never yet: nobody knows how old a call is",
    _never_dated,
    sent=[LIST],
    recorded=[],
    seen=[failed(UNDATED, "this machine's clock may be wrong")],
    trouble=UNDATED,
    flow=OLD,
)
CASES = (
    NEVER_DATED,
    *(
        Case(
            "clock-here",
            title,
            here(skew),
            sent=[*LISTS, HANGUP, LIST],
            recorded=ONE,
            seen=[OFF, POLL, ("action.intended", {"why": "age 40m gte 30m"}), act("done"), POLL],
            flow=OLD,
        )
        for title, skew in (("an hour ahead", HOUR), ("an hour behind", -HOUR))
    ),
    Case(
        "clock-there",
        "an hour behind: calls are younger",
        there(-3_600),
        sent=[LIST, LIST],
        recorded=[],
        seen=[OFF, POLL, POLL],
        flow=OLD,
    ),
    Case(
        "clock-there",
        "an hour ahead from the start: believed, there is nothing better",
        there(3_600),
        sent=[*LISTS, HANGUP, HANGUP, LIST],
        recorded=BOTH,
        seen=[OFF, POLL, INTENDED, INTENDED, act("done"), act("done"), POLL],
        flow=OLD,
    ),
    Case(
        "clock-there",
        "leaps an hour ahead: not believed at once",
        _leaps,
        sent=[*LISTS, HANGUP, *[LIST] * 11],
        recorded=ONE,
        seen=[POLL, INTENDED, act("done"), *[POLL] * 11],
        flow=OLD,
    ),
    Case(
        "clock-there",
        "leaps an hour ahead for more than a minute: a correction",
        _leap_lasts,
        sent=[LIST, LIST, LIST, *LISTS, HANGUP],
        recorded=ONE,
        seen=[POLL, POLL, POLL, OFF, POLL, INTENDED, act("done")],
        flow=OLD,
    ),
    Case(
        "no-date",
        "after answers that had one: that clock goes on",
        _undated,
        sent=[LIST, LIST, *LISTS, HANGUP],
        recorded=ONE,
        seen=[POLL, OFF, POLL, POLL, INTENDED, act("done")],
        flow=OLD,
    ),
)
