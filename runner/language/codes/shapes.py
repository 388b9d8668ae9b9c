"""Codes of values and keys that are not written as the language wants them."""

from __future__ import annotations

CODES: dict[str, tuple[str, str]] = {
    "bad-account": (
        "An account is named by neither an alias nor its SID.",
        "Write an alias, in lower case, or `AC` and 32 lower-case hexadecimal digits.",
    ),
    "bad-account-sid": (
        "The SID of an account is not written as one.",
        "Copy it from Twilio's console: `AC` and 32 lower-case hexadecimal digits.",
    ),
    "bad-address": (
        "A SIP address that should be called is not written as one.",
        "Write `sip:name@host`, other characters percent-encoded; `;transport=tls` may follow.",
    ),
    "bad-api-key": (
        "The SID of an API key is not written as one.",
        "Copy it from Twilio's console: `SK` and 32 hexadecimal digits. Its secret goes elsewhere.",
    ),
    "bad-argument": (
        "An action's arguments are each allowed, but not together or not with this value.",
        "Write the action as `callflow explain` shows it.",
    ),
    "bad-credential-name": (
        "The name of a systemd credential has a character that such names can't have.",
        "Write the name that stands before the colon in `LoadCredential=`.",
    ),
    "bad-date": (
        "A date is not written as one, or is not in the calendar.",
        "Write it year first, like `2026-12-24`.",
    ),
    "bad-duration": (
        "A length of time is not written as one, or can't be used here.",
        "Write a number with its unit: `500ms`, `45s`, `5m`, `1h30m`. A bare number has no unit.",
    ),
    "bad-name": (
        "The name of a flow, a rule or a list has a character that names can't have.",
        "Use up to 64 lower-case letters, digits, `-` and `_`, beginning with a letter or digit.",
    ),
    "bad-number": (
        "What `never` should protect, or `dial` call, is no phone number, and nothing is guessed.",
        "Write `+`, the country code and the number, in quotes. `never` takes short numbers too.",
    ),
    "bad-place-name": (
        "A Twilio region or edge is not written as one.",
        "Write it in lower case, like `ie1` and `dublin`.",
    ),
    "bad-prefix": (
        "No phone number or address begins like this, so it would protect nobody.",
        "Write `+` and the first digits, like `+1900`, or a scheme and a name, like `sip:nurse`.",
    ),
    "bad-regex": (
        "The pattern is no regular expression of RE2, the kind that always runs in linear time.",
        "Mend the pattern; instead of look-around and back-references use `not`, `any` and `all`.",
    ),
    "bad-setting": (
        "The value of a setting is well formed, and can't be used.",
        "Do as the message says.",
    ),
    "bad-share": (
        "A share, of a canary or of a guard, is not written as a percentage.",
        "Write `10%` or `0.5%`. A canary of none is `shadow`, of all `enforce`.",
    ),
    "bad-time": (
        "A moment is not written as RFC 3339 writes it.",
        "Write date, time and zone, like `2026-11-02T15:00:00Z`.",
    ),
    "bad-time-of-day": (
        "A time of day is not written in 24 hours with minutes.",
        "Write `09:00` or `17:30`, in quotes.",
    ),
    "bad-twiml": (
        "The text is no sound TwiML document.",
        "Mend the XML; its outermost element is `Response`.",
    ),
    "bad-url": (
        "The text is no URL that Twilio could fetch.",
        "Write an absolute address that begins with `https://` or `http://`.",
    ),
    "bad-variable-name": (
        "The name of an environment variable has a character that such names can't have.",
        "Write the name alone, without `$`: letters, digits and `_`, no digit first.",
    ),
    "empty-range": (
        "No value lies in the range: its end comes before its beginning.",
        "Write the smaller value first.",
    ),
    "empty-value": (
        "A value is empty where one is needed.",
        "Write it, or remove its key. Ask for an empty field with `exists: false`.",
    ),
    "exclusive-key": (
        "Two keys stand together that answer the same question in different ways.",
        "Keep one of them.",
    ),
    "missing-argument": (
        "An action that needs a value was written as a bare word.",
        "Write its value after a colon.",
    ),
    "missing-key": ("A key without which the file has no meaning is not there.", "Add it."),
    "out-of-range": (
        "A number or a length is smaller or larger than the language allows.",
        "Choose one within the limits that the message names.",
    ),
    "several-actions": (
        "One item of `then` holds several actions, and their order would be unknown.",
        "Begin a new item, with its own `-`, for each.",
    ),
    "status-not-live": (
        "A rule asks for calls that are over, and rules are about live calls.",
        "Name `queued`, `ringing` or `in-progress`.",
    ),
    "unknown-action": (
        "There is no action of this name.",
        "Use one of `callflow explain actions`.",
    ),
    "unknown-country": (
        "No holidays are known for a country of this name.",
        "Write its two letters of ISO 3166, like `US`; list days by yourself under `dates`.",
    ),
    "unknown-field": ("There is no field of this name.", "Use one of `callflow explain fields`."),
    "unknown-filter": (
        "There is no filter of this name for placeholders.",
        "Use one that the message lists.",
    ),
    "unknown-key": (
        "The language has no such key here.",
        "Use the word that the message suggests, or remove it.",
    ),
    "unknown-operator": (
        "There is no operator of this name.",
        "Use one of `callflow explain operators`.",
    ),
    "unknown-subdivision": (
        "The country has no part of this name with holidays of its own.",
        "Use one that the message lists, or name the country alone.",
    ),
    "unknown-timezone": (
        "There is no such time zone in the IANA database.",
        "Write region and city, like `Europe/Berlin`; abbreviations such as `PST` are no zones.",
    ),
    "unknown-value": (
        "The field or key never has this value.",
        "Use one of the values that the message lists.",
    ),
    "wrong-length": (
        "A list has more or fewer items than the language takes here.",
        "Write as many as the message says.",
    ),
    "wrong-type": (
        "A value is of another type than the one that is needed.",
        "Write it in the form that the message names.",
    ),
}
