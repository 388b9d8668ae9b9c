"""Makes text safe to print: no control characters, phone numbers and callers' names masked."""

from __future__ import annotations

from collections.abc import Callable

from runner.call import Call
from runner.cli.terminal import printable
from runner.masking import mask_numbers, name_masker

Hide = Callable[[str], str]


def hider(call: Call | None, *, show_numbers: bool) -> Hide:
    """For texts about this call: its caller's name is hidden in them, however it is written.

    What a placeholder's filters made of the name (spelled out, say) can't be told from other text.
    """
    if show_numbers:
        return printable
    return hider_of((call.caller_name or "") if call is not None else "")


def hider_of(name: str) -> Hide:
    """For texts about a call of this caller, "" where the name isn't known."""
    said = name.strip()
    masked = name_masker(printable(said)) if said else None

    def hide(text: str) -> str:
        text = printable(text)
        return mask_numbers(text if masked is None else masked(text))

    return hide
