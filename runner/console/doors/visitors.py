"""Who asks: noted before a request is answered, for whatever answers it."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass

from runner.console.doors.sessions import Session
from runner.console.doors.tokens import Role


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks. `session` is None where the request brought a token, or needed none."""

    role: Role
    peer: str
    session: Session | None = None

    @property
    def name(self) -> str:
        """How the log and the journal call them."""
        return f"{self.role}@{self.peer}"

    @property
    def key(self) -> str:
        """The same for all requests of one client."""
        return f"{self.name} {self.session.name}" if self.session else self.name


#: Of the request that is answered here: who asks, and what takes the end off its time.
_VISITOR: ContextVar[Visitor | None] = ContextVar("visitor", default=None)
_ENDLESS: ContextVar[Callable[[], None]] = ContextVar("endless")


def keep(visitor: Visitor | None, endless: Callable[[], None]) -> None:
    """Notes for the handler of a request what it may ask for."""
    _VISITOR.set(visitor)
    _ENDLESS.set(endless)


def current_visitor() -> Visitor:
    """Who asks; only on paths that are not for everybody."""
    found = _VISITOR.get()
    assert found is not None, "everybody may come here"
    return found


def let_run() -> None:
    """The answer may take for ever."""
    _ENDLESS.get()()
