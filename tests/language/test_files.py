"""Promises: each file is read once, as far as it is of use, under the name it was found by."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from runner.language.files import Disk, Files
from runner.language.folders import find_flows

PART = 64 * 1024


@pytest.mark.parametrize("size", [0, 1, 99, PART - 1, PART, PART + 1, 3 * PART + 5])
@pytest.mark.parametrize("largest", [0, 98, 99, PART, 4 * PART])
def test_a_file_is_read_to_one_byte_more_than_is_of_use(
    tmp_path: Path, size: int, largest: int
) -> None:
    path = tmp_path / "f"
    path.write_bytes(os.urandom(size))
    files = Files()
    held = files.read(str(path), largest=largest)
    assert held == path.read_bytes()[: largest + 1]
    assert isinstance(held, bytes)
    assert files.digests == {str(path): hashlib.sha256(held).hexdigest()}


def test_a_pipe_is_read_to_its_end_although_it_has_no_size() -> None:
    ours, theirs = os.pipe()
    os.write(theirs, b"version")
    os.write(theirs, b": 1")
    os.close(theirs)
    assert Files().read(f"/dev/fd/{ours}", largest=100) == b"version: 1"
    os.close(ours)


def test_whoever_asks_again_reads_the_same(tmp_path: Path) -> None:
    path, missing, disk = tmp_path / "f", tmp_path / "missing", Disk()
    path.write_bytes(b"first")
    first = Files(disk=disk)
    assert first.read(str(path), largest=10) == b"first"
    assert first.read(str(missing), largest=10) == "it does not exist"
    path.write_bytes(b"later")
    missing.write_bytes(b"there")
    second = Files(disk=disk)
    assert second.read(str(path), largest=10) == b"first"
    assert second.read(str(missing), largest=10) == "it does not exist"
    assert (first.digests, first.read_as) == (second.digests, second.read_as)
    assert Files().read(str(path), largest=10) == b"later"


def test_files_keep_the_name_by_which_they_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sub" / "deep").mkdir(parents=True)
    for name in ("a.yaml", "sub/b.yaml", "sub/deep/c.yaml"):
        (tmp_path / name).touch()
    (tmp_path / "z.yaml").symlink_to("sub/b.yaml")
    (tmp_path / "linked").symlink_to("sub")
    monkeypatch.chdir(tmp_path / "sub")
    cases = {
        ".": ["b.yaml", "deep/c.yaml"],
        "..": ["../a.yaml", "../z.yaml", "../sub/deep/c.yaml"],  # z.yaml is sub/b.yaml
        "./deep/": ["deep/c.yaml"],
        "../linked": ["../linked/b.yaml", "../linked/deep/c.yaml"],
        str(tmp_path / "a.yaml"): [str(tmp_path / "a.yaml")],
    }
    for given, names in cases.items():
        assert find_flows([Path(given)]) == (names, [])
    every = find_flows([Path(given) for given in cases])[0]
    assert every == ["b.yaml", "deep/c.yaml", "../a.yaml"]  # none of them twice
