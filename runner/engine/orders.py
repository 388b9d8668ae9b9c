"""What the actor is told to do to one call, and what it has learnt of it meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from runner.call import Call
from runner.decision.planner import Step
from runner.engine.ports import Intent
from runner.model import Millis, Update


@dataclass(frozen=True, slots=True)
class Order:
    """One update to send to a call as it was seen, and what to look at before.

    `still` says whether the rule's verdict holds for the call as read again. It is read again
    where the rule says `recheck`, or where the row is stale: at `stale_at` on the monotonic clock.
    `retry_unknown` lets an update be repeated that may have been carried out. An intent that is
    taken up again has no `call` yet.
    """

    call: Call | None
    update: Update
    still: Callable[[Call], bool]
    stale_at: Millis
    recheck: bool = False
    retry_unknown: bool = False


@dataclass
class Act:
    """One act under way: its order, and the newest row of its call.

    `doubt` says that a request went out which may have been carried out. From then on nobody may
    record that nothing was done, unless a look at the call shows it.
    """

    order: Order
    call: Call | None
    doubt: bool = False

    @property
    def update(self) -> Update:
        """What is sent."""
        return self.order.update

    def is_stale(self, now: Millis) -> bool:
        """Whether what was known of the call when the verdict was taken is too old, by then."""
        return now >= self.order.stale_at


def intent_of(account: str, step: Step, now: Millis) -> Intent:
    """What is recorded of a step before anything is sent."""
    return Intent(
        account=account,
        call_sid=step.call.sid,
        flow=step.flow.name,
        rule=step.rule.id,
        revision=step.flow.revision,
        then=step.then,
        request=step.update.parameters(),
        why=step.why,
        at=now,
        number=step.turn.number,
        value=step.turn.value,
        ends=step.ends,
    )
