"""Synthetic calls as Twilio's REST API lists them: seeded, some 2 KB of JSON each.

Standard library only. Ages, directions, names and numbers are spread as in a mid-sized call
centre: most calls are minutes old, half have a caller's name, one in ten was dialled by another.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import formatdate
from random import Random
from typing import Any

ACCOUNT = "AC" + "5" * 32
#: When every listing of this workload is taken, in milliseconds.
NOW = 1_795_176_000_000
AREAS = range(201, 990, 3)
_SYLLABLES = "ba ce di fo gu ka le mi no pu ra se ti vo wu ya ze lo".upper().split()
_PARTS = (
    "Events",
    "Notifications",
    "Payments",
    "Recordings",
    "Siprec",
    "Streams",
    "Transcriptions",
    "UserDefinedMessages",
    "UserDefinedMessageSubscriptions",
)
_LONGEST = 14_400  # seconds: what Twilio lets a call last by default


@dataclass(frozen=True, slots=True)
class Pools:
    """What calls and rules draw from alike, so that rules find calls."""

    owned: tuple[str, ...]
    forwarding: tuple[str, ...]
    words: tuple[str, ...]
    trunks: tuple[str, ...]


def pools(owned: int = 20_000) -> Pools:
    """The same pools every time."""
    chance = Random(11)
    words = {"".join(chance.choices(_SYLLABLES, k=3)) for _ in range(2_000)}
    return Pools(
        owned=tuple(dict.fromkeys(number(chance) for _ in range(owned))),
        forwarding=tuple(number(chance) for _ in range(3_000)),
        words=tuple(sorted(words)),
        trunks=tuple(sid(chance, "TK") for _ in range(200)),
    )


def number(chance: Random) -> str:
    """A North American number."""
    return f"+1{chance.choice(AREAS)}{chance.randrange(2_000_000, 10_000_000)}"


def sid(chance: Random, prefix: str) -> str:
    """An identifier such as Twilio's."""
    return f"{prefix}{chance.getrandbits(128):032x}"


def calls(count: int, seed: int = 1) -> list[dict[str, Any]]:
    """So many live calls, as the API's JSON has them."""
    chance, drawn = Random(seed), pools()
    return [_call(chance, drawn) for _ in range(count)]


def renamed(listed: list[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
    """Other calls of the same people: like these, but for the SID."""
    chance = Random(seed)
    return [{**call, "sid": sid(chance, "CA")} for call in listed]


def changed(listed: list[dict[str, Any]], share: float, seed: int) -> list[dict[str, Any]]:
    """The same calls a moment later: some have moved on to another status."""
    chance = Random(seed)
    moved = {"queued": "ringing", "ringing": "in-progress", "in-progress": "ringing"}
    return [
        {**call, "status": moved[call["status"]]} if chance.random() < share else call
        for call in listed
    ]


def _call(chance: Random, drawn: Pools) -> dict[str, Any]:
    own = sid(chance, "CA")
    age = min(_LONGEST, int(chance.lognormvariate(5.2, 1.2)))
    began = formatdate(NOW // 1000 - age, usegmt=False).replace("-0000", "+0000")
    direction = chance.choices(("inbound", "outbound-api", "outbound-dial"), (6, 3, 1))[0]
    caller, called = number(chance), chance.choice(drawn.owned)
    path = f"/2010-04-01/Accounts/{ACCOUNT}/Calls/{own}"
    dialled, called_in = direction == "outbound-dial", direction == "inbound"
    answers = ("human", "machine_start", "unknown", None)
    return {
        "sid": own,
        "account_sid": ACCOUNT,
        "parent_call_sid": sid(chance, "CA") if dialled else None,
        "phone_number_sid": sid(chance, "PN"),
        "trunk_sid": chance.choice(drawn.trunks) if called_in and chance.random() < 0.2 else None,
        "group_sid": None,
        "from": caller,
        "from_formatted": _for_people(caller),
        "to": called,
        "to_formatted": _for_people(called),
        "forwarded_from": chance.choice(drawn.forwarding) if chance.random() < 0.1 else None,
        "caller_name": _name(chance, drawn.words),
        "answered_by": chance.choice(answers) if direction == "outbound-api" else None,
        "direction": direction,
        "status": chance.choices(("in-progress", "ringing", "queued"), (8, 1, 1))[0],
        "date_created": began,
        "date_updated": began,
        "start_time": began,
        "end_time": None,
        "duration": None,
        "queue_time": str(int(chance.expovariate(1 / 300))),
        "price": None,
        "price_unit": "USD",
        "annotation": None,
        "api_version": "2010-04-01",
        "uri": f"{path}.json",
        "subresource_uris": {part.lower(): f"{path}/{part}.json" for part in _PARTS},
    }


def _for_people(text: str) -> str:
    return f"({text[2:5]}) {text[5:8]}-{text[8:]}"


def _name(chance: Random, words: tuple[str, ...]) -> str | None:
    if chance.random() < 0.5:
        return None
    ends = ("", " LLC", " INC", f" {chance.randrange(1000):03}")
    return f"{chance.choice(words)} {chance.choice(words)}" + chance.choices(ends, (6, 2, 1, 1))[0]
