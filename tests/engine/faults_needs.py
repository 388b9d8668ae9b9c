"""The cases of actions that lack what they need, or of which Twilio finds out later."""

from __future__ import annotations

from runner.engine.orders import IDEMPOTENCY
from tests.engine.faults_scene import ALL as EVERY_LIST
from tests.engine.faults_scene import (
    FETCH,
    INTENDED,
    LIST,
    LISTS,
    POLL,
    Case,
    Scene,
    act,
)
from tests.engine.faults_sides import REDIRECT, SENT_AWAY, doing, part, struck
from tests.site import SECOND

NUMBER = "number"
READS = ["conference init", "conference in-progress"]
VOICE = "https://example.com/voice"
MESSAGE, MESSAGED = "{message: {a: b}}", 'side Content={"a":"b"}'
NO_URL = "has no voice URL"


async def _plain(scene: Scene) -> None:
    scene.sandbox.add_call(id="a")
    await scene.poll(2)


async def _without_voice_url(scene: Scene) -> None:
    scene.sandbox.add_number("+14155550100")
    await _plain(scene)


async def _lookup_fails(scene: Scene) -> None:
    scene.sandbox.add_number("+14155550100", voice_url=VOICE)
    scene.sandbox.set_fault("500", on=("number",), times=1)
    await _plain(scene)


async def _looked_after(scene: Scene) -> None:
    scene.site.engine.check_notifications()
    scene.sandbox.add_call(id="a")
    await scene.poll()
    await scene.site.engine.look_on(60 * SECOND)


async def _message_lost(scene: Scene) -> None:
    await struck("reset-after")(scene)
    lines = scene.sandbox.journal.of("side")
    assert len({line.request.form[IDEMPOTENCY] for line in lines}) == 1
    told = [h for h in scene.sandbox.world.transcript("a") if h.kind == "message"]
    assert len(told) == 1


CASES: tuple[Case, ...] = (
    Case(
        "no-conference",
        "the call is in none",
        _plain,
        sent=[*LISTS, *READS, FETCH, LIST],
        recorded=[("failed", 1, "the call is in no conference")],
        seen=[POLL, INTENDED, part("announce", "failed", "in no conference"), POLL],
        flow=doing("{announce: {url: 'https://example.com/words'}}"),
    ),
    Case(
        "not-published",
        "a text, and nobody can reach the runner",
        _plain,
        sent=[*LISTS, FETCH, LIST],
        recorded=[("failed", 1, "Twilio can't fetch the text from here")],
        seen=[POLL, INTENDED, part("announce", "failed", "can't fetch"), POLL],
        flow=doing("{announce: please hold the line}"),
    ),
    Case(
        "no-voice-url",
        "the number that was called has none: nothing is sent",
        _without_voice_url,
        sent=[LIST, NUMBER, *EVERY_LIST, LIST],
        recorded=[("failed", 1, NO_URL), ("skipped", 1, "restart before it came to 'failed'")],
        seen=[POLL, INTENDED, INTENDED, act("failed", NO_URL), part("log", "skipped"), POLL],
        flow=doing("restart", "{log: anew}"),
    ),
    Case(
        "lookup-fails",
        "once: the next poll asks again",
        _lookup_fails,
        sent=[LIST, NUMBER, LIST, NUMBER, *EVERY_LIST, f"update Url={VOICE} Method=POST"],
        recorded=[("done", 1, "")],
        seen=[POLL, POLL, INTENDED, act("done")],
        flow=doing("restart"),
    ),
    Case(
        "not-played",
        "a URL that gives no document",
        _looked_after,
        sent=[*LISTS, SENT_AWAY, "read"],
        recorded=[("failed", 1, "Twilio reported error 11200 afterwards")],
        seen=[POLL, INTENDED, act("done"), act("failed", "11200")],
        flow=doing(REDIRECT),
    ),
    Case(
        "side-lost",
        "a message: again under its key, by which Twilio knows it",
        _message_lost,
        sent=[*LISTS, MESSAGED, FETCH, MESSAGED],
        recorded=[("done", 2, "")],
        seen=[
            *[POLL, INTENDED, part("message", "retrying", "closed the connection")],
            part("message", "retrying", attempt=2),
            part("message", "done", attempt=2),
        ],
        flow=doing(MESSAGE),
    ),
)
