"""The cases of lists that fail: nothing is decided on half a list, and the polls go slower."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from tests.engine.faults_between import Trick, becomes
from tests.engine.faults_scene import (
    HANGUP,
    INTENDED,
    LIST,
    LISTS,
    POLL,
    Case,
    Scene,
    act,
    failed,
)
from tests.site import MINUTE

AGAIN = "nothing was asked to change; try again"
#: After the first failure the interval, then twice as long, then twice as long again: ±10%.
GROWING = ((2_000, 2_200), (3_600, 4_400))
Play = Callable[[Scene], Awaitable[None]]


def struck(fault: str, **fields: float) -> Play:
    """Every list is struck by this fault, poll after poll."""

    async def play(scene: Scene) -> None:
        scene.sandbox.add_call(id="a")
        scene.sandbox.set_fault(fault, on=("list",), **fields)
        await scene.go_on(3)

    return play


def never(row: str, title: str, play: Play, error: str, hint: str, **more: object) -> Case:
    """A list that fails in every poll at its first request: nothing else comes of it."""
    case = Case(
        row,
        title,
        play,
        sent=[LIST] * 3,
        recorded=[],
        seen=[failed(error, hint)] * 3,
        trouble=error,
        waits=GROWING,
    )
    return replace(case, **more)  # type: ignore[arg-type]


async def _away(scene: Scene) -> None:
    scene.sandbox.add_call(id="a")
    await scene.sandbox.go_away()
    await scene.go_on(3)


def _tricked(trick: Trick) -> Play:
    async def play(scene: Scene) -> None:
        scene.sandbox.add_call(id="a")
        for _ in range(3):
            scene.between.play("list", trick)
        await scene.go_on(3)

    return play


async def _slow(scene: Scene) -> None:
    scene.sandbox.add_call(id="a")
    scene.sandbox.set_fault("slow", on=("list",), seconds=0.02)
    await scene.poll()


ENORMOUS = becomes(body=b" " * (33 * 1024 * 1024))
PATIENT = {"read_timeout": 30_000, "total_timeout": 30_000}
HASTY = {"read_timeout": 50}
BUSY = "too many requests at once"

CASES = (
    never(
        "list-401",
        "the credentials open nothing",
        struck("401"),
        r"answered 401 \(code 20003\)",
        "account SID.*another region's key.*suspended",
        waits=((MINUTE, MINUTE),) * 2,
    ),
    never(
        "list-403",
        "a suspended account",
        struck("403"),
        r"answered 403 \(code 20403\)",
        "suspended or closed",
        waits=((MINUTE, MINUTE),) * 2,
    ),
    never(
        "list-404",
        "the account is not there",
        struck("404"),
        "the account was not found.*404",
        "check the account SID",
    ),
    never(
        "list-429",
        "without Retry-After",
        struck("429"),
        "answered 429",
        BUSY,
        waits=((3_600, 4_400), (7_200, 8_800)),
    ),
    never(
        "list-429",
        "with Retry-After",
        struck("429", retry_after=45),
        "answered 429",
        BUSY,
        waits=((45_000, 45_000),) * 2,
    ),
    never(
        "list-429",
        "with a Retry-After of an hour",
        struck("429", retry_after=3_600),
        "answered 429",
        BUSY,
        waits=((MINUTE, MINUTE),) * 2,
    ),
    *(never("list-5xx", code, struck(code), f"answered {code}", AGAIN) for code in ("500", "503")),
    Case(
        "list-slow",
        "within the time-outs",
        _slow,
        sent=[*LISTS, HANGUP],
        recorded=[("done", 1, "")],
        seen=[POLL, INTENDED, act("done")],
        settings=PATIENT,
    ),
    never(
        "list-too-slow",
        "beyond the time-outs",
        struck("slow", seconds=60),
        "said nothing for 50ms",
        AGAIN,
        settings=HASTY,
    ),
    never(
        "list-too-slow",
        "no answer at all",
        struck("hang"),
        "said nothing for 50ms",
        AGAIN,
        settings=HASTY,
    ),
    never(
        "list-too-slow",
        "a whole list longer than it may take",
        struck("hang"),
        "did not end its list in 50ms",
        "too slowly, or has more calls",
        settings={"list_timeout": 50, **PATIENT},
    ),
    never(
        "list-no-connection",
        "refused",
        _away,
        "could not connect to .*: connection refused",
        "check that the server runs",
        sent=[],
        waits=(),
    ),
    *(
        never(
            "list-reset",
            fault,
            struck(fault),
            "closed the connection before it answered",
            AGAIN,
            sent=[LIST] * 6,
        )
        for fault in ("reset-before", "reset-after")
    ),
    never("list-garbled", "no JSON", struck("malformed"), "not JSON", "is not Twilio's"),
    never("list-garbled", "a page of HTML", struck("html"), "answered 502", AGAIN),
    never("list-garbled", "broken off", struck("truncated"), "broke off half way", AGAIN),
    never(
        "list-redirected",
        "302",
        _tricked(becomes(status=302, headers={"Location": "http://127.0.0.1:9/"})),
        "answered 302",
        "redirects are not followed",
        meddles=True,
    ),
    never(
        "list-enormous",
        "33 MiB",
        _tricked(ENORMOUS),
        "answered with more than 32 MiB",
        "",
        meddles=True,
    ),
)
