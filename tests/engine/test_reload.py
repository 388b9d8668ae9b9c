"""Promises: whatever way a file is saved, only what was meant comes into force, and all of it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from runner.language import conditions
from tests.engine.reloading import Desk, Hurried, Racing, desk, flow, save

ONE, TWO = flow("f", "a"), flow("f", "a", "b")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "flows"
    made.mkdir()
    (made / "f.yaml").write_text(ONE)
    return made


@pytest.fixture
async def edited(folder: Path) -> AsyncIterator[Desk]:
    async with desk(folder) as opened:
        yield opened


# ---- how editors save -----------------------------------------------------------------------


def in_place(path: Path, text: str) -> None:
    path.write_text(text)


def with_a_backup(path: Path, text: str) -> None:
    """vim: the old file becomes the backup, the new one is written under its name."""
    (path.parent / "4913").touch()
    (path.parent / "4913").unlink()
    path.rename(f"{path}~")
    path.write_text(text)
    Path(f"{path}~").unlink()


def with_a_lock(path: Path, text: str) -> None:
    """emacs: a link to nowhere says who edits; a copy stays as backup; then in place."""
    lock = path.parent / f".#{path.name}"
    lock.symlink_to("me@here.4711:1700000000")
    shutil.copy2(path, f"{path}~")
    path.write_text(text)
    lock.unlink()


def with_a_visible_copy(path: Path, text: str) -> None:
    """A copy under a name that is no flow's, made durable, then renamed over the file."""
    copy = path.with_name(f"{path.name}.tmp.4711")
    copy.write_text(text)
    copy.chmod(0o644)
    copy.rename(path)


def from_elsewhere(path: Path, text: str) -> None:
    """`mv` out of another folder: the watcher sees it appear, and nobody write it."""
    other = path.parent.parent / "elsewhere.yaml"
    other.write_text(text)
    other.rename(path)


def removed_and_written(path: Path, text: str) -> None:
    path.unlink()
    path.write_text(text)


def hard_linked(path: Path, text: str) -> None:
    other = path.parent.parent / "elsewhere.yaml"
    other.write_text(text)
    path.unlink()
    path.hardlink_to(other)


def in_two_halves(path: Path, text: str) -> None:
    with path.open("w") as file:
        file.write(text[:20])
        file.flush()
        file.write(text[20:])


WAYS = [save, in_place, with_a_backup, with_a_lock, with_a_visible_copy, from_elsewhere]
WAYS += [removed_and_written, hard_linked, in_two_halves]


@pytest.mark.parametrize("way", WAYS)
async def test_every_way_to_save_is_one_reload(
    folder: Path, edited: Desk, way: Callable[[Path, str], None]
) -> None:
    for number in range(3):
        names = [f"r{number}", "b"]
        way(folder / "f.yaml", flow("f", *names))
        await edited.in_force(*(f"f/{name}" for name in names))
    assert edited.reloads.revision == 3
    assert edited.events.empty()


async def test_a_file_that_is_still_being_written_is_waited_for(folder: Path, edited: Desk) -> None:
    """Its first half is a sound flow by itself: only the writer knows that more will come."""
    text = flow("f", "a", "b", "c")
    half = text.index("  - {id: b")
    with (folder / "f.yaml").open("w") as file:
        file.write(text[:half])
        file.flush()
        await asyncio.sleep(0.5)  # longer than the pause after which a file at rest is believed
        save(folder / "g.yaml", flow("g", "z"))  # and somebody else gives cause to look
        await asyncio.sleep(0.5)
        assert edited.events.empty()
        file.write(text[half:])
    await edited.in_force("f/a", "f/b", "f/c", "g/z")


async def test_a_writer_who_never_closes_is_not_waited_for_for_ever(folder: Path) -> None:
    async with desk(folder, clock=Racing()) as edited:
        with (folder / "f.yaml").open("w") as file:
            file.write(TWO)
            file.flush()
            await edited.in_force("f/a", "f/b")


async def test_two_halves_of_one_list_are_waited_for_too(folder: Path) -> None:
    numbers = folder / "known.txt"
    numbers.write_text("+14155550100\n")
    top = "lists: {known: {file: known.txt}}\n"
    save(folder / "f.yaml", flow("f", "a", top=top).replace("'+14155550000'", "{in_list: known}"))
    async with desk(folder) as edited:
        with numbers.open("w") as file:
            file.write("+14155550101\n")
            file.flush()
            await asyncio.sleep(0.5)
            assert edited.events.empty()
            file.write("+14155550102\n")
        await edited.hears("reload.ok")
        (rule,) = edited.reloads.current.rules
        values = {
            test.value for test in conditions.tests_of(rule.match) if test.operator == "in_list"
        }
        assert values == {frozenset({"+14155550101", "+14155550102"})}


async def test_what_changes_nothing_is_no_reload(folder: Path, edited: Desk) -> None:
    file = folder / "f.yaml"
    file.touch()
    save(file, file.read_text())
    file.chmod(0o600)
    (folder / "notes.md").write_text("not a flow")
    (folder / ".hidden.yaml").write_text("neither")
    await asyncio.sleep(0.3)
    save(file, TWO)
    await edited.in_force("f/a", "f/b")
    assert edited.reloads.revision == 1
    assert edited.events.empty()


# ---- Kubernetes -----------------------------------------------------------------------------


