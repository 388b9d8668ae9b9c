"""Whether a wanted word can ever be a field's value: phone numbers, statuses, known words."""

from __future__ import annotations

from runner.addresses import (
    is_address,
    probable_number,
    probable_start,
)
from runner.language.bench import Bench
from runner.language.fields import LEGS, Field
from runner.language.phones import COUNTRIES
from runner.language.words import listed, nearest, shown, suggestion
from runner.model import LIVE_STATUSES
from runner.problems import Position

ANY_LEG = "any"

_ENDED = ("completed", "busy", "failed", "no-answer", "canceled", "cancelled")


def is_usual(field: Field, word: str) -> bool:
    """Whether nothing speaks against a word for equality: the quick answer, for most words."""
    if field.type == "phone":
        return is_address(word)
    return not field.known or word in field.known


def check_word(bench: Bench, field: Field, word: str, position: Position) -> bool:
    """Notes what speaks against a word for equality; False where it can't be meant at all."""
    if field.type == "status":
        return _check_status(bench, word, position)
    if field.closed:
        return _check_closed(bench, field, word, position)
    if field.type == "phone":
        _check_phone(bench, word, position)
    elif field.known and word not in field.known:
        _warn_unknown(bench, field, word, position)
    return True


def warn_of_start(bench: Bench, start: str, position: Position) -> None:
    """Notes a prefix that no phone number or address begins with."""
    guess = probable_start(start)
    bench.warn(
        position,
        "not-e164",
        f"no phone number begins with {shown(start)}: numbers are E.164, + and the country first",
        hint=f"did you mean {shown(guess)}?" if guess else 'write it like "+1415"',
    )


def _check_status(bench: Bench, word: str, position: Position) -> bool:
    if word in _ENDED:
        bench.error(
            position,
            "status-not-live",
            f"a call that is {word} is over; rules are about live calls",
            hint=f"live statuses are {listed(LIVE_STATUSES, 'and')}",
        )
        return False
    if word in LIVE_STATUSES:
        return True
    hint = suggestion(word, LIVE_STATUSES, "statuses")
    bench.error(position, "unknown-value", f"there is no status {shown(word)}", hint=hint)
    return False


def _check_closed(bench: Bench, field: Field, word: str, position: Position) -> bool:
    known = (*LEGS, ANY_LEG) if field.type == "leg" else field.known
    if word in known:
        return True
    country = field.known is COUNTRIES
    hint = _country_hint(word) if country else suggestion(word, known, "values")
    message = f"`{field.name}` is never {shown(word)}"
    bench.error(position, "unknown-value", message, hint=hint)
    return False


def _country_hint(word: str) -> str:
    code = {"UK": "GB", "USA": "US"}.get(word.upper(), word.upper())
    if code in COUNTRIES:
        return f"did you mean {shown(code)}?"
    return "countries are two letters (ISO 3166), like US or DE"


def _check_phone(bench: Bench, word: str, position: Position) -> None:
    if is_address(word):
        return
    guess = probable_number(word)
    bench.warn(
        position,
        "not-e164",
        f"{shown(word)} is neither an E.164 number nor a sip:, client: or sim: address",
        hint=f"did you mean {shown(guess)}?" if guess else 'write it like "+14155550100"',
    )


def _warn_unknown(bench: Bench, field: Field, word: str, position: Position) -> None:
    near = nearest(word, field.known)
    bench.warn(
        position,
        "unknown-value",
        f"Twilio documents no {field.name} {shown(word)}",
        hint=f"did you mean {shown(near)}?"
        if near
        else f"known values are {listed(field.known, 'and')}",
    )
