"""Promises: whatever is wrong with the files, the last good flows stay, and it is said why."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from runner.engine.reload import Also, Reloader
from runner.language.files import Files
from runner.language.loader import load
from runner.problems import Position, Problem
from tests.engine.reloading import Hurried, desk, flow, save

ONE, TWO = flow("f", "a"), flow("f", "a", "b")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "flows"
    made.mkdir()
    (made / "f.yaml").write_text(ONE)
    return made


# ---- files with errors ----------------------------------------------------------------------


async def test_nothing_of_an_edit_with_an_error_comes_into_force(folder: Path) -> None:
    for name in "gh":
        (folder / f"{name}.yaml").write_text(flow(name, "x"))
    async with desk(folder) as edited:
        (folder / "f.yaml").unlink()
        save(folder / "g.yaml", flow("g", "x").replace("match", "mach"))
        save(folder / "h.yaml", flow("h", "y"))
        problems = await edited.fails()
        assert problems.startswith(f'{folder / "g.yaml"}:4:13: unknown key "mach"')
        assert edited.rules == ["f/a", "g/x", "h/x"]
        assert (edited.reloads.ok, edited.reloads.revision) == (False, 0)
        save(folder / "g.yaml", flow("g", "z"))
        await edited.in_force("g/z", "h/y")
        assert edited.reloads.revision == 1


async def test_the_same_error_is_told_once_and_another_one_again(folder: Path) -> None:
    async with desk(folder, clock=Hurried()) as edited:
        save(folder / "f.yaml", "version: 1\nflow: f\n")
        assert "rules" in await edited.fails()
        await asyncio.sleep(0.2)  # some dozen slow looks
        assert edited.events.empty()
        save(folder / "f.yaml", "version: 2\nflow: f\nrules: []\n")
        assert "version" in await edited.fails()
        save(folder / "f.yaml", ONE)
        await edited.in_force("f/a")


async def test_a_flow_that_is_defined_twice_is_an_error(folder: Path) -> None:
    async with desk(folder) as edited:
        save(folder / "copy.yaml", ONE)
        assert 'the flow "f" is already defined' in await edited.fails()
        (folder / "copy.yaml").unlink()
        await edited.in_force("f/a")


async def test_a_file_of_two_megabytes_is_refused_by_name(folder: Path) -> None:
    async with desk(folder) as edited:
        save(folder / "big.yaml", ONE + "# so many words\n" * (2 * 1024 * 1024 // 16))
        assert f"{folder / 'big.yaml'}:1:1: the file is larger" in await edited.fails()
        (folder / "big.yaml").unlink()
        await edited.in_force("f/a")


async def test_links_that_lead_in_a_circle_harm_nobody(folder: Path) -> None:
    async with desk(folder) as edited:
        (folder / "inside").symlink_to(folder)  # a folder in itself: links are not entered
        (folder / "round.yaml").symlink_to("round.yaml")
        assert f"{folder / 'round.yaml'}:1:1: the file can't be read" in await edited.fails()
        (folder / "round.yaml").unlink()
        await edited.in_force("f/a")


async def test_a_link_to_nowhere_is_an_error(folder: Path) -> None:
    async with desk(folder) as edited:
        (folder / "g.yaml").symlink_to(folder.parent / "gone.yaml")
        assert "it does not exist" in await edited.fails()
        save(folder.parent / "gone.yaml", flow("g", "x"))  # nobody watches there
        save(folder / "f.yaml", TWO)
        await edited.in_force("f/a", "f/b", "g/x")


@contextmanager
def unprivileged() -> Iterator[None]:
    """As somebody from whom files can be kept, which root is not."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(before)


async def test_a_file_that_may_not_be_read_is_an_error() -> None:
    with TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)
        (folder / "f.yaml").write_text(ONE)
        (folder / "g.yaml").write_text(flow("g", "x"))
        async with desk(folder) as edited:
            (folder / "g.yaml").chmod(0)
            with unprivileged():
                assert "reading it is not permitted" in await edited.fails()
            assert edited.rules == ["f/a", "g/x"]
            (folder / "g.yaml").chmod(0o644)
            await edited.in_force("f/a", "g/x")
            (folder / "night").mkdir(mode=0)
            with unprivileged():
                assert "the folder can't be read" in await edited.fails()
            (folder / "night").chmod(0o755)
            await edited.in_force("f/a", "g/x")


# ---- lists ----------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["known.txt", "../known.txt", "../lists/deep/known.txt"])
async def test_list_files_are_watched_wherever_they_lie(folder: Path, where: str) -> None:
    numbers = folder / where
    numbers.parent.mkdir(parents=True, exist_ok=True)
    numbers.write_text("+14155550100\n")
    top = f"lists: {{known: {{file: {where}}}}}\n"
    text = flow("f", "a", top=top).replace("'+14155550000'", "{in_list: known}")
    save(folder / "f.yaml", text)
    async with desk(folder) as edited:
        revision = edited.reloads.current.flows[0].revision
        save(numbers, "+14155550101\n")
        await edited.in_force("f/a")
        assert edited.reloads.current.flows[0].revision != revision
        numbers.unlink()
        assert "can't be read: it does not exist [list-file]" in await edited.fails()
        numbers.write_text("+14155550101\n")
        await edited.in_force("f/a")


def test_a_large_list_that_rests_is_no_change(folder: Path) -> None:
    """Its hash is that of the whole file, also beyond what a flow file may be long."""
    (folder / "known.txt").write_text("".join(f"+1415{n:07}\n" for n in range(120_000)))
    top = "lists: {known: {file: known.txt}}\n"
    save(folder / "f.yaml", flow("f", "a", top=top))
    loaded = load([folder])
    reloader = Reloader([folder], loaded)
    assert loaded.flow_set is not None
    assert not reloader.differ(reloader.look())


# ---- files beside the flows -----------------------------------------------------------------


def beside(path: Path) -> Also:
    """One more file, which must hold a number."""

    def read(files: Files) -> tuple[int | None, Sequence[Problem]]:
        content = files.read(str(path), largest=100)
        if isinstance(content, bytes) and content.strip().isdigit():
            return int(content), ()
        return None, [Problem(Position(str(path), 1, 1), "no-number", "not a number")]

    files = Files()
    value, _ = read(files)
    return Also(files.digests, value, read)


async def test_other_files_come_into_force_with_the_flows(folder: Path, tmp_path: Path) -> None:
    number = tmp_path / "number"
    number.write_text("1")
    async with desk(folder, also=beside(number)) as edited:
        assert edited.reloads.also == 1
        save(number, "2")
        await edited.in_force("f/a")
        assert (edited.reloads.also, edited.reloads.revision) == (2, 1)
        save(number, "x")
        assert await edited.fails() == f"{number}:1:1: not a number [no-number]"
        save(folder / "f.yaml", TWO)
        await edited.hears("reload.failed")  # the flows alone would be fine
        assert (edited.reloads.also, edited.rules) == (2, ["f/a"])
        number.unlink()
        await edited.hears("reload.failed")
        number.write_text("3")
        await edited.in_force("f/a", "f/b")
        assert edited.reloads.also == 3
