"""The four lists of `callflow top`: which columns each has, and how wide on which terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runner.cli.screen.cells import Span, fitted
from runner.cli.screen.view import Document, Name
from runner.durations import format_duration

#: Outcomes in which nothing went wrong, and nothing was done.
_GOOD = ("done",)
_QUIET = ("acted", "shadowed", "skipped", "gone", "withdrawn", "intended", "")


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `width` 0 takes what is left; it is there from `least` columns of terminal on."""

    title: str
    width: int
    read: Callable[[Document], str]
    look: Callable[[Document], str] = lambda _row: ""
    right: bool = False
    least: int = 0


def header(pane: Name, width: int, about: str) -> list[Span]:
    """The titles of a pane's columns, `about` standing for the first."""
    columns = _columns(pane, width)
    spans = []
    for number, (column, wide) in enumerate(columns):
        title = about if number == 0 else column.title
        spans.append(Span(fitted(title, wide, right=column.right and number > 0), "head"))
        spans.append(Span(" ", "head"))
    return spans[:-1]


def row(pane: Name, document: Document, width: int) -> list[Span]:
    """One row of a pane."""
    spans = []
    for column, wide in _columns(pane, width):
        text = fitted(column.read(document), wide, right=column.right)
        spans += [Span(text, column.look(document)), Span(" ")]
    return spans[:-1]


def _columns(pane: Name, width: int) -> Sequence[tuple[Column, int]]:
    columns = [column for column in _PANES[pane] if column.least <= width]
    fixed = sum(column.width + 1 for column in columns) - 1
    open_ = sum(not column.width for column in columns)
    share, rest = divmod(max(0, width - fixed), max(1, open_))
    found = []
    for column in columns:
        wide = column.width
        if not wide:
            wide, rest = share + (rest > 0), rest - 1
        found.append((column, wide))
    return found


# ---- what is in a cell ----------------------------------------------------------------------


def age(millis: object) -> str:
    """`4m12s`; "-" where nobody knows."""
    return format_duration(millis // 1000 * 1000) if isinstance(millis, int) else "-"


def rule_state(rule: Mapping[str, Any]) -> tuple[str, str]:
    """How a rule stands, in a word, and the look of that."""
    pause = rule.get("paused")
    if pause:
        return ("tripped", "bad") if pause.get("tripped") else ("paused", "warn")
    if not rule.get("enabled", True):
        return "off", "dim"
    mode, share = str(rule.get("mode", "")), rule.get("share")
    return (f"{mode} {share}%" if mode == "canary" and share is not None else mode), "dim"


def _count(name: str) -> Callable[[Document], str]:
    return lambda document: str(document.get(name) or "-")


def _acts(*outcomes: str) -> Callable[[Document], str]:
    return lambda rule: str(sum(rule.get("acts", {}).get(each, 0) for each in outcomes) or "-")


def _failed_look(rule: Document) -> str:
    return "bad" if _acts("failed", "unknown")(rule) != "-" else ""


def _call_rule(call: Document) -> str:
    return str(call.get("rule") or ", ".join(call.get("rules", ())))


def _fate(call: Document) -> str:
    held = call.get("held")
    return f"held: {held['reason']}" if held else str(call.get("outcome", ""))


def _fate_look(call: Document) -> str:
    return "warn" if call.get("held") else outcome_look(call)


def outcome_look(document: Document) -> str:
    """Good, bad, or nothing to look at."""
    outcome = str(document.get("outcome", ""))
    return "good" if outcome in _GOOD else "" if outcome in _QUIET else "bad"


def _short(sid: object) -> str:
    """The end of a SID, which tells it from its neighbours."""
    return f"…{str(sid)[-8:]}"


def _account(document: Document) -> str:
    return str(document.get("alias") or document.get("account", ""))


def _text(name: str) -> Callable[[Document], str]:
    return lambda document: str(document.get(name, ""))


_SID = 34
_RULES = (
    Column("rules", 0, lambda rule: f"{rule.get('flow')}/{rule.get('rule')}"),
    Column("then", 18, lambda rule: ", ".join(rule.get("then", ())), least=110),
    Column("state", 9, lambda rule: rule_state(rule)[0], lambda rule: rule_state(rule)[1]),
    Column("calls", 6, _count("matches"), right=True),
    Column("matched", 8, _count("matched"), right=True, least=90),
    Column(
        "held",
        6,
        _count("held"),
        lambda rule: "warn" if rule.get("held") else "",
        right=True,
    ),
    Column("done", 6, _acts("done"), right=True),
    Column("failed", 6, _acts("failed", "unknown"), _failed_look, right=True),
    Column(
        "trips",
        5,
        _count("trips"),
        lambda rule: "bad" if rule.get("trips") else "",
        right=True,
        least=80,
    ),
)
_CALLS = (
    Column("calls", 9, lambda call: age(call.get("age_ms"))),
    Column("status", 11, _text("status")),
    Column("from", 14, _text("from")),
    Column("to", 14, _text("to"), least=72),
    Column("rule", 0, _call_rule),
    Column("last", 14, _fate, _fate_look, least=92),
    Column("account", 12, _account, least=112),
    Column("call", _SID, _text("sid"), lambda _call: "dim", least=150),
)
_HELD = (
    Column("held back", 0, _text("rule")),
    Column("reason", 10, _text("reason"), lambda _held: "warn"),
    Column("call", 9, lambda held: _short(held.get("call")), lambda _held: "dim"),
    Column("why", 0, _text("detail"), least=72),
)
_ACTS = (
    Column("acts", 8, lambda act: str(act.get("at", ""))[11:19]),
    Column("outcome", 9, _text("outcome"), outcome_look),
    Column("rule", 0, lambda act: f"{act.get('flow')}/{act.get('rule')}"),
    Column("then", 14, lambda act: ", ".join(act.get("then", ())), least=84),
    Column("call", 9, lambda act: _short(act.get("call")), lambda _act: "dim"),
    Column("detail", 0, _text("detail"), least=100),
)
_PANES: Mapping[Name, Sequence[Column]] = {
    "rules": _RULES,
    "calls": _CALLS,
    "held": _HELD,
    "acts": _ACTS,
}
