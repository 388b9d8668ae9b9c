"""What polls ask of the SQLite file is found by indexes, however large it has grown."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

from runner.engine.ports import HistoryQuery
from runner.store import acts, trimming
from runner.store.sqlite import SqliteStore
from tests.store.intents import INTENT


def plan(file: Path, ask: Callable[[sqlite3.Connection], object]) -> str:
    """How SQLite finds what is asked for."""
    db = sqlite3.connect(file)
    seen: list[str] = []
    db.set_trace_callback(seen.append)
    ask(db)
    db.set_trace_callback(None)
    steps = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {seen[0]}")]
    db.close()
    return "\n".join(steps)


async def test_the_ends_of_a_window_are_found_by_an_index(tmp_path: Path) -> None:
    await (await SqliteStore(tmp_path / "a.db").open()).close()
    found = plan(tmp_path / "a.db", lambda db: acts.ended(db, "AC1", 5))
    assert "USING INDEX acts_that_end (account=? AND at>?)" in found


async def test_the_acts_of_calls_are_found_by_indexes(tmp_path: Path) -> None:
    await (await SqliteStore(tmp_path / "a.db").open()).close()
    found = plan(tmp_path / "a.db", lambda db: acts.acts(db, "AC1", {"CA1"}))
    act = "call_sid=? AND account=? AND flow=? AND rule=? AND number=?"
    assert "SEARCH here USING INDEX acts_once (call_sid=? AND account=?)" in found
    assert f"SEARCH gone USING INDEX acts_withdrawn ({act})" in found
    assert f"SEARCH again USING INDEX acts_once ({act} AND part=?)" in found
    assert not re.search(r"^SCAN (here|gone|again)|TEMP B-TREE FOR GROUP", found, re.MULTILINE)


async def test_the_history_of_a_call_is_found_by_indexes(tmp_path: Path) -> None:
    await (await SqliteStore(tmp_path / "a.db").open()).close()
    found = plan(tmp_path / "a.db", lambda db: acts.history(db, HistoryQuery(call_sid="CA1")))
    assert "INDEX acts_once (call_sid=?)" in found
    assert "INDEX acts_withdrawn (call_sid=?)" in found
    assert "SCAN" not in found


async def test_what_a_trim_must_keep_is_found_by_indexes(tmp_path: Path) -> None:
    await (await SqliteStore(tmp_path / "a.db").open()).close()
    found = plan(tmp_path / "a.db", lambda db: trimming.not_over(db, 5, {"CA1"}))
    assert "INDEX acts_once (call_sid=?)" in found
    assert "INDEX acts_withdrawn (call_sid=?)" in found
    assert "SCAN acts" not in found


async def test_what_is_unfinished_is_found_by_an_index(tmp_path: Path) -> None:
    await (await SqliteStore(tmp_path / "a.db").open()).close()
    found = plan(tmp_path / "a.db", lambda db: acts.unfinished(db, INTENT.account))
    assert "USING INDEX acts_unfinished (account=?)" in found
