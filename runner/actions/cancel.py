"""`cancel`: stops a call that is queued or ringing; Twilio leaves answered calls alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.actions.base import ActionKind, Arguments
from runner.model import Update


def _prepare(_value: Any, _defaults: Mapping[str, str]) -> Arguments:
    return {}


def _alone(_arguments: Arguments) -> Update:
    return Update(status="canceled")


CANCEL = ActionKind(
    name="cancel",
    prepare=_prepare,
    alone=_alone,
    statuses=("queued", "ringing"),
    ends=True,
    exclusive=True,
    hangs_up=True,
)
