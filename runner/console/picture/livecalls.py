"""The list of live calls, a page at a time.

Filtering and sorting ten thousand of them takes tens of milliseconds. The loop that looks at calls
and acts on them must not wait so long, so the list can be made with pauses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from runner.call import Call
from runner.console.picture.accounts import Account
from runner.console.picture.board import Board
from runner.console.picture.pictures import Document, as_it_is
from runner.console.picture.tables import Page, why_held
from runner.decision.planner import Held
from runner.decision.turns import Turns, at_once
from runner.language.fields import FIELDS
from runner.masking import mask_numbers
from runner.model import Moment

_AGE = FIELDS["age"].read

#: So many calls from one pause to the next: two or three milliseconds.
PAUSE = 250


class _Row(NamedTuple):
    """One call with what is known of it. `rules` are those that match it now."""

    account: Account
    moment: Moment
    call: Call
    rules: Sequence[str]
    held: Held | None
    rule: str
    outcome: str


def calls_of(board: Board, page: Page) -> Document:
    """The live calls that the rules ask for, as the last polls saw them."""
    return at_once(calls_in_turns(board, page))


def calls_in_turns(board: Board, page: Page) -> Turns[Document]:
    """The same with pauses, for who has other work to do meanwhile."""
    order = _order(page)
    wanted: list[tuple[Any, _Row]] = []
    for row in _rows(board):
        if row is None:
            yield
        elif _is_wanted(row, page):
            wanted.append((order(row), row))
    wanted.sort(key=itemgetter(0), reverse=page.sort.startswith("-"))
    shown = wanted[page.offset : page.offset + page.limit]
    yield
    calls = []
    for number, (_, row) in enumerate(shown):
        if number % PAUSE == PAUSE - 1:
            yield
        calls.append(_call(row, board, show_numbers=page.show_numbers))
    return {
        "total": board.calls,
        "matching": len(wanted),
        "offset": page.offset,
        "calls": calls,
    }


def _rows(board: Board) -> Iterator[_Row | None]:
    """Every call; None is a good moment for a pause. What is seen meanwhile changes nothing."""
    for account, look in [(each, each.look) for each in board.accounts.values()]:
        sight = look.sight
        if sight is None:
            continue
        rules: dict[str, list[str]] = {}
        for number, verdict in enumerate(look.verdicts):
            if number % (8 * PAUSE) == 0:
                yield None
            rules.setdefault(verdict.call.sid, []).append(verdict.rule.key)
        held = {each.call.sid: each for each in reversed(look.held)}  # the first counts
        for number, call in enumerate(sight.calls):
            if number % PAUSE == 0:
                yield None
            last = board.last.get(call.sid)
            rule, outcome = (last.rule_key, last.outcome) if last else ("", "")
            if not outcome and call.sid in look.spent:
                outcome = "acted"  # before this runner started
            matching = rules.get(call.sid, ())
            yield _Row(account, sight.moment, call, matching, held.get(call.sid), rule, outcome)


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
    call, hide = row.call, as_it_is if show_numbers else mask_numbers
    plain = (call.sid, row.account.sid, row.account.alias, row.rule, *row.rules)
    if any(text in each.casefold() for each in plain):
        return True
    return any(text in hide(each).casefold() for each in (call.from_, call.to) if each)


def _by_age(row: _Row) -> int:
    age = _AGE(row.call, row.moment)
    return age if isinstance(age, int) else -1


_CALL_ORDERS: dict[str, Callable[[_Row], Any]] = {
    "age": _by_age,
    "from": lambda row: (row.call.from_ or "", row.call.sid),
    "to": lambda row: (row.call.to or "", row.call.sid),
    "status": lambda row: row.call.status or "",
    "rule": lambda row: (row.rule or (row.rules[0] if row.rules else ""), row.call.sid),
    "outcome": lambda row: (row.outcome, row.call.sid),
}


#: Where numbers are masked: another order would tell which masked number is the greater.
_MASKED_ORDERS: dict[str, Callable[[_Row], Any]] = {
    "from": lambda row: (mask_numbers(row.call.from_ or ""), row.call.sid),
    "to": lambda row: (mask_numbers(row.call.to or ""), row.call.sid),
}


def _order(page: Page) -> Callable[[_Row], Any]:
    column = page.sort.lstrip("-")
    masked = None if page.show_numbers else _MASKED_ORDERS.get(column)
    return masked or _CALL_ORDERS.get(column, _by_age)


def _call(row: _Row, board: Board, *, show_numbers: bool) -> Document:
    call, account, held = row.call, row.account, row.held
    hide = as_it_is if show_numbers else mask_numbers
    name = call.caller_name or ""
    age = _AGE(call, row.moment)
    since = 0 if account.polled_at is None else max(0, board.clock.now() - account.polled_at)
    return {
        "sid": call.sid,
        "account": account.sid,
        "alias": account.alias,
        "from": hide(call.from_ or ""),
        "to": hide(call.to or ""),
        "caller_name": name if show_numbers or not name.strip() else "***",
        "direction": call.direction,
        "status": call.status,
        "age_ms": age + since if isinstance(age, int) else None,
        "parent": call.parent_call_sid or "",
        "rules": list(row.rules),
        "rule": row.rule,
        "outcome": row.outcome,
        "held": None if held is None else why_held(held, show_numbers=show_numbers),
    }
