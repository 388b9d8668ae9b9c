"""What `docs/sandbox.md` shows is run: its scenario, its test, its credentials, its fault names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from runner.sandbox import ACCOUNT_SID, API_KEY, API_SECRET, AUTH_TOKEN
from runner.sandbox.entries import APPLICATION, CALL, NUMBER, PERSON
from runner.sandbox.faults import KINDS, NAMES
from runner.sandbox.scenario import read_scenario

TEXT = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text()


def block(language: str) -> str:
    """The one block of this language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    return str(found)


def test_the_scenario_is_sound() -> None:
    scenario, problems = read_scenario("docs/sandbox.md", block("yaml").encode())
    assert problems == []
    assert [plan.id for plan in scenario.plans] == ["stuck", "transfer", "menu", "elsewhere"]


async def test_the_test_passes() -> None:
    names: dict[str, Any] = {}
    exec(block("python"), names)
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
