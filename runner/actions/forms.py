"""Actions of several forms, `start`, `stop` and the like: one of them written, with what it takes.

The arguments of such an action are one pair: the form, and what was written for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.actions.base import Arguments, BadArgument

START, STOP = "start", "stop"
#: The options of `start` that are told in the same way everywhere.
METHOD = "status_callback_method"
CALLBACK = "status_callback"


def form_of(value: Any) -> tuple[str, Any]:
    """The form that is written, and what stands below it; None below a bare word."""
    if not isinstance(value, Mapping):
        return value, None
    forms = list(value)
    if len(forms) > 1:
        message = f"{' and '.join(forms)} are two actions, and this is one"
        raise BadArgument(message, key=forms[1], hint="begin a new item of `then` for the second")
    return forms[0], value[forms[0]]


def written(arguments: Arguments) -> tuple[str, Any]:
    """The form and its details, of arguments that `prepare` has made."""
    return next(iter(arguments.items()))


def starts(arguments: Arguments) -> bool:
    """Whether it begins something, which a change to the call may end again."""
    return START in arguments


def fields_of(given: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    """Twilio's form fields of what is given: `names` says what each option is called there."""
    return {field: as_field(given[option]) for option, field in names.items() if option in given}


def as_field(value: Any) -> str:
    """A value as a form field has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
