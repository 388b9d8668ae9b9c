"""Lists of anything but calls, which are short: read whole, page by page, field by field."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, TypeAlias

from runner.durations import format_duration
from runner.engine.ports import NoAnswer
from runner.gateway.line import Line
from runner.gateway.rows import document_of, next_link
from runner.model import Millis

#: A list that has not ended by then never will.
MAX_PAGES = 10_000

#: One row as it came; what is in it is read with `runner.gateway.rows.text_of`.
Row: TypeAlias = Mapping[str, Any]


class Lists:
    """Reads the lists of one account. A page that fails, repeats or leads away fails the list."""

    def __init__(self, line: Line, *, page_size: int, timeout: Millis) -> None:
        self._line = line
        self._page_size = page_size
        self._timeout = timeout

    async def read(
        self, path: str, key: str, filters: Mapping[str, str] | None = None
    ) -> Sequence[Row]:
        """All rows that stand under `key`, in the order in which they came."""
        try:
            async with asyncio.timeout(self._timeout / 1000):
                return [row async for row in self._rows(path, key, filters or {})]
        except TimeoutError:
            waited = format_duration(self._timeout)
            text = f"{self._line.host} did not end its list of {key} in {waited}"
            raise NoAnswer(text, hint="it answers too slowly, or there are too many") from None

    async def _rows(self, path: str, key: str, filters: Mapping[str, str]) -> AsyncIterator[Row]:
        line = self._line
        answer = await line.get(path, {**filters, "PageSize": str(self._page_size)})
        seen: set[str] = set()
        while True:
            document = document_of(answer.body, host=line.host)
            for row in _rows_of(document, key, line.host):
                yield row
            link = next_link(document.get("next_page_uri"), path, host=line.host)
            if link is None:
                return
            if link in seen or len(seen) >= MAX_PAGES:
                raise NoAnswer(f"{line.host} sent pages of {key} that never end")
            seen.add(link)
            answer = await line.get(link)


def _rows_of(document: Row, key: str, host: str) -> Sequence[Row]:
    rows = document.get(key)
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise NoAnswer(f"{host} answered with JSON that is not a list of {key}")
    return rows
