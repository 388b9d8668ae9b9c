"""A board that watches a real engine, as the console's tests and its page's do."""

from __future__ import annotations

from runner.console.picture.board import OVER, Board, Flows
from tests.site import SECOND, Site


def board_of(site: Site, *, alias: str = "", over: int = OVER) -> Board:
    """A board that hears and sees everything of this site's engine from now on."""
    sid = site.sandbox.account_sid
    board = Board({sid: (alias, 2 * SECOND)}, site.time, over=over)
    board.flows = lambda: Flows(site.engine.flow_set)
    site.engine.seen = lambda poll: board.see(sid, poll)
    site.listeners.append(board.hear)
    return board
