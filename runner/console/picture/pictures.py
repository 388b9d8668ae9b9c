"""The board as documents: what `/api/status` says, and how calls, pauses and acts are written.

Every document is plain data for JSON. Times are RFC 3339, lengths of time are milliseconds. Phone
numbers and callers' names are masked unless the reader may see them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from runner import __version__
from runner.call import Call
from runner.console.picture.accounts import Account, Act, is_fresh
from runner.console.picture.board import Board
from runner.console.picture.ring import STEP
from runner.durations import rfc3339
from runner.engine.ports import Pause
from runner.masking import mask_numbers, name_masker
from runner.model import Millis
from runner.problems import Problem

Document: TypeAlias = dict[str, Any]
Hide: TypeAlias = Callable[[str], str]

#: So many accounts, and so many problems of flow files, are in the status.
ACCOUNTS = 50
PROBLEMS = 100


def as_it_is(text: str) -> str:
    """Hides nothing."""
    return text


def hiding(call: Call | None = None, *, show_numbers: bool) -> Hide:
    """Masks phone numbers in texts about this call, and its caller's name."""
    if show_numbers:
        return as_it_is
    name = (call.caller_name or "").strip() if call is not None else ""
    if not name:
        return mask_numbers
    masked = name_masker(name)
    return lambda text: mask_numbers(masked(text))


def status_of(board: Board) -> Document:
    """Everything that fits on the first screen; it does not grow with the calls."""
    now = board.clock.now()
    pauses = list(board.pauses())
    accounts = [account_of(each, now) for each in board.accounts.values()]
    accounts.sort(key=lambda each: not each["late"])  # late ones first, else as configured
    return {
        "version": __version__,
        "now": rfc3339(now),
        "started_at": rfc3339(board.started_at),
        "role": board.role,
        "holder": board.holder,
        "dry_run": board.dry_run,
        "trouble": board.stall or next((a["error"] for a in accounts if a["error"]), ""),
        "accounts": {
            "total": len(accounts),
            "late": sum(each["late"] for each in accounts),
            "list": accounts[:ACCOUNTS],
        },
        "calls": board.calls,
        "matched": sum(each.look.matched for each in board.accounts.values()),
        "rules": _rules(board, pauses),
        "held": board.held,
        "spent": board.spent,
        "acts": dict(board.hour.totals()),
        "kill": next((pause_of(p, board) for p in pauses if is_everything(p)), None),
        "pauses": [pause_of(pause, board) for pause in pauses],
        "reload": _reload(board),
        "revisions": dict(board.revisions),
    }


def account_of(account: Account, now: Millis) -> Document:
    """One account. It is late until its first good poll, too, and after the clock was set back."""
    age = None if account.polled_at is None else abs(now - account.polled_at)
    return {
        "account": account.sid,
        "alias": account.alias,
        "calls": account.calls,
        "interval_ms": account.interval,
        "last_poll_at": None if account.polled_at is None else rfc3339(account.polled_at),
        "age_ms": age,
        "took_ms": account.took,
        "requests": account.requests,
        "late": not is_fresh(account.polled_at, now, account.interval),
        "error": mask_numbers(account.error),
    }


def pause_of(pause: Pause, board: Board) -> Document:
    """One pause, as `callflow pause --list` shows it. Its reason is masked whoever asks."""
    account = board.accounts.get(pause.account)
    return pause.data(account.alias if account else "") | {"reason": mask_numbers(pause.reason)}


def is_everything(pause: Pause) -> bool:
    """Whether it is the kill switch."""
    return not (pause.account or pause.flow or pause.rule)


def act_of(act: Act, board: Board) -> Document:
    """How one part of an act ended. Masked whoever asks: the history has the rest."""
    return {
        "at": rfc3339(act.at),
        "call": act.call,
        "account": act.account,
        "alias": board.accounts[act.account].alias if act.account in board.accounts else "",
        "flow": act.flow,
        "rule": act.rule,
        "then": list(act.then),
        "part": act.part,
        "outcome": act.outcome,
        "detail": mask_numbers(act.detail),
    }


def acts_of(board: Board, *, limit: int) -> Document:
    """The newest ends of acts, newest first."""
    newest = list(reversed(board.acts))[:limit]
    return {"acts": [act_of(each, board) for each in newest]}


def chart_of(board: Board) -> Document:
    """The last hour, oldest step first; steps in which nobody looked are left out."""
    points = [
        {
            "at": rfc3339(at),
            "calls": point.calls,
            "done": point.outcomes["done"],
            "failed": point.outcomes["failed"] + point.outcomes["unknown"],
            "held": point.held,
        }
        for at, point in board.hour.points()
    ]
    return {"step_ms": STEP, "points": points}


def _rules(board: Board, pauses: list[Pause]) -> Document:
    rules = board.flows().flow_set.rules
    paused = [p for p in pauses if p.flow and not p.tripped]
    tripped = [p for p in pauses if p.tripped]
    return {"total": len(rules), "paused": len(paused), "tripped": len(tripped)}


def _reload(board: Board) -> Document:
    flows = board.flows()
    return {
        "ok": flows.ok,
        "at": rfc3339(board.reloaded_at),
        "flows": len(flows.flow_set.flows),
        "rules": len(flows.flow_set.rules),
        "trouble": mask_numbers(flows.trouble),
        "errors": sum(problem.is_error for problem in flows.problems),
        "problems": [_problem(problem) for problem in flows.problems[:PROBLEMS]],
    }


def _problem(problem: Problem) -> Document:
    position = problem.position
    return {
        "path": position.path,
        "line": position.line,
        "column": position.column,
        "severity": problem.severity,
        "code": problem.code,
        "message": mask_numbers(problem.message),
        "hint": mask_numbers(problem.hint),
    }
