"""What a client may tell calls: create and update, checked as Twilio checks them."""

from __future__ import annotations

from collections.abc import Mapping

from runner.sandbox.errors import ApiError, invalid, wrong_state
from runner.sandbox.forms import method_of, usable
from runner.sandbox.legs import Leg, Source
from runner.sandbox.plans import CallPlan, Person
from runner.sandbox.world import World

MAX_TWIML = 4_000


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
    if limit is not None and leg.row.live:
        world.limit(leg, limit)


def create(world: World, form: Mapping[str, str]) -> CallPlan:
    """The plan of the call that a create form asks for. Raises `ApiError`."""
    for name, code in (("To", 21201), ("From", 21213)):
        if not form.get(name):
            raise ApiError(400, code, f"No {name!r} number is specified")
    # On create, unlike on update, a URL silently wins over TwiML.
    source = _source({k: v for k, v in form.items() if k != "Twiml" or "Url" not in form})
    if source is None:
        raise ApiError(400, 21205, "Url or Twiml parameter is required")
    person = world.people.get(form["To"], Person())
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
    )


def _source(form: Mapping[str, str]) -> Source | None:
    """Where the new document is; None where the form names none."""
    method = method_of(form, "Method")
    fallback_method = method_of(form, "FallbackMethod")
    twiml, url = form.get("Twiml") or None, form.get("Url") or None
    if twiml is not None and url is not None:
        raise invalid("Twiml", "Twiml and Url are mutually exclusive")
    if twiml is not None and len(twiml) > MAX_TWIML:
        raise ApiError(400, 32018, f"Twiml is longer than {MAX_TWIML} characters")
    for name, code in (("Url", 21205), ("FallbackUrl", 21205), ("StatusCallback", 21609)):
        if form.get(name) and not usable(form[name]):
            raise ApiError(400, code, f"{name} is not a valid URL: {form[name]}")
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
