"""Promises: the query lists all that any rule could match, and no more than it must."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.call import CallQuery
from runner.decision.scope import needed_query
from runner.language.loader import load

HEAD = "version: 1\nflow: {name}\nrules:\n"


def query(tmp_path: Path, *matches: str) -> CallQuery | None:
    for number, match in enumerate(matches):
        rule = f"  - id: r\n    match: {match}\n    then: [hangup]\n"
        (tmp_path / f"{number}.yaml").write_text(HEAD.format(name=f"f{number}") + rule)
    loaded = load([tmp_path])
    assert loaded.flow_set is not None, loaded.problems
    return needed_query(loaded.flow_set)


@pytest.mark.parametrize(
    ("matches", "statuses"),
    [
        (["{}"], ["in-progress"]),
        (["{status: ringing}"], ["ringing"]),
        (["{status: {not: queued}}"], ["ringing", "in-progress"]),
        (["{not: {status: {in: [queued, ringing]}}}"], ["in-progress"]),
        (["{any: [{status: queued}, {to: client:a}]}"], ["queued", "ringing", "in-progress"]),
        (["{all: [{status: queued}, {status: [queued, ringing]}]}"], ["queued"]),
        (["{status: queued}", "{}"], ["queued", "in-progress"]),
    ],
)  # fmt: skip
def test_statuses(tmp_path: Path, matches: list[str], statuses: list[str]) -> None:
    wanted = query(tmp_path, *matches)
    assert wanted is not None
    assert list(wanted.statuses) == statuses


def test_nothing_is_listed_for_what_no_call_can_match(tmp_path: Path) -> None:
    assert query(tmp_path, "{all: [{status: queued}, {status: ringing}]}") is None


A, B = "'+14155550101'", "'+14155550102'"


@pytest.mark.parametrize(
    ("matches", "to", "from_"),
    [
        ([f"{{to: {A}}}", f"{{to: {A}, from: {B}}}"], "+14155550101", None),
        ([f"{{to: [{A}], from: {B}}}"], "+14155550101", "+14155550102"),
        ([f"{{to: {A}}}", f"{{to: {B}}}"], None, None),
        ([f"{{to: {A}}}", "{}"], None, None),
        ([f"{{to: [{A}, {B}]}}"], None, None),
        ([f"{{any: [{{to: {A}}}, {{from: {B}}}]}}"], None, None),
        ([f"{{not: {{to: {A}}}}}"], None, None),
        ([f"{{all: [{{to: {A}}}]}}"], "+14155550101", None),
        ([f"{{to: {{prefix: {A}}}}}"], None, None),
    ],
)
def test_a_value_that_every_rule_names_is_pushed_down(
    tmp_path: Path, matches: list[str], to: str | None, from_: str | None
) -> None:
    wanted = query(tmp_path, *matches)
    assert wanted is not None
    assert (wanted.to, wanted.from_, wanted.parent_call_sid) == (to, from_, None)
