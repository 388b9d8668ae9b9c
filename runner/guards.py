"""Guards: how much may be changed at once before a rule counts as a wrong rule.

Two kinds, both counted over calls. A *burst* limits what share of the live calls one poll may
change; a *rate* limits how many calls a rule may end in a rolling window.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

#: Said of a guard that was switched off, which must be written out.
UNLIMITED: Literal["unlimited"] = "unlimited"


class Burst(Struct, frozen=True):
    """At most this share (0.0 to 1.0) of the live calls in one poll, once more than `at_least`."""

    max_share: float = 0.25
    at_least: int = 10


class Rate(Struct, frozen=True):
    """At most `most` calls ended in any stretch of time that is `per` long."""

    most: int = 30
    per: int = 60_000  # milliseconds


BurstLimit: TypeAlias = Burst | Literal["unlimited"]
RateLimit: TypeAlias = Rate | Literal["unlimited"]


class Guard(Struct, frozen=True):
    """What a rule, a flow or the configuration says of the two; None where it says nothing."""

    burst: BurstLimit | None = None
    rate: RateLimit | None = None

    def over(self, below: Guard) -> Guard:
        """This guard, and what `below` says where this one says nothing."""
        if self is NO_GUARD:
            return below
        return Guard(
            below.burst if self.burst is None else self.burst,
            below.rate if self.rate is None else self.rate,
        )


#: Said by whoever says nothing.
NO_GUARD = Guard()

#: In force where nobody says otherwise.
DEFAULT_GUARD = Guard(Burst(), Rate())


class Guards(Struct, frozen=True):
    """What the configuration says of all flows.

    `rule` is the guard of each rule that has none of its own. `together` is the guard over what
    all flows do together. Where the configuration leaves it out (None), the default is counted
    over the rules that don't spell out a guard; where it is set, it binds every rule.
    """

    rule: Guard = DEFAULT_GUARD
    together: Guard | None = None


#: What holds without a configuration.
BUILT_IN = Guards()
