"""Prometheus metrics of one runner: takes what it hears and sees, and serves `/metrics`.

Import this only where something is served: it loads Prometheus' client library.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence

from aiohttp import web
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from runner.console.measuring.catalogue import FAMILIES, LENGTHS, Family, Lengths
from runner.console.measuring.measured import Measured
from runner.console.summing import Summing
from runner.decision.turns import Turns
from runner.engine.clock import Clock
from runner.engine.far_side import Request
from runner.engine.poll import Poll, Show
from runner.engine.ports import Event, Pause
from runner.model import FlowSet, Millis

_KINDS: Mapping[str, type[CounterMetricFamily | GaugeMetricFamily]] = {
    "counter": CounterMetricFamily,
    "gauge": GaugeMetricFamily,
}


class Metrics:
    """One runner's metrics, in a registry of their own. `pauses` is asked at each scrape."""

    def __init__(
        self,
        accounts: Mapping[str, tuple[str, Millis]],
        clock: Clock,
        *,
        summing: Summing | None = None,
    ) -> None:
        """`accounts`: by SID the alias ("" for none) and the interval of its polls.

        `summing` may be shared with who shows the same polls.
        """
        self._measured = Measured(accounts, clock, summing or Summing())
        #: Gives the pauses that stand, the kill switch among them.
        self.pauses: Callable[[], Sequence[Pause]] = tuple
        self._measured.pauses = lambda: self.pauses()
        #: How long the event loop took to come round, when it was scraped last.
        self.loop_lag = 0.0
        self.registry = CollectorRegistry()
        self.registry.register(_Families(self))
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)

    # ---- what it is told --------------------------------------------------------------------

    def hear(self, event: Event) -> None:
        """Takes one event of the runner."""
        self._measured.hear(event)

    def see(self, account: str, poll: Poll) -> Turns[Show]:
        """Takes one poll that saw the calls of an account; told when what it returns is called."""
        return (yield from self._measured.see(account, poll))

    def answered(self, account: str, request: Request) -> None:
        """Takes one request to Twilio's API that is over."""
        self._measured.answered(account, request)

    def pushed(self, result: str, lag_ms: Millis | None) -> None:
        """Takes what became of a status callback; `lag_ms` where a request was confirmed."""
        self._measured.pushed(result, lag_ms)

    def load(self, flow_set: FlowSet) -> None:
        """Takes the flows in force, at the start and after each reload."""
        self._measured.load(flow_set)

    # ---- what it shows ----------------------------------------------------------------------

    def families(self) -> Iterator[Metric]:
        """Everything but what the process and the platform say of themselves."""
        for family in FAMILIES:
            yield _family(family, self._measured)
        for lengths in LENGTHS:
            yield _lengths(lengths, self._measured)
        says = "How long the event loop took to come round, at this scrape."
        yield GaugeMetricFamily("callflow_event_loop_lag_seconds", says, value=self.loop_lag)

    def render(self, accept: str) -> tuple[bytes, str]:
        """The document and its content type: OpenMetrics for who accepts it, else plain text."""
        return _written(self.registry, accept)


def routes(metrics: Metrics) -> list[web.RouteDef]:
    """`GET /metrics`."""

    async def get(request: web.Request) -> web.Response:
        metrics.loop_lag = await _loop_lag()
        accept = ",".join(request.headers.getall("Accept", ()))
        # A thousand rules make ten thousand lines: polls need not wait while they are written.
        taken = _Taken(list(metrics.registry.collect()))
        body, content_type = await asyncio.to_thread(_written, taken, accept)
        return web.Response(body=body, headers={"Content-Type": content_type})

    return [web.get("/metrics", get)]


class _Families(Collector):
    """What the registry asks. `describe` says nothing: names are checked by tests, not here."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        return self._metrics.families()


class _Taken(Collector):
    """What was taken down at one moment."""

    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Sequence[Metric]:
        return self._families


def _written(what: Collector, accept: str) -> tuple[bytes, str]:
    encode, content_type = choose_encoder(accept)
    return encode(what), content_type


def _family(family: Family, measured: Measured) -> Metric:
    made = _KINDS[family.kind](family.name, family.says, labels=family.labels)
    for labels, number in family.numbers(measured):
        made.add_metric(labels, number)
    return made


def _lengths(lengths: Lengths, measured: Measured) -> Metric:
    made = HistogramMetricFamily(lengths.name, lengths.says, labels=lengths.labels)
    for labels, histogram in lengths.histograms(measured):
        made.add_metric(labels, histogram.buckets(), histogram.total / 1000)
    return made


async def _loop_lag() -> float:
    """In seconds: until everything else that is ready has had its turn."""
    time = asyncio.get_running_loop().time
    before = time()
    await asyncio.sleep(0)
    return time() - before
