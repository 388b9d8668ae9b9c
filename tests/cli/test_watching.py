"""Promises of those who watch a run: one that fails is told of once, and stops nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

from runner.cli.daemon.running import going_on
from runner.cli.daemon.watching import Guarded, Watch
from runner.console.picture.board import Board
from runner.console.picture.pictures import status_of
from runner.decision.turns import Turns, at_once
from runner.engine.poll import Poll, Show
from runner.engine.ports import Event
from tests.cli.desking import open_desk
from tests.engine.test_rules import flow, rule
from tests.site import SECOND, open_site


async def test_calls_are_looked_after_whatever_a_watcher_does(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        heard: list[str] = []

        def fails(_event: Event) -> None:
            raise KeyError("a fault of ours")

        def sees(_account: str, poll: Poll) -> Turns[Show]:
            yield
            assert poll.calls > 1, "a fault of ours"
            return lambda: None

        watch = Watch(hear=(fails, lambda event: heard.append(event.name)), see=(sees,))
        guarded = Guarded(watch, site.time, site.events.append)
        site.listeners.append(guarded.hear)
        site.engine.seen = lambda poll: guarded.see("AC", poll)
        site.flows(flow(rule("cut", "", "[hangup]")))
        for _ in range(3):
            site.sandbox.add_call(to="+14155550101")
            await site.poll(after=2 * SECOND)
        assert [outcome for _, outcome in await site.outcomes()] == ["done"] * 3
        assert heard.count("poll") == 3
        failed = site.told("watch.failed")
        assert [event.level for event in failed] == ["error", "error"]
        assert "AssertionError" in str(failed[0].fields["error"])
        assert "KeyError" in str(failed[1].fields["error"])


class _Faulty(Board):
    """A board with a fault in one of its two halves."""

    def see(self, sid: str, poll: Poll) -> Turns[Show]:
        raise KeyError("a fault of ours")


async def test_what_one_no_longer_shows_it_does_not_show_as_new(tmp_path: Path) -> None:
    """A board that sees no polls any more, and hears of them, would show old calls as live ones."""
    async with open_site(tmp_path) as site:
        sid = site.sandbox.account_sid
        board = _Faulty({sid: ("", 2 * SECOND)}, site.time)
        guarded = Guarded(Watch((board.hear,), (board.see,)), site.time, site.events.append)
        site.listeners.append(guarded.hear)
        site.engine.seen = lambda poll: guarded.see(sid, poll)
        site.flows(flow(rule("cut", "", "[hangup]")))
        for _ in range(5):
            await site.poll(after=2 * SECOND)
        (account,) = status_of(board)["accounts"]["list"]
        assert account["late"], "whoever looks sees that this stands still"
        (failed,) = site.told("watch.failed")
        assert "see" in str(failed.fields["watcher"])


async def test_one_that_fails_in_both_halves_is_told_of_once(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:

        class Watcher:
            def hear(self, _event: Event) -> None:
                raise KeyError("the first fault")

            def see(self, _account: str, _poll: Poll) -> Turns[Show]:
                yield
                raise KeyError("the second fault")

        watcher = Watcher()
        watch = Watch((watcher.hear,), (watcher.see,))
        guarded = Guarded(watch, site.time, site.events.append)
        seeing = guarded.see("AC", Poll(0))
        next(seeing)
        guarded.hear(Event("poll", 1))
        at_once(seeing)()
        (failed,) = site.told("watch.failed")
        assert "the first fault" in str(failed.fields["error"])


async def test_work_beside_the_polls_does_not_end_unseen(tmp_path: Path) -> None:
    """Whoever shows what is paused, say: what it knew would be shown for ever."""

    async def fails() -> None:
        raise KeyError("a fault of ours")

    async with open_desk(tmp_path) as here, going_on(here.crew, here.site.time.sleep(1), fails()):
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        (failed,) = here.site.told("watch.failed")
        assert (failed.level, failed.fields["watcher"]) == ("error", fails.__qualname__)
        assert failed.fields["error"] == "KeyError: 'a fault of ours'"
