"""Analysis: what a sound flow says that was hardly meant. One file a concern, one table of checks.

A check looks at the whole flow and notes warnings. `unreachable-rule` and `contradiction` are
proofs, see `proofs`; the others are as plain as they look. `docs/warnings.md` explains each one.
"""

from __future__ import annotations

from collections.abc import Callable

from runner.language.analysis.acts import (
    check_endings,
    check_loops,
    check_reversals,
    check_speech,
    check_statuses,
)
from runner.language.analysis.breadth import check_everything, check_holds, check_legs
from runner.language.analysis.limits import check_guards
from runner.language.analysis.reach import check_reach
from runner.language.analysis.subject import Subject
from runner.language.analysis.unused import check_lists, check_windows
from runner.language.source import Document
from runner.model import Flow, Millis
from runner.problems import Problem

Check = Callable[[Subject], None]

#: Every check, and the codes of the warnings that it may note.
CHECKS: tuple[tuple[Check, tuple[str, ...]], ...] = (
    (check_reach, ("unreachable-rule", "contradiction")),
    (check_endings, ("call-ends-after",)),
    (check_loops, ("loop",)),
    (check_everything, ("matches-everything",)),
    (check_holds, ("for-shorter-than-poll",)),
    (check_legs, ("both-legs",)),
    (check_lists, ("unused-list",)),
    (check_windows, ("unused-window",)),
    (check_statuses, ("cancel-cannot-apply", "action-cannot-apply")),
    (check_speech, ("say-too-long",)),
    (check_reversals, ("taken-back",)),
    (check_guards, ("guard-never-reached",)),
)

#: What the compiler warns of itself, while it reads what is written.
_COMPILED = ("missing-default", "not-e164", "unknown-value")

#: The codes of every warning about a flow, and so what an ignore comment may name.
WARNINGS: tuple[str, ...] = tuple(
    sorted({*_COMPILED, *(code for _, codes in CHECKS for code in codes)})
)


def analyse(flow: Flow, document: Document, *, poll: Millis) -> list[Problem]:
    """Every warning about a flow. `poll` is the time from one look at the calls to the next."""
    subject = Subject(flow, document, poll)
    for check, _ in CHECKS:
        check(subject)
    return subject.problems
