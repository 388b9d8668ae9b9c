"""The recordings of a call as the API has them: made, listed, read, told something, deleted."""

from __future__ import annotations

from typing import Any

from runner.sandbox import recordings
from runner.sandbox.below import Recording, below
from runner.sandbox.dates import rfc2822
from runner.sandbox.errors import ApiError
from runner.sandbox.exchange import GONE, Answer, Exchange, shown
from runner.sandbox.pages import Listing, created, page
from runner.sandbox.rows import API_VERSION

#: What Twilio says of a call that can't be recorded now.
INELIGIBLE = "Requested resource is not eligible for recording"


def create(exchange: Exchange) -> Answer:
    """Records the call: 201, or 200 with the recording that runs already."""
    leg = exchange.spoken(INELIGIBLE)
    known = recordings.current(leg, by="api")
    recording = recordings.start(exchange.world, leg, exchange.form)
    return shown(_render(exchange, recording), 201 if known is None else 200)


def read_all(exchange: Exchange) -> Answer:
    """A page of the call's recordings."""
    under = below(exchange.leg())
    kept, tests = created(exchange.request.query, "DateCreated")

    def render(recording: Recording) -> dict[str, Any]:
        return _render(exchange, recording)

    rows, gone = under.recordings, under.gone
    return page(exchange, Listing("recordings", rows, render, kept, tests, gone))


def read_one(exchange: Exchange) -> Answer:
    """A recording as it is."""
    recording = recordings.find(exchange.leg(), exchange.request.below)
    return shown(_render(exchange, recording))


def update(exchange: Exchange) -> Answer:
    """Pauses, resumes or stops a recording."""
    leg = exchange.spoken(INELIGIBLE)
    recording = recordings.find(leg, exchange.request.below)
    told = recordings.tell(exchange.world, leg, recording, exchange.form)
    return shown(_render(exchange, told))


def delete(exchange: Exchange) -> Answer:
    """Removes a recording that is over."""
    leg = exchange.leg()
    recording = recordings.find(leg, exchange.request.below)
    if recording.active:
        raise ApiError(409, 20009, "Recording has not ended. It can be deleted when it has.")
    under = below(leg)
    del under.recordings[recording.sid]
    under.gone[recording.sid] = recording.order
    exchange.world.note(leg, "records", "deleted")
    return GONE


def _render(exchange: Exchange, recording: Recording) -> dict[str, Any]:
    call = f"{exchange.base}/Calls/{exchange.request.sid}"
    begun = rfc2822(recording.order[0])
    return {
        "account_sid": exchange.world.account_sid,
        "api_version": API_VERSION,
        "call_sid": exchange.request.sid,
        "conference_sid": None,
        "channels": recording.channels,
        "date_created": begun,
        "date_updated": rfc2822(recording.updated),
        "start_time": begun,
        "price": None,
        "price_unit": None,
        "duration": _duration(recording),
        "sid": recording.sid,
        # The API's document has no word for a recording that TwiML started.
        "source": "StartCallRecordingAPI",
        "status": recording.status,
        "error_code": None,
        "encryption_details": None,
        "track": recording.track,
        "uri": f"{call}/Recordings/{recording.sid}.json",
    }


def _duration(recording: Recording) -> str | None:
    """Whole seconds; None while it isn't ready."""
    if recording.status != "completed" or recording.ended is None:
        return None
    return str((recording.ended - recording.order[0] - recording.skipped) // 1000)
