"""The cases of changes that fail: none is made twice, none by guess, and none is lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from runner.model import Millis
from tests.engine.faults_between import Answer, Trick, becomes
from tests.engine.faults_scene import (
    FETCH,
    HANG_UP,
    HANGUP,
    INTENDED,
    LIST,
    LISTS,
    POLL,
    SAY,
    SPEAK,
    Case,
    Scene,
    act,
)
from tests.site import SECOND

Play = Callable[[Scene], Awaitable[None]]

REDIRECT = HANG_UP.replace("[hangup]", "[{redirect: https://example.com/x}]")
SENT_AWAY = "update Url=https://example.com/x"
ENDED = "the call is completed"


def struck(
    fault: str, *, polls: int = 1, times: int | None = None, later: Millis = 0, **fields: float
) -> Play:
    """The change is struck by this fault, so long after the call began."""

    async def play(scene: Scene) -> None:
        scene.sandbox.add_call(id="a")
        await scene.sandbox.advance(later)
        scene.sandbox.set_fault(fault, on=("update",), times=times, **fields)
        await scene.poll(polls)

    return play


def tricked(trick: Trick) -> Play:
    """The change is made, and its answer is another on the way back."""

    async def play(scene: Scene) -> None:
        scene.sandbox.add_call(id="a")
        scene.between.play("update", trick)
        await scene.poll()

    return play


async def _unchanged(back: Answer) -> Answer:
    return back


async def _ends_first(scene: Scene) -> None:
    async def hang_up(back: Answer) -> Answer:
        scene.sandbox.world.hang_up(scene.sandbox.world.leg("a"))
        return back

    scene.sandbox.add_call(id="a")
    scene.between.play(LIST, _unchanged)
    scene.between.play(LIST, hang_up)
    await scene.poll()


async def _refused(scene: Scene) -> None:
    scene.sandbox.add_call(id="a")
    scene.between.leave_after(LIST, 2)
    await scene.poll()


CASES = (
    Case(
        "update-404",
        "no such call",
        struck("404", polls=2, times=1),
        sent=[*LISTS, HANGUP, LIST],
        recorded=[("gone", 1, r"404 \(code 20404\)")],
        seen=[POLL, INTENDED, act("gone", "20404"), POLL],
    ),
    Case(
        "update-too-early",
        "ready at the third try",
        struck("too-early", times=2),
        sent=[*LISTS, SENT_AWAY, FETCH, SENT_AWAY, FETCH, SENT_AWAY],
        recorded=[("done", 3, "")],
        seen=[
            POLL,
            INTENDED,
            act("retrying", "21220", attempt=2),
            act("retrying", "21220", attempt=3),
            act("done", attempt=3),
        ],
        flow=REDIRECT,
    ),
    Case(
        "update-too-early",
        "four times: the next poll decides afresh",
        struck("too-early", polls=2, times=4),
        sent=[*LISTS, *[SENT_AWAY, FETCH] * 4, *LISTS, SENT_AWAY],
        recorded=[("withdrawn", 4, "21220"), ("done", 1, "")],
        seen=[
            POLL,
            INTENDED,
            *(act("retrying", "21220", attempt=n) for n in (2, 3, 4)),
            act("withdrawn", "21220", attempt=4),
            POLL,
            INTENDED,
            act("done"),
        ],
        flow=REDIRECT,
    ),
    Case(
        "update-too-late",
        "the call ends between list and change",
        _ends_first,
        sent=[*LISTS, SENT_AWAY, FETCH],
        recorded=[("gone", 1, ENDED)],
        seen=[POLL, INTENDED, act("gone", ENDED)],
        flow=REDIRECT,
        meddles=True,
    ),
    Case(
        "update-too-late",
        "the call is live, and has been as it is for long",
        struck("too-early", later=20 * SECOND),
        sent=[*LISTS, SENT_AWAY, FETCH],
        recorded=[("withdrawn", 1, "the call is in-progress, yet: .*21220")],
        seen=[POLL, INTENDED, act("withdrawn", "in-progress, yet")],
        flow=REDIRECT,
    ),
    Case(
        "update-401",
        "the login is refused",
        struck("401", polls=2, times=1),
        sent=[*LISTS, HANGUP, *LISTS, HANGUP],
        recorded=[("withdrawn", 1, r"401 \(code 20003\)"), ("done", 1, "")],
        seen=[POLL, INTENDED, act("withdrawn", "20003"), POLL, INTENDED, act("done")],
    ),
    Case(
        "update-403",
        "this may not be done",
        struck("403", polls=2),
        sent=[*LISTS, HANGUP, LIST],
        recorded=[("failed", 1, r"403 \(code 20403\)")],
        seen=[POLL, INTENDED, act("failed", "20403"), POLL],
    ),
    Case(
        "update-refused",
        "Twilio knows a reason",
        tricked(becomes(status=400, body=b'{"code": 21205, "message": "Url is not valid"}')),
        sent=[*LISTS, HANGUP],
        recorded=[("failed", 1, r"400 \(code 21205\): Url is not valid")],
        seen=[POLL, INTENDED, act("failed", "21205")],
        meddles=True,
    ),
    Case(
        "update-429",
        "without Retry-After, twice",
        struck("429", times=2),
        sent=[*LISTS, SAY, SAY, SAY],
        recorded=[("done", 3, "")],
        seen=[
            POLL,
            INTENDED,
            *(act("retrying", "429", attempt=n) for n in (2, 3)),
            act("done", attempt=3),
        ],
        flow=SPEAK,
    ),
    Case(
        "update-429",
        "without Retry-After, on and on",
        struck("429"),
        sent=[*LISTS, *[SAY] * 4],
        recorded=[("withdrawn", 4, "429")],
        seen=[
            POLL,
            INTENDED,
            *(act("retrying", "429", attempt=n) for n in (2, 3, 4)),
            act("withdrawn", "429", attempt=4),
        ],
        flow=SPEAK,
    ),
    Case(
        "update-429",
        "with Retry-After: nothing is sent before",
        struck("429", polls=4, times=1, retry_after=5),
        sent=[*LISTS, SAY, *LISTS, *LISTS, *LISTS, SAY],
        recorded=[("withdrawn", 1, "429"), ("done", 1, "")],
        seen=[POLL, INTENDED, act("withdrawn", "429"), POLL, POLL, POLL, INTENDED, act("done")],
        flow=SPEAK,
    ),
    Case(
        "update-no-connection",
        "refused",
        _refused,
        sent=LISTS,
        recorded=[("withdrawn", 4, "could not connect")],
        seen=[
            POLL,
            INTENDED,
            *(act("retrying", "connection refused", attempt=n) for n in (2, 3, 4)),
            act("withdrawn", "connection refused", attempt=4),
        ],
        meddles=True,
    ),
    Case(
        "update-slow",
        "within the time-outs",
        struck("slow", seconds=0.02),
        sent=[*LISTS, SAY],
        recorded=[("done", 1, "")],
        seen=[POLL, INTENDED, act("done")],
        flow=SPEAK,
    ),
)
