"""The cases of acts of several parts: what one part that fails means for the others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from runner.model import Millis
from tests.engine.faults_between import Answer
from tests.engine.faults_scene import (
    FETCH,
    HANG_UP,
    HANGUP,
    INTENDED,
    INTERVAL,
    LIST,
    LISTS,
    POLL,
    Case,
    Scene,
    Seen,
    act,
)
from tests.engine.faults_updates import ENDED
from tests.site import SECOND

Play = Callable[[Scene], Awaitable[None]]
#: The parts of an act are claimed together.
BOTH, ALL_THREE = [INTENDED] * 2, [INTENDED] * 3
LIMIT, LIMITED = "{limit: 3h}", "update TimeLimit=10800"
RECORD, STOP, RECORDED = "{record: start}", "{record: stop}", "side"
STREAM = "{stream: {start: {url: 'wss://media.example/in', name: agent}}}"
STREAMED = "side Url=wss://media.example/in Name=agent"
REDIRECT, SENT_AWAY = "{redirect: 'https://example.com/x'}", "update Url=https://example.com/x"
STOPPED = "side Status=stopped"
#: Long enough that only what hangs for ever is given up.
PATIENT = {"read_timeout": 60_000, "total_timeout": 60_000}


def doing(*actions: str) -> str:
    """A flow that does this to every call."""
    return HANG_UP.replace("[hangup]", f"[{', '.join(actions)}]")


def part(key: str, outcome: str, detail: str = "", *, attempt: int = 1) -> Seen:
    """What became of a part beside the update, or of one try of it."""
    name, fields = act(outcome, detail, attempt=attempt)
    return name, {**fields, "part": f"^{key}$"}


def struck(
    fault: str,
    on: str = "side",
    *,
    polls: int = 1,
    times: int | None = 1,
    later: Millis = 0,
    retry_after: int | None = None,
) -> Play:
    """Requests of that kind are struck by this fault, so long after the call began."""

    async def play(scene: Scene) -> None:
        scene.sandbox.add_call(id="a")
        await scene.sandbox.advance(later)
        scene.sandbox.set_fault(fault, on=(on,), times=times, retry_after=retry_after)
        await scene.poll(polls)

    return play


async def _plain(scene: Scene) -> None:
    scene.sandbox.add_call(id="a")
    await scene.poll(2)


async def _ends_first(scene: Scene) -> None:
    async def pass_on(back: Answer) -> Answer:
        return back

    async def hang_up(back: Answer) -> Answer:
        scene.sandbox.world.hang_up(scene.sandbox.world.leg("a"))
        return back

    scene.sandbox.add_call(id="a")
    scene.between.play(LIST, pass_on)
    scene.between.play(LIST, hang_up)
    await scene.poll()


async def _ends_and_is_forgotten(scene: Scene) -> None:
    scene.sandbox.set_fault("404", on=("side",))
    await _ends_first(scene)


def killed(on: str, fault: str, polls: int) -> Play:
    """The runner dies while it waits for the answer to a part; another starts."""

    async def play(scene: Scene) -> None:
        site = scene.site
        flows = site.engine.flow_set
        scene.sandbox.add_call(id="a")
        scene.sandbox.set_fault(fault, on=(on,), times=1)
        await site.engine.tick(site.time.now())
        await site.until(lambda: bool(scene.sandbox.journal.of(on)))
        assert await site.engine.stop(grace=0) == 1
        site.restart()
        site.engine.load(flows)
        for _ in range(polls):
            await site.poll(after=INTERVAL)

    return play


async def _killed_before_the_rest(scene: Scene) -> None:
    """The update has failed, which is written; that the rest is not to be sent is not yet."""
    site = scene.site
    await killed("update", "hang", 0)(scene)
    update = (await site.history())[0]
    await site.store.record(update, "failed", at=site.time.now(), attempt=1, detail="403")
    await site.poll(after=INTERVAL)


CASES = (
    Case(
        "side-refused",
        "not permitted: the rest is sent",
        struck("403", polls=2),
        sent=[*LISTS, RECORDED, LIMITED, LIST],
        recorded=[("failed", 1, r"403 \(code 20403\)"), ("done", 1, "")],
        seen=[POLL, *BOTH, part("record", "failed", "20403"), act("done"), POLL],
        flow=doing(RECORD, LIMIT),
    ),
    Case(
        "side-missing",
        "no recording to stop: the call is hung up all the same",
        _plain,
        sent=[*LISTS, STOPPED, FETCH, HANGUP, LIST],
        recorded=[("failed", 1, r"404 \(code 20404\)"), ("done", 1, "")],
        seen=[POLL, *BOTH, part("record", "failed", "20404"), act("done"), POLL],
        flow=doing(STOP, "hangup"),
    ),
    Case(
        "side-missing",
        "because the call is over",
        _ends_and_is_forgotten,
        sent=[*LISTS, STOPPED, FETCH],
        recorded=[("gone", 1, "20404")],
        seen=[POLL, INTENDED, part("record", "gone", "20404")],
        flow=doing(STOP),
        meddles=True,
    ),
    Case(
        "side-too-early",
        "ready at the second try",
        struck("too-early"),
        sent=[*LISTS, RECORDED, FETCH, RECORDED, LIMITED],
        recorded=[("done", 2, ""), ("done", 1, "")],
        seen=[
            *[POLL, *BOTH],
            part("record", "retrying", "21220", attempt=2),
            part("record", "done", attempt=2),
            act("done"),
        ],
        flow=doing(RECORD, LIMIT),
    ),
    Case(
        "side-too-late",
        "the call ends between list and request",
        _ends_first,
        sent=[*LISTS, RECORDED, FETCH],
        recorded=[("gone", 1, ENDED)],
        seen=[POLL, INTENDED, part("record", "gone", ENDED)],
        flow=doing(RECORD),
        meddles=True,
    ),
    Case(
        "side-too-late",
        "the call is live, and has been as it is for long",
        struck("too-early", polls=2, times=None, later=20 * SECOND),
        sent=[*LISTS, RECORDED, FETCH, LIST],
        recorded=[("failed", 1, "the call is in-progress, yet: .*21220")],
        seen=[POLL, INTENDED, part("record", "failed", "in-progress, yet"), POLL],
        flow=doing(RECORD),
    ),
    Case(
        "side-lost",
        "a recording: not started twice",
        struck("reset-after", polls=2),
        sent=[*LISTS, RECORDED, FETCH, LIMITED, LIST],
        recorded=[("unknown", 1, "not repeated"), ("done", 1, "")],
        seen=[
            *[POLL, *BOTH],
            part("record", "retrying", "closed the connection"),
            part("record", "unknown", "not repeated"),
            *[act("done"), POLL],
        ],
        flow=doing(RECORD, LIMIT),
    ),
    Case(
        "side-throttled",
        "the rest waits too, and the next poll goes on with what is missing",
        struck("429", polls=4, retry_after=1),
        sent=[*LISTS, LIMITED, RECORDED, *LISTS, RECORDED, STREAMED, LIST, LIST],
        recorded=[
            *[("done", 1, ""), ("withdrawn", 1, "429"), ("withdrawn", 1, "fewer requests")],
            *[("done", 1, "")] * 2,
        ],
        seen=[
            *[POLL, *ALL_THREE, act("done"), part("record", "withdrawn", "429")],
            *[part("stream", "withdrawn", "fewer requests"), POLL, *BOTH],
            *[part("record", "done"), part("stream", "done"), POLL, POLL],
        ],
        flow=doing(LIMIT, RECORD, STREAM),
    ),
    Case(
        "update-fails-before-rest",
        "nothing after it is sent",
        struck("403", "update", polls=2),
        sent=[*LISTS, SENT_AWAY, LIST],
        recorded=[
            ("failed", 1, "20403"),
            *[("skipped", 1, "redirect before it came to 'failed'")] * 2,
        ],
        seen=[
            *[POLL, *ALL_THREE, act("failed", "20403")],
            *[part("stream", "skipped", "redirect"), part("log", "skipped", "redirect"), POLL],
        ],
        flow=doing(REDIRECT, STREAM, "{log: moved}"),
    ),
    Case(
        "update-withdrawn-before-rest",
        "all of it waits; what was sent before is not sent again",
        struck("429", "update", polls=2, retry_after=1),
        sent=[*LISTS, STOPPED, FETCH, SENT_AWAY, *LISTS, SENT_AWAY, STREAMED],
        recorded=[
            ("failed", 1, "20404"),
            ("withdrawn", 1, "429"),
            ("withdrawn", 1, "redirect before it came to 'withdrawn'"),
            *[("done", 1, "")] * 2,
        ],
        seen=[
            *[POLL, *ALL_THREE, part("record", "failed"), act("withdrawn", "429")],
            *[part("stream", "withdrawn"), POLL, *BOTH, act("done"), part("stream", "done")],
        ],
        flow=doing(STOP, REDIRECT, STREAM),
    ),
    Case(
        "killed-between-parts",
        "what was on its way is settled; the next poll goes on with the rest",
        killed("side", "hang-after", 3),
        sent=[*LISTS, RECORDED, *[LIST, FETCH], *LISTS, LIMITED, LIST],
        recorded=[("done", 1, ""), ("unknown", 1, "not repeated"), ("withdrawn", 1, "stopped")],
        seen=[
            *[POLL, *BOTH, POLL, part("record", "unknown"), act("withdrawn", "stopped before")],
            *[POLL, INTENDED, act("done"), POLL],
        ],
        flow=doing(RECORD, LIMIT),
        settings=PATIENT,
        anyhow=True,
    ),
    Case(
        "killed-between-parts",
        "the update has failed: the next start sends nothing of the rest",
        _killed_before_the_rest,
        sent=[*LISTS, SENT_AWAY, LIST],
        recorded=[("failed", 1, "403"), *[("skipped", 1, "redirect before it")] * 2],
        seen=[POLL, *ALL_THREE, part("stream", "skipped"), part("log", "skipped"), POLL],
        flow=doing(REDIRECT, STREAM, "{log: moved}"),
        settings=PATIENT,
    ),
)
