"""The phone numbers and applications of an account: what answers when a number is called."""

from __future__ import annotations

import re
from dataclasses import dataclass

from runner.model import Millis
from runner.sandbox.forms import METHODS, usable
from runner.sandbox.identity import is_sid, make_sid, number_sid
from runner.sandbox.legs import Source
from runner.sandbox.rows import Order, formatted

_E164 = re.compile(r"\+[1-9]\d{1,14}\Z")
VOICE = (
    *("voice_url", "voice_method", "voice_fallback_url", "voice_fallback_method"),
    *("status_callback", "status_callback_method"),
)


@dataclass(frozen=True, slots=True)
class Voice:
    """Where the document for calls is, and who is told of their end; "" for nowhere."""

    voice_url: str = ""
    voice_method: str = "POST"
    voice_fallback_url: str = ""
    voice_fallback_method: str = "POST"
    status_callback: str = ""
    status_callback_method: str = "POST"

    def __post_init__(self) -> None:
        for name in ("voice_url", "voice_fallback_url", "status_callback"):
            url = getattr(self, name)
            if url and not usable(url):
                raise ValueError(f"{name} must be an http or https URL, not {url!r}")
        for name in ("voice_method", "voice_fallback_method", "status_callback_method"):
            if getattr(self, name) not in METHODS:
                raise ValueError(f"{name} must be GET or POST, not {getattr(self, name)!r}")

    @property
    def source(self) -> Source | None:
        """What a call follows."""
        if not self.voice_url:
            return None
        fallback = self.voice_fallback_url or None
        return Source(None, self.voice_url, self.voice_method, fallback, self.voice_fallback_method)


@dataclass(frozen=True, slots=True)
class NumberPlan:
    """A number to come. `application` and `trunk` are names or SIDs; either outdoes the URL."""

    number: str
    name: str = ""
    voice: Voice = Voice()
    application: str = ""
    trunk: str = ""
    account: str = ""

    def __post_init__(self) -> None:
        if not _E164.match(self.number):
            raise ValueError(f"a number is like +14155550100, not {self.number!r}")


@dataclass(frozen=True, slots=True)
class ApplicationPlan:
    """An application to come."""

    name: str
    voice: Voice = Voice()
    account: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("an application has a name")


def number_plan(number: str, **fields: str) -> NumberPlan:
    """A plan from flat fields, those of `Voice` among them. Raises ValueError."""
    voice, rest = _parted(fields, ("name", "application", "trunk", "account"))
    return NumberPlan(number, voice=voice, **rest)


def application_plan(name: str, **fields: str) -> ApplicationPlan:
    """The same of an application. Raises ValueError."""
    voice, rest = _parted(fields, ("account",))
    return ApplicationPlan(name, voice=voice, **rest)


def _parted(fields: dict[str, str], others: tuple[str, ...]) -> tuple[Voice, dict[str, str]]:
    known = (*VOICE, *others)
    if foreign := sorted(set(fields) - set(known)):
        raise ValueError(f"there is no {foreign[0]!r}; there are {', '.join(known)}")
    voice = Voice(**{name: value for name, value in fields.items() if name in VOICE})
    return voice, {name: value for name, value in fields.items() if name not in VOICE}


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it is."""

    sid: str
    order: Order
    updated: Millis
    number: str
    name: str
    voice: Voice
    application: str | None = None
    trunk: str | None = None


@dataclass(frozen=True, slots=True)
class Application:
    """An application as it is: URLs under a name, for as many numbers as use it."""

    sid: str
    order: Order
    updated: Millis
    name: str
    voice: Voice


class Book:
    """All numbers and applications of one account, by SID and in the order in which they came."""

    def __init__(self, seed: int | str) -> None:
        self._seed = seed
        self.numbers: dict[str, Number] = {}
        self.applications: dict[str, Application] = {}

    def add(self, plan: NumberPlan, now: Millis) -> Number:
        """A number, or a known one changed. Raises ValueError for an unknown application."""
        sid = number_sid(plan.number)
        known = self.numbers.get(sid)
        number = Number(
            sid,
            (now, len(self.numbers)) if known is None else known.order,
            now,
            plan.number,
            plan.name or formatted(plan.number),
            plan.voice,
            self._application(plan.application).sid if plan.application else None,
            _sid(plan.trunk, "TK") if plan.trunk else None,
        )
        self.numbers[sid] = number
        return number

    def _application(self, name: str) -> Application:
        for each in self.applications.values():
            if name in (each.sid, each.name):
                return each
        raise ValueError(f"there is no application {name!r}")

    def add_application(self, plan: ApplicationPlan, now: Millis) -> Application:
        """An application, or a known one changed."""
        sid = make_sid("AP", self._seed, plan.name)
        known = self.applications.get(sid)
        order = (now, len(self.applications)) if known is None else known.order
        self.applications[sid] = Application(sid, order, now, plan.name, plan.voice)
        return self.applications[sid]

    def voice(self, address: str) -> Voice | None:
        """What is done with calls to this number; None for a stranger's, or one of a trunk."""
        number = self.numbers.get(number_sid(address)) if self.numbers else None
        if number is None or number.trunk is not None:
            return None
        if number.application is not None:
            return self.applications[number.application].voice
        return number.voice

    def source(self, address: str) -> Source | None:
        """What a call to this number follows; None for a stranger's, or one without a document."""
        voice = self.voice(address)
        return None if voice is None else voice.source


def _sid(name: str, prefix: str) -> str:
    return name if is_sid(name, prefix) else make_sid(prefix, name)
