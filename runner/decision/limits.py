"""The guards in force for a rule: where each comes from, and how much of it is used now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from runner.actions.sequence import may_end
from runner.decision.bounds import Bounds
from runner.decision.guarding import allowed_in, ended_lately, over_all
from runner.guards import DEFAULT_GUARD, NO_GUARD, Burst, BurstLimit, Guard, Rate, RateLimit
from runner.model import Rule

#: Who says what a limit is. `rule` is the rule itself or its flow.
Origin: TypeAlias = Literal["rule", "configuration", "default"]


@dataclass(frozen=True, slots=True)
class Use:
    """One limit, and how much of it is used.

    A burst counts the calls that this poll would change, a rate those that were ended in the
    window up to now. `together` says that it counts what all flows do. `allowed` is None where
    the limit is switched off.
    """

    limit: BurstLimit | RateLimit
    guard: Literal["burst", "rate"]
    origin: Origin
    together: bool
    used: int
    allowed: int | None


def limits_of(
    rule: Rule, bounds: Bounds, *, live: int, wanted: Mapping[str, int]
) -> tuple[Use, ...]:
    """The limits that the rule can pass: its own, then those over all flows that count it.

    `wanted` is how many calls each rule (`flow/rule`) would change in this poll, of `live` ones.
    """
    return tuple(_Limits(rule, bounds, live, wanted).uses())


@dataclass(frozen=True, slots=True)
class _Limits:
    rule: Rule
    bounds: Bounds
    live: int
    wanted: Mapping[str, int]

    def uses(self) -> Iterator[Use]:
        own, configured = self.rule.guard, self.bounds.guards.rule
        guard = own.over(configured).over(DEFAULT_GUARD)
        ends = may_end(self.rule.then)
        mine = [self.rule.key]
        yield self._burst(guard.burst, _origin(own.burst, configured.burst), mine)
        if ends:
            yield self._rate(guard.rate, _origin(own.rate, configured.rate), mine)
        together = over_all(self.bounds.guards)
        said = self.bounds.guards.together or NO_GUARD
        if self._counts(own.burst):
            keys = [key for key in self.wanted if self._counts(self._spelled_out(key).burst)]
            yield self._burst(together.burst, _origin(None, said.burst), keys, together=True)
        if ends and self._counts(own.rate):
            ended = self.bounds.ended
            keys = [key for key in ended if self._counts(self._spelled_out(key).rate)]
            yield self._rate(together.rate, _origin(None, said.rate), keys, together=True)

    def _burst(
        self, limit: BurstLimit | None, origin: Origin, keys: list[str], *, together: bool = False
    ) -> Use:
        used = sum(self.wanted.get(key, 0) for key in keys)
        allowed = allowed_in(limit, self.live) if isinstance(limit, Burst) else None
        return Use(limit or "unlimited", "burst", origin, together, used, allowed)

    def _rate(
        self, limit: RateLimit | None, origin: Origin, keys: list[str], *, together: bool = False
    ) -> Use:
        if not isinstance(limit, Rate):
            return Use("unlimited", "rate", origin, together, 0, None)
        times = [time for key in keys for time in self.bounds.ended.get(key, ())]
        used = ended_lately(limit, times, self.bounds.now)
        return Use(limit, "rate", origin, together, used, limit.most)

    def _counts(self, spelled_out: BurstLimit | RateLimit | None) -> bool:
        """Whether the guard over all flows counts a rule that says this of itself."""
        return self.bounds.guards.together is not None or spelled_out is None

    def _spelled_out(self, key: str) -> Guard:
        return self.bounds.spelled_out.get(key, NO_GUARD)


def _origin(
    said: BurstLimit | RateLimit | None, configured: BurstLimit | RateLimit | None
) -> Origin:
    if said is not None:
        return "rule"
    default = (None, DEFAULT_GUARD.burst, DEFAULT_GUARD.rate)
    return "default" if configured in default else "configuration"
