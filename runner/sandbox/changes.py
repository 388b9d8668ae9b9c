"""What a client may tell calls: create and update, checked as Twilio checks them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from runner.sandbox import callbacks
from runner.sandbox.errors import ApiError, invalid, wrong_state
from runner.sandbox.forms import check_callback, method_of, usable
from runner.sandbox.legs import Leg, Source
from runner.sandbox.numbers import Voice
from runner.sandbox.plans import CallPlan, Person
from runner.sandbox.world import World

MAX_TWIML = 4_000
#: Seconds for which a call rings that was made by the API, and the most that can be asked for.
RINGS, MOST = 60, 600


def update(world: World, leg: Leg, form: Mapping[str, str]) -> None:
    """Does to a call what an update form says. Raises `ApiError`."""
    source = _source(form)
    status = form.get("Status")
    if status not in (None, "canceled", "completed"):
        raise invalid("Status", "must be canceled or completed")
    limit = _seconds(form, "TimeLimit")
    if not leg.row.live or (status is None and leg.row.status != "in-progress"):
        raise wrong_state()
    if status == "completed":
        world.hang_up(leg)
    elif status == "canceled":
        world.cancel(leg)
    elif source is not None:
        world.redirect(leg, source)
        if source.url and form.get("StatusCallback"):
            # With `Twiml`, or alone, Twilio takes it and nothing comes of it.
            callbacks.aim(leg, form["StatusCallback"], method_of(form, "StatusCallbackMethod"))
    if limit is not None and leg.row.live:
        world.limit(leg, limit)


def create(world: World, form: Mapping[str, str], events: Sequence[str] = ()) -> CallPlan:
    """The plan of the call that a create form asks for. Raises `ApiError`.

    `events` are all the values of its `StatusCallbackEvent`.
    """
    for name, code in (("To", 21201), ("From", 21213)):
        if not form.get(name):
            raise ApiError(400, code, f"No {name!r} number is specified")
    voice = _application(world, form)
    if voice is None:
        # On create, unlike on update, a URL silently wins over TwiML.
        source = _source({k: v for k, v in form.items() if k != "Twiml" or "Url" not in form})
    else:
        source = voice.source
    if source is None:
        raise ApiError(400, 21205, "Url, Twiml or ApplicationSid parameter is required")
    person = _patient(world.people.get(form["To"], Person()), form)
    machine = form.get("MachineDetection", "") in ("Enable", "DetectMessageEnd")
    return CallPlan(
        to=form["To"],
        from_=form["From"],
        direction="outbound-api",
        status="queued",
        person=person,
        twiml=source.twiml,
        url=source.url or None,
        method=source.method,
        fallback_url=source.fallback_url,
        time_limit=_seconds(form, "TimeLimit"),
        answered_by=(person.answered_by or "human") if machine else None,
        **(_callback(form, events) if voice is None else _callback_of(voice)),
    )


def _application(world: World, form: Mapping[str, str]) -> Voice | None:
    """What the application says that the form names: then nothing else of the form counts."""
    sid = form.get("ApplicationSid")
    if not sid:
        return None
    application = world.book.applications.get(sid)
    if application is None or application.voice.source is None:
        raise ApiError(400, 21218, f"ApplicationSid {sid} is not an application with a voice URL")
    return application.voice


def _callback(form: Mapping[str, str], events: Sequence[str]) -> dict[str, Any]:
    """Who is told of the call: nobody where one of the events is none, and Twilio warns of that."""
    url = form.get("StatusCallback")
    if not url or callbacks.unknown(events):
        return {}
    method = method_of(form, "StatusCallbackMethod")
    return _told(url, method, tuple(events) or callbacks.UNSAID)


def _callback_of(voice: Voice) -> dict[str, Any]:
    url = voice.status_callback
    return _told(url, voice.status_callback_method, callbacks.UNSAID) if url else {}


def _told(url: str, method: str, events: tuple[str, ...]) -> dict[str, Any]:
    return {
        "status_callback": url,
        "status_callback_method": method,
        "status_callback_event": events,
    }


def _patient(person: Person, form: Mapping[str, str]) -> Person:
    """Who is called, for as long as it may ring: a minute if the form doesn't say."""
    longest = min(_seconds(form, "Timeout") or RINGS, MOST) * 1000
    if person.ring is not None and person.ring <= longest:
        return person
    return replace(person, ring=longest, outcome="no-answer")


def _source(form: Mapping[str, str]) -> Source | None:
    """Where the new document is; None where the form names none."""
    method = method_of(form, "Method")
    fallback_method = method_of(form, "FallbackMethod")
    twiml, url = form.get("Twiml") or None, form.get("Url") or None
    if twiml is not None and url is not None:
        raise invalid("Twiml", "Twiml and Url are mutually exclusive")
    if twiml is not None and len(twiml) > MAX_TWIML:
        raise ApiError(400, 32018, f"Twiml is longer than {MAX_TWIML} characters")
    for name in ("Url", "FallbackUrl"):
        if form.get(name) and not usable(form[name]):
            raise ApiError(400, 21205, f"{name} is not a valid URL: {form[name]}")
    check_callback(form, "StatusCallback", "StatusCallbackMethod")
    if twiml is None and url is None:
        return None
    return Source(twiml, url or "", method, form.get("FallbackUrl") or None, fallback_method)


def _seconds(form: Mapping[str, str], name: str) -> int | None:
    text = form.get(name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise invalid(name, f"{text!r} is not a number of seconds")
    return int(text)
