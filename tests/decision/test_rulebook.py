"""What one edit leaves alone is not prepared again, wherever it stands now."""

from __future__ import annotations

from pathlib import Path

from runner.call import Call
from runner.decision.holds import Holds
from runner.decision.matcher import Matcher
from runner.decision.rulebook import Rulebook, Rulebooks
from runner.language.loader import load
from runner.model import Flow, Moment

CALL = Call(sid="CA1", status="in-progress", direction="inbound", to="+14155550101")
FLOW = """version: 1
flow: {name}
rules:
  - {{id: never, enabled: false, then: [{{log: x}}]}}
  - {{id: held, match: {{to: "+14155550101"}}, for: 1m, continue: true, then: [{{log: x}}]}}
  - {{id: fits, match: {{direction: inbound}}, then: [{{log: x}}]}}
"""


def flows(folder: Path, *names: str) -> dict[str, Flow]:
    for name in names:
        (folder / f"{name}.yaml").write_text(FLOW.format(name=name))
    flow_set = load([folder]).flow_set
    assert flow_set is not None
    return {flow.name: flow for flow in flow_set.flows}


def places(book: Rulebook) -> list[tuple[str, int]]:
    return [(row.rule.key, row.order) for row in book.rows]


def test_a_flow_keeps_its_rules_and_takes_its_new_place(tmp_path: Path) -> None:
    a, b, c, d = flows(tmp_path, "a", "b", "c", "d").values()
    first = Rulebook([a, b, c])
    other = Rulebook([d, b, a], [first])
    assert [order for _, order in places(first)] == [0, 0, 1, 1, 2, 2]
    assert places(other) == [
        ("d/held", 0),
        ("d/fits", 0),
        ("b/held", 1),
        ("b/fits", 1),
        ("a/held", 2),
        ("a/fits", 2),
    ]
    assert all(one is same for one, same in zip(first.rows[2:4], other.rows[2:4], strict=True))
    assert [row.rule for row in first.rows[:2]] == [row.rule for row in other.rows[4:]]


def test_verdicts_go_by_the_new_place(tmp_path: Path) -> None:
    books, found = Rulebooks(), flows(tmp_path, "a", "b")
    for names in ("ab", "ba", "b"):
        matcher = Matcher([found[name] for name in names], books)
        verdicts = matcher.verdicts(CALL, Moment(0), Holds({}, 0))
        told = [(verdict.rule.key, verdict.order) for verdict in verdicts]
        assert told == [(f"{name}/fits", order) for order, name in enumerate(names)]


def test_of_a_rule_that_is_not_enabled_only_its_name_is_known(tmp_path: Path) -> None:
    book = Rulebook(list(flows(tmp_path, "a").values()))
    assert [book.in_force(f"a/{name}") is not None for name in ("never", "held")] == [False, True]
    assert set(book.named) == {"a/never", "a/held", "a/fits"}
    assert book.has_holds
