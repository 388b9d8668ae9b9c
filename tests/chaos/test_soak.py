"""A short piece of the long day: `python -m tests.soak` plays the whole."""

from __future__ import annotations

from pathlib import Path

from tests.soak import soak


async def test_hours_of_calls_and_edits_leave_nothing_behind_and_nothing_out(
    tmp_path: Path,
) -> None:
    day = await soak(tmp_path, hours=3, calls=1_500)
    assert day.wrong == []
    assert day.changed.total() > 400
    assert day.seen[-1].rows < day.entries, "what is long over is forgotten"
