"""Codes of what was hardly meant: warnings, and the comments that silence them."""

from __future__ import annotations

CODES: dict[str, tuple[str, str]] = {
    "action-cannot-apply": (
        "Twilio lets the action do nothing in any status that the rule is about.",
        "Name the status `in-progress`, or end queued and ringing calls with `cancel`.",
    ),
    "both-legs": (
        "A rule changes calls and the legs they dialled; changing one ends or drops the other.",
        "Name `leg: parent` or `leg: child`, or say in an ignore comment why both are meant.",
    ),
    "call-ends-after": (
        "The last thing that happens is speech, sound or silence, and Twilio then hangs up.",
        "End the list with `hangup` to say so, or with `redirect` to go on.",
    ),
    "cancel-cannot-apply": (
        "The rule cancels calls, and is about none that are queued or ringing.",
        "Name `status: [queued, ringing]`, or use `hangup`.",
    ),
    "contradiction": (
        "The conditions of a rule can't all hold of any call.",
        "Remove one of them, or put them under `any`.",
    ),
    "effect": (
        "What a rule does to each call that it acts on, and to its other legs; told on request.",
        "Nothing is to be mended: `callflow validate --effects` asks for it.",
    ),
    "for-shorter-than-poll": (
        "A `for` is over before calls are looked at again, so it does what none would.",
        "Write the time between two polls or more, or remove it.",
    ),
    "guard-never-reached": (
        "A guard was written that stops nothing, because nothing ever comes up to its limit.",
        "Remove it, name a smaller limit, or say `unlimited` where none is meant.",
    ),
    "ignore-without-reason": (
        "A comment silences a warning without saying why.",
        "Write the reason behind the brackets.",
    ),
    "loop": (
        "A rule sends a call elsewhere again and again, for as long as the call lives.",
        "Limit it with `max`, or name the age up to which it acts.",
    ),
    "matches-everything": (
        "A rule changes every call in progress.",
        "Name the calls that are meant, or say in an ignore comment that all are.",
    ),
    "missing-default": (
        "A placeholder reads a field that is empty on most calls; the rule then sends nothing.",
        "Give it a `default`, or ask for the field in `match`.",
    ),
    "not-e164": (
        "This is neither a phone number as Twilio writes it nor an address, so no call has it.",
        "Write `+`, the country code and the number, without spaces, in quotes.",
    ),
    "say-too-long": (
        "A text is longer than its voice speaks.",
        "Shorten it, make it two, or use a voice that takes more.",
    ),
    "taken-back": (
        "What is begun before something is played is taken back at once, not when that is over.",
        "Put the second into a rule of its own, which matches when it is time.",
    ),
    "unknown-code": (
        "A comment silences a warning that there is not, or an error.",
        "Name a warning; errors can't be silenced.",
    ),
    "unreachable-rule": (
        "Rules above take every call that this rule matches.",
        "Put it above them, set `continue: true` there, or remove it.",
    ),
    "unused-ignore": (
        "A comment silences a warning that is not there.",
        "Remove it, or move it to the line of the warning or the one above.",
    ),
    "unused-list": ("No condition asks for the list.", "Remove it, or use it with `in_list`."),
    "unused-window": (
        "No condition asks for the window.",
        "Remove it, or use it with `during` or `outside`.",
    ),
}
