"""`message`: a user-defined message to the application at the other end of the call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.actions import documents
from runner.actions.base import ActionKind, Arguments
from runner.sides import Side

#: Characters that one message may have. Assumed: Twilio's API document names no limit.
_LONGEST = 10_000


def _prepare(value: Any, _defaults: Mapping[str, str]) -> Arguments:
    return {"content": documents.checked(value, key=None, longest=_LONGEST)}


def _side(arguments: Arguments) -> Side:
    content = documents.text_of(arguments["content"], longest=_LONGEST)
    # By the key, which is filled in when it is sent, Twilio can know a message that it has had.
    # That it then drops it is assumed, from what its document says of the same field of payments.
    fields = {"Content": content, "IdempotencyKey": ""}
    return Side("call", "UserDefinedMessages", fields, repeatable=True)


def _effects(_arguments: Arguments) -> tuple[str, ...]:
    return ("sends a message to the call's application",)


MESSAGE = ActionKind(
    name="message",
    prepare=_prepare,
    statuses=("in-progress",),
    changes_call=False,
    placeholders=("*",),
    effects=_effects,
    side=_side,
)
