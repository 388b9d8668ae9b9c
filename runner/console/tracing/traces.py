"""Turns the runner's events into spans, once what they tell of is over: polls, acts, requests.

No phone number, no caller's name and no text of a flow goes into one.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from runner.console.tracing.openacts import Act, OpenActs
from runner.console.tracing.pipe import FLUSH, Pipe, Sender
from runner.console.tracing.spans import (
    Note,
    Span,
    act_attributes,
    error_of,
    kept,
    request_span,
    text_of,
)
from runner.engine.clock import Clock
from runner.engine.far_side import Request
from runner.engine.ports import Event, Listener
from runner.model import Millis

#: So many requests, and so many notes, one poll or act has at most.
_REQUESTS, _NOTES = 1_000, 20
#: The outcomes after which nothing more is told of a part.
_FINAL = frozenset({"done", "gone", "failed", "unknown", "withdrawn", "skipped"})
#: Told of an act that has no other end: it was never to be sent.
_AT_ONCE = frozenset({"shadowed", "planned"})
#: What is one moment: the event, the span's name, and the fields that it keeps.
_MOMENTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "reload.ok": ("callflow.reload", ("flows", "rules")),
    "reload.failed": ("callflow.reload", ("errors",)),
    "rule.paused": ("callflow.pause", ("flow", "rule", "tripped")),
    "rule.resumed": ("callflow.resume", ("flow", "rule", "tripped")),
    "leading": ("callflow.lead", ()),
    "standby": ("callflow.standby", ()),
    "stalled": ("callflow.stall", ()),
    "action.crashed": ("callflow.crash", ()),
}


class CannotTrace(Exception):
    """Traces can't be sent. `hint` says what to do about it."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def open_traces(clock: Clock) -> Traces:
    """Traces as the process's OTEL_* variables say. Raises `CannotTrace`."""
    try:
        from runner.console.tracing.otlp import Otlp, fault_in, gather_in
    except ImportError as error:
        raise CannotTrace(
            f"traces need OpenTelemetry's packages: {error.name or 'one'} is missing",
            hint="pip install 'callflow-runner[otel]'",
        ) from None
    fault = fault_in(os.environ)
    if fault:
        raise CannotTrace(fault, hint="spans go out by OTLP over HTTP, as protobuf")
    otlp = Otlp()
    return Traces(otlp, clock, to=otlp.host, gather=gather_in(os.environ))


@dataclass(slots=True, eq=False)
class _Account:
    """What is known of one account between its events."""

    requests: deque[Span] = field(default_factory=lambda: deque(maxlen=_REQUESTS))
    notes: list[Note] = field(default_factory=list)
    poll: Span | None = None


class Traces:
    """Listens to a runner, and sends a span for everything that is over."""

    def __init__(self, sender: Sender, clock: Clock, *, to: str, gather: Millis) -> None:
        self._clock = clock
        self._to = to
        self._tell: Listener = _nobody
        self._pipe = Pipe(sender, report=self._report, gather=gather)
        self._accounts: dict[str, _Account] = {}
        self._acts = OpenActs()

    def report_to(self, tell: Listener) -> None:
        """Says from now on as an event when spans don't arrive, and when they do again."""
        self._tell = tell

    async def close(self, within: Millis = FLUSH) -> None:
        """Sends what waits, for so long at most."""
        await self._pipe.close(within)

    # ---- what is heard --------------------------------------------------------------------------

    def hear(self, event: Event) -> None:
        """Takes one event of the runner."""
        if event.name in ("poll", "poll.failed"):
            self._polled(event)
        elif event.name == "rule.tripped":
            said = kept(event, ("flow", "rule", "guard", "calls", "allowed"))
            _add(self._account(event).notes, Note("callflow.trip", event.at, said))
        elif event.name in _MOMENTS:
            name, fields = _MOMENTS[event.name]
            error = error_of(event) if event.level == "error" else None
            self._pipe.put(Span(name, event.at, event.at, kept(event, fields), error))
        elif event.name.startswith("action."):
            self._acted(event, event.name.removeprefix("action."))

    def answered(self, account: str, request: Request) -> None:
        """Takes one request to the far side, once it is over."""
        span = request_span(account, request, self._clock.now())
        act = self._acts.sending(account, request.path)
        if act is None:
            self._of(account).requests.append(span)
        elif len(act.requests) < _NOTES:
            act.requests.append(span)

    # ---- polls ----------------------------------------------------------------------------------

    def _polled(self, event: Event) -> None:
        known, failed = self._account(event), event.name == "poll.failed"
        requests, notes = list(known.requests), list(known.notes)
        known.requests.clear()
        known.notes.clear()
        began, ended = event.at, event.at + _took(event)
        if failed:
            ended = max(began, self._clock.now())
        said = kept(event, ("calls", "requests"))
        error = text_of(event.fields.get("error")) if failed else None
        span = Span("callflow.poll", began, ended, said, error, notes=notes)
        known.poll = None if failed else span
        self._pipe.put(span)
        for each in requests:
            # What was asked for between two polls is no part of either.
            each.parent = span if each.ended >= began else None
        self._put_all(requests)

    # ---- acts -----------------------------------------------------------------------------------

    def _acted(self, event: Event, outcome: str) -> None:
        if outcome == "intended":
            self._begin(event)
        elif outcome == "retrying":
            act = self._acts.find(event) or self._begin(event)
            note = {"callflow.detail": text_of(event.fields.get("detail"))}
            _add(act.notes, Note("callflow.retry", event.at, note))
        elif outcome in _FINAL or outcome in _AT_ONCE:
            self._end(event, outcome)

    def _begin(self, event: Event) -> Act:
        return self._acts.begin(event, self._account(event).poll)

    def _end(self, event: Event, outcome: str) -> None:
        act = self._acts.end(event)
        if act is None:
            poll = self._account(event).poll if outcome in _AT_ONCE else None
            act = Act(event.at, poll, beside=False)
        failed = outcome in ("failed", "unknown")
        span = Span(
            "callflow.act",
            act.began,
            event.at,
            act_attributes(event, outcome),
            error_of(event) if failed else None,
            parent=act.parent,
            notes=act.notes,
        )
        self._pipe.put(span)
        for request in act.requests:
            request.parent = span
        self._put_all(act.requests)

    # ---- small things ---------------------------------------------------------------------------

    def _put_all(self, spans: Iterable[Span]) -> None:
        for span in spans:
            self._pipe.put(span)

    def _account(self, event: Event) -> _Account:
        return self._of(str(event.fields.get("account", "")))

    def _of(self, account: str) -> _Account:
        known = self._accounts.get(account)
        if known is None:
            known = self._accounts[account] = _Account()
        return known

    def _report(self, trouble: str, lost: int) -> None:
        fields: dict[str, object] = {"to": self._to, "lost": lost}
        if trouble:
            hint = "polls and acts go on without; look at the collector and at OTEL_EXPORTER_OTLP_*"
            fields |= {"error": trouble, "hint": hint}
        name = "traces.failed" if trouble else "traces.ok"
        level = "warning" if trouble else "info"
        self._tell(Event(name, self._clock.now(), level, fields))  # type: ignore[arg-type]


def _add(notes: list[Note], note: Note) -> None:
    if len(notes) < _NOTES:
        notes.append(note)


def _took(event: Event) -> Millis:
    took = event.fields.get("took_ms")
    return took if isinstance(took, int) else 0


def _nobody(_event: Event) -> None:
    """Nobody listens."""
