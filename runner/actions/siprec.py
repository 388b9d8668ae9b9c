"""`siprec`: sends the sound of a call to a recording service, by a connector set up at Twilio."""

from __future__ import annotations

from typing import Any

from runner.actions.checks import short_text
from runner.actions.forks import Fork, checked_parameters, kind_of
from runner.actions.forms import CALLBACK, METHOD, START

_LONGEST = 100


def _check(given: dict[str, Any]) -> dict[str, Any]:
    key = (START, "connector")
    connector = short_text(given["connector"], key=key, longest=_LONGEST)
    return checked_parameters({**given, "connector": connector})


SIPREC = kind_of(
    Fork(
        name="siprec",
        target="Siprec",
        noun="SIPREC session",
        fields={
            "connector": "ConnectorName",
            "name": "Name",
            CALLBACK: "StatusCallback",
            METHOD: "StatusCallbackMethod",
        },
        check=_check,
        placeholders=("parameters", CALLBACK),
    )
)
