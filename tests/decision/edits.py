"""What people do to a flow file: each edit takes the file, and gives it edited, at random."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from tests.decision.written import Written, flow_of, leaves, matches, modes, rules

Draw = Callable[[st.SearchStrategy[Any]], Any]
Edit = Callable[[Written, Draw], Written]
#: A key of a rule → what may be written there; None takes the key away.
KEYS: dict[str, st.SearchStrategy[Any]] = {
    "match": matches,
    "for": st.sampled_from([None, "1ms", "5s", "1m"]),
    "continue": st.sampled_from([None, True]),
    "enabled": st.sampled_from([None, False]),
    "mode": st.none() | modes,
}
#: The same for a flow.
OUTER: dict[str, st.SearchStrategy[Any]] = {
    "match": st.none() | leaves,
    "priority": st.integers(-1, 2),
    "enabled": st.sampled_from([None, False]),
    "mode": st.none() | modes,
}


def _changed(whole: Written, keys: dict[str, st.SearchStrategy[Any]], draw: Draw) -> Written:
    key = draw(st.sampled_from([*sorted(keys), "match", "match"]))
    value = draw(keys[key])
    rest = {word: held for word, held in whole.items() if word != key}
    return rest if value is None else {**rest, key: value}


def changes_a_rule(file: Written, draw: Draw) -> Written:
    at = draw(st.integers(0, len(file["rules"]) - 1))
    edited = list(file["rules"])
    edited[at] = _changed(edited[at], KEYS, draw)
    return {**file, "rules": edited}


def changes_the_flow(file: Written, draw: Draw) -> Written:
    return _changed(file, OUTER, draw)


def moves_a_rule(file: Written, draw: Draw) -> Written:
    edited = list(file["rules"])
    moved = edited.pop(draw(st.integers(0, len(edited) - 1)))
    edited.insert(draw(st.integers(0, len(edited))), moved)
    return {**file, "rules": edited}


def removes_a_rule(file: Written, draw: Draw) -> Written:
    edited = list(file["rules"])
    if len(edited) > 1:
        edited.pop(draw(st.integers(0, len(edited) - 1)))
    return {**file, "rules": edited}


def adds_a_rule(file: Written, draw: Draw) -> Written:
    """Numbers are given anew, so that a rule may come to have the name of another."""
    edited = [{word: held for word, held in rule.items() if word != "id"} for rule in file["rules"]]
    edited.insert(draw(st.integers(0, len(edited))), draw(rules))
    outer = {word: held for word, held in file.items() if word not in ("version", "flow", "rules")}
    return flow_of(file["flow"], outer, edited)


EDITS: tuple[Edit, ...] = (
    *[changes_a_rule] * 4,
    changes_the_flow,
    moves_a_rule,
    removes_a_rule,
    adds_a_rule,
)
