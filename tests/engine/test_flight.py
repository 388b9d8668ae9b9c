"""How many updates are under way at once, and in which order acts are begun and sent."""

from __future__ import annotations

from pathlib import Path

from bench.appliers import with_callflow
from bench.far_side import serve
from runner.call import Call
from runner.engine.brakes import Safety
from runner.engine.claims import TURN
from runner.engine.ports import Event
from tests.site import open_site

ENDING = """
version: 1
flow: ending
guard: unlimited
rules: [{id: end, match: {direction: inbound}, then: [hangup]}]
"""


async def test_no_more_updates_are_under_way_than_may_be() -> None:
    with serve(50, delay=20) as far:
        _, _, sent = await with_callflow(far.url, calls=40, flight=5)
        told = far.told()
    assert (sent, told["posts"]) == (40, 5 + 40), "five open the connections"
    assert 1 < told["most"] <= 5


async def test_the_first_acts_go_their_way_before_the_last_are_begun(tmp_path: Path) -> None:
    """What is looked at right before an act is sent is looked at for these already."""
    seen: list[str] = []

    def asked(_call: Call) -> str:
        seen.append("looked at")
        return ""

    def hear(event: Event) -> None:
        if event.name in ("action.intended", "action.done"):
            seen.append(event.name)

    async with open_site(tmp_path) as site:
        for number in range(3 * TURN):
            site.sandbox.add_call(id=f"c{number}")
        site.engine.obey(Safety(protects=asked))
        site.listeners.append(hear)
        site.flows(ENDING)
        await site.poll()
    first = seen.index("action.intended")
    begun = [n for n, what in enumerate(seen) if what == "action.intended"]
    assert len(begun) == seen.count("action.done") == 3 * TURN
    assert "looked at" not in seen[first : begun[TURN - 1]]
    assert seen[begun[TURN - 1] : begun[-1]].count("looked at") >= TURN // 2


async def test_a_stop_while_acts_are_begun_leaves_none_without_an_outcome(tmp_path: Path) -> None:
    """What is begun after it is on record already, and surely was not sent."""
    async with open_site(tmp_path) as site:
        for number in range(4 * TURN):
            site.sandbox.add_call(id=f"c{number}")

        def hear(_event: Event) -> None:
            if len(site.told("action.intended")) == 2 * TURN:
                site.engine.request_stop()

        site.listeners.append(hear)
        site.flows(ENDING)
        await site.poll()
        ended = [entry.outcome for entry in await site.history()]
        sent = len(site.updates())
        assert ended.count("done") == sent <= 2 * TURN
        assert ended.count("withdrawn") == 4 * TURN - sent
