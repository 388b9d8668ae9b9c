"""Makes OpenTelemetry's spans of ours and sends them by OTLP over HTTP, as OTEL_* variables say.

Alone in knowing OpenTelemetry's packages, which come with the extra `otel`: import it only where
traces are asked for.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import requests
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    set_span_in_context,
)

from runner import __version__
from runner.console.tracing.pipe import GATHER
from runner.console.tracing.spans import Span
from runner.masking import host_url
from runner.model import Millis

DEFAULT_ENDPOINT = "http://localhost:4318"
_GATHER = "OTEL_BSP_SCHEDULE_DELAY"
_NANOS = 1_000_000


def fault_in(environ: Mapping[str, str]) -> str:
    """What the variables ask for that can't be had, "" for nothing."""
    wanted = environ.get("OTEL_TRACES_EXPORTER", "")
    if wanted not in ("", "otlp"):
        return "OTEL_TRACES_EXPORTER names another exporter than otlp"
    for name in ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"):
        if environ.get(name, "") not in ("", "http/protobuf"):
            return f"{name} names another protocol than http/protobuf"
    name, endpoint = endpoint_in(environ)
    if not _is_usable(endpoint):
        return f"{name} is not a URL that begins with http:// or https:// and names a host"
    if not environ.get(_GATHER, "1").isdecimal():
        return f"{_GATHER} is not a number of milliseconds"
    return ""


def gather_in(environ: Mapping[str, str]) -> Millis:
    """How long a span waits for others to go out with."""
    return int(environ.get(_GATHER) or GATHER)


def endpoint_in(environ: Mapping[str, str]) -> tuple[str, str]:
    """The variable that says where spans go, and its value or the default."""
    for name in ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"):
        if environ.get(name):
            return name, environ[name]
    return "OTEL_EXPORTER_OTLP_ENDPOINT", DEFAULT_ENDPOINT


def _is_usable(endpoint: str) -> bool:
    try:
        parts = urlsplit(endpoint)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


class Otlp:
    """A sender of spans. All of it but `shutdown` belongs on one thread."""

    def __init__(self) -> None:
        _silence()
        self.host = host_url(endpoint_in(os.environ)[1])
        self._status: int | None = None
        session = requests.Session()
        session.hooks["response"].append(self._answered)
        self._exporter: Any = OTLPSpanExporter(session=session)
        self._made = _Made()
        # Not at the exit of the process: there it would wait for a collector that hangs.
        provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
        provider.add_span_processor(self._made)
        self._tracer = provider.get_tracer("callflow", __version__)

    def send(self, spans: Sequence[Span]) -> str:
        """Sends them; returns what kept them from arriving, or ""."""
        for span in spans:
            self._make(span)
        made, self._made.spans = self._made.spans, []
        if not made:
            return ""  # none of them is in the sample
        self._status = None
        result = self._exporter.export(made)
        if result is SpanExportResult.SUCCESS and (self._status or 0) < 300:
            return ""
        # Not the exporter's own words: they quote the URL, which may hold a password.
        return "no answer" if self._status is None else f"status {self._status}"

    def shutdown(self) -> None:
        """Gives up what is being tried again."""
        self._exporter.shutdown()

    def _make(self, span: Span) -> None:
        parent = span.parent.context if span.parent is not None else None
        made = self._tracer.start_span(
            span.name,
            _below(parent),
            kind=SpanKind.CLIENT if span.is_request else SpanKind.INTERNAL,
            attributes=dict(span.attributes),
            start_time=span.began * _NANOS,
        )
        for note in span.notes:
            made.add_event(note.name, dict(note.attributes), note.at * _NANOS)
        if span.error is not None:
            made.set_status(Status(StatusCode.ERROR, span.error))
        made.end(max(span.began, span.ended) * _NANOS)
        span.context = made.get_span_context()

    def _answered(self, response: Any, **_more: Any) -> None:
        self._status = response.status_code


class _Made(SpanProcessor):
    """Collects the spans that are in the sample, to be sent together."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        """Takes one that is over."""
        if span.context is not None and span.context.trace_flags.sampled:
            self.spans.append(span)


def _below(parent: object) -> Context:
    """What makes a span a child of this one, or the first of a trace."""
    if isinstance(parent, SpanContext):
        return set_span_in_context(NonRecordingSpan(parent), Context())
    return Context()


def _resource() -> Resource:
    """Who sends: what the variables say; `callflow` where they give no name."""
    found = Resource.create({SERVICE_VERSION: __version__})
    if str(found.attributes.get(SERVICE_NAME, "")).startswith("unknown_service"):
        return found.merge(Resource({SERVICE_NAME: "callflow"}))
    return found


def _silence() -> None:
    """Keeps the packages' own log from standard error, which has one format and no URLs."""
    log = logging.getLogger("opentelemetry")
    log.propagate = False
    if not log.handlers:
        log.addHandler(logging.NullHandler())
