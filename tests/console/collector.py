"""A collector of traces for tests: takes OTLP over HTTP, or is as sick as it is told to be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Received:
    """A span as it arrived."""

    name: str
    id: str
    parent: str
    trace: str
    kind: int
    began: int
    ended: int
    failed: bool
    message: str
    attributes: dict[str, Any]
    notes: list[tuple[str, dict[str, Any]]]


@dataclass
class Collector:
    """What has arrived. `status` is what it answers, once `open` is set."""

    url: str = ""
    spans: list[Received] = field(default_factory=list)
    resource: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    bodies: list[bytes] = field(default_factory=list)
    requests: int = 0
    status: int = 200
    open: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.open.set()

    def named(self, name: str) -> list[Received]:
        """The spans of this name."""
        return [span for span in self.spans if span.name == name]

    async def take(self, request: web.Request) -> web.Response:
        """Takes one request."""
        self.requests += 1
        body = await request.read()
        await self.open.wait()
        if self.status == 200:
            self.headers = dict(request.headers)
            self.bodies.append(body)
            self._read(body)
        return web.Response(status=self.status, text="no room: token-of-the-collector")

    def _read(self, body: bytes) -> None:
        for each in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.resource = _values(each.resource.attributes)
            for scope in each.scope_spans:
                self.spans += map(_span, scope.spans)


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """A collector on a port of this machine."""
    collector = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", collector.take)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    collector.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield collector
    finally:
        await runner.cleanup()


def _span(span: Any) -> Received:
    notes = [(event.name, _values(event.attributes)) for event in span.events]
    return Received(
        span.name,
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.trace_id.hex(),
        span.kind,
        span.start_time_unix_nano // 1_000_000,
        span.end_time_unix_nano // 1_000_000,
        span.status.code == 2,
        span.status.message,
        _values(span.attributes),
        notes,
    )


def _values(attributes: Any) -> dict[str, Any]:
    return {each.key: _value(each.value) for each in attributes}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(each) for each in value.array_value.values]
    return getattr(value, kind)
