"""Codes of words that don't fit together: names, lists, actions, tests of flows."""

from __future__ import annotations

CODES: dict[str, tuple[str, str]] = {
    "account-circle": (
        "The parents of an account lead back to it, so that no login opens it.",
        "Give the topmost account an `auth_token` or an API key, and no `parent`.",
    ),
    "duplicate-account": (
        "Two accounts of the configuration have the same SID; its calls would be polled twice.",
        "Remove one of them, or correct its SID.",
    ),
    "duplicate-call": (
        "Two calls of a test have the same name, or the same SID.",
        "Give one of them another.",
    ),
    "duplicate-flow": (
        "Two files define a flow of the same name, under which history and state are kept.",
        "Rename one of them.",
    ),
    "duplicate-rule": ("Two rules of a flow have the same `id`.", "Give one of them another."),
    "duplicate-test": ("Two tests of a file have the same name.", "Give one of them another."),
    "emergency-number": (
        "An action would call an emergency number. No flow does: nobody may be there to speak.",
        "Remove it. People call for help themselves; a number of your own staff may be dialled.",
    ),
    "exclusive-action": (
        "An action that is a whole update by itself stands beside others that change the call.",
        "Keep one of them, or spread them over two rules.",
    ),
    "list-file": (
        "The file of a list can't be read or used.",
        "Put it where `file` says, relative to the flow: UTF-8 text, one value a line.",
    ),
    "no-poll": (
        "A test expects something at a time at which nothing is looked at.",
        "Write a multiple of `poll` that is not beyond `until`.",
    ),
    "operator-mismatch": (
        "The operator does not suit what the field holds.",
        "Use one of the operators that the message lists.",
    ),
    "placeholder": ("A placeholder stands where the language has none.", "Write the text itself."),
    "secret-in-flow": (
        "A secret stands in a flow, where everybody who reads the file reads it.",
        "Put it into an environment variable whose name begins with `CALLFLOW_NOTIFY_`, and name "
        "that in its place, as `env: CALLFLOW_NOTIFY_…`. Change it if others may have seen it.",
    ),
    "secret-in-place": (
        "A secret stands in the configuration, where everybody who reads the file reads it.",
        "Name where it is kept: `env: NAME`, `file: PATH` or `credential: NAME`. Change it at "
        "Twilio if others may have seen it.",
    ),
    "twiml-too-long": (
        "The TwiML is longer than the 4,000 characters that Twilio takes with an update.",
        "Shorten it, or serve it yourself and `redirect` to it.",
    ),
    "undone-action": (
        "Another action of the same list leaves this one without any effect: it ends the call, or "
        "takes it away from where this one would act.",
        "Write it before the other one, leave one of them out, or spread them over two rules.",
    ),
    "unknown-account": (
        "An alias is named that the configuration's `accounts` don't have.",
        "Define it there, or use one that is.",
    ),
    "unknown-call": ("A test names a call that it does not define.", "Define it under `calls`."),
    "unknown-list": (
        "A condition names a list that the flow does not define.",
        "Define it under `lists`.",
    ),
    "unknown-rule": (
        "A test expects a rule that its flows don't have.",
        "Write it as flow and rule, with a slash between them.",
    ),
    "unknown-window": (
        "A condition names a window that the flow does not define.",
        "Define it under `windows`.",
    ),
    "unreachable-action": (
        "An action stands after one that ends the list, and would never run.",
        "Move it before the last one, or remove it.",
    ),
}
