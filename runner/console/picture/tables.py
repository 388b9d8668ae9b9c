"""The long lists of the console, a page at a time: rules, and what is held back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runner.console.picture.board import Board
from runner.console.picture.pictures import Document, hiding, pause_of
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
    found = [(a, held) for a in board.accounts.values() for held in a.look.held]
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
    counts = _counted(board)
    text = page.q.casefold()
    wanted = [
        rule
        for rule in flow_set.rules
        if (not text or text in f"{rule.key} {rule.description}".casefold())
        and _is_in_state(rule, page.state, counts)
    ]
    order = _RULE_ORDERS.get(page.sort.lstrip("-"))
    backwards = page.sort.startswith("-")
    if order is not None:
        wanted.sort(key=lambda rule: order(rule.key, counts), reverse=backwards)
    elif backwards:
        wanted.reverse()
    return {
        "total": len(live),
        "matching": len(wanted),
        "offset": page.offset,
        "rules": [
            _rule(rule, counts, enabled=live[rule.key])
            for rule in wanted[page.offset : page.offset + page.limit]
        ],
    }


@dataclass(frozen=True, slots=True)
class _Counts:
    """What is known of the rules by key, all accounts together, and what is paused."""

    board: Board
    matches: Counter[str]
    held: Counter[str]
    pauses: Mapping[tuple[str, str], Pause]  # by what is named: flow and rule, or "" for all


def _counted(board: Board) -> _Counts:
    """Summed up once: there may be hundreds of accounts, and thousands of rules."""
    matches, held = Counter[str](), Counter[str]()
    for account in board.accounts.values():
        matches.update(account.look.matching)
        held.update(account.look.holding)
    return _Counts(board, matches, held, _by_scope(board.pauses()))


def _is_in_state(rule: Rule, state: str, counts: _Counts) -> bool:
    if state == "acting":
        return bool(counts.board.outcomes.get(rule.key)) or counts.matches[rule.key] > 0
    if state in ("paused", "tripped"):
        standing = _pause(rule, counts.pauses)
        return standing is not None and standing.tripped == (state == "tripped")
    return True


def _rule(rule: Rule, counts: _Counts, *, enabled: bool) -> Document:
    board, pause = counts.board, _pause(rule, counts.pauses)
    return {
        "flow": rule.flow,
        "rule": rule.id,
        "description": rule.description,
        "mode": rule.mode.name,
        "share": rule.mode.share,
        "enabled": enabled,
        "then": [action.name for action in rule.then],
        "position": str(rule.position),
        "matches": counts.matches[rule.key],
        "matched": board.matched[rule.key],
        "acts": dict(board.outcomes.get(rule.key, {})),
        "held": counts.held[rule.key],
        "trips": board.trips[rule.key],
        "paused": None if pause is None else pause_of(pause, board),
    }


def _by_scope(pauses: Sequence[Pause]) -> dict[tuple[str, str], Pause]:
    """The pauses by what they name, in whatever account: of several a trip, else the first.

    In an incident a guard may have paused a thousand rules.
    """
    found: dict[tuple[str, str], Pause] = {}
    for pause in pauses:
        known = found.setdefault((pause.flow, pause.rule), pause)
        if pause.tripped and not known.tripped:
            found[pause.flow, pause.rule] = pause
    return found


def _pause(rule: Rule, pauses: Mapping[tuple[str, str], Pause]) -> Pause | None:
    """What keeps the rule from acting, in some account at least: the one that says most."""
    scopes = ((rule.flow, rule.id), (rule.flow, ""), ("", ""))
    found = [pauses[scope] for scope in scopes if scope in pauses]
    return max(found, key=lambda pause: pause.tripped, default=None)


_RULE_ORDERS: dict[str, Callable[[str, _Counts], Any]] = {
    "name": lambda key, _counts: key,
    "matches": lambda key, counts: counts.matches[key],
    "matched": lambda key, counts: counts.board.matched[key],
    "acts": lambda key, counts: sum(counts.board.outcomes.get(key, {}).values()),
    "held": lambda key, counts: counts.held[key],
    "trips": lambda key, counts: counts.board.trips[key],
}
