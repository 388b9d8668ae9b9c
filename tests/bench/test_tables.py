"""Every table of `bench/` at its small sizes: it runs, and no cell of it is empty."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.__main__ import TABLES
from bench.measuring import Sample, made_by
from bench.report import markdown

BENCH = Path(__file__).parent.parent.parent / "bench"


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_made(name: str) -> None:
    table = made_by(TABLES[name], 1, quick=True)
    assert table.name == name
    assert table.method
    assert table.rows
    assert table.targets
    for row in table.rows:
        assert row.cells.keys() <= set(table.columns), row.name
        assert row.cells, row.name
        assert all(
            cell.runs if isinstance(cell, Sample) else cell != "" for cell in row.cells.values()
        )
    written = markdown(table).splitlines()
    assert all(any(line.startswith(f"| {row.name} |") for line in written) for row in table.rows)


def test_each_table_is_in_the_readme() -> None:
    listed = (BENCH / "README.md").read_text(encoding="utf-8")
    assert [name for name in TABLES if f"| `{name}` |" not in listed] == []
