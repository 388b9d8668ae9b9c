"""Who watches a run: hears its events, sees its polls, and its requests to the far side.

Whoever watches must not stop what is watched: one that fails is told of once, and left out from
then on, with all that it hears and sees. What it showed grows old, and can be seen to: half of it
would look as if it were new.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from runner.decision.turns import Turns
from runner.engine.clock import Clock
from runner.engine.far_side import Request
from runner.engine.poll import Poll, Show
from runner.engine.ports import Event, Listener
from runner.model import Millis


@dataclass(frozen=True, slots=True)
class Watch:
    """The watchers of a run. Accounts are named by their SIDs. `see` is as `Engine.seen`."""

    hear: Sequence[Listener] = ()
    see: Sequence[Callable[[str, Poll], Turns[Show]]] = ()
    answered: Sequence[Callable[[str, Request], None]] = ()

    def __or__(self, other: Watch) -> Watch:
        """Both."""
        return Watch(
            (*self.hear, *other.hear), (*self.see, *other.see), (*self.answered, *other.answered)
        )


NOBODY = Watch()


@dataclass(slots=True)
class Guarded:
    """A watch that goes on whatever its watchers do. `tell` hears of those that fail."""

    watch: Watch
    clock: Clock
    tell: Listener
    _failed: list[object] = field(default_factory=list)

    def hear(self, event: Event) -> None:
        """Something happened."""
        for watcher in self.watch.hear:
            self._show(watcher, watcher, event)

    def see(self, account: str, poll: Poll) -> Turns[Show]:
        """A poll saw the calls of the account."""
        shows: list[tuple[object, Show]] = []
        for watcher in self.watch.see:
            if not self._has_failed(watcher):
                try:
                    shows.append((watcher, (yield from watcher(account, poll))))
                except Exception as error:
                    self._leave_out(watcher, error)
        return partial(self._show_all, shows)

    def answered(self, account: str, request: Request) -> None:
        """A request is over."""
        for watcher in self.watch.answered:
            self._show(watcher, watcher, account, request)

    def _show_all(self, shows: Sequence[tuple[object, Show]]) -> None:
        for watcher, show in shows:
            self._show(watcher, show)

    def _show(self, watcher: object, show: Callable[..., None], *what: Any) -> None:
        if not self._has_failed(watcher):
            try:
                show(*what)
            except Exception as error:
                self._leave_out(watcher, error)

    def _has_failed(self, watcher: object) -> bool:
        return any(_whose(watcher) is failed for failed in self._failed)

    def _leave_out(self, watcher: object, error: Exception) -> None:
        if self._has_failed(watcher):  # in its other half, meanwhile
            return
        self._failed.append(_whose(watcher))
        name = getattr(watcher, "__qualname__", repr(watcher))
        self.tell(failed(name, error, self.clock.now()))


def _whose(watcher: object) -> object:
    """Several may be methods of one."""
    return getattr(watcher, "__self__", watcher)


def failed(watcher: str, error: BaseException, at: Millis) -> Event:
    """Tells that something only shows what it knew before."""
    fields = {
        "watcher": watcher,
        "error": f"{type(error).__name__}: {error}",
        "hint": "calls are looked after as before, but this no longer shows it; this is a fault in "
        "callflow: please report it, and start the runner anew when it can be",
    }
    return Event("watch.failed", at, "error", fields)
