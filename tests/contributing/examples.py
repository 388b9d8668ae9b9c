"""Two actions that the product doesn't have, with all that somebody writes who adds them.

`beep` changes how the call goes on, `subscribe` is a request beside it. Their files, `beep.py` and
`subscribe.py` here, are those that go into `runner/actions/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Example:
    """What is written for one action, each text as it stands in its file.

    `before` is the action before which it is put, wherever there is an order. `bad` are files of
    `tests/golden/bad/`, by name.

    Of a rule that has `line` and a hang-up, `validate --effects` says `told`, `plan` shows `sent`,
    and the transcript of the sandbox has `heard`.
    """

    name: str
    before: str
    schema: str
    forms: str
    line: str
    tutorial: str
    change: str
    told: str
    sent: str
    heard: tuple[str, str]
    bad: Mapping[str, str] = field(default_factory=dict)


BEEP = Example(
    name="beep",
    before="redirect",
    schema="""\
        "beep": {
          "title": "beep",
          "description": "Plays a tone so many times, a second apart.",
          "type": "integer",
          "minimum": 1,
          "maximum": 20,
          "examples": [2]
        },
""",
    forms="""\
version: 1
flow: beep
rules:
  - id: once
    then: [beep: 1, hangup]
  - id: several-times
    then: [beep: 3, say: Goodbye., hangup]
""",
    line="      - beep: 2\n",
    tutorial="| `beep` | `2` | plays a tone so many times |\n",
    change="- [FEATURE] Actions: `beep` plays tones, a second apart.\n",
    told="the call ends after beep",
    sent='<Play digits="1ww1" />',
    heard=("plays", "keys 1ww1"),
)

SUBSCRIBE = Example(
    name="subscribe",
    before="notify",
    schema="""\
        "subscribe": {
          "title": "subscribe",
          "description": "Has a URL told of the messages that the call's application sends.",
          "examples": ["https://example.com/messages"],
          "$ref": "#/definitions/url"
        },
""",
    forms="""\
version: 1
flow: subscribe
rules:
  - id: url
    then: [subscribe: "https://example.com/messages"]
  - id: placeholder
    then: [subscribe: "https://example.com/messages?from={{ from }}"]
""",
    line="      - subscribe: https://example.com/messages\n",
    tutorial="| `subscribe` | a URL | has it told of the application's messages |\n",
    change="- [FEATURE] Actions: `subscribe` has a URL told of messages.\n",
    told="subscribes to the call's messages",
    sent="UserDefinedMessageSubscriptions",
    heard=("subscribes", "started: https://example.com/messages"),
    bad={
        "bad-url-of-subscribe": """\
version: 1
flow: bad-url-of-subscribe
rules:
  - id: no-scheme
    then: [subscribe: example.com/messages]
"""
    },
)

EXAMPLES = (BEEP, SUBSCRIBE)
