"""Tells of pauses as they come and go, whoever made them: a command, a guard, a file, a signal."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress

from runner.durations import rfc3339
from runner.engine.clock import Clock
from runner.engine.killswitch import KillSwitch
from runner.engine.ports import Event, Listener, Pause, Store, StoreError
from runner.model import Millis

#: How often the kill switch and the pauses are compared with what was told.
LOOK: Millis = 1_000


class PauseWatch:
    """`rule.paused` and `rule.resumed`, each once; `standing` is what is paused now."""

    def __init__(self, store: Store, kill: KillSwitch, *, clock: Clock, tell: Listener) -> None:
        self._store = store
        self._kill = kill
        self._clock = clock
        self._tell = tell
        self.standing: tuple[Pause, ...] = ()
        self._kept: Sequence[Pause] = ()  # as the store had them last
        self._looking = asyncio.Lock()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(LOOK)

    async def look(self) -> None:
        """Compares once. A store that can't be read is told of by the polls, which then don't act;
        the kill switch needs none.
        """
        self._compare()  # a store that hangs hides no kill switch
        async with self._looking:  # an answer that is late is not put in the place of a newer one
            with suppress(StoreError):
                self._kept = await self._store.pauses()
            self._compare()

    def _compare(self) -> None:
        now = self._clock.now()
        killed = self._kill.standing(now)
        found = (*((killed,) if killed else ()), *self._kept)
        standing = tuple(pause for pause in found if pause.stands(now))
        new, ended = _new(standing, self.standing), _new(self.standing, standing)
        for pause in ended:
            # Of two on one scope one may end, or be replaced: nothing acts again because of that,
            # and what still stands is told of once more.
            left = [other for other in standing if _scope(other) == _scope(pause)]
            if not left:
                self._tell(Event("rule.resumed", now, "info", _fields(pause)))
            new += [other for other in left if other not in new]
        for pause in new:
            self._tell(Event("rule.paused", now, "warning", _fields(pause)))
        self.standing = standing


def _new(these: Iterable[Pause], those: Iterable[Pause]) -> list[Pause]:
    known = {_key(pause) for pause in those}
    return [pause for pause in these if _key(pause) not in known]


def _key(pause: Pause) -> tuple[object, ...]:
    return (*_scope(pause), pause.tripped, pause.at)


def _scope(pause: Pause) -> tuple[str, str, str]:
    return (pause.account, pause.flow, pause.rule)


def _fields(pause: Pause) -> dict[str, object]:
    named = {"account": pause.account, "flow": pause.flow, "rule": pause.rule}
    return {
        "scope": pause.scope,
        **{name: value for name, value in named.items() if value},
        "reason": pause.reason,
        "by": pause.by,
        "until": None if pause.until is None else rfc3339(pause.until),
        "tripped": pause.tripped,
    }
