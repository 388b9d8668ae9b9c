"""Pauses: what may not act now, who said so, why, and until when."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from runner.durations import rfc3339
from runner.model import Millis


class Pause(Struct, frozen=True):
    """One thing that must not act: a rule, a flow, an account, or everything.

    Each of `account` (its SID), `flow` and `rule` narrows it; "" leaves it open, so that three
    empty ones are everything. `rule` is an id within `flow`. `by` is who paused it; `until` is
    when it ends by itself, None where somebody has to resume it. `tripped`: a guard did it.
    """

    account: str = ""
    flow: str = ""
    rule: str = ""
    reason: str = ""
    by: str = ""
    at: Millis = 0
    until: Millis | None = None
    tripped: bool = False

    def stands(self, now: Millis) -> bool:
        """Whether it is in force at `now`."""
        return self.until is None or now < self.until

    def covers(self, account: str, flow: str, rule: str) -> bool:
        """Whether this rule of this flow is meant, on calls of this account."""
        wanted = ((self.account, account), (self.flow, flow), (self.rule, rule))
        return all(mine in ("", theirs) for mine, theirs in wanted)

    @property
    def scope(self) -> str:
        """What is paused, in words."""
        what = f"rule {self.flow}/{self.rule}" if self.rule else f"flow {self.flow}"
        if not self.account:
            return what if self.flow else "everything"
        where = f"account {self.account}"
        return f"{what} in {where}" if self.flow else where

    def data(self, alias: str = "") -> dict[str, Any]:
        """It as JSON shows it; `alias` is what its account is called."""
        return {
            "scope": self.scope,
            "account": self.account,
            "alias": alias,
            "flow": self.flow,
            "rule": self.rule,
            "reason": self.reason,
            "by": self.by,
            "at": rfc3339(self.at),
            "until": None if self.until is None else rfc3339(self.until),
            "tripped": self.tripped,
        }
