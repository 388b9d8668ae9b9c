"""`redirect`: the call fetches new TwiML from a URL. Nothing after it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.actions.base import ActionKind, Arguments, BadArgument, Verb
from runner.actions.checks import absolute_url
from runner.model import Update


def _prepare(value: Any, _defaults: Mapping[str, str]) -> Arguments:
    if not isinstance(value, Mapping):
        return {"url": absolute_url(value)}
    given = dict(value)
    given["url"] = absolute_url(given["url"], key="url")
    if "fallback_url" in given:
        given["fallback_url"] = absolute_url(given["fallback_url"], key="fallback_url")
    elif "fallback_method" in given:
        raise BadArgument("fallback_method needs a fallback_url", key="fallback_method")
    return given


def _verbs(arguments: Arguments) -> tuple[Verb, ...]:
    attributes = {"method": arguments["method"]} if "method" in arguments else {}
    return (Verb("Redirect", attributes, arguments["url"]),)


def _alone(arguments: Arguments) -> Update:
    return Update(**arguments)


REDIRECT = ActionKind(
    name="redirect",
    prepare=_prepare,
    verbs=_verbs,
    alone=_alone,
    statuses=("in-progress",),
    ends=True,
    refetches=True,
    only_alone=("fallback_url", "fallback_method"),
    placeholders=("", "url", "fallback_url"),
)
