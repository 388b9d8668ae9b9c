"""`hangup`: ends the call, whatever it is doing, and its child legs with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.actions.base import ActionKind, Arguments, Verb
from runner.model import Update


def _prepare(_value: Any, _defaults: Mapping[str, str]) -> Arguments:
    return {}


def _verbs(_arguments: Arguments) -> tuple[Verb, ...]:
    return (Verb("Hangup"),)


def _alone(_arguments: Arguments) -> Update:
    return Update(status="completed")


HANGUP = ActionKind(
    name="hangup", prepare=_prepare, verbs=_verbs, alone=_alone, ends=True, hangs_up=True
)
