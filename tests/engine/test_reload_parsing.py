"""Promises: a reload parses only what has changed, and puts in force only what it has compared."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runner.engine.reload import Reloader
from runner.language.loader import Loaded, load
from runner.model import Flow
from tests.engine.reloading import desk, flow, save

LISTED = "lists: {known: {file: known.txt}}\n"


def listed(name: str) -> str:
    """A flow with one rule, for the numbers of a list."""
    return flow(name, "a", top=LISTED).replace("'+14155550000'", "{in_list: known}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten flows with a list in common, and ten with none."""
    made = tmp_path / "flows"
    made.mkdir()
    (made / "known.txt").write_text("+14155550100\n")
    for number in range(20):
        text = listed(f"f{number}") if number < 10 else flow(f"f{number}", "a", "b")
        (made / f"f{number:02}.yaml").write_text(text)
    return made


class Rerun:
    """Loads a folder again and again, as a runner does."""

    def __init__(self, folder: Path) -> None:
        self.loaded = load([folder])
        self._reloader = Reloader([folder], self.loaded)
        self.look = self._reloader.look

    @property
    def changed(self) -> bool:
        """Whether a look sees anything new."""
        return self._reloader.differ(self.look())

    def parsed(self) -> list[str]:
        """Loads again what lies there now; the names of the files that were parsed for it."""
        reading = self._reloader.load(self.look())
        self._reloader.accept(reading)
        self.loaded = reading.loaded
        return [Path(path).name for path in reading.loaded.kept.anew]

    @property
    def flows(self) -> dict[str, Flow]:
        """What it gave."""
        return flows_of(self.loaded)


def test_after_one_edit_one_file_is_parsed_and_the_other_flows_are_the_same_objects(
    folder: Path,
) -> None:
    rerun = Rerun(folder)
    before = rerun.flows
    save(folder / "f15.yaml", flow("f15", "c"))
    assert rerun.parsed() == ["f15.yaml"]
    assert [rule.id for rule in rerun.flows["f15"].rules] == ["c"]
    assert all(rerun.flows[name] is before[name] for name in before if name != "f15")
    assert rerun.parsed() == []
    assert not rerun.changed


def test_a_list_has_those_files_parsed_that_name_it(folder: Path) -> None:
    rerun = Rerun(folder)
    revisions = {name: each.revision for name, each in rerun.flows.items()}
    (folder / "known.txt").write_text("+14155550101\n")
    assert rerun.parsed() == [f"f0{number}.yaml" for number in range(10)]
    changed = [name for name, each in rerun.flows.items() if each.revision != revisions[name]]
    assert changed == [f"f{number}" for number in range(10)]


def test_a_broken_file_has_no_other_parsed_again_and_is_itself_parsed_once(folder: Path) -> None:
    rerun = Rerun(folder)
    before = rerun.flows
    save(folder / "f15.yaml", "flow: [")
    assert (rerun.parsed(), rerun.loaded.flow_set) == (["f15.yaml"], None)
    assert rerun.changed  # nothing is believed to rest before it is mended
    assert rerun.parsed() == []
    save(folder / "f16.yaml", flow("f16", "c"))
    assert (rerun.parsed(), rerun.loaded.flow_set) == (["f16.yaml"], None)
    save(folder / "f15.yaml", flow("f15", "a"))
    assert rerun.parsed() == ["f15.yaml"]
    assert rerun.flows["f17"] is before["f17"]


def test_a_list_that_comes_and_goes_is_noticed_by_who_names_it(folder: Path) -> None:
    rerun = Rerun(folder)
    (folder / "known.txt").unlink()
    assert (len(rerun.parsed()), len(rerun.loaded.errors)) == (10, 10)
    assert rerun.parsed() == []
    (folder / "known.txt").write_text("+14155550100\n")
    assert (len(rerun.parsed()), rerun.loaded.problems) == (10, ())


