"""Pauses and the lease in memory: the half of the store in memory that says who may act."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Self

from runner.engine.ports import Lease, Note, NoteKind
from runner.model import Millis
from runner.pauses import Pause
from runner.store.leases import lost
from runner.store.notes import newest, of_pause, of_resuming


@dataclass
class Control:
    """What is shared by all who use one store in memory."""

    pauses: dict[tuple[str, str, str, bool], Pause] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    lease: Lease | None = None
    fence: int = 0


class MemoryControl:
    """Implements the part of the `Store` protocol about pauses and the lease."""

    def __init__(self) -> None:
        self._control = Control()
        self._fence: int | None = None

    def beside(self) -> Self:
        """The same store as another runner sees it: with a lease of its own, or none."""
        other = copy(self)
        other._fence = None
        return other

    async def pauses(self) -> Sequence[Pause]:
        self._check()
        return sorted(self._control.pauses.values(), key=lambda pause: pause.at)

    async def pause(self, pause: Pause) -> None:
        self._check()
        key = (pause.account, pause.flow, pause.rule, pause.tripped)
        self._control.pauses.pop(key, None)
        self._control.pauses[key] = pause
        self._control.notes.append(of_pause(pause))

    async def resume(
        self, *, account: str = "", flow: str = "", rule: str = "", by: str, at: Millis
    ) -> Sequence[Pause]:
        keys = [(account, flow, rule, tripped) for tripped in (False, True)]
        lifted = [each for key in keys if (each := self._control.pauses.pop(key, None))]
        if lifted:
            self._control.notes.append(of_resuming(Pause(account, flow, rule, by=by, at=at)))
        return sorted(lifted, key=lambda pause: pause.at)

    async def note(self, what: NoteKind, *, by: str, at: Millis, detail: str = "") -> None:
        self._control.notes.append(Note(what, by, at, detail))

    async def notes(self, *, since: Millis | None = None, limit: int | None = None) -> list[Note]:
        return newest(reversed(self._control.notes), since, limit)

    async def lease(self) -> Lease | None:
        return self._control.lease

    async def take(self, holder: str, *, over: Lease | None, at: Millis) -> Lease | None:
        if self._control.lease != over:
            return None
        self._control.fence += 1
        self._fence = self._control.fence
        self._control.lease = Lease(holder, self._fence, 0, at)
        return self._control.lease

    async def renew(self, at: Millis) -> Lease:
        held = self._control.lease
        if held is None or held.fence != self._fence:
            raise lost(held.holder if held else None)
        self._control.lease = replace(held, beat=held.beat + 1, at=at)
        return self._control.lease

    async def release(self) -> None:
        held = self._control.lease
        if held is not None and held.fence == self._fence:
            self._control.lease = self._fence = None

    def _check(self) -> None:
        """Raises `LeaseLost` where this store took the lease and another has it now."""
        held = self._control.lease
        if self._fence is not None and (held is None or held.fence != self._fence):
            raise lost(held.holder if held else None)
