"""A plan's first row and first document: what a call is when it appears."""

from __future__ import annotations

from runner.model import Millis
from runner.sandbox.callbacks import Callback
from runner.sandbox.identity import number_sid
from runner.sandbox.legs import Source
from runner.sandbox.numbers import Book
from runner.sandbox.plans import CallPlan
from runner.sandbox.rows import Row


def first_row(plan: CallPlan, sid: str, *, now: Millis, number: int, parent: str | None) -> Row:
    """The row of a call that appears now. `number` counts calls, `parent` is a SID."""
    since = now - plan.age
    # The number that Twilio knows is the called one of inbound calls, else the calling one.
    ours = plan.to if plan.direction == "inbound" else plan.from_
    return Row(
        sid=sid,
        order=(since, number),
        status=plan.status,
        to=plan.to,
        from_=plan.from_,
        direction=plan.direction,
        date_created=since,
        date_updated=now,
        start_time=None if plan.status == "queued" else since,
        end_time=now if plan.status == "completed" else None,
        parent_call_sid=parent,
        phone_number_sid=number_sid(ours),
        forwarded_from=plan.forwarded_from,
        caller_name=plan.caller_name,
        answered_by=plan.answered_by,
        queue_time=str(plan.queue_time),
    )


def source_of(plan: CallPlan, book: Book) -> Source | None:
    """The document that a call follows once it is answered; None for none.

    A call to one of our numbers follows what the number says, unless its plan says otherwise.
    """
    if plan.twiml is not None:
        return Source(twiml=plan.twiml)
    if plan.url is not None:
        return Source(url=plan.url, method=plan.method, fallback_url=plan.fallback_url)
    return book.source(plan.to) if plan.direction == "inbound" else None


def callback_of(plan: CallPlan, book: Book) -> Callback | None:
    """Who is told of the call: what its plan says, or the number that is called. None for nobody.

    Raises ValueError where the plan names what can't be.
    """
    if plan.status_callback is not None:
        events = tuple(plan.status_callback_event)
        return Callback(plan.status_callback, plan.status_callback_method, events)
    voice = book.voice(plan.to) if plan.direction == "inbound" else None
    if voice is None or not voice.status_callback:
        return None
    return Callback(voice.status_callback, voice.status_callback_method)


def remaining(length: Millis, age: Millis) -> Millis:
    """What is left of it; a length that is over already is taken as counting from now."""
    return length - age if length > age else length
