"""The picture of `callflow top` as a page of text, for a pipe, a file, or a terminal of paper."""

from __future__ import annotations

from runner.cli.screen.cells import Line, Span
from runner.cli.screen.panes import header, row
from runner.cli.screen.strip import strip
from runner.cli.screen.view import PANES, Name, Picture

#: So many rows of each list.
ROWS = 20


def page(picture: Picture, width: int) -> list[Line]:
    """Everything, one list below the other."""
    lines: list[Line] = [*strip(picture, width, picture.came)]
    for pane in PANES:
        lines += [[], *_list(picture, pane, width)]
    return lines


def _list(picture: Picture, pane: Name, width: int) -> list[Line]:
    rows = picture.rows(pane)
    total = picture.lists.get(pane, {}).get("total", len(rows))
    lines: list[Line] = [header(pane, width, pane)]
    lines += [row(pane, each, width) for each in rows[:ROWS]]
    if not rows:
        lines.append([Span("  none")])
    elif total > ROWS:
        lines.append([Span(f"  and {total - ROWS:,} more")])
    return lines
