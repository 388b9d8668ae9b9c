"""A site that metrics watch, and what they say, read by the parsers of Prometheus' library."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open
from prometheus_client.parser import text_string_to_metric_families as parse_text

from runner.console.measuring.metrics import Metrics
from runner.engine.ports import Event
from runner.model import FlowSet
from tests.site import Site, open_site

OPEN_METRICS = "application/openmetrics-text; version=1.0.0"
#: By the sample's name its values, by label values in the order of the label names.
Samples = Mapping[str, Mapping[tuple[str, ...], float]]


def parsed(metrics: Metrics, *, accept: str = "") -> list[Metric]:
    """The document as a scraper reads it."""
    body, _ = metrics.render(accept)
    text = body.decode()
    return list(parse_open(text) if accept else parse_text(text))


def samples_of(families: Iterable[Metric]) -> Samples:
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in families:
        for sample in family.samples:
            labels = tuple(sample.labels[name] for name in sorted(sample.labels))
            assert labels not in found.setdefault(sample.name, {}), (sample.name, labels)
            found[sample.name][labels] = sample.value
    return found


def counted(samples: Mapping[tuple[str, ...], float]) -> dict[tuple[str, ...], float]:
    """Without those that are zero."""
    return {labels: value for labels, value in samples.items() if value}


@dataclass
class Scene:
    """A site and the metrics of its runner."""

    site: Site
    metrics: Metrics

    def flows(self, *texts: str) -> FlowSet:
        flow_set = self.site.flows(*texts)
        self.metrics.load(flow_set)
        return flow_set

    def tell(self, name: str, **fields: object) -> None:
        """What something else than the engine tells."""
        self.metrics.hear(Event(name, self.site.time.now(), "info", fields))

    def samples(self) -> Samples:
        return samples_of(parsed(self.metrics))

    def lags(self, trigger: str = "poll") -> tuple[float, float]:
        """How many acts were measured, and how many seconds they took together."""
        found = self.samples()
        name = "callflow_action_lag_seconds"
        return found[f"{name}_count"][(trigger,)], found[f"{name}_sum"][(trigger,)]


@asynccontextmanager
async def open_scene(folder: Path) -> AsyncIterator[Scene]:
    """The account is called `shop` and polled every two seconds."""
    async with open_site(folder) as site:
        sid = site.sandbox.account_sid
        metrics = Metrics({sid: ("shop", 2_000)}, site.time)
        site.listeners.append(metrics.hear)
        site.engine.seen = partial(metrics.see, sid)
        site.engine.steady()
        site.gateway.listen(partial(metrics.answered, sid))
        yield Scene(site, metrics)
