"""The cases of lists that change while they are read, or are old when they come."""

from __future__ import annotations

from runner.call import Call
from runner.engine.brakes import Safety
from tests.engine.faults_between import Answer
from tests.engine.faults_lists import AGAIN
from tests.engine.faults_scene import (
    ALL,
    FETCH,
    HANG_UP,
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
from tests.site import SECOND

#: A rule that needs all lists, so that one poll asks for each once.
EVERY = HANG_UP.replace(
    "    then", "    match: {status: {in: [queued, ringing, in-progress]}}\n    then"
)


async def _second_page_fails(scene: Scene) -> None:
    for name in "ab":
        scene.sandbox.add_call(id=name)
    scene.sandbox.set_fault("500", on=("list",), page=2, times=1)
    await scene.poll()


async def _shrinks(scene: Scene) -> None:
    for name in "abc":
        scene.sandbox.add_call(id=name)
    # The caller of the first page's call hangs up as soon as that page is written.
    scene.sandbox.set_fault("shrink", on=("list",), page=1, times=3)
    await scene.poll()


async def _moves(scene: Scene) -> None:
    scene.sandbox.add_call(id="a", status="ringing", direction="outbound-api")

    async def answered(back: Answer) -> Answer:
        # It was ringing when the ringing calls were read, and is not when the next list is.
        await scene.sandbox.advance(1_500)
        return back

    await scene.sandbox.advance(3 * SECOND)
    scene.between.play("list ringing", answered)
    await scene.poll()


async def _protected_leg_answers(scene: Scene) -> None:
    """The caller's call is dialling somebody who must not be cut off, and who answers just now."""

    async def answered(back: Answer) -> Answer:
        await scene.sandbox.advance(1_500)
        return back

    def protects(call: Call) -> str:
        return "it is protected" if call.to == "+14155550911" else ""

    scene.site.engine.obey(Safety(protects=protects))
    scene.sandbox.add_call(id="a")
    scene.sandbox.add_call(
        id="b", parent="a", direction="outbound-dial", status="ringing", to="+14155550911"
    )
    await scene.sandbox.advance(3 * SECOND)
    scene.between.play(LIST, answered)
    await scene.poll()
    assert scene.sandbox.world.call("b").status == "in-progress"


async def _ended(scene: Scene) -> None:
    scene.sandbox.add_call(id="a")
    scene.sandbox.set_fault("stale", on=("list",), seconds=5)
    await scene.sandbox.advance(6 * SECOND)
    scene.sandbox.world.hang_up(scene.sandbox.world.leg("a"))
    await scene.poll(2)


CASES = (
    Case(
        "list-page-fails",
        "the second of two",
        _second_page_fails,
        sent=[LIST, "list in-progress page"],
        recorded=[],
        seen=[failed("answered 500", AGAIN)],
        trouble="answered 500",
        settings={"page_size": 1},
    ),
    Case(
        "list-shrinks",
        "the call of its first page ends",
        _shrinks,
        sent=[*ALL, *["list in-progress page"] * 2, *[HANGUP] * 3, FETCH],
        recorded=[("done", 1, ""), ("done", 1, ""), ("gone", 1, "the call is completed")],
        seen=[POLL, *[INTENDED] * 3, act("done"), act("done"), act("gone")],
        anyhow=True,
        settings={"page_size": 1},
        flow=EVERY,
    ),
    Case(
        "list-moves",
        "a ringing call is answered between two lists",
        _moves,
        sent=[*ALL, HANGUP],
        recorded=[("done", 1, "")],
        seen=[POLL, ("action.intended", {"why": "status in-progress"}), act("done")],
        flow=EVERY,
        meddles=True,
    ),
    Case(
        "list-moves",
        "a protected leg is answered between two lists: it is seen, and its caller spared",
        _protected_leg_answers,
        sent=LISTS,
        recorded=[],
        seen=[POLL],
        flow=HANG_UP.replace("    then", "    match: {leg: parent}\n    then"),
        meddles=True,
    ),
    Case(
        "list-stale",
        "the call is over; speech is refused",
        _ended,
        sent=[*LISTS, "update Url=https://example.com/x", FETCH, LIST],
        recorded=[("gone", 1, "the call is completed")],
        seen=[POLL, INTENDED, act("gone", "the call is completed"), POLL],
        flow=HANG_UP.replace("[hangup]", "[{redirect: https://example.com/x}]"),
    ),
    Case(
        "list-stale",
        "the call is over; the rule looks again before",
        _ended,
        sent=[*LISTS, FETCH, LIST],
        recorded=[("gone", 1, "the call is completed")],
        seen=[POLL, INTENDED, act("gone", "the call is completed"), POLL],
        flow=HANG_UP.replace("    then", "    recheck: always\n    then"),
    ),
)
