"""What the actor is told to do to one call, and what it has learnt of it meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from msgspec import Struct, field
from msgspec.structs import replace

from runner.call import Call
from runner.decision.planner import Step
from runner.engine.ledger import identity_of, update_of
from runner.engine.ports import Entry, Intent, Outcome
from runner.model import Millis
from runner.sides import Part

#: The form field by which Twilio knows a request that it has had already. An action names it, and
#: what stands in it is made here: it must be the same for each try, and for nothing else.
IDEMPOTENCY = "IdempotencyKey"


class Order(Struct, frozen=True):
    """One act on a call as it was seen, and what to look at before it is sent.

    `still` says whether the rule's verdict holds for the call as read again. It is read again
    where the rule says `recheck`, or where the row is stale: at `stale_at` on the monotonic clock.
    `retry_unknown` lets be repeated what may have been carried out. `faults` says of parts why
    there is nothing to send. An intent that is taken up again has no `call` yet.
    """

    call: Call | None
    still: Callable[[Call], bool]
    stale_at: Millis
    recheck: bool = False
    retry_unknown: bool = False
    faults: Mapping[str, str] = field(default_factory=dict)


def _nothing() -> None:
    """Nobody waits for it."""


@dataclass
class Act:
    """One part of an act under way: its order, its entry as it stands, the newest row of its call.

    `doubt` says that a request went out which may have been carried out. From then on nobody may
    record that nothing was done, unless a look at the call shows it. `answered` is called when
    nothing more is sent for it, before its outcome is on record.
    """

    order: Order
    entry: Entry
    call: Call | None
    doubt: bool = False
    answered: Callable[[], None] = _nothing

    @property
    def intent(self) -> Intent:
        """What was recorded before anything was sent."""
        return self.entry.intent

    @property
    def outcome(self) -> Outcome:
        """How it stands."""
        return self.entry.outcome

    @property
    def is_update(self) -> bool:
        """Whether it is the update of the call."""
        return not self.intent.route

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice does what sending it once does."""
        return update_of(self.intent).idempotent if self.is_update else self.intent.repeatable

    @property
    def surely_undone(self) -> bool:
        """Whether a live call shows that it was not carried out, or need not be asked."""
        return not self.doubt or (self.is_update and update_of(self.intent).ends_call)

    def is_stale(self, now: Millis) -> bool:
        """Whether what was known of the call when the verdict was taken is too old, by then."""
        return now >= self.order.stale_at


def intents_of(account: str, step: Step, now: Millis) -> list[Intent]:
    """What is recorded of a step before anything is sent: an intent a part, in that order."""
    return [_intent(account, step, part, now) for part in step.parts]


def _intent(account: str, step: Step, part: Part, now: Millis) -> Intent:
    side, request = part.side, part.request
    intent = Intent(
        account=account,
        call_sid=step.call.sid,
        flow=step.flow.name,
        rule=step.rule.id,
        revision=step.flow.revision,
        then=part.then,
        request=request,
        why=step.why,
        at=now,
        number=step.turn.number,
        value=step.turn.value,
        ends=step.ends and not part.key,
        part=part.key,
        route="" if side is None else side.route,
        target="" if side is None else side.target,
        repeatable=side is not None and side.repeatable,
    )
    if IDEMPOTENCY in request:
        own = {**request, IDEMPOTENCY: identity_of(intent)}
        return replace(intent, request=own)
    return intent
