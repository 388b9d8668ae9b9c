"""Table `verdicts`: what 10 to 10,000 rules cost on each call, beside other engines."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from bench.measuring import NOT_THERE, Lacking, Row, Sample, Table, Target, in_process, peers
from bench.ours import LATER
from bench.peers.rules import PLAIN
from bench.plain import Flows
from bench.report import number
from bench.rulebook import A_FLOW, Planned, rules
from bench.workload import NOW

QUICK: dict[str, Any] = {"calls": 60, "sizes": (8, 40), "engines": PLAIN[:1], "budget": 0.02}
SIZES = (10, 100, 1_000, 10_000)
ENGINES = {
    "lambdas": "one evaluated lambda a rule",
    "closures": "nested closures",
    "Drools": "Drools (drools-jpy)",
    "c7n": "Cloud Custodian's value filters (c7n)",
}
OURS = {
    "warm": "**callflow**, other calls of the same people",
    "seen": "**callflow**, the same where rows were just decoded",
    "unseen": "**callflow**, people never seen before",
    "unchanged": "**callflow**, the same calls at the next poll",
    "changed": "**callflow**, the same calls, 5 % in another status",
}
LOADING = {
    "read": "callflow: files read, checked and compiled, s",
    "built": "callflow: matcher built from them, s",
}
#: Microseconds a call: what is wanted with the most rules, and what one lambda a rule took with a
#: tenth of them on the machine for which it is.
WANTED, LAMBDAS = 4, 102
METHOD = """\
Microseconds a call, for {calls:,} calls of 2 KB of JSON each as the REST API lists them, and every
rule that fits. Rules are flow files of eight rules, loaded as `run` loads them: 60 % compare `to`
and one thing more (direction, status, queue time, prefix or country), 15 % are prefixes of `from`,
10 % patterns of the caller's name, 10 % ages, 5 % nested `any` and `not`; 8 % have a `for`, a fifth
a `once`, a tenth `continue`; some name legs or statuses, and the rest get theirs from the language.

