"""`transcribe`: has Twilio write down what is said, while it is said."""

from __future__ import annotations

from typing import Any

from runner.actions.base import BadArgument
from runner.actions.checks import short_text
from runner.actions.forks import Fork, kind_of
from runner.actions.forms import CALLBACK, METHOD, START

_LONGEST = 100
_TEXTS = ("speech_model", "inbound_label", "outbound_label", "intelligence_service")


def _check(given: dict[str, Any]) -> dict[str, Any]:
    made = dict(given)
    for option in _TEXTS:
        if option in made:
            made[option] = short_text(made[option], key=(START, option), longest=_LONGEST)
    if "hints" in made:
        made["hints"] = ",".join(map(_hint, range(len(made["hints"])), made["hints"]))
    return made


def _hint(index: int, text: str) -> str:
    """One of the words that are likely to be said: Twilio takes them with commas between them."""
    key = (START, "hints", index)
    if "," in text:
        message = "a comma would make two hints of this one"
        raise BadArgument(message, key=key, hint="write each as an item of its own")
    return short_text(text, key=key, longest=_LONGEST).strip()


TRANSCRIBE = kind_of(
    Fork(
        name="transcribe",
        target="Transcriptions",
        noun="transcription",
        fields={
            "name": "Name",
            "language": "LanguageCode",
            "engine": "TranscriptionEngine",
            "speech_model": "SpeechModel",
            "partial_results": "PartialResults",
            "profanity_filter": "ProfanityFilter",
            "punctuation": "EnableAutomaticPunctuation",
            "hints": "Hints",
            "inbound_label": "InboundTrackLabel",
            "outbound_label": "OutboundTrackLabel",
            "intelligence_service": "IntelligenceService",
            CALLBACK: "StatusCallbackUrl",
            METHOD: "StatusCallbackMethod",
        },
        check=_check,
        placeholders=("inbound_label", "outbound_label", CALLBACK),
    )
)
