"""Values of another type than the one that is needed: what messages say of them."""

from __future__ import annotations

from typing import Any

from runner.language.source import Document, Place, Pointer
from runner.language.words import shown


def name_of(pointer: Pointer) -> str:
    """What a message calls the value at a pointer: its key, or the item of a list by number."""
    if not pointer:
        return "the file"
    last = pointer[-1]
    if isinstance(last, str):
        return f"`{last}`"
    return f"item {last + 1} of {name_of(pointer[:-1])}"


def wrong_type(
    document: Document, place: Place | None, *, name: str, wanted: str
) -> tuple[str, str, str]:
    """Code, message and hint for a value of another type than `wanted` (`text`, `a list`, …)."""
    found = place[0][place[1]] if place else document.data
    if place is None or isinstance(found, (dict, list, str)):
        return "wrong-type", f"{name} must be {wanted}, not {kind_of(found)}", ""
    written = document.written(*place)
    if found is None:
        return "wrong-type", f"{name} is empty; it must be {wanted}", ""
    if wanted.startswith("text"):
        return as_text(name, written, found)
    return "wrong-type", f"{name} must be {wanted}, not {shown(written)[1:-1]}", ""


def as_text(name: str, written: str, found: Any) -> tuple[str, str, str]:
    """For a number (or true, false) where text is wanted: how to write it so that it is text."""
    kind = "true or false" if isinstance(found, bool) else "a number"
    message = f"{name} must be text, and {written} without quotes is {kind} to YAML"
    return "number-as-text", message, f"write {shown(written)}"


def kind_of(value: Any) -> str:
    """What messages call a value: by its type, or as it was written."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return f"the text {shown(value)}" if isinstance(value, str) else shown(value)
