"""What the console asks of the rest of the runner: the history, why, and the brakes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from runner.engine.ports import HistoryQuery, Pause
from runner.model import Millis


@dataclass(frozen=True, slots=True)
class Scope:
    """What is to be paused or resumed; empty parts are left open. `account` is an alias or SID."""

    flow: str = ""
    rule: str = ""
    account: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """Why something is to stop, for how long (None: until it is resumed), and who says so."""

    reason: str
    by: str
    lasting: Millis | None = None


class Refusal(Exception):
    """What was asked for can't be done. `hint` says what to do; `status` is HTTP's."""

    def __init__(self, message: str, *, hint: str = "", status: int = 400) -> None:
        super().__init__(message)
        self.hint = hint
        self.status = status


class Desk(Protocol):
    """Every method may raise `Refusal`, and nothing else that a caller should tell of."""

    async def history(self, query: HistoryQuery, *, show_numbers: bool) -> list[dict[str, Any]]:
        """The ledger, newest last, as `callflow history --format json`."""
        ...

    async def why(self, sid: str, *, rule: str, show_numbers: bool) -> dict[str, Any]:
        """What each rule makes of the call, as `callflow why --format json`."""
        ...

    async def pause(self, scope: Scope, order: Order) -> Pause:
        """Keeps a rule, a flow or an account from acting, durably, from now on."""
        ...

    async def resume(self, scope: Scope, *, by: str) -> Sequence[Pause]:
        """Lifts the pauses of exactly this scope, trips too; without an account, in all of them."""
        ...

    async def kill(self, order: Order) -> Pause:
        """Throws the kill switch: nothing is sent from now on, over restarts."""
        ...

    async def lift(self, *, by: str) -> Sequence[Pause]:
        """Lifts the kill switch; nothing where it was not thrown."""
        ...

    async def note(self, what: str, *, by: str, detail: str) -> None:
        """Writes into the journal that somebody looked at what is masked."""
        ...
