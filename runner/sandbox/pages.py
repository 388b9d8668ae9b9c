"""Pages of whatever is listed: one way from rows by SID to Twilio's envelope around them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from runner.model import Millis
from runner.sandbox.dates import parse_filter_date
from runner.sandbox.errors import invalid
from runner.sandbox.exchange import Answer, Exchange, shown
from runner.sandbox.listing import Listed, Test, envelope, find_page, paged
from runner.sandbox.rows import Order

L = TypeVar("L", bound=Listed)


@dataclass(frozen=True, slots=True)
class Listing(Generic[L]):
    """A list: its key in the answer, its rows by SID and oldest first, how one is shown.

    `kept` are the filters that were asked for and `tests` what they ask; `gone` is where deleted
    ones stood.
    """

    key: str
    rows: Mapping[str, L]
    render: Callable[[L], Mapping[str, Any]]
    kept: Mapping[str, str] = field(default_factory=dict)
    tests: tuple[Test, ...] = ()
    gone: Mapping[str, Order] = field(default_factory=dict)

    def place(self, sid: str) -> Order | None:
        """Where one stands or stood; None where it never was here."""
        row = self.rows.get(sid)
        return self.gone.get(sid) if row is None else row.order


def page(exchange: Exchange, listing: Listing[L]) -> Answer:
    """The page that was asked for, the newest first. Raises `ApiError`."""
    request = exchange.request
    query = paged(request.query, listing.kept, status=None, tests=listing.tests)
    found = find_page(listing, list(listing.rows.values()), query)
    rows = [listing.render(row) for row in found.rows]
    return shown(envelope(request.path, query, found) | {listing.key: rows})


def came(row: Listed) -> Millis:
    """When something came, which is the first half of its place."""
    return row.order[0]


def created(
    given: Mapping[str, str], name: str, moment: Callable[[Any], Millis] = came
) -> tuple[dict[str, str], tuple[Test, ...]]:
    """The filters on a moment of each row, `name` and its two inequalities. Raises `ApiError`."""
    kept = {key: given[key] for key in (name, f"{name}<", f"{name}>") if given.get(key)}
    return kept, tuple(_date_test(key, text, moment) for key, text in kept.items())


def _date_test(name: str, text: str, moment: Callable[[Any], Millis]) -> Test:
    try:
        start, stop = parse_filter_date(text)
    except ValueError:
        raise invalid(name, f"{text!r} is not a date like 2009-07-06") from None
    if name.endswith("<"):
        return lambda row: bool(moment(row) <= start)
    if name.endswith(">"):
        return lambda row: bool(moment(row) >= start)
    return lambda row: bool(start <= moment(row) < stop)
