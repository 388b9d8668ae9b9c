"""What one poll leads to: the acts that it takes, and what it holds back."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import Struct

from runner.actions.composing import update_of
from runner.actions.sequence import keyed
from runner.call import Call
from runner.decision.guarding import Trip
from runner.decision.once import Turn
from runner.model import Action, Flow, Rule, Update
from runner.sides import Part


class Step(Struct, frozen=True, gc=False):
    """One act: its `parts`, in the order of sending.

    Steps that change the calls of one `group` (a parent and its children) go one at a time. `turn`
    says the how many-eth act of the rule on the call this is, and for which value. `ends` says that
    it hangs the call up or cancels it, which rate guards count.
    """

    call: Call
    flow: Flow
    rule: Rule
    parts: tuple[Part, ...]
    group: str
    why: str
    turn: Turn
    ends: bool = False

    @property
    def actions(self) -> list[Action]:
        """What is carried out: not all that the rule does, where an act is gone on with."""
        keys = {part.key for part in self.parts}
        return [action for key, action in keyed(self.rule.then) if key in keys]

    @property
    def then(self) -> tuple[str, ...]:
        """The names of the actions that are carried out."""
        return tuple(action.name for action in self.actions)

    @property
    def update(self) -> Update | None:
        """The update of the call; None where there is none, or none that can be sent."""
        return update_of(self.parts)

    @property
    def changes_call(self) -> bool:
        """Whether an update is among its parts."""
        for part in self.parts:  # noqa: SIM110  # asked of each of thousands of steps
            if not part.key:
                return True
        return False

    @property
    def touches_call(self) -> bool:
        """Whether it does anything to the call, or only tells of it."""
        for part in self.parts:  # noqa: SIM110
            if part.side is None or part.touches_call:
                return True
        return False


class Held(Struct, frozen=True, gc=False):
    """A verdict that leads to nothing in this poll. `reason` is a stable word:

    `once` (the rule has acted as often as it may), `status` (Twilio would refuse it now),
    `outranked` (another rule changes this call in this poll), `leg-group` (another leg is changed
    in this poll), `in-flight` (an earlier change to this leg group has no outcome yet),
    `unsendable` (its TwiML is not fit to be sent), `paused`, `tripped` (a guard has paused the
    rule), `guard` (a guard trips on this very poll), `protected` (the call, or a leg of it, must
    never be changed).
    """

    call: Call
    flow: Flow
    rule: Rule
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What one poll leads to.

    `steps` in the order of sending; `held`, what was held back, and why; `shadows`, what rules
    would have done on calls outside their cohort; `trips`, the guards that would have been passed.
    """

    steps: tuple[Step, ...]
    held: tuple[Held, ...]
    shadows: tuple[Step, ...] = ()
    trips: tuple[Trip, ...] = ()