def publish(mount: Path, stamp: str, files: dict[str, str]) -> None:
    """What the kubelet does with a ConfigMap that is mounted as a folder."""
    new = mount / f"..2026_03_01_{stamp}"
    new.mkdir()
    for name, text in files.items():
        (new / name).write_text(text)
        link = mount / name
        if not link.is_symlink():
            link.symlink_to(f"..data/{name}")
    data = mount / "..data"
    old = mount / data.readlink() if data.is_symlink() else None
    (mount / "..data_tmp").symlink_to(new.name)
    (mount / "..data_tmp").rename(data)
    for link in mount.iterdir():
        if not link.name.startswith("..") and link.name not in files:
            link.unlink()
    if old is not None:
        shutil.rmtree(old)


async def test_a_config_map_is_exchanged_as_a_whole(tmp_path: Path) -> None:
    mount = tmp_path / "mount"
    mount.mkdir()
    publish(mount, "1", {"f.yaml": ONE, "g.yaml": flow("g", "x")})
    async with desk(mount) as edited:
        assert edited.rules == ["f/a", "g/x"]  # each once, though they lie there twice
        publish(mount, "2", {"f.yaml": TWO, "g.yaml": flow("g", "y")})
        await edited.in_force("f/a", "f/b", "g/y")
        publish(mount, "3", {"f.yaml": TWO})
        await edited.in_force("f/a", "f/b")
        publish(mount, "4", {"f.yaml": TWO})  # the same again: nothing to tell
        publish(mount, "5", {"f.yaml": ONE, "h.yaml": flow("h", "z")})
        await edited.in_force("f/a", "h/z")
        assert edited.events.empty()


async def test_one_file_of_a_config_map_can_be_the_path(tmp_path: Path) -> None:
    mount = tmp_path / "mount"
    mount.mkdir()
    publish(mount, "1", {"f.yaml": ONE, "g.yaml": flow("g", "x")})
    async with desk(mount / "f.yaml") as edited:
        publish(mount, "2", {"f.yaml": TWO, "g.yaml": flow("g", "y")})
        await edited.in_force("f/a", "f/b")


async def test_a_folder_behind_a_link_is_followed_to_the_next_release(tmp_path: Path) -> None:
    for number, text in enumerate((ONE, TWO)):
        (tmp_path / f"release-{number}").mkdir()
        (tmp_path / f"release-{number}" / "f.yaml").write_text(text)
    current = tmp_path / "current"
    current.symlink_to("release-0")
    async with desk(current) as edited:
        save(tmp_path / "release-0" / "f.yaml", flow("f", "c"))
        await edited.in_force("f/c")
        (tmp_path / "new").symlink_to("release-1")
        (tmp_path / "new").rename(current)
        await edited.in_force("f/a", "f/b")
        save(tmp_path / "release-1" / "f.yaml", ONE)  # watched now, too
        await edited.in_force("f/a")


# ---- deletions ------------------------------------------------------------------------------


async def test_rules_of_a_deleted_file_are_out_of_force(folder: Path) -> None:
    (folder / "g.yaml").write_text(flow("g", "x"))
    async with desk(folder) as edited:
        (folder / "g.yaml").unlink()
        await edited.in_force("f/a")


async def test_the_last_file_stays_in_force_when_it_is_deleted(folder: Path, edited: Desk) -> None:
    (folder / "f.yaml").unlink()
    assert "there is no flow file in this folder [no-flows]" in await edited.fails()
    assert (edited.rules, edited.reloads.ok) == (["f/a"], False)
    (folder / "f.yaml").write_text(ONE)  # just as it was: good again, and said so
    await edited.in_force("f/a")


@pytest.mark.parametrize("how", [shutil.rmtree, lambda folder: folder.rename(f"{folder}.away")])
async def test_a_folder_that_vanishes_and_returns_is_watched_again(
    folder: Path, edited: Desk, how: Callable[[Path], object]
) -> None:
    for number in range(3):
        how(folder)
        assert "there is no such file or folder [no-such-path]" in await edited.fails()
        assert not edited.reloads.ok
        folder.mkdir()
        save(folder / "f.yaml", flow("f", f"r{number}"))
        await edited.in_force(f"f/r{number}")
        save(folder / "f.yaml", flow("f", f"s{number}"))
        await edited.in_force(f"f/s{number}")
        shutil.rmtree(f"{folder}.away", ignore_errors=True)


async def test_a_folder_put_in_the_place_of_another_is_watched(folder: Path, edited: Desk) -> None:
    other = folder.parent / "other"
    other.mkdir()
    (other / "f.yaml").write_text(TWO)
    folder.rename(folder.parent / "old")
    other.rename(folder)
    await edited.in_force("f/a", "f/b")
    save(folder / "f.yaml", flow("f", "c"))
    await edited.in_force("f/c")


async def test_where_even_the_parent_goes_the_slow_look_finds_its_way_back(
    folder: Path, tmp_path: Path
) -> None:
    deep = tmp_path / "a" / "b" / "flows"
    shutil.copytree(folder, deep)
    async with desk(deep, clock=Hurried()) as edited:
        shutil.rmtree(tmp_path / "a")
        await edited.fails()
        shutil.copytree(folder, tmp_path / "new" / "b" / "flows")
        (tmp_path / "new").rename(tmp_path / "a")
        await edited.in_force("f/a")


async def test_new_folders_below_are_watched(folder: Path, edited: Desk) -> None:
    (folder / "team" / "night").mkdir(parents=True)
    save(folder / "team" / "night" / "g.yaml", flow("g", "x"))
    await edited.in_force("f/a", "g/x")
    save(folder / "team" / "night" / "g.yaml", flow("g", "y"))
    await edited.in_force("f/a", "g/y")
    shutil.rmtree(folder / "team")
    await edited.in_force("f/a")
