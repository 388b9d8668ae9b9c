"""What keeps acts from being sent: looked at by each poll, and again between any two actions.

The kill switch, pauses, protected calls and the lease. What can't be read stops acts: a runner
that doesn't know whether it is paused is paused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from runner.call import Call
from runner.decision.bounds import Bounds, nobody, reason_of
from runner.decision.guarding import longest_window
from runner.engine.clock import Clock
from runner.engine.killswitch import KillSwitch
from runner.engine.ports import Intent, Pause, Store
from runner.guards import BUILT_IN, Guards
from runner.model import Millis, Rule


@dataclass(frozen=True, slots=True)
class Safety:
    """What a deployment says: its guards, the calls that are never touched, its kill switch."""

    guards: Guards = BUILT_IN
    protects: Callable[[Call], str] = nobody
    kill: KillSwitch = field(default_factory=KillSwitch)


class Brakes:
    """The brakes of one account."""

    def __init__(self, account: str, store: Store, *, clock: Clock, safety: Safety) -> None:
        self._account = account
        self._store = store
        self._clock = clock
        self._safety = safety

    async def pauses(self) -> tuple[Pause, ...]:
        """Everything that is paused now, for whatever account. Raises `StoreError`."""
        now = self._clock.now()
        killed = self._safety.kill.standing(now)
        standing = [pause for pause in await self._store.pauses() if pause.stands(now)]
        return (killed, *standing) if killed else tuple(standing)

    async def bounds(self, rules: Mapping[str, Rule], *, ending: bool) -> Bounds:
        """What bounds these rules (by `flow/rule`); `ending` says that some would end calls."""
        now = self._clock.now()
        window = longest_window(rules.values(), self._safety.guards) if ending else 0
        return Bounds(
            account=self._account,
            now=now,
            pauses=await self.pauses(),
            protects=self._safety.protects,
            guards=self._safety.guards,
            ended=await self._store.ended(self._account, now - window) if window else {},
            spelled_out={key: rule.guard for key, rule in rules.items()},
        )

    async def stops(self, intent: Intent, call: Call | None) -> str:
        """Why this act must not be sent now, "" where it may be. Raises `StoreError`.

        `call` is the newest that is known of it.
        """
        if pauses := await self.pauses():
            bounds = Bounds(self._account, self._clock.now(), pauses)
            pause = bounds.pause_of(intent.flow, intent.rule)
            if pause is not None:
                return reason_of(pause)[1]
        return self.protection(call) if call is not None else ""

    @property
    def protects_any(self) -> bool:
        """Whether there can be protected calls at all."""
        return self._safety.protects is not nobody

    def protection(self, call: Call) -> str:
        """Why this call must never be changed, "" where it may be."""
        return self._safety.protects(call)


def trip_of(account: str, *, flow: str, rule: str, reason: str, at: Millis) -> Pause:
    """The pause that a guard puts on a rule: it lasts until somebody lifts it."""
    return Pause(account, flow, rule, reason=reason, by="guard", at=at, tripped=True)
