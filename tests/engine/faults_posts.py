"""The cases of posts to the user's own services: nothing waits for them, and none comes twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise

from runner.gateway.web import WebPoster
from runner.model import Millis
from runner.settings import NotificationSettings
from tests.actions.beside import SERVICE
from tests.engine.faults_scene import HANGUP, INTENDED, LIST, LISTS, POLL, Case, Scene, Seen, act
from tests.engine.faults_sides import doing, part
from tests.gateway.raw import RawServer, Request, answer, raw_server
from tests.site import SECOND

Play = Callable[[Scene], Awaitable[None]]
FLOW = doing(f"{{notify: '{SERVICE}/told'}}", "hangup")
WAITS = [1 * SECOND, 5 * SECOND, 25 * SECOND]
REFUSED = "connection refused"


def answered(*statuses: int) -> Play:
    """The service answers so, one after another, and knows a repetition by its id."""

    async def play(scene: Scene) -> None:
        times: list[Millis] = []

        async def reply(_request: Request, writer: asyncio.StreamWriter) -> bool:
            times.append(scene.site.time.now())
            writer.write(answer(statuses[len(times) - 1]))
            return True

        async with raw_server(reply) as service:
            await _posted(scene, service)
        assert len(service.requests) == len(statuses)
        assert len({post.headers["webhook-id"] for post in service.requests}) == 1
        apart = [after - before for before, after in pairwise(times)]
        assert apart == WAITS[: len(apart)]

    return play


async def _nobody_listens(scene: Scene) -> None:
    async with raw_server(_unheard) as service:
        service.leave()
        await _posted(scene, service)
        tries = [event.at for event in scene.site.told("action.retrying")]
        assert scene.site.told("action.failed")[0].at - tries[0] == sum(WAITS)


async def _unheard(_request: Request, _writer: asyncio.StreamWriter) -> None:
    raise AssertionError("somebody listened")


async def _posted(scene: Scene, service: RawServer) -> None:
    """The call is hung up at once, whatever the service does meanwhile."""
    poster = WebPoster(NotificationSettings(), {})
    scene.site.engine.reach(web=poster)
    scene.site.flows(FLOW.replace(SERVICE, service.base))
    scene.sandbox.add_call(id="a")
    began = scene.site.time.now()
    await scene.poll(2)
    await poster.close()
    assert [line.at for line in scene.sandbox.journal.of("update")] == [began]


def _case(row: str, title: str, play: Play, told: list[Seen], end: tuple[str, int, str]) -> Case:
    outcome, attempt, detail = end
    return Case(
        row,
        title,
        play,
        sent=[*LISTS, HANGUP, LIST],
        recorded=[end, ("done", 1, "")] if outcome == "done" else sorted([("done", 1, ""), end]),
        seen=[*told, *OTHERS, part("notify", outcome, detail, attempt=attempt)],
        flow=FLOW,
        anyhow=True,
    )


def _retried(detail: str, tries: int) -> list[Seen]:
    return [part("notify", "retrying", detail, attempt=n) for n in range(2, tries + 1)]


OTHERS = [POLL, INTENDED, INTENDED, act("done"), POLL]
CASES = (
    _case("post-refused", "not tried again", answered(400), [], ("failed", 1, "answered 400")),
    _case(
        "post-refused",
        "redirects are not followed",
        answered(302),
        [],
        ("failed", 1, "answered 302; redirects"),
    ),
    _case(
        "post-lost",
        "taken at the second try",
        answered(500, 204),
        _retried("answered 500", 2),
        ("done", 2, ""),
    ),
    _case(
        "post-lost",
        "four times: it may have been taken",
        answered(500, 503, 500, 500),
        _retried("answered 50", 4),
        ("unknown", 4, "answered 500"),
    ),
    _case(
        "post-down",
        "four times: it was never sent",
        _nobody_listens,
        _retried(REFUSED, 4),
        ("failed", 4, REFUSED),
    ),
    *(
        _case(
            row,
            f"{status}, then it is taken",
            answered(status, 204),
            _retried(f"answered {status}", 2),
            ("done", 2, ""),
        )
        for row, status in (("post-lost", 408), ("post-down", 425), ("post-down", 429))
    ),
)
