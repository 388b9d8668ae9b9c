"""Makes text safe to print: no control characters, phone numbers and callers' names masked."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from urllib.parse import quote, quote_plus

from runner.call import Call
from runner.cli.terminal import printable
from runner.masking import mask_numbers

Hide = Callable[[str], str]


def hider(call: Call | None, *, show_numbers: bool) -> Hide:
    """For texts about this call: its caller's name is hidden in them, however it is written.

    What a placeholder's filters made of the name (spelled out, say) can't be told from other text.
    """
    if show_numbers:
        return printable
    said = (call.caller_name or "").strip() if call is not None else ""
    name = _named(said) if said else None

    def hide(text: str) -> str:
        text = printable(text)
        return mask_numbers(text if name is None else name.sub("***", text))

    return hide


def _named(name: str) -> re.Pattern[str]:
    """The name as a word of its own: as it is, in XML, in a URL."""
    in_urls = {quote(name, safe=""), quote_plus(name)}
    spellings = {name, printable(name), escape(name, quote=False)} | in_urls
    either = "|".join(re.escape(each) for each in sorted(spellings, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE)
