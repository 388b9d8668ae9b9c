"""What `docs/sandbox.md` shows is run: its scenario, its test, its credentials, its fault names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from runner.sandbox import ACCOUNT_SID, API_KEY, API_SECRET, AUTH_TOKEN, ManualClock, Sandbox
from runner.sandbox.entries import APPLICATION, CALL, NUMBER, PERSON
from runner.sandbox.faults import KINDS, NAMES
from runner.sandbox.scenario import enact, read_scenario

TEXT = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text()


def blocks(language: str) -> list[str]:
    """All blocks of this language."""
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def test_the_scenario_is_sound() -> None:
    scenario, problems = read_scenario("docs/sandbox.md", blocks("yaml")[0].encode())
    assert problems == []
    assert [plan.id for plan in scenario.plans] == ["stuck", "transfer", "menu", "elsewhere"]


def test_the_scenario_with_rooms_fills_them() -> None:
    scenario, problems = read_scenario("docs/sandbox.md", blocks("yaml")[1].encode())
    assert problems == []
    sandbox = Sandbox(clock=ManualClock())
    enact(sandbox, scenario)
    sandbox.catch_up()
    world = sandbox.world
    (conference,), (queue,) = world.conferences.rows.values(), world.queues.rows.values()
    assert (conference.status, len(conference.seats)) == ("in-progress", 2)
    assert list(queue.tickets) == [world.sid_of("waiting")]


async def test_the_test_passes() -> None:
    names: dict[str, Any] = {}
    (text,) = blocks("python")
    exec(text, names)
    await names["test_a_caller_is_told"]()


@pytest.mark.parametrize(
    "word",
    [
        *(*NAMES, *KINDS, *CALL, *PERSON, *NUMBER, *APPLICATION),
        *(ACCOUNT_SID, AUTH_TOKEN, API_KEY, API_SECRET),
    ],
)
def test_every_word_is_there(word: str) -> None:
    assert f"`{word}`" in TEXT
