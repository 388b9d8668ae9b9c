"""Small rule sets, and every call that could tell their rules apart: brute force for the analysis.

A rule set names few values. The calls have each of these, neighbours of them, something else, and
nothing at all, in every combination.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache
from itertools import islice, product
from math import prod
from typing import Any

from hypothesis import strategies as st

from runner.call import Call
from runner.decision.holds import Holds
from runner.decision.matcher import Matcher
from runner.language.analysis import analyse
from runner.language.compiler import compile_flow
from runner.language.files import Files
from runner.language.source import parse
from runner.model import Flow, Moment
from runner.problems import Problem

NOON = int(datetime(2026, 11, 2, 12, 0, tzinfo=UTC).timestamp() * 1000)
MIDNIGHT = NOON + 12 * 3_600_000

NUMBERS = ("+14155550100", "+14155550101", "+442079460100")
WORDS = ("human", "fax")
AGES = ("5m", "10m")
HEAD = {
    "version": 1,
    "flow": "f",
    "lists": {"one": list(NUMBERS[:1]), "two": list(NUMBERS[:2]), "none": []},
    "windows": {"day": {"timezone": "UTC", "from": "09:00", "to": "17:00"}},
}

# ---- rules ----------------------------------------------------------------------------------

_some_numbers = st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=3, unique=True)
_some_words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=2, unique=True)
_statuses = st.sampled_from(["queued", "ringing", "in-progress"])
_legs = st.sampled_from(["parent", "child", "any"])
_sids = st.sampled_from(["CA1", "CA2"])


def _one_of_operators(**operators: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.lists(
        st.one_of([st.tuples(st.just(name), values) for name, values in operators.items()]),
        min_size=1,
        max_size=2,
        unique_by=lambda pair: pair[0],
    ).map(dict)


#: Conditions of which the analysis misses nothing: it finds what brute force finds.
EXACT: dict[str, st.SearchStrategy[Any]] = {
    "from": _one_of_operators(
        eq=st.sampled_from(NUMBERS),
        **{"not": st.sampled_from(NUMBERS), "in": _some_numbers, "not_in": _some_numbers},
        in_list=st.sampled_from(list(HEAD["lists"])),  # type: ignore[call-overload]
        exists=st.booleans(),
    ),
    "answered_by": st.sampled_from(WORDS)
    | _some_words
    | _one_of_operators(**{"not": st.sampled_from(WORDS), "exists": st.booleans()}),
    "age": _one_of_operators(
        **{op: st.sampled_from(AGES) for op in ("gt", "gte", "lt", "lte")},
        between=st.just(["5m", "10m"]),
        exists=st.booleans(),
    ),
    "status": _statuses | st.lists(_statuses, min_size=1, unique=True),
    "leg": _legs,
    "parent_call_sid": _sids | _one_of_operators(**{"not": _sids, "exists": st.booleans()}),
    "has_child": st.booleans(),
    "during": st.just("day"),
    "outside": st.just("day"),
}
#: Conditions of which it may miss something, and about which it must not say too much either.
ROUGH: dict[str, st.SearchStrategy[Any]] = {
    "to": _one_of_operators(
        prefix=st.sampled_from(["+1", "+1415", "+44"]),
        suffix=st.sampled_from(["00", "0100", "1"]),
        glob=st.sampled_from(["+1*", "*01??", "+1415*0", "*", "+14155550100", "?*5*", "+1*5*0"]),
        regex=st.sampled_from(
            [r"\+1415.*", r"\+1(415|628)\d{7}", r"a|\+1\d*", r"\+14155550100", r"\+1?4.*", ".*"]
        ),
        **{"not": st.sampled_from(NUMBERS), "in": _some_numbers},
        exists=st.booleans(),
    ),
    "concurrent": st.sampled_from(["from", "to"]).flatmap(
        lambda by: st.sampled_from(["gt", "lte"]).map(lambda op: {"by": by, op: 2})
    ),
    "excess": st.just({"by": "from", "over": 2}),
}


def conditions(fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """`match` over these fields, nested where it likes."""
    plain = st.dictionaries(st.sampled_from(list(fields)), st.none(), max_size=3).flatmap(
        lambda chosen: st.fixed_dictionaries({name: fields[name] for name in chosen})
    )
    some = plain.filter(bool)

    def nested(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
        several = st.lists(inner, min_size=1, max_size=2)
        group = st.one_of(
            several.map(lambda items: {"any": items}),
            several.map(lambda items: {"all": items}),
            inner.map(lambda item: {"not": item}),
        )
        return st.tuples(group, plain).map(lambda pair: {**pair[1], **pair[0]})

    return plain | st.recursive(some, nested, max_leaves=4)


def rule_sets(
    fields: dict[str, st.SearchStrategy[Any]], **keys: st.SearchStrategy[Any]
) -> st.SearchStrategy[dict[str, Any]]:
    """Whole flows; `keys` are what a rule may say beside `match` and `then`."""
    more = st.fixed_dictionaries({}, optional=keys) if keys else st.just({})
    rule = st.tuples(conditions(fields), more).map(
        lambda pair: {"match": pair[0], "then": ["hangup"], **pair[1]}
    )
    # Two rules that are alike happen to people, and seldom by chance.
    rules = st.lists(rule, min_size=1, max_size=4).flatmap(
        lambda made: st.lists(st.sampled_from(made), max_size=1).map(lambda again: made + again)
    )
    return st.tuples(rules, conditions(fields) | st.just({})).map(
        lambda pair: {
            **HEAD,
            "match": pair[1],
            "rules": [{**rule, "id": f"r{number}"} for number, rule in enumerate(pair[0])],
        }
    )


# ---- calls ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Others:
    """The other live calls, as far as a condition can ask about them."""

    many: int
    child: bool

    def count(self, by: str, value: str) -> int:
        return self.many

    def rank(self, by: str, value: str, sid: str) -> int | None:
        return self.many

    def has_child(self, sid: str) -> bool:
        return self.child


@dataclass(frozen=True)
class Seen:
    """One call at one moment."""

    call: Call
    moment: Moment


_VALUES: dict[str, Sequence[Any]] = {
    "from": (None, *NUMBERS, "else"),
    "to": (None, *NUMBERS, "+14155550", "+1415999900", "a", "0100", "x5y01zz", "+1\n0"),
    "answered_by": (None, *WORDS, "else"),
    "age": (None, 0, 299_999, 300_000, 300_001, 599_999, 600_000, 600_001, 10**9),
    "status": (None, "queued", "ringing", "in-progress", "completed"),
    "parent_call_sid": (None, "CA1", "CA2", "CA3"),
    "time": (NOON, MIDNIGHT),
    "child": (False, True, None),  # None: nobody listed the other calls
    "many": (1, 2, 3),
}
_ASKS = {
    "leg": ("parent_call_sid",),
    "has_child": ("child",),
    "concurrent": ("many", "from", "to"),
    "excess": ("many", "from"),
    "during": ("time",),
    "outside": ("time",),
}


def universe(flow: dict[str, Any], most: int) -> Iterator[Seen]:
    """Every call that differs in what the flow asks about; of more than `most`, some of all."""
    text = json.dumps(flow["rules"]) + json.dumps(flow["match"])
    asked = {"status", "parent_call_sid"}
    for field in (*EXACT, *ROUGH):
        if f'"{field}":' in text:
            asked.update(_ASKS.get(field, (field,)))
    names = sorted(asked)
    step = prod(len(_VALUES[name]) for name in names) // most + 1
    step += step % 2 == 0  # an even step would meet every second value of most fields alone
    combinations = islice(product(*(_VALUES[name] for name in names)), 0, None, step)
    return (seen(dict(zip(names, values, strict=True))) for values in combinations)


@cache
def written(millis: int) -> str:
    """A time as Twilio writes it."""
    return format_datetime(datetime.fromtimestamp(millis / 1000, UTC))


def seen(values: dict[str, Any]) -> Seen:
    """A call with these values; one that is not named is missing, or as it mostly is."""
    given = {name: values.get(name) for name in ("to", "answered_by", "status", "parent_call_sid")}
    now, age = values.get("time", NOON), values.get("age")
    if age is not None:
        given["start_time"] = written(now - age // 1000 * 1000)
        now += age % 1000
    child = values.get("child", False)
    others = None if child is None else Others(values.get("many", 1), child)
    return Seen(Call(sid="CA0", from_=values.get("from"), **given), Moment(now, others))


# ---- verdicts -------------------------------------------------------------------------------


def analysed(flow: dict[str, Any]) -> tuple[Flow, list[Problem]]:
    """The flow compiled, and every warning about it."""
    document = parse("f.yaml", json.dumps(flow, indent=1).encode()).document
    assert document is not None
    compiled = compile_flow(document, Files())
    assert compiled.flow is not None, compiled.problems
    return compiled.flow, analyse(compiled.flow, document, poll=2_000)


def unreachable(problems: Sequence[Problem]) -> set[str]:
    """The rules that are said to get no call: the first word of the message names them."""
    found = (problem for problem in problems if problem.code == "unreachable-rule")
    return {problem.message.split("`")[1] for problem in found}


def reached(flow: Flow, calls: Iterable[Seen]) -> set[str]:
    """The rules that get one of the calls."""
    matcher = Matcher((flow,))
    found: set[str] = set()
    for each in calls:
        if len(found) == len(flow.rules):
            break  # no call could add to it
        holds = Holds({}, each.moment.now)
        found |= {v.rule.id for v in matcher.verdicts(each.call, each.moment, holds)}
    return found
