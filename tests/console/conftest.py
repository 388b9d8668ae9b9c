"""A collector of traces, a site and a browser's page for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.console.browser import browser, context, page
from tests.console.collector import Collector, collecting
from tests.console.pushing import Posting, open_posting
from tests.engine.test_nudges import ANSWERED
from tests.site import Site, open_site

__all__ = ["browser", "context", "page"]


@pytest.fixture
async def collector(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Collector]:
    async with collecting() as opened:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", opened.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
        yield opened


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with open_site(tmp_path) as opened:
        yield opened


@pytest.fixture
async def posting(site: Site) -> AsyncIterator[Posting]:
    site.flows(ANSWERED)
    async with open_posting(site) as opened:
        yield opened
