"""How many updates are under way at once, counted by the far side that takes its time for each."""

from __future__ import annotations

from bench.appliers import with_callflow
from bench.far_side import serve


async def test_no_more_updates_are_under_way_than_may_be() -> None:
    with serve(50, delay=20) as far:
        _, _, sent = await with_callflow(far.url, calls=40, flight=5)
        told = far.told()
    assert (sent, told["posts"]) == (40, 5 + 40), "five open the connections"
    assert 1 < told["most"] <= 5
