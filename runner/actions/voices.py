"""How much text the voices of Twilio's <Say> take at once (error 13521 above it)."""

from __future__ import annotations

from functools import cache

#: How a voice's name begins → what its family is called, and the most characters of one text.
_FAMILIES = {
    "polly.": ("Polly", 3_000),
    "google.": ("Google", 5_000),
}
_BASIC = ("basic", 4_096)


@cache
def longest_speech(voice: str) -> tuple[str, int]:
    """The family of a voice, and how many characters it takes; no voice is a basic one."""
    name = voice.lower()
    return next((row for start, row in _FAMILIES.items() if name.startswith(start)), _BASIC)
