"""The cases of changes whose answer is lost: made or not, nobody knows at first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tests.engine.faults_between import Answer, becomes
from tests.engine.faults_lists import ENORMOUS
from tests.engine.faults_scene import (
    FETCH,
    HANGUP,
    INTENDED,
    LISTS,
    POLL,
    SAY,
    SPEAK,
    Case,
    Scene,
    Seen,
    act,
)
from tests.engine.faults_updates import ENDED, struck, tricked

#: The changes that hang are given up after so long; everything else must be answered within it.
HASTY = {"read_timeout": 1_000}


async def _of_another_call(back: Answer) -> Answer:
    return replace(back, body=back.body.replace(b'"sid":"CA', b'"sid":"CB', 1))


async def _said_and_over(scene: Scene) -> None:
    async def hang_up(back: Answer) -> Answer:
        scene.sandbox.world.hang_up(scene.sandbox.world.leg("a"))
        return replace(back, status=500)

    scene.sandbox.add_call(id="a")
    scene.between.play("update", hang_up)
    await scene.poll()


#: What breaks a change before it is made, after it, or no one knows; and what the record says.
BEFORE = {"500": "answered 500", "503": "answered 503", "hang": "said nothing for 1s"}
BEFORE |= {"reset-before": "closed the connection before it answered"}
AFTER = {"hang-after": "said nothing for 1s", "truncated": "broke off half way"}
AFTER |= {"reset-after": "closed the connection before it answered"}
AFTER |= {"malformed": "not JSON", "html": "answered 502"}
TRICKS = {
    "302": (becomes(status=302, headers={"Location": "http://127.0.0.1:9/"}), "answered 302"),
    "33 MiB": (ENORMOUS, "more than 32 MiB"),
    "another call's SID": (_of_another_call, "another call than the one asked for"),
}


def lost() -> Iterator[Case]:
    """A lost answer, for a change that may be repeated and for one that may not."""
    for fault, error in (BEFORE | AFTER).items():
        made = fault in AFTER
        hung_up = Case(
            "update-lost",
            fault,
            struck(fault, times=1),
            sent=[*LISTS, HANGUP, FETCH, *([] if made else [HANGUP])],
            recorded=[("gone", 1, ENDED) if made else ("done", 2, "")],
            seen=[
                POLL,
                INTENDED,
                act("retrying", error),
                *([act("gone", ENDED)] if made else _again()),
            ],
            settings=HASTY,
        )
        yield hung_up
        yield _spoken(hung_up, error)
    for name, (trick, error) in TRICKS.items():
        hung_up = Case(
            "update-lost",
            name,
            tricked(trick),
            sent=[*LISTS, HANGUP, FETCH],
            recorded=[("gone", 1, ENDED)],
            seen=[POLL, INTENDED, act("retrying", error), act("gone", ENDED)],
            meddles=True,
        )
        yield hung_up
        yield _spoken(hung_up, error)


def _again() -> list[Seen]:
    return [act("retrying", attempt=2), act("done", attempt=2)]


def _spoken(case: Case, error: str) -> Case:
    """The same fault where words were to be spoken: nobody knows whether they were."""
    return replace(
        case,
        row="update-lost-speech",
        sent=[*LISTS, SAY, FETCH],
        recorded=[("unknown", 1, "not repeated, because it may have been carried out")],
        seen=[POLL, INTENDED, act("retrying", error), act("unknown", "the call is in-progress")],
        flow=SPEAK,
    )


CASES = (
    *lost(),
    Case(
        "update-lost-speech",
        "the call is over when it is read",
        _said_and_over,
        sent=[*LISTS, SAY, FETCH],
        recorded=[("gone", 1, ENDED)],
        seen=[POLL, INTENDED, act("retrying", "answered 500"), act("gone", ENDED)],
        flow=SPEAK,
        meddles=True,
    ),
)