callflow is timed in processor time through `Matcher.decide`, poll after poll, reading ages,
countries and legs from the rows; to free those of earlier polls is part of `listing`. A poll takes
milliseconds and the speed of a shared machine moves by the second, so it is timed before and after
each peer, in a process of its own each time, and the median is of all these runs. Each peer has a
process, is given ages, countries and legs, and only tells which conditions hold, of the same
records again and again, which so stay in the processor's caches; it is charged the lesser of
processor time and wall, and a slow one sees a part of the calls. So that its calls are as near,
callflow's first row is about calls that another matcher has just been asked about; what a poll has
just decoded, and mostly out of the caches, is the second. Targets take the first: with the most
rules a call is to take {wanted} µs where one lambda a rule takes {lambdas} with a tenth of them;
the ratio counts. The verdicts of two polls a minute apart are compared, call by call, with
those of a plain loop over the lambdas and, where they are soon done, over the closures; what the
others find, on the calls they saw, with what the lambdas find."""


#: Of each poll, of each call: the keys of its verdicts, or the places of the rules that it fits.
Told: TypeAlias = list[list[list[Any]]]


@dataclass(frozen=True, slots=True)
class Size:
    """What was measured with so many rules: runs by row, and how many answers were compared.

    `differing` are those of callflow that plain Python contradicts; `odd` those of others.
    """

    times: dict[str, Sample]
    compared: int = 0
    differing: int = 0
    odd: Mapping[str, int] = field(default_factory=dict)


def table(
    runs: int,
    *,
    calls: int = 10_000,
    sizes: Sequence[int] = SIZES,
    engines: Sequence[str] = tuple(ENGINES),
    budget: float = 5.0,
) -> Table:
    """Every engine with every number of rules; `budget` is the seconds that each engine has."""
    found = {size: _measured(size, calls, runs, engines, budget) for size in sizes}
    shown = OURS | {name: ENGINES[name] for name in engines} | LOADING
    rows = (
        Row(title, {_column(size): one.times.get(name, NOT_THERE) for size, one in found.items()})
        for name, title in shown.items()
    )
    return Table(
        "verdicts",
        "what rules cost on each call",
        METHOD.format(calls=calls, wanted=WANTED, lambdas=LAMBDAS),
        tuple(map(_column, sizes)),
        tuple(rows),
        _targets(found),
        _losses(found),
    )


def _column(size: int) -> str:
    return f"{size:,} rules"


def _measured(size: int, calls: int, runs: int, engines: Sequence[str], budget: float) -> Size:
    with tempfile.TemporaryDirectory() as folder:
        path, asked = Path(folder, "given.json"), {}
        takes = [in_process("bench.ours", size, calls, runs, folder)]
        for name in engines:
            asked[name] = peer(name, path, budget)
            takes.append(in_process("bench.ours", size, calls, runs, folder))
        polls = json.loads(path.read_text(encoding="utf-8"))["polls"]
    told = {name: each for name, each in asked.items() if each is not None}
    ours = [take["times"] for take in takes]
    times = {name: Sample(tuple(run for each in ours for run in each[name])) for name in ours[0]}
    times |= {name: Sample(tuple(each["seconds"])).scaled(1e6) for name, each in told.items()}
    fits = {name: each["fits"] for name, each in told.items()}
    sids = [[record["sid"] for record in poll] for poll in polls]
    whole = [name for name in PLAIN if list(map(len, fits.get(name, ()))) == list(map(len, sids))]
    right = [expected(rules(size), sids, fits[name]) for name in whole]
    return Size(
        times,
        compared=sum(len(poll) for answers in right for poll in answers),
        differing=sum(differing(takes[0]["verdicts"], answers) for answers in right),
        odd={name: differing(fits["lambdas"], fits[name]) for name in fits if name not in whole},
    )


def peer(name: str, given: Path, budget: float) -> dict[str, Any] | None:
    """What a process of this engine tells; None where it is not installed."""
    python = sys.executable if name in PLAIN else peers()
    if python is None:
        return None
    try:
        told: dict[str, Any] = in_process("bench.peers.rules", name, given, budget, python=python)
    except Lacking:
        return None
    return told


def expected(planned: Sequence[Planned], sids: Sequence[Sequence[str]], fits: Told) -> Told:
    """The verdicts of a plain loop, poll after poll, by the rules that calls fit."""
    flows = Flows(planned)
    return [
        flows.poll(zip(own, fitting, strict=True), NOW + number * LATER)
        for number, (own, fitting) in enumerate(zip(sids, fits, strict=True))
    ]


def differing(ours: Told, theirs: Told) -> int:
    """On how many calls they differ, of those that both have judged."""
    pairs = (
        (a, b)
        for one, other in zip(ours, theirs, strict=False)
        for a, b in zip(one, other, strict=False)
    )
    return sum(a != b for a, b in pairs)


def _targets(found: Mapping[int, Size]) -> tuple[Target, ...]:
    """Those of the most rules, and beside peers those of the most but one."""
    least, most = min(found), max(found)
    beside = sorted(found)[-2]
    return (
        Target(
            f"a call, {most:,} rules, beside a lambda a rule with {beside:,}",
            round(WANTED / LAMBDAS, 4),
            _times(found[most], "warm", found[beside], "lambdas"),
            "times",
        ),
        Target(
            f"a call, {most:,} rules beside {least:,}",
            3,
            _times(found[most], "warm", found[least], "warm"),
            "times",
        ),
        *(
            Target(
                f"{ENGINES[name]} beside callflow, {beside:,} rules",
                wanted,
                _times(found[beside], name, found[beside], "warm"),
                "times",
                at_least=True,
            )
            for name, wanted in (("Drools", 20), ("lambdas", 25))
        ),
        Target(f"matcher of {most:,} rules built", 0.5, _median(found[most], "built"), "s"),
        Target(
            f"verdicts other than plain Python's, of {sum(s.compared for s in found.values()):,}",
            0,
            sum(size.differing for size in found.values()),
        ),
    )


def _median(size: Size, name: str) -> float | None:
    return size.times[name].median if name in size.times else None


def _times(size: Size, name: str, other: Size, its: str) -> float | None:
    above, below = _median(size, name), _median(other, its)
    return above / below if above and below else None


def _losses(found: Mapping[int, Size]) -> tuple[str, ...]:
    """Where a peer is cheaper, or disagrees, and what the targets leave out."""
    said = [
        f"{count:,} rules, {ENGINES[name]}: {number(theirs)} µs a call, and callflow "
        f"{number(ours)} on other calls of the same people."
        for count, size in found.items()
        for name in ENGINES
        if (theirs := _median(size, name)) and theirs < (ours := size.times["warm"].median)
    ]
    said += [
        f"{count:,} rules, {ENGINES[name]}: {odd} calls judged otherwise than by plain Python."
        for count, size in found.items()
        for name, odd in size.odd.items()
        if odd
    ]
    most = max(found)
    read = number(found[most].times["read"].median)
    warm, cold = (number(found[most].times[name].median) for name in ("warm", "seen"))
    if found[most].times["warm"].median > WANTED:
        said.append(
            f"A call takes {warm} µs with {most:,} rules on this machine, and not {WANTED}."
        )
    return (
        *said,
        f"Rows that were just decoded cost more: {cold} µs at {most:,} rules, and not {warm}.",
        f"The target for building leaves out the files: {most:,} rules in {-(-most // A_FLOW):,} "
        f"files take {read} s to read, check and compile before.",
    )