def test_files_that_move_and_go_are_not_remembered(folder: Path) -> None:
    rerun = Rerun(folder)
    (folder / "f15.yaml").rename(folder / "moved.yaml")
    (folder / "f16.yaml").unlink()
    assert rerun.parsed() == ["moved.yaml"]
    paths = {str(folder / name) for name in os.listdir(folder)}
    assert set(rerun.loaded.kept.made) | {str(folder / "known.txt")} == paths
    assert set(rerun.loaded.kept.texts) == set(rerun.loaded.texts) == paths
    assert rerun.flows["f15"].position.path == str(folder / "moved.yaml")


def test_a_list_that_turns_out_to_be_a_flow_is_shown_as_one(tmp_path: Path) -> None:
    """Found first by another name it is a list and no more; its secrets are nobody's then."""
    text = flow("b", "a").replace("[hangup]", '[notify: "https://ada:secret@example.com/"]')
    (tmp_path / "b.yaml").write_text(text)
    (tmp_path / "c.yaml").write_text(listed("c").replace("known.txt", "b.yaml"))
    rerun = Rerun(tmp_path)
    assert "secret" not in rerun.loaded.texts[str(tmp_path / "b.yaml")]
    (tmp_path / "a.yaml").symlink_to("b.yaml")
    assert rerun.parsed() == ["a.yaml", "c.yaml"]
    assert rerun.loaded.texts == load([tmp_path]).texts


def test_what_changes_after_the_look_is_not_loaded_and_seen_by_the_next(folder: Path) -> None:
    """Else a hash could come to stand for bytes that were never parsed."""
    loaded = load([folder])
    reloader = Reloader([folder], loaded)
    save(folder / "f15.yaml", flow("f15", "seen"))
    seen = reloader.look()
    save(folder / "f15.yaml", flow("f15", "later"))
    save(folder / "f16.yaml", flow("f16", "later"))
    save(folder / "new.yaml", flow("new", "later"))
    (folder / "known.txt").write_text("+14155550101\n")
    reading = reloader.load(seen).loaded
    assert [Path(path).name for path in reading.kept.anew] == ["f15.yaml"]
    assert reading.files.items() <= seen.digests.items()
    assert "f15/seen" in {rule.key for rule in flows_of(reading)["f15"].rules}
    reloader.accept(reloader.load(seen))
    assert reloader.differ(reloader.look())


def test_all_who_name_a_list_get_what_it_held_at_one_moment(tmp_path: Path) -> None:
    """Also where it is read for the first time, and so by the load and no look."""
    (tmp_path / "f.yaml").write_text(flow("f", "a"))
    reloader = Reloader([tmp_path], load([tmp_path]))
    (tmp_path / "known.txt").write_text("+14155550100\n")
    save(tmp_path / "f.yaml", listed("f"))
    save(tmp_path / "g.yaml", listed("g"))
    seen = reloader.look()
    first = reloader.load(seen).loaded
    (tmp_path / "known.txt").write_text("+14155550101\n")
    save(tmp_path / "g.yaml", flow("g", "a"))
    again = reloader.load(seen).loaded
    assert again.files == first.files
    assert [each.revision for each in flows_of(again).values()] == [
        each.revision for each in flows_of(first).values()
    ]


async def test_unchanged_flows_stay_in_force_as_they_are(folder: Path) -> None:
    async with desk(folder) as edited:
        before = edited.reloads.current.flows
        save(folder / "f15.yaml", flow("f15", "c"))
        await edited.hears("reload.ok")
        after = edited.reloads.current.flows
        kept = [one is other for one, other in zip(before, after, strict=True)]
        assert kept == [each.name != "f15" for each in before]


def flows_of(loaded: Loaded) -> dict[str, Flow]:
    """The flows by name."""
    assert loaded.flow_set is not None, loaded.problems
    return {each.name: each for each in loaded.flow_set.flows}
