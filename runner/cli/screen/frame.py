"""One frame of `callflow top`: so many lines, none too wide, whatever the documents hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runner.cli.screen.cells import Line, Span, clipped, cut, fitted, safe, width_of
from runner.cli.screen.panes import header, row
from runner.cli.screen.strip import ASCII_BARS, BARS, chart, strip
from runner.cli.screen.view import PANES, Name, Picture, View, wanted_rows

#: Narrower and lower than this nothing can be drawn that is worth reading.
LEAST = (60, 6)
#: So many rows of a pane that is not chosen are shown beside it.
ASIDE = 4
_NOTHING = {
    "rules": "no rules",
    "calls": "no live calls that rules ask for",
    "held": "nothing is held back",
    "acts": "no acts since the start",
}
_KEYS = "q quit  ? help  tab pane  / filter  w why"
_ORDERS = "  p pause  r resume  K stop everything"


@dataclass(frozen=True, slots=True)
class Size:
    """Of the terminal, in cells. `unicode` says whether it can show what is no ASCII."""

    width: int
    height: int
    unicode: bool = True


def frame(picture: Picture, view: View, size: Size, now: int) -> list[Line]:
    """The whole screen."""
    width, height = size.width, size.height
    if width < LEAST[0] or height < LEAST[1]:
        said = f"too small: callflow top needs {LEAST[0]}x{LEAST[1]} cells"
        return _filled([[Span(cut(said, width))]], height)
    top = strip(picture, width, now)[: height - 4]
    body = height - len(top) - 1
    if view.page:
        lines = [*top, *_page(view, width, body)]
    else:
        drawn = chart(picture.chart, width, BARS if size.unicode else ASCII_BARS)
        if body - len(drawn) >= 12:
            top += drawn
            body -= len(drawn)
        lines = [*top, *_panes(picture, view, width, body)]
    return [clipped(line, width) for line in (*_filled(lines, height - 1), _foot(view, picture))]


# ---- the panes ------------------------------------------------------------------------------


def _panes(picture: Picture, view: View, width: int, height: int) -> list[Line]:
    """All four where there is room, else the one that is chosen."""
    shares = _shares(picture, view, height)
    lines: list[Line] = []
    for pane in PANES:
        if pane in shares:
            lines += _pane(picture, view, pane, Size(width, shares[pane]))
    return lines


def _shares(picture: Picture, view: View, height: int) -> dict[Name, int]:
    """How many lines each pane gets, its titles among them."""
    needs = {pane: 1 + max(1, len(wanted_rows(picture, view, pane))) for pane in PANES}
    aside = {pane: min(needs[pane], 1 + ASIDE) for pane in PANES if pane != view.pane}
    left = height - sum(aside.values())
    if left < 4:
        return {view.pane: height}
    shares = {pane: aside.get(pane, left) for pane in PANES}
    spare = shares[view.pane] - needs[view.pane]
    for pane in aside:
        more = min(max(0, spare), needs[pane] - shares[pane])
        shares[pane] += more
        shares[view.pane] -= more
        spare -= more
    return shares


def _pane(picture: Picture, view: View, pane: Name, size: Size) -> list[Line]:
    """The titles and the rows of one pane; of a longer list the part around the chosen row."""
    rows, room = wanted_rows(picture, view, pane), size.height - 1
    chosen = pane == view.pane
    place = view.place(rows, pane)
    first = max(0, min(view.first.get(pane, 0), len(rows) - room))
    first = min(max(first, place - room + 1), place)
    view.first[pane] = first
    lines: list[Line] = [_titled(picture, view, pane, size.width)]
    for number, document in enumerate(rows[first : first + room], first):
        spans = row(pane, document, size.width)
        if chosen and number == place:
            spans = [Span(text, "pick") for text, _ in spans]
        lines.append(spans)
    if not rows:
        none = "nothing fits the filter" if view.filters.get(pane) else _NOTHING[pane]
        lines.append([Span(f"  {none}", "dim")])
    return _filled(lines, size.height)


def _titled(picture: Picture, view: View, pane: Name, width: int) -> list[Span]:
    """The titles of the columns; what is above them all stands in the first, or over them."""
    document, rows = picture.lists.get(pane, {}), wanted_rows(picture, view, pane)
    total = document.get("total", len(rows))
    mark = "> " if pane == view.pane else "  "
    about = f"{mark}{pane}"
    filtered = view.filters.get(pane)
    if filtered:
        about += f" /{safe(filtered)}/"
    if isinstance(total, int) and total > len(rows):
        about += f" {len(rows):,} of {total:,}"
    titles = header(pane, width, about)
    if len(cut(about, len(titles[0].text))) < len(about):  # it would be cut: over the next titles
        whole = "".join(text for text, _ in titles)
        return [Span(about + " " + whole[len(about) + 1 :], "head")]
    return titles


# ---- text over the panes, and the foot ------------------------------------------------------


def _page(view: View, width: int, height: int) -> list[Line]:
    """A part of the text, from where the reader has scrolled to."""
    lines = folded(view.page, width)
    view.scrolled = max(0, min(view.scrolled, len(lines) - (height - 1)))
    shown = lines[view.scrolled : view.scrolled + height - 1]
    more = f" ({view.scrolled + len(shown)} of {len(lines)} lines)" if len(lines) > height else ""
    title = Span(fitted(f"{view.title}{more}", width), "head")
    return _filled([[title], *([Span(text)] for text in shown)], height)


def folded(lines: Sequence[str], width: int) -> list[str]:
    """The lines, each broken where it is too wide."""
    found = []
    for line in map(safe, lines):
        piece, left = "", width
        for char in line:
            left -= width_of(char)
            if left < 0:
                found.append(piece)
                piece, left = "", width - width_of(char)
            piece += char
        found.append(piece)
    return found


def _foot(view: View, picture: Picture) -> Line:
    """The question that is asked, what is to be read, or which keys there are."""
    if view.question is not None:
        return [Span(f"{safe(view.question.text)} ", "head"), Span(f"{safe(view.typed)}_")]
    if view.notice:
        return [Span(safe(view.notice), "bad" if view.alarming else "good")]
    if view.page:
        return [Span("esc back  j k scroll  q quit", "dim")]
    return [Span(_KEYS + (_ORDERS if picture.may_operate else ""), "dim")]


def _filled(lines: Sequence[Line], height: int) -> list[Line]:
    return [*lines[:height], *([[]] * (height - len(lines)))]
