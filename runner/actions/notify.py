"""`notify`: posts JSON to a service of the user's own. Nothing happens to the call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from runner.actions import documents, headers
from runner.actions.base import ActionKind, Arguments, BadArgument, Key
from runner.actions.checks import Reach, Written, absolute_url
from runner.actions.templates import DEFAULT, Placeholder, Template
from runner.sides import Side

_SERVICE = Reach(("http", "https"), "write https://host/path")
#: Characters of a body; what is told of one call is far below.
_LONGEST = 60_000
_TOLD = (
    *("sid", "account_sid", "parent_call_sid", "from", "to", "forwarded_from", "caller_name"),
    *("direction", "status", "answered_by", "start_time"),
)


def _field(name: str) -> Template:
    """A field of the call; empty text where Twilio left it empty."""
    written = f'{{{{ {name} | {DEFAULT}("") }}}}'
    return Template(written, (Placeholder(name, ((DEFAULT, ("",)),)),), context="data")


def _default_body() -> Mapping[str, Any]:
    return {"event": "callflow.rule", "call": {name: _field(name) for name in _TOLD}}


def _prepare(value: Any, _defaults: Mapping[str, str]) -> Arguments:
    whole = not isinstance(value, Mapping)
    given = {"url": value} if whole else dict(value)
    if given.get("body", "") is None:
        raise BadArgument(
            "the body is empty", key="body", hint="leave `body` out for the usual one"
        )
    body = given.get("body", _default_body())
    return {
        "url": _service(given["url"], key=None if whole else "url"),
        "headers": headers.checked(given.get("headers", {}), key="headers"),
        "body": documents.checked(body, key="body", longest=_LONGEST),
    }


def _service(url: Written, *, key: Key) -> Written:
    made = absolute_url(url, key=key, reach=_SERVICE)
    if "@" in _parts(made).netloc:
        message = "a user name and a password would stand in the flow for all who read it"
        hint = f"send a header instead: `Authorization: {{env: {headers.PREFIX}…}}`"
        raise BadArgument(message, key=key, code="secret-in-flow", hint=hint)
    return made


def _parts(url: str | Template) -> Any:
    return urlsplit(url.filled(lambda _: "x") if isinstance(url, Template) else url)


def _side(arguments: Arguments) -> Side:
    import json  # here, not above: most flows need none

    fields = {
        "body": documents.text_of(arguments["body"], longest=_LONGEST),
        "headers": json.dumps(arguments["headers"], separators=(",", ":")),
    }
    return Side("web", arguments["url"], fields, repeatable=True)


def _effects(arguments: Arguments) -> tuple[str, ...]:
    return (f"posts to {_parts(arguments['url']).hostname}",)


NOTIFY = ActionKind(
    name="notify",
    prepare=_prepare,
    changes_call=False,
    placeholders=("", "url", "body"),
    effects=_effects,
    side=_side,
    tells=True,
)
