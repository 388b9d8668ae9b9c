"""The long lists of the console, a page at a time: calls, rules, what is held back.

Filtering and sorting ten thousand calls costs some ten milliseconds, and only who looks pays it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from runner.call import Call
from runner.console.board import Account, Board
from runner.console.pictures import Document, hiding, pause_of
from runner.decision.planner import Held
from runner.engine.ports import Pause
from runner.language.fields import FIELDS
from runner.model import Rule

_AGE = FIELDS["age"].read


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


# ---- calls ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Row:
    """One call with what is known of it. `rules` are those that match it now."""

    account: Account
    call: Call
    rules: Sequence[str]
    held: Held | None
    rule: str
    outcome: str


def calls_of(board: Board, page: Page) -> Document:
    """The live calls that the rules ask for, as the last polls saw them."""
    wanted = [row for row in _rows(board) if _is_wanted(row, page)]
    name = page.sort.lstrip("-") or "age"
    wanted.sort(key=_CALL_ORDERS.get(name, _by_age), reverse=page.sort.startswith("-"))
    shown = wanted[page.offset : page.offset + page.limit]
    return {
        "total": board.calls,
        "matching": len(wanted),
        "offset": page.offset,
        "calls": [_call(row, board, show_numbers=page.show_numbers) for row in shown],
    }


def _rows(board: Board) -> Iterator[_Row]:
    for account in board.accounts.values():
        if account.sight is None:
            continue
        rules: dict[str, list[str]] = {}
        for verdict in account.verdicts:
            rules.setdefault(verdict.call.sid, []).append(verdict.rule.key)
        held = {each.call.sid: each for each in reversed(account.held)}  # the first counts
        for call in account.sight.calls:
            last = board.last.get(call.sid)
            rule, outcome = (last.rule_key, last.outcome) if last else ("", "")
            yield _Row(account, call, rules.get(call.sid, ()), held.get(call.sid), rule, outcome)


def _is_wanted(row: _Row, page: Page) -> bool:
    if page.status and row.call.status != page.status:
        return False
    if page.account and page.account not in (row.account.sid, row.account.alias):
        return False
    if page.rule and page.rule != row.rule and page.rule not in row.rules:
        return False
    if page.held and row.held is None:
        return False
    return not page.q or _has(row, page.q.casefold(), show_numbers=page.show_numbers)


def _has(row: _Row, text: str, *, show_numbers: bool) -> bool:
    """Whether the text stands in what is shown of the call: numbers are found as they are shown,
    or anybody could guess a masked one digit by digit.
    """
    call, hide = row.call, hiding(row.call, show_numbers=show_numbers)
    plain = (call.sid, row.account.sid, row.account.alias, row.rule, *row.rules)
    if any(text in each.casefold() for each in plain):
        return True
    return any(text in hide(each).casefold() for each in (call.from_, call.to) if each)


def _by_age(row: _Row) -> tuple[bool, int]:
    assert row.account.sight is not None
    age = _AGE(row.call, row.account.sight.moment)
    return (True, age) if isinstance(age, int) else (False, 0)


_CALL_ORDERS: dict[str, Callable[[_Row], Any]] = {
    "age": _by_age,
    "from": lambda row: row.call.from_ or "",
    "to": lambda row: row.call.to or "",
    "status": lambda row: row.call.status or "",
    "rule": lambda row: (row.rule or (row.rules[0] if row.rules else ""), row.call.sid),
    "outcome": lambda row: (row.outcome, row.call.sid),
}


def _call(row: _Row, board: Board, *, show_numbers: bool) -> Document:
    call, account, held = row.call, row.account, row.held
    assert account.sight is not None
    hide = hiding(call, show_numbers=show_numbers)
    age = _AGE(call, account.sight.moment)
    since = 0 if account.polled_at is None else max(0, board.clock.now() - account.polled_at)
    return {
        "sid": call.sid,
        "account": account.sid,
        "alias": account.alias,
        "from": hide(call.from_ or ""),
        "to": hide(call.to or ""),
        "caller_name": hide(call.caller_name or ""),
        "direction": call.direction,
        "status": call.status,
        "age_ms": age + since if isinstance(age, int) else None,
        "parent": call.parent_call_sid or "",
        "rules": list(row.rules),
        "rule": row.rule,
        "outcome": row.outcome,
        "held": None if held is None else _why_held(held, show_numbers=show_numbers),
    }


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
                **_why_held(held, show_numbers=page.show_numbers),
            }
            for account, held in found[page.offset : page.offset + page.limit]
        ],
    }


def _why_held(held: Held, *, show_numbers: bool) -> Document:
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
