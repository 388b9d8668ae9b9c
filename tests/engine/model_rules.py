"""The rules that `test_model` plays with: acts of one part and of several, in every order."""

from __future__ import annotations

import json
from typing import NamedTuple

from tests.actions.beside import SERVICE

PROTECTED = "+14155550104"
NOWHERE = "http://127.0.0.1:9/never"
STREAM = "{stream: {start: {url: 'wss://media.example/in'}}}"


class Played(NamedTuple):
    """One rule: the number that it is for, what it does, its parts in the order of sending."""

    number: str
    then: str
    parts: tuple[str, ...]


def message(number: int) -> str:
    """A message; the far side knows by the number which part it is."""
    return f"{{message: {{n: {number}}}}}"


def tell(part: str) -> str:
    """A post; the service knows by the path which part it is."""
    return f"{{notify: '{SERVICE}/{part}'}}"


RULES = {
    "ends": Played(
        "+14155550101",
        f"[{{log: about to}}, {tell('notify')}, hangup, {tell('notify.2')}]",
        ("log", "notify", "", "notify.2"),
    ),
    "speaks": Played(
        "+14155550102",
        f"[{{record: start}}, {{say: hello}}, {{pause: 9m}}, {STREAM}, {tell('notify')}]",
        ("", "record", "stream", "notify"),
    ),
    "moves": Played(
        "+14155550103",
        f"[{message(1)}, {{redirect: '{NOWHERE}'}}, {{log: moved}}, {message(2)}]",
        ("message", "", "log", "message.2"),
    ),
    "limits": Played(
        "+14155550105",
        f"[{{record: start}}, {{limit: 3h}}, {{record: stop}}, {message(1)}, {tell('notify')}]",
        ("record", "", "record.2", "message", "notify"),
    ),
    "dials": Played(
        "+14155550106",
        f"[{{log: about to}}, {{dial: '+14155550999'}}, {message(1)}, {tell('notify')}]",
        ("log", "", "message", "notify"),
    ),
    "restarts": Played("+14155550107", f"[restart, {tell('notify')}]", ("", "notify")),
    "watches": Played(
        "+14155550108",
        f"[{STREAM}, {{log: watched}}, {{stream: stop}}]",
        ("stream", "log", "stream.2"),
    ),
    # For every protected call: telling is all that may be done.
    "tells": Played(PROTECTED, f"[{{log: seen}}, {tell('notify')}]", ("log", "notify")),
}
#: Rules whose update does no more when it is sent twice.
REPEATABLE = {"ends", "limits"}
#: Parts that nothing waits for.
TELLING = {"log", "notify", "notify.2"}
#: What below the call is which part; messages are told apart by what they say.
_BELOW = {
    "Recordings": "record",
    "Recordings/Twilio.CURRENT": "record.2",
    "Streams": "stream",
    "Streams/callflow": "stream.2",
}


def part_below(target: str, content: str) -> str:
    """The part that a request below a call is."""
    if target == "UserDefinedMessages":
        return {1: "message", 2: "message.2"}[json.loads(content)["n"]]
    return _BELOW[target]


def flow_of(names: tuple[str, ...], edit: int) -> str:
    """These rules, which never mean anything else, whatever is edited around them."""
    rules = "".join(
        f'  - id: {name}\n    match: {{to: ["{RULES[name].number}", "{PROTECTED}"]}}\n'
        f"    description: edit {edit}\n    continue: {str(name == 'tells').lower()}\n"
        f"    then: {RULES[name].then}\n"
        for name in ("tells", *names)
    )
    other = '  - id: other\n    match: {to: "+19005550100"}\n    then: [hangup]\n'
    return f"version: 1\nflow: f\nguard: unlimited\nrules:\n{rules}{other}"
