"""For tests of actions beside the update: lines of a rule to the requests that they become."""

from __future__ import annotations

import json
import re
from typing import Any

from runner.actions import ACTIONS
from runner.actions.composing import compose
from runner.language.spoken import values_of
from runner.sides import Side
from tests.actions.rendering import NOW, actions, call, problems

_PAIR = re.compile(r"\\ud[89ab]..\\ud[c-f]..")
START = "Mon, 02 Nov 2026 14:28:56 +0000"


def line(name: str, value: Any) -> str:
    """One item of `then`, as YAML can read it whatever stands in it."""
    return quoted({name: value})


def quoted(value: Any) -> str:
    """A value as JSON that is YAML too: that has no pairs of half characters."""
    return _PAIR.sub(_whole, json.dumps(value))


def _whole(pair: re.Match[str]) -> str:
    character: str = json.loads(f'"{pair[0]}"')
    return f"\\U{ord(character):08x}"


def side(name: str, value: Any, **fields: str | None) -> Side:
    """What one action becomes for a call with these fields."""
    values = values_of(call(**({"start_time": START} | fields)), NOW)
    (part,) = compose(actions(line(name, value)), values)
    assert part.side is not None
    return part.side


def refusal(name: str, value: Any) -> tuple[str, int]:
    """The code of the only problem of an action, and the column that it names."""
    (problem,) = [each for each in problems(line(name, value)) if each.is_error]
    return problem.code, problem.position.column


def column(name: str, value: Any, mark: str) -> int:
    """Where `mark` stands in a file with this action, in columns."""
    at = line(name, value).index(quoted(mark))
    return len("      - ") + at + 1


def words(name: str, value: Any) -> tuple[str, ...]:
    """What an action says that it does."""
    (action,) = actions(line(name, value))
    tell = ACTIONS[name].effects
    assert tell is not None
    return tell(action.arguments)
