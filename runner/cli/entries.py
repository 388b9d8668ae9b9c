"""Entries of the ledger as plain data, as `callflow history` and the console show them."""

from __future__ import annotations

import re
from typing import Any

from runner.cli.hiding import Hide, hider_of
from runner.cli.parted import intent_data
from runner.durations import rfc3339
from runner.engine.ports import Entry, Note
from runner.masking import mask_numbers

_COMPARED = "not|not_in|in_list|not_in_list|prefix|suffix|glob|regex"
#: In why an act was: the caller's name, up to what it was compared by.
_NAME = re.compile(rf"\bcaller_name (?!exists )(?:.+(?= (?:{_COMPARED}) )|[^;]+)")


def entry_data(entry: Entry, *, show_numbers: bool, name: str = "") -> dict[str, Any]:
    """One part of an act, and how it ended. `name` is the caller's, where it is known yet."""
    hide: Hide = (lambda text: text) if show_numbers else hider_of(name)
    why = entry.intent.why if show_numbers else _NAME.sub("caller_name ***", entry.intent.why)
    intent = entry.intent
    return {
        "id": entry.id,
        "time": rfc3339(intent.at),
        "account": intent.account,
        "call": intent.call_sid,
        "flow": intent.flow,
        "rule": intent.rule,
        "revision": intent.revision,
        "then": list(intent.then),
        **intent_data(intent, hide),
        "why": hide(why),
        "outcome": entry.outcome,
        "attempt": entry.attempt,
        "ended": rfc3339(entry.updated_at),
        "detail": hide(entry.detail),
    }


def note_data(note: Note, *, show_numbers: bool) -> dict[str, Any]:
    """What somebody did that is no act on a call."""
    hide = (lambda text: text) if show_numbers else mask_numbers
    return {
        "time": rfc3339(note.at),
        "event": note.event,
        "by": note.by,
        "detail": hide(note.detail),
    }
