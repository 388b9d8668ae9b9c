"""Lists: the filters of calls, keyset paging, and the envelope around a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import urlencode

from runner.sandbox.dates import parse_filter_date
from runner.sandbox.errors import ApiError, invalid
from runner.sandbox.rows import STATUSES, Order, Row
from runner.sandbox.shelf import before

DEFAULT_SIZE = 50
MAX_SIZE = 1000

_EQUAL = {"To": "to", "From": "from_", "ParentCallSid": "parent_call_sid"}
_DATES = ("StartTime", "StartTime<", "StartTime>", "EndTime", "EndTime<", "EndTime>")

Test = Callable[[Any], bool]


class Listed(Protocol):
    """What a list can hold."""

    @property
    def sid(self) -> str: ...

    @property
    def order(self) -> Order: ...


L = TypeVar("L", bound=Listed)


class Places(Protocol):
    """Knows where each entry stands or stood, also after it is gone."""

    def place(self, sid: str) -> Order | None: ...


@dataclass(frozen=True, slots=True)
class Query:
    """One list request, checked. `kept` is what every page URI repeats."""

    kept: Mapping[str, str]
    status: str | None
    tests: tuple[Test, ...]
    size: int
    page: int
    token: str | None


@dataclass(frozen=True, slots=True)
class Page(Generic[L]):
    """The rows of one page, newest first, and whether there are others on either side."""

    rows: Sequence[L]
    older: bool
    newer: bool


def parse_query(given: Mapping[str, str]) -> Query:
    """Checks a query string's parameters; unknown ones are ignored. Raises `ApiError`."""
    kept = {name: given[name] for name in (*_EQUAL, "Status", *_DATES) if given.get(name)}
    status = kept.get("Status")
    if status is not None and status not in STATUSES:
        raise invalid("Status", f"{status} is none of {', '.join(STATUSES)}")
    return paged(given, kept, status=status, tests=_tests(kept))


def paged(
    given: Mapping[str, str],
    kept: Mapping[str, str],
    *,
    status: str | None,
    tests: tuple[Test, ...],
) -> Query:
    """A checked query of any list: which page of it, and how long a page. Raises `ApiError`."""
    page = _number(given, "Page", 0)
    token = given.get("PageToken")
    if page and not token:
        raise ApiError(400, 20001, "Paged requests must include a PageToken")
    size = _number(given, "PageSize", DEFAULT_SIZE)
    if not 1 <= size <= MAX_SIZE:
        raise ApiError(400, 20007, f"Page size must be from 1 to {MAX_SIZE}")
    return Query(kept, status, tests, size, page, token)


def _number(given: Mapping[str, str], name: str, default: int) -> int:
    text = given.get(name, str(default))
    if not (text.isascii() and text.isdigit()):
        raise invalid(name, f"{text!r} is not a whole number")
    return int(text)


def _tests(kept: Mapping[str, str]) -> tuple[Test, ...]:
    tests = [_same(field, kept[name]) for name, field in _EQUAL.items() if name in kept]
    tests += [_date_test(name, kept[name]) for name in _DATES if name in kept]
    return tuple(tests)


def _same(field: str, wanted: str) -> Test:
    get = attrgetter(field)
    return lambda row: bool(get(row) == wanted)


def _date_test(name: str, text: str) -> Test:
    try:
        start, stop = parse_filter_date(text)
    except ValueError:
        raise invalid(name, f"{text!r} is not a date like 2009-07-06") from None
    field = "start_time" if name.startswith("StartTime") else "end_time"

    def test(row: Row) -> bool:
        moment = getattr(row, field)
        if moment is None:
            return False
        if name.endswith("<"):
            return bool(moment < start)
        return bool(moment >= start and (name.endswith(">") or moment < stop))

    return test


def find_page(places: Places, rows: Sequence[L], query: Query) -> Page[L]:
    """One page of the rows (oldest first, as shelved). Raises `ApiError` on a foreign token."""
    if query.token is None:
        return _older(rows, len(rows), query)
    order = _place(places, query.token)
    if query.token.startswith("PB"):
        return _newer(rows, order, query)
    return _older(rows, before(rows, order), query)


def _place(places: Places, token: str) -> Order:
    order = places.place(token[2:]) if token[:2] in ("PA", "PB") else None
    if order is None:
        raise invalid("PageToken", f"{token!r} is not from a page of this list")
    return order


def _older(rows: Sequence[L], stop: int, query: Query) -> Page[L]:
    """The newest rows that stand before index `stop`."""
    found = _take(map(rows.__getitem__, range(stop - 1, -1, -1)), query)
    return Page(found[: query.size], len(found) > query.size, query.token is not None)


def _newer(rows: Sequence[L], order: Order, query: Query) -> Page[L]:
    """The oldest rows that stand after a place, turned round."""
    start = before(rows, order)
    start += start < len(rows) and rows[start].order == order
    found = _take(map(rows.__getitem__, range(start, len(rows))), query)
    return Page(found[: query.size][::-1], True, len(found) > query.size)


def _take(rows: Iterator[L], query: Query) -> list[L]:
    """As many rows as a page holds and one, to know whether it is the last."""
    for test in query.tests:
        rows = filter(test, rows)
    return list(islice(rows, query.size + 1))


def envelope(path: str, query: Query, page: Page[L]) -> dict[str, object]:
    """Everything around the rows of a page."""

    def uri(number: int, token: str | None = None) -> str:
        named = dict(query.kept) | {"PageSize": str(query.size), "Page": str(max(0, number))}
        return f"{path}?{urlencode(named | ({'PageToken': token} if token else {}))}"

    rows = page.rows
    start = query.page * query.size if rows else 0
    newer = uri(query.page - 1, f"PB{rows[0].sid}") if page.newer and rows else None
    older = uri(query.page + 1, f"PA{rows[-1].sid}") if page.older and rows else None
    return {
        "first_page_uri": uri(0),
        "end": start + max(0, len(rows) - 1),
        "previous_page_uri": newer,
        "uri": uri(query.page, query.token),
        "page_size": query.size,
        "start": start,
        "next_page_uri": older,
        "page": query.page,
    }
