"""What each problem code means and how to mend it: for `explain`, and for tools that ask.

The message of a problem speaks of one place in one file; here stands what all problems of a code
have in common. A test holds this table and the code's use in the source together.
"""

from __future__ import annotations

#: Code → what it means, and how to mend it. In alphabetical order, without braces, which have a
#: meaning of their own in SARIF.
CODES: dict[str, tuple[str, str]] = {
    "alias-expansion": (
        "YAML aliases of this file repeat more values than a person can have meant.",
        "Write the values out, or name them once under `lists`.",
    ),
    "bad-account": (
        "A flow's `accounts` names neither an alias nor an account SID.",
        "Write an alias, in lower case, or `AC` and 32 lower-case hexadecimal digits.",
    ),
    "bad-argument": (
        "An action's arguments are each allowed, but not together or not with this value.",
        "Write the action as `callflow explain` shows it.",
    ),
    "bad-duration": (
        "A length of time is not written as one, or can't be used here.",
        "Write a number with its unit: `500ms`, `45s`, `5m`, `1h30m`. A bare number has no unit.",
    ),
    "bad-name": (
        "The name of a flow, a rule or a list has a character that names can't have.",
        "Use up to 64 lower-case letters, digits, `-` and `_`, beginning with a letter or digit.",
    ),
    "bad-regex": (
        "The pattern is no regular expression of RE2, the kind that always runs in linear time.",
        "Mend the pattern; instead of look-around and back-references use `not`, `any` and `all`.",
    ),
    "bad-share": (
        "The share of a canary is not written as a percentage.",
        "Write a number between 0 and 100 with `%`, like `10%`; none is `shadow`, all `enforce`.",
    ),
    "bad-time": (
        "A moment is not written as RFC 3339 writes it.",
        "Write date, time and zone, like `2026-11-02T15:00:00Z`.",
    ),
    "bad-twiml": (
        "The text is no sound TwiML document.",
        "Mend the XML; its outermost element is `Response`.",
    ),
    "bad-url": (
        "The text is no URL that Twilio could fetch.",
        "Write an absolute address that begins with `https://` or `http://`.",
    ),
    "binary": (
        "The file holds bytes that no text file has.",
        "Save it as text, in UTF-8, or keep it out of the folder of flows.",
    ),
    "control-character": (
        "An invisible character stands where YAML allows none.",
        "Delete it, or write it as an escape inside double quotes.",
    ),
    "duplicate-flow": (
        "Two files define a flow of the same name, under which history and state are kept.",
        "Rename one of them.",
    ),
    "duplicate-key": (
        "A mapping has the same key twice, so that one of the two values would be lost.",
        "Keep one, or join the two, under `any` or `all` where they are conditions.",
    ),
    "duplicate-rule": (
        "Two rules of a flow have the same `id`.",
        "Give one of them another.",
    ),
    "empty-file": (
        "There is nothing in the file.",
        "Write a flow, or delete the file.",
    ),
    "empty-range": (
        "No value lies in the range: its end comes before its beginning.",
        "Write the smaller value first.",
    ),
    "empty-value": (
        "A value is empty where one is needed.",
        "Write it, or remove its key. Ask for an empty field with `exists: false`.",
    ),
    "exclusive-action": (
        "An action that is a whole update by itself stands beside others that change the call.",
        "Keep one of them, or spread them over two rules.",
    ),
    "exclusive-key": (
        "Two keys stand together that answer the same question in different ways.",
        "Keep one of them.",
    ),
    "key-not-text": (
        "A key is a number, a list or a mapping, and every key of the language is a word.",
        "Write it as text, in quotes where YAML would read a number.",
    ),
    "list-file": (
        "The file of a list can't be read or used.",
        "Put it where `file` says, relative to the flow: UTF-8 text, one value a line.",
    ),
    "missing-argument": (
        "An action that needs a value was written as a bare word.",
        "Write its value after a colon.",
    ),
    "missing-key": (
        "A key without which the file has no meaning is not there.",
        "Add it.",
    ),
    "no-flows": (
        "The folder holds no flow file.",
        "Put one there, or name another folder; flow files end in `.yaml` or `.yml`.",
    ),
    "no-such-path": (
        "There is no file or folder of this name.",
        "Look at the path, and at the folder that you are in.",
    ),
    "not-a-file": (
        "A folder has the name of a flow file.",
        "Rename it.",
    ),
    "not-e164": (
        "This is neither a phone number as Twilio writes it nor an address, so no call has it.",
        "Write `+`, the country code and the number, without spaces, in quotes.",
    ),
    "not-utf8": (
        "The file is not UTF-8.",
        "Save it in that encoding.",
    ),
    "number-as-text": (
        "Text is wanted, and what stands here is read as a number by YAML tools.",
        "Put it in quotes. A phone number without them loses its `+`.",
    ),
    "operator-mismatch": (
        "The operator does not suit what the field holds.",
        "Use one of the operators that the message lists.",
    ),
    "out-of-range": (
        "A number or a length is smaller or larger than the language allows.",
        "Choose one within the limits that the message names.",
    ),
    "placeholder": (
        "A placeholder stands where the language has none.",
        "Write the text itself.",
    ),
    "several-actions": (
        "One item of `then` holds several actions, and their order would be unknown.",
        "Begin a new item, with its own `-`, for each.",
    ),
    "several-documents": (
        "The file holds several YAML documents.",
        "Remove the `---` between them, or make it several files.",
    ),
    "status-not-live": (
        "A rule asks for calls that are over, and rules are about live calls.",
        "Name `queued`, `ringing` or `in-progress`.",
    ),
    "tab": (
        "A tab stands where YAML counts spaces.",
        "Indent with spaces.",
    ),
    "tag": (
        "A YAML tag asks for a type, and flow files have none but text, numbers, lists and so on.",
        "Remove it; text that begins with `!` needs quotes.",
    ),
    "too-deep": (
        "Lists and mappings are nested deeper than anybody could follow.",
        "Flatten them, or split the rule.",
    ),
    "too-large": (
        "The file is larger than the language allows.",
        "Split it; long lists go into a file of their own.",
    ),
    "twiml-too-long": (
        "The TwiML is longer than the 4,000 characters that Twilio takes with an update.",
        "Shorten it, or serve it yourself and `redirect` to it.",
    ),
    "unknown-action": (
        "There is no action of this name.",
        "Use one of `callflow explain actions`.",
    ),
    "unknown-alias": (
        "A YAML alias names an anchor that does not stand before it.",
        "Define it with `&name` first; text that begins with `*` needs quotes.",
    ),
    "unknown-field": (
        "There is no field of this name.",
        "Use one of `callflow explain fields`.",
    ),
    "unknown-key": (
        "The language has no such key here.",
        "Use the word that the message suggests, or remove it.",
    ),
    "unknown-list": (
        "A condition names a list that the flow does not define.",
        "Define it under `lists`.",
    ),
    "unknown-operator": (
        "There is no operator of this name.",
        "Use one of `callflow explain operators`.",
    ),
    "unknown-value": (
        "The field or key never has this value.",
        "Use one of the values that the message lists.",
    ),
    "unreachable-action": (
        "An action stands after one that ends the list, and would never run.",
        "Move it before the last one, or remove it.",
    ),
    "unreadable": (
        "The file or folder can't be read.",
        "See to it that callflow may read it.",
    ),
    "wrong-length": (
        "A list has more or fewer items than the language takes here.",
        "Write as many as the message says.",
    ),
    "wrong-type": (
        "A value is of another type than the one that is needed.",
        "Write it in the form that the message names.",
    ),
    "yaml-syntax": (
        "The file is not YAML.",
        "Look at the marked place and the line above it: a colon, a quote, a bracket, the indent.",
    ),
}


def meaning(code: str) -> tuple[str, str]:
    """What the code means and how to mend it; a code that is not in the table gets no crash."""
    return CODES.get(code, ("A fault that its message explains.", "Do as the message says."))
