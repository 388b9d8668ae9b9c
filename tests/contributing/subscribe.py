"""`subscribe`: has a URL told of the messages that the call's application sends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.actions.base import ActionKind, Arguments
from runner.actions.checks import absolute_url
from runner.sides import Side


def _prepare(value: Any, _defaults: Mapping[str, str]) -> Arguments:
    return {"url": absolute_url(value)}


def _side(arguments: Arguments) -> Side:
    # By the key, which is filled in when it is sent, Twilio knows a subscription that it has had.
    fields = {"Callback": arguments["url"], "IdempotencyKey": ""}
    return Side("call", "UserDefinedMessageSubscriptions", fields, repeatable=True)


def _effects(_arguments: Arguments) -> tuple[str, ...]:
    return ("subscribes to the call's messages",)


SUBSCRIBE = ActionKind(
    name="subscribe",
    prepare=_prepare,
    statuses=("in-progress",),
    changes_call=False,
    placeholders=("",),
    effects=_effects,
    side=_side,
)
