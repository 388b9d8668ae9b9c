"""Which store a `--store` URL means, and how it is opened."""

from __future__ import annotations

from pathlib import Path

from runner.engine.ports import Store, StoreError
from runner.store.memory import MemoryStore
from runner.store.sqlite import SqliteStore

DEFAULT = "sqlite:///callflow.db"


def store_path(url: str) -> Path:
    """`sqlite:///relative.db` and `sqlite:////absolute.db` as a path. Raises `StoreError`."""
    scheme, separator, rest = url.partition(":///")
    if scheme != "sqlite" or not separator or not rest or rest.endswith("/"):
        raise StoreError(
            f"{url!r} is not a store",
            hint="write sqlite:///relative.db or sqlite:////absolute/path.db",
        )
    return Path(rest)


def beside(url: str, name: str) -> Path:
    """A file of this name in the folder of the store. Raises `StoreError`."""
    return store_path(url).parent / name


async def open_store(url: str) -> Store:
    """Opens the store for writing, making it where there is none. Raises `StoreError`."""
    return await SqliteStore(store_path(url)).open()


async def open_store_to_read(url: str) -> Store:
    """Opens the store to look at it only; what a runner has yet to make is empty."""
    path = store_path(url)
    if not path.exists() or path.stat().st_size == 0:
        return MemoryStore()
    return await SqliteStore(path, read_only=True).open()
