"""Every store that keeps the contract, and a second runner's view of the same one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from runner.engine.ports import Store
from runner.store.memory import MemoryStore
from runner.store.sqlite import SqliteStore


@dataclass(frozen=True)
class Two:
    """Two runners' stores over the same data."""

    one: Store
    other: Store


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    opened: Store = MemoryStore()
    if request.param == "sqlite":
        opened = await SqliteStore(tmp_path / "store.db").open()
    yield opened
    await opened.close()


@pytest.fixture
async def two(store: Store, tmp_path: Path) -> AsyncIterator[Two]:
    if isinstance(store, MemoryStore):
        yield Two(store, store.beside())
        return
    other = await SqliteStore(tmp_path / "store.db").open()
    yield Two(store, other)
    await other.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where `ledger` is."""
    return tmp_path / "a.db"


@pytest.fixture
async def ledger(file: Path) -> AsyncIterator[SqliteStore]:
    opened = await SqliteStore(file).open()
    yield opened
    await opened.close()
