"""Other engines on the same rules and records: `python -m bench.peers.rules ENGINE FILE BUDGET`.

FILE holds the conditions and the records as JSON. Prints processor seconds a record, and which
rules the first records fit. Each engine's own preparation of a record is part of its time.
"""

from __future__ import annotations

import gc
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from bench.measuring import LACKING, say
from bench.plain import Record, closure, compiled, matches
from bench.rulebook import Tree

#: Tells the places of the rules that a record fits.
Engine: TypeAlias = Callable[[Record], list[int]]
RUNS = 5
#: So many of the first records an engine that needs more than Python is asked about, at most.
SAMPLE = 1_000


def lambdas(conditions: list[Tree]) -> Engine:
    """One evaluated lambda a rule."""
    judges = [compiled(tree) for tree in conditions]
    return lambda record: matches(judges, record)


def closures(conditions: list[Tree]) -> Engine:
    """Nested closures, as written by hand."""
    judges = [closure(tree) for tree in conditions]
    return lambda record: matches(judges, record)


def custodian(conditions: list[Tree]) -> Engine:
    """Cloud Custodian's value filters, without a policy around them."""
    from c7n.filters import FilterRegistry

    registry = FilterRegistry("bench")
    rules = [
        [registry.factory(_filter(part), _Manager()) for part in tree[1:]] for tree in conditions
    ]

    def fitting(record: Record) -> list[int]:
        return [place for place, filters in enumerate(rules) if _passes(filters, dict(record))]

    return fitting


def _passes(filters: list[Any], record: dict[str, Any]) -> bool:
    """Whether every filter leaves the record in, one after another as in a policy."""
    left = [record]
    for each in filters:
        left = each.process(left)
        if not left:
            return False
    return True


class _Manager:
    """The little that groups of filters ask of the policy that they stand in."""

    config = type("Config", (), {"session": None})()
    data = {"resource": "call"}  # noqa: RUF012 - read by the peer, never changed

    def get_model(self) -> object:
        """Which field tells records apart."""
        return type("Model", (), {"id": "sid"})


def _filter(tree: Tree) -> dict[str, Any]:
    kind, *parts = tree
    if kind in ("all", "any"):
        return {"and" if kind == "all" else "or": [_filter(part) for part in parts]}
    if kind == "not":
        return {"not": [_filter(parts[0])]}
    field, value = parts
    if kind == "eq":
        return {"type": "value", "key": field, "value": value}
    operator, value = {
        "gte": ("gte", value),
        "in": ("in", value),
        "prefix": ("glob", f"{value}*"),
        "regex": ("regex", f"(?:{value})$"),
    }[kind]
    return {"type": "value", "key": field, "op": operator, "value": value}


def drools(conditions: list[Tree]) -> Engine:
    """Drools behind drools-jpy, as Ansible's rulebooks use it: a record is an event in JSON."""
    os.environ["JAVA_HOME"] = java_home()
    os.environ.setdefault("DROOLS_JPY_JVM_MAXMEM", "4G")
    from drools.rule import Rule
    from drools.ruleset import Ruleset

    described = [
        {
            "Rule": {
                "name": f"r{n}",
                "condition": {"AllCondition": [_expression(tree)]},
                "enabled": True,
            }
        }
        for n, tree in enumerate(conditions)
    ]
    told = {"name": "bench", "match_multiple_rules": True, "rules": described}
    rules, hits = Ruleset("bench", json.dumps(told)), list[int]()
    for place in range(len(conditions)):
        rules.add_rule(Rule(f"r{place}", lambda _match, place=place: hits.append(place)))

    def fitting(record: Record) -> list[int]:
        hits.clear()
        rules.assert_event(json.dumps(record))
        return sorted(hits)

    return fitting


def java_home() -> str:
    """Where Java is: `JAVA_HOME`, else where the `java` of the path really lies."""
    java = shutil.which("java")
    home = os.environ.get("JAVA_HOME") or (str(Path(java).resolve().parent.parent) if java else "")
    if not home:
        raise ImportError("no Java: Drools needs one of version 17 or newer")
    return home


def _expression(tree: Tree) -> dict[str, Any]:
    kind, *parts = tree
    if kind in ("all", "any"):
        return _joined("AndExpression" if kind == "all" else "OrExpression", parts)
    if kind == "not":
        return {"NegateExpression": _expression(parts[0])}
    field, value = parts
    if kind == "in":
        return _joined("OrExpression", [["eq", field, each] for each in value])
    event = {"Event": field}
    if kind in ("prefix", "regex"):
        pattern = f"^{re.escape(value)}" if kind == "prefix" else f"^(?:{value})$"
        search = {"kind": {"String": "search"}, "pattern": {"String": pattern}}
        return _binary("SearchMatchesExpression", event, {"SearchType": search})
    name = "EqualsExpression" if kind == "eq" else "GreaterThanOrEqualToExpression"
    return _binary(name, event, {"String" if isinstance(value, str) else "Integer": value})


def _joined(name: str, parts: list[Tree]) -> dict[str, Any]:
    first, *others = parts
    joined = _expression(first)
    for part in others:
        joined = _binary(name, joined, _expression(part))
    return joined


def _binary(name: str, left: object, right: object) -> dict[str, Any]:
    return {name: {"lhs": left, "rhs": right}}


#: Those that need nothing but Python.
PLAIN = ("lambdas", "closures")
#: Seconds that being asked about every record may take.
PATIENCE = 90
ENGINES = {"lambdas": lambdas, "closures": closures, "c7n": custodian, "Drools": drools}


def timed(engine: Engine, records: list[Record], budget: float) -> list[float]:
    """Seconds a record, of some runs that together take about the budget, after as long unmeasured.

    A JVM only then runs what it has compiled. A slow engine sees a part of the records in each run,
    and other records in the next one.
    """
    _asked_for(budget, engine, records)
    size, found = min(len(records), _asked_for(budget / RUNS, engine, records)), []
    for run in range(RUNS):
        part = [records[(run * size + n) % len(records)] for n in range(size)]
        gc.collect()
        found.append(_lesser(engine, part) / size)
    return found


def _lesser(engine: Engine, records: list[Record]) -> float:
    """Seconds on the clock, or of the processor where those are fewer.

    So neither what else the machine does nor the threads of a JVM count against a peer.
    """
    clock, processor = time.perf_counter(), time.process_time()
    for record in records:
        engine(record)
    return min(time.perf_counter() - clock, time.process_time() - processor)


def _asked_for(seconds: float, engine: Engine, records: list[Record]) -> int:
    """Asks about one record after another for so long; returns about how many."""
    began, count = time.perf_counter(), 0
    while not count or time.perf_counter() - began < seconds:
        engine(records[count % len(records)])
        count += 1
    return count


def main() -> None:
    """Measures one engine; plain Python is asked about every record where that is soon done."""
    name, path, budget = sys.argv[1:]
    given = json.loads(Path(path).read_text(encoding="utf-8"))
    polls: list[list[Record]] = given["polls"]
    try:
        engine = ENGINES[name](given["conditions"])
    except ImportError as error:
        print(error, file=sys.stderr)
        sys.exit(LACKING)
    seconds = timed(engine, polls[0], float(budget))
    if name not in PLAIN or seconds[0] * sum(map(len, polls)) > PATIENCE:
        polls = [polls[0][: max(1, min(SAMPLE, int(float(budget) / seconds[0])))]]
    say({"seconds": seconds, "fits": [[engine(record) for record in poll] for poll in polls]})


if __name__ == "__main__":
    main()
