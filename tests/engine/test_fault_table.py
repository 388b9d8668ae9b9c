"""Each row of "When something fails": what was sent, what is on record, and what the operator sees.

The rows are those of the table in docs/operations.md, the cases those of the modules beside this.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from operator import itemgetter
from pathlib import Path

import pytest

from runner.engine.ports import Entry
from tests.engine import (
    faults_here,
    faults_lists,
    faults_lost,
    faults_moving,
    faults_needs,
    faults_posts,
    faults_sides,
    faults_times,
    faults_updates,
)
from tests.engine.faults_scene import Case, Seen, open_scene

CASES = (
    *faults_lists.CASES,
    *faults_moving.CASES,
    *faults_times.CASES,
    *faults_updates.CASES,
    *faults_lost.CASES,
    *faults_sides.CASES,
    *faults_needs.CASES,
    *faults_posts.CASES,
    *faults_here.CASES,
)
#: An event's name and its fields.
Told = tuple[str, Mapping[str, object]]
PAGE = Path(__file__).parents[2] / "docs/operations.md"


def rows() -> list[str]:
    """The names of the table's rows, from top to bottom."""
    section = PAGE.read_text(encoding="utf-8").split("\n## When something fails\n")[1]
    section = section.split("\n## ")[0]
    return re.findall(r"^\| `([a-z0-9-]+)` \|", section, re.MULTILINE)


def test_every_row_has_a_case_and_every_case_a_row() -> None:
    assert sorted(rows()) == sorted({case.row for case in CASES})


def test_no_two_cases_have_one_name() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_what_is_sent_recorded_and_shown(case: Case, tmp_path: Path) -> None:
    order = sorted if case.anyhow else list
    async with open_scene(tmp_path, case) as scene:
        await case.play(scene)
        assert order(scene.sent()) == order(case.sent)
        history = await scene.site.history()
        compare_records(
            sorted(history, key=lambda e: e.outcome) if case.anyhow else history, case.recorded
        )
        told = [(event.name, event.fields) for event in scene.site.events]
        if case.anyhow:
            compare_events(sorted(told, key=itemgetter(0)), sorted(case.seen, key=itemgetter(0)))
        else:
            compare_events(told, case.seen)
        for waited, (least, most) in zip(scene.waits(), case.waits, strict=bool(case.waits)):
            assert least <= waited <= most, scene.waits()
        facts = scene.readiness()
        assert re.search(case.trouble or "^$", str(facts.get("trouble", ""))), facts
        assert facts.items() >= ({"ready": not case.trouble} | case.facts).items()


def compare_records(history: Sequence[Entry], recorded: Sequence[tuple[str, int, str]]) -> None:
    """Asserts that this is the whole ledger."""
    assert [(e.outcome, e.attempt) for e in history] == [(o, a) for o, a, _ in recorded]
    for entry, (_, _, detail) in zip(history, recorded, strict=True):
        assert re.search(detail, entry.detail), entry.detail


def compare_events(events: Sequence[Told], seen: Sequence[Seen]) -> None:
    """Asserts that these are all events, each with its fields."""
    assert [name for name, _ in events] == [name for name, _ in seen]
    for (name, fields), (_, patterns) in zip(events, seen, strict=True):
        for key, pattern in patterns.items():
            said = str(fields[key])
            assert re.search(pattern, said), f"{name}: {key} is {said!r}, not {pattern!r}"
