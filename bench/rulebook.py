"""Synthetic rules for the synthetic calls: as neutral trees for any engine, and as flow files.

A tree is a list that JSON can hold: `["eq", field, value]`, `prefix`, `regex` (of the whole value),
`gte` (numbers; durations in milliseconds), `in`; `["all", …]`, `["any", …]` and `["not", …]`.
Standard library only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

from bench.workload import AREAS, Pools, pools

Tree: TypeAlias = list[Any]
#: Rules in a flow file.
A_FLOW = 8
DURATIONS = ("age", "queue_time")
_OLDER = 3 * 3_600_000
_KINDS = ("equality", "prefix", "regex", "age", "nested")
_SHARES = (60, 15, 10, 10, 5)


@dataclass(frozen=True, slots=True)
class Planned:
    """A rule before it is written: `match` is what its author writes, without leg and status.

    `leg` is empty where the author leaves it out, `statuses` too; what the language then adds is
    in `condition`. `hold` is its `for` in milliseconds, `once` as it stands in the file.
    """

    flow: str
    id: str
    match: Tree
    leg: str = ""
    statuses: tuple[str, ...] = ()
    hold: int = 0
    once: str = ""
    proceed: bool = False

    @property
    def key(self) -> str:
        """As callflow names the rule."""
        return f"{self.flow}/{self.id}"

    @property
    def condition(self) -> Tree:
        """All that must hold, with what the language adds to what is written."""
        added: list[Tree] = []
        if self.leg != "any":
            added.append(["eq", "leg", self.leg or "parent"])
        if self.statuses:
            added.append(["in", "status", list(self.statuses)])
        elif "status" not in fields_of(self.match):
            added.append(["eq", "status", "in-progress"])
        own = self.match[1:] if self.match[0] == "all" else [self.match]
        return ["all", *own, *added]


def fields_of(tree: Tree) -> set[str]:
    """The fields that a tree reads."""
    if tree[0] in ("all", "any", "not"):
        return {name for part in tree[1:] for name in fields_of(part)}
    return {tree[1]}


def rules(count: int, seed: int = 2) -> list[Planned]:
    """So many rules, eight a flow.

    60 % compare `to` and one thing more, 15 % are prefixes of `from`, 10 % patterns of the caller's
    name, 10 % ages, 5 % nested. Some name legs or statuses, wait (`for`), repeat, or go on.
    """
    chance, drawn = Random(seed), pools()
    numbers = chance.sample(drawn.owned, min(len(drawn.owned), count))
    return [_rule(chance, drawn, n, numbers[n % len(numbers)]) for n in range(count)]


def resting(planned: Sequence[Planned], numbers: Sequence[str]) -> list[Planned]:
    """The same rules, so that none fits a call of the far side (`bench.far_side`), some all but.

    What is called is among those numbers, so that equalities hold for calls and their seconds
    don't; prefixes lead abroad, and ages are more than the oldest call's.
    """
    return [
        replace(rule, match=_resting(rule.match, numbers[place % len(numbers)]))
        for place, rule in enumerate(planned)
    ]


def _resting(match: Tree, number: str) -> Tree:
    if match[0] == "all" and match[1][:2] == ["eq", "to"]:
        others = [part for part in match[2:] if part[1] != "direction"]
        return ["all", ["eq", "to", number], *others, ["eq", "direction", "outbound-dial"]]
    if match[0] == "prefix":
        return ["prefix", "from", match[2].replace("+1", "+44")]
    if match[0] == "gte":
        return ["gte", "age", match[2] + _OLDER]
    return match


def _rule(chance: Random, drawn: Pools, place: int, called: str) -> Planned:
    match = _match(chance, drawn, called)
    statuses: tuple[str, ...] = ()
    if "status" not in fields_of(match) and chance.random() < 0.15:
        statuses = chance.choice((("ringing", "in-progress"), ("queued", "ringing", "in-progress")))
    return Planned(
        flow=f"f{place // A_FLOW:05}",
        id=f"r{place % A_FLOW}",
        match=match,
        leg=chance.choices(("", "any", "child"), (82, 15, 3))[0],
        statuses=statuses,
        hold=chance.choices((0, 20_000, 50_000), (92, 4, 4))[0],
        once=chance.choices(("", "{every: 5m, max: 3}", "{per: from, within: 24h}"), (8, 1, 1))[0],
        proceed=chance.random() < 0.1,
    )


def _match(chance: Random, drawn: Pools, called: str) -> Tree:
    kind = chance.choices(_KINDS, _SHARES)[0]
    if kind == "equality":
        return ["all", ["eq", "to", called], _second(chance)]
    if kind == "prefix":
        digits = str(chance.randrange(20_000, 100_000))[: chance.choice((2, 3, 4))]
        return ["prefix", "from", f"+1{chance.choice(AREAS)}{digits}"]
    if kind == "regex":
        return ["regex", "caller_name", _pattern(chance, drawn.words)]
    if kind == "age":
        return ["gte", "age", 1000 * chance.randrange(3_600, 14_400)]
    return _nested(chance, drawn)


def _second(chance: Random) -> Tree:
    """What an equality is joined with: derived fields among it."""
    return chance.choice(
        (
            ["eq", "direction", "inbound"],
            ["eq", "status", "in-progress"],
            ["gte", "queue_time", chance.randrange(100, 800)],
            ["prefix", "from", "+1"],
            ["eq", "from_country", "US"],
        )
    )


def _pattern(chance: Random, words: Sequence[str]) -> str:
    first, second = chance.choice(words), chance.choice(words)
    return chance.choice(
        (f"{first} {second}", f"{first} .*(LLC|INC)", f".*{first} [0-9]+"),
    )


def _nested(chance: Random, drawn: Pools) -> Tree:
    if chance.random() < 0.8:
        name = f"{chance.choice(drawn.words)} {chance.choice(drawn.words)}"
        machine = ["all", ["eq", "caller_name", name], ["prefix", "answered_by", "machine"]]
        forwarded = ["eq", "forwarded_from", chance.choice(drawn.forwarding)]
        return ["all", ["any", forwarded, machine], ["not", ["eq", "status", "queued"]]]
    abroad = ["not", ["prefix", "from", "+1"]]
    held = ["gte", "queue_time", chance.randrange(2_500, 5_000)]
    return ["all", ["any", held, abroad], ["not", ["eq", "status", "in-progress"]]]


def write(folder: Path, planned: Sequence[Planned]) -> None:
    """The rules as flow files, eight in each."""
    folder.mkdir(parents=True, exist_ok=True)
    for first in range(0, len(planned), A_FLOW):
        own = planned[first : first + A_FLOW]
        lines = ["version: 1", f"flow: {own[0].flow}", "guard: unlimited", "rules:"]
        lines += [line for rule in own for line in _written(rule)]
        (folder / f"{own[0].flow}.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _written(rule: Planned) -> Iterator[str]:
    yield f"  - id: {rule.id}"
    yield f"    match: {_flow_style(_with_leg_and_status(rule))}"
    if rule.hold:
        yield f"    for: {_duration(rule.hold)}"
    if rule.once:
        yield f"    once: {rule.once}"
    if rule.proceed:
        yield "    continue: true"
    yield "    then: [hangup]"


def _with_leg_and_status(rule: Planned) -> Tree:
    added: list[Tree] = [["eq", "leg", rule.leg]] if rule.leg else []
    if rule.statuses:
        added.append(["in", "status", list(rule.statuses)])
    return ["all", rule.match, *added] if added else rule.match


def _flow_style(tree: Tree) -> str:
    """A tree as `match` holds it, on one line."""
    kind, *parts = tree
    if kind == "all":
        inner = ", ".join(_flow_style(part)[1:-1] for part in parts)
        return "{" + inner + "}"
    if kind == "any":
        return "{any: [" + ", ".join(map(_flow_style, parts)) + "]}"
    if kind == "not":
        return "{not: " + _flow_style(parts[0]) + "}"
    name, value = parts
    if kind == "eq" and name in ("leg", "status", "direction"):
        return f"{{{name}: {value}}}"
    if kind == "in":
        return f"{{{name}: [{', '.join(value)}]}}"
    text = _duration(value) if name in DURATIONS else json.dumps(value)
    return f"{{{name}: {text}}}" if kind == "eq" else f"{{{name}: {{{kind}: {text}}}}}"


def _duration(millis: int) -> str:
    return f"{millis}ms" if millis % 1000 else f"{millis // 1000}s"
