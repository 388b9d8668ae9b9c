"""`for`: since when a rule's conditions have held on a call, over successful polls only."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from runner.decision.describe import describe
from runner.model import Millis, Rule

#: (call SID, hold key of the rule) → since when, on the far side's clock.
Since = Mapping[tuple[str, str], Millis]


def hold_key(rule: Rule) -> str:
    """The rule and its conditions: an edit of the conditions starts the hold afresh, no other."""
    digest = hashlib.sha256(describe(rule.match).encode()).hexdigest()[:12]
    return f"{rule.key}@{digest}"


class Holds:
    """The holds of one poll: `before` it, and `after` it.

    `unseen` is the time since the last successful poll if one failed, or nobody polled, in
    between: it neither counts nor resets, so every hold is moved by it.
    """

    def __init__(self, before: Since, now: Millis, *, unseen: Millis = 0) -> None:
        self._before = before
        self._now = now
        self._unseen = unseen
        self.after: dict[tuple[str, str], Millis] = {}

    def keep(self, sid: str, key: str) -> Millis:
        """The conditions hold in this poll too: returns for how long now."""
        before = self._before.get((sid, key))
        since = self._now if before is None else min(before + self._unseen, self._now)
        self.after[sid, key] = since
        return self._now - since
