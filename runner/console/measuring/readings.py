"""Reads numbers off what was measured, in the shapes that the table of metrics needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import TypeAlias

from runner.console.measuring.labels import REASONS, SCOPES, one_of
from runner.console.measuring.measured import Measured, Watched
from runner.console.measuring.tallies import Labels, Tally
from runner.engine.ports import Pause
from runner.model import Millis

Numbers: TypeAlias = Iterable[tuple[Labels, float]]


def one(number: float) -> Numbers:
    return (((), float(number)),)


def at(millis: Millis) -> Numbers:
    return one(millis / 1000)


def tallied(tally: Tally) -> Numbers:
    return [(labels, float(count)) for labels, count in tally.values.items()]


def by_account(
    measured: Measured,
    number: Callable[[Watched], float],
    together: Callable[[Iterable[float]], float],
) -> Numbers:
    """One number for each account; those without a label of their own are put together."""
    found: dict[Labels, list[float]] = {}
    for account in measured.accounts.values():
        found.setdefault((account.label,), []).append(number(account))
    return [(labels, float(together(numbers))) for labels, numbers in found.items()]


def matching(measured: Measured) -> Numbers:
    own = measured.rules.of
    counts: Counter[Labels] = Counter(dict.fromkeys(measured.verdicts.values, 0))
    for account in measured.accounts.values():
        for names, sids in account.matches.items():
            counts[own(*names)] += len(sids)
    return [(labels, float(count)) for labels, count in counts.items()]


def held(measured: Measured) -> Numbers:
    counts: Counter[str] = Counter(dict.fromkeys(REASONS, 0))
    for account in measured.accounts.values():
        for reason, count in account.reasons.items():
            counts[one_of(REASONS, reason)] += count
    return [((reason,), float(count)) for reason, count in counts.items()]


def standing(measured: Measured) -> Counter[str]:
    """The pauses that stand, by scope. A standby doesn't look at them: what it knew may be over."""
    if measured.role == "standby":
        return Counter()
    now = measured.clock.now()
    return Counter(scope_of(pause) for pause in measured.pauses() if pause.stands(now))


def pauses(measured: Measured) -> Numbers:
    counts = standing(measured)
    return [((scope,), float(counts[scope])) for scope in SCOPES]


def scope_of(pause: Pause) -> str:
    """What kind of pause it is, by `SCOPES`."""
    if pause.tripped:
        return "tripped"
    if pause.rule:
        return "rule"
    return "flow" if pause.flow else "account" if pause.account else "everything"
