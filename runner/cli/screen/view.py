"""What `callflow top` shows and where the reader is in it: panes, rows, filter, questions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Document: TypeAlias = dict[str, Any]
Name: TypeAlias = Literal["rules", "calls", "held", "acts"]
PANES: tuple[Name, ...] = ("rules", "calls", "held", "acts")


@dataclass
class Picture:
    """The newest documents, and when the status came, in milliseconds of a clock of this process.

    `trouble` says why nothing newer comes, "" where all is well.
    """

    status: Document = field(default_factory=dict)
    lists: dict[Name, Document] = field(default_factory=dict)
    chart: Document = field(default_factory=dict)
    came: int = 0
    trouble: str = ""

    def rows(self, pane: Name) -> Sequence[Document]:
        """What is in a pane."""
        found: Sequence[Document] = self.lists.get(pane, {}).get(pane, ())
        return found

    @property
    def may_operate(self) -> bool:
        """Whether the runner takes orders from here."""
        role: object = self.status.get("access", {}).get("role")
        return role == "operator"


@dataclass(frozen=True, slots=True)
class Question:
    """Something to be typed at the bottom of the screen; `then` is given the answer.

    It returns what is wrong with it, or the next question, or None.
    """

    text: str
    then: Callable[[str], Question | str | None]


@dataclass
class View:
    """Where the reader is. `picked` is the key of the chosen row by pane; `page` is text that
    covers the panes, line by line, with a title.
    """

    pane: Name = "rules"
    picked: dict[Name, str] = field(default_factory=dict)
    first: dict[Name, int] = field(default_factory=dict)
    filters: dict[Name, str] = field(default_factory=dict)
    question: Question | None = None
    typed: str = ""
    notice: str = ""
    alarming: bool = False
    title: str = ""
    page: Sequence[str] = ()
    scrolled: int = 0

    def turn(self, by: int) -> None:
        """To the next pane, or the one before."""
        self.pane = PANES[(PANES.index(self.pane) + by) % len(PANES)]

    def tell(self, text: str, *, alarming: bool = False) -> None:
        """Something to be read once."""
        self.notice, self.alarming = text, alarming

    def show(self, title: str, page: Sequence[str]) -> None:
        """Covers the panes with this text."""
        self.title, self.page, self.scrolled = title, page, 0

    def uncover(self) -> None:
        """Shows the panes again."""
        self.title, self.page = "", ()

    def move(self, rows: Sequence[Document], by: int) -> None:
        """Chooses another row."""
        if rows:
            place = max(0, min(len(rows) - 1, self.place(rows) + by))
            self.picked[self.pane] = key_of(self.pane, rows[place])

    def place(self, rows: Sequence[Document], pane: Name | None = None) -> int:
        """Which row is chosen: it is followed when others come before it."""
        pane = pane or self.pane
        wanted = self.picked.get(pane, "")
        keys = [key_of(pane, row) for row in rows]
        return keys.index(wanted) if wanted in keys else 0

    def row(self, picture: Picture) -> Document | None:
        """The row that is chosen."""
        rows = wanted_rows(picture, self, self.pane)
        return rows[self.place(rows)] if rows else None


def wanted_rows(picture: Picture, view: View, pane: Name) -> Sequence[Document]:
    """The rows of a pane that pass its filter. Calls and rules are filtered by the runner too, so
    that those beyond the first are found.
    """
    text = view.filters.get(pane, "").casefold()
    rows = picture.rows(pane)
    return [row for row in rows if text in _words(row)] if text else rows


def key_of(pane: Name, row: Mapping[str, Any]) -> str:
    """What a row is known by when it is asked for again."""
    names = {
        "rules": ("flow", "rule"),
        "calls": ("sid",),
        "held": ("call", "rule"),
        "acts": ("at", "call", "flow", "rule", "part", "outcome"),
    }
    return "/".join(str(row.get(name, "")) for name in names[pane])


def rule_of(pane: Name, row: Mapping[str, Any]) -> tuple[str, str]:
    """The flow and the rule that a row is about, ("", "") where it is about none."""
    if pane in ("rules", "acts"):
        return str(row.get("flow", "")), str(row.get("rule", ""))
    named = row.get("rule") or next(iter(row.get("rules", ())), "")
    flow, _, rule = str(named).partition("/")
    return flow, rule


def call_of(pane: Name, row: Mapping[str, Any]) -> str:
    """The SID of the call that a row is about, "" where it is about none."""
    return str(row.get("sid" if pane == "calls" else "call", ""))


def _words(row: Mapping[str, Any]) -> str:
    found: list[str] = []
    for value in row.values():
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, list):
            found += map(str, value)
        elif isinstance(value, dict):
            found.append(_words(value))
    if "flow" in row:
        found.append(f"{row['flow']}/{row.get('rule', '')}")
    return "\n".join(found).casefold()
