"""The long lists of the console, a page at a time: rules, and what is held back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from runner.console.board import Board
from runner.console.pictures import Document, hiding, pause_of
from runner.decision.planner import Held
from runner.engine.ports import Pause
from runner.model import Rule


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is wanted. `sort` is a column, with `-` before it from the greatest.

    Empty texts and a false `held` filter nothing. `account` is an alias or a SID.
    """

    limit: int = 100
    offset: int = 0
    sort: str = ""
    q: str = ""
    status: str = ""
    account: str = ""
    rule: str = ""
    held: bool = False
    state: str = ""
    show_numbers: bool = False


# ---- what is held back ----------------------------------------------------------------------


def held_of(board: Board, page: Page) -> Document:
    """What matched and was not acted on in the last polls, and why."""
    found = [(a, held) for a in board.accounts.values() for held in a.held]
    return {
        "total": len(found),
        "reasons": dict(Counter(held.reason for _, held in found)),
        "held": [
            {
                "call": held.call.sid,
                "account": account.sid,
                "alias": account.alias,
                **why_held(held, show_numbers=page.show_numbers),
            }
            for account, held in found[page.offset : page.offset + page.limit]
        ],
    }


def why_held(held: Held, *, show_numbers: bool) -> Document:
    """Which rule is held back on a call, and what keeps it."""
    hide = hiding(held.call, show_numbers=show_numbers)
    return {"rule": held.rule.key, "reason": held.reason, "detail": hide(held.detail)}


# ---- rules ----------------------------------------------------------------------------------


def rules_of(board: Board, page: Page) -> Document:
    """The rules in force, with what they match, do and are kept from."""
    flow_set = board.flows().flow_set
    live = {
        rule.key: flow.enabled and rule.enabled for flow in flow_set.flows for rule in flow.rules
    }
    pauses = list(board.pauses())
    text = page.q.casefold()
    wanted = [
        rule
        for rule in flow_set.rules
        if (not text or text in f"{rule.key} {rule.description}".casefold())
        and _is_in_state(rule, page.state, board, pauses)
    ]
    order = _RULE_ORDERS.get(page.sort.lstrip("-"))
    if order is not None:
        wanted.sort(key=lambda rule: order(rule, board), reverse=page.sort.startswith("-"))
    return {
        "total": len(live),
        "matching": len(wanted),
        "offset": page.offset,
        "rules": [
            _rule(rule, board, pauses, enabled=live[rule.key])
            for rule in wanted[page.offset : page.offset + page.limit]
        ],
    }


def _is_in_state(rule: Rule, state: str, board: Board, pauses: Sequence[Pause]) -> bool:
    if state == "acting":
        return bool(board.outcomes.get(rule.key)) or _matches(rule, board) > 0
    if state in ("paused", "tripped"):
        standing = _pause(rule, pauses)
        return standing is not None and standing.tripped == (state == "tripped")
    return True


def _rule(rule: Rule, board: Board, pauses: Sequence[Pause], *, enabled: bool) -> Document:
    pause = _pause(rule, pauses)
    return {
        "flow": rule.flow,
        "rule": rule.id,
        "description": rule.description,
        "mode": rule.mode.name,
        "share": rule.mode.share,
        "enabled": enabled,
        "then": [action.name for action in rule.then],
        "position": str(rule.position),
        "matches": _matches(rule, board),
        "matched": board.matched[rule.key],
        "acts": dict(board.outcomes.get(rule.key, {})),
        "held": sum(account.holding[rule.key] for account in board.accounts.values()),
        "trips": board.trips[rule.key],
        "paused": None if pause is None else pause_of(pause, board),
    }


def _pause(rule: Rule, pauses: Sequence[Pause]) -> Pause | None:
    """What keeps the rule from acting, in some account at least: the one that says most."""
    found = [p for p in pauses if p.covers(p.account, rule.flow, rule.id)]
    return max(found, key=lambda p: (p.tripped, bool(p.rule), bool(p.flow)), default=None)


def _matches(rule: Rule, board: Board) -> int:
    return sum(account.matching[rule.key] for account in board.accounts.values())


_RULE_ORDERS: dict[str, Callable[[Rule, Board], Any]] = {
    "name": lambda rule, board: rule.key,
    "matches": lambda rule, board: _matches(rule, board),
    "matched": lambda rule, board: board.matched[rule.key],
    "acts": lambda rule, board: sum(board.outcomes.get(rule.key, {}).values()),
    "held": lambda rule, board: sum(a.holding[rule.key] for a in board.accounts.values()),
    "trips": lambda rule, board: board.trips[rule.key],
}
