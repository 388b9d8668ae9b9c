"""The editor marks the lines that `callflow validate` names, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from runner.language.loader import load
from runner.language.schema import check
from runner.language.source import parse
from tests.editors.lsp import Message, Server
from tests.editors.test_check_jsonschema import documents_of, mutants

ROOT = Path(__file__).parent.parent.parent
BAD = sorted(ROOT.glob("tests/golden/bad/*.yaml"))
GOOD = sorted(ROOT.glob("tests/golden/ok/*.yaml"))

#: Of all mutants, every so many-eth is looked at.
STEP = 29

#: Files that are no flow yet, where YAML itself fails: what the server marks instead, and why.
OTHERWISE = {
    "alias-expansion": "each key is unknown; the server does not count what aliases repeat",
    "binary": "editors do not hand over bytes",
    "control-character": "the server's YAML reader takes control characters in text",
    "empty-file": "the server has nothing to mark a line of",
    "not-utf8": "editors decode a file before the server sees it",
    "several-documents": "the server allows them, and marks the second for what it lacks",
    "tag": "the server allows YAML's own tags",
    "too-deep": "the server has no limit",
    "yaml-syntax-colon": "after the fault it also misses what follows",
    "yaml-syntax-indentation": "it marks the line above, which the key was drawn into",
    "yaml-syntax-quote": "it marks where the quote should have ended, and misses what follows",
}
#: Keys that the server reads with a meaning of its own.
MERGE_KEY = {"unknown-key": {4}}  # `<<`, YAML 1.1's merge key
#: Bare values that YAML 1.2 makes numbers and callflow leaves text: the editor asks for quotes.
ASKS_FOR_QUOTES = {"nested": {9}}  # 014155501


def lines(found: list[Message]) -> set[int]:
    return {one["range"]["start"]["line"] + 1 for one in found}


def misfits(path: Path, content: bytes) -> set[int] | None:
    """The lines that the schema step of `validate` names; None where YAML fails before it."""
    reading = parse(str(path), content)
    if reading.document is None:
        return None
    return {misfit.problem.position.line for misfit in check(reading.document, "flow")}


@pytest.fixture(scope="module")
def marked(server: Server, project: Path) -> dict[str, set[int]]:
    """The lines that the editor marks in each golden file, by the file's name."""
    files = {
        project / "flows" / path.name: path.read_bytes().decode("utf-8-sig", "replace")
        for path in [*BAD, *GOOD]
    }
    return {path.stem: lines(found) for path, found in server.diagnose(files).items()}


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_faulty_file(path: Path, marked: dict[str, set[int]]) -> None:
    wanted = misfits(path, path.read_bytes())
    if wanted is None:  # YAML's own faults
        wanted = {problem.position.line for problem in load([path]).errors}
        assert (marked[path.stem] != wanted) is (path.stem in OTHERWISE)
    else:
        assert marked[path.stem] == wanted - MERGE_KEY.get(path.stem, set())


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_a_sound_file(path: Path, marked: dict[str, set[int]]) -> None:
    assert marked[path.stem] == ASKS_FOR_QUOTES.get(path.stem, set())


def test_the_lists_above_are_not_stale() -> None:
    names = {path.stem for path in [*BAD, *GOOD]}
    assert {*OTHERWISE, *MERGE_KEY, *ASKS_FOR_QUOTES} <= names


def test_mutants(server: Server, project: Path) -> None:
    """One mistake in a sound flow, one key a line, so that a line says which key is meant."""
    sound = documents_of(GOOD)
    data = [mutant for one in sound for mutant in mutants(one.data, STEP)]
    texts = [yaml.safe_dump(one, sort_keys=False) for one in data]
    assert len(texts) > 150
    files = {project / "flows" / f"mutant{number}.yaml": one for number, one in enumerate(texts)}
    for path, found in server.diagnose(files).items():
        wanted = misfits(path, files[path].encode())
        assert wanted is not None
        # What one key needs beside it is said of the mapping, not of the key.
        lonely = [each for each in found if "required by property" in each["message"]]
        if lonely:
            assert lines([each for each in found if each not in lonely]) < wanted, files[path]
        elif lines(found) != wanted:
            # Where a text or a mapping may stand and a mapping without one right key does, the
            # server asks for the text, on the first of the lines.
            assert "Incorrect type" in found[0]["message"], files[path]
            assert lines(found) < wanted, files[path]


def test_messages_say_what_is_expected(server: Server, project: Path) -> None:
    text = "version: 1\nflow: Bad Name\nrules:\n  - id: a\n    then: [hangup]\n    for: 30\n"
    path = project / "flows" / "new.yaml"
    messages = [found["message"] for found in server.diagnose({path: text})[path]]
    assert any(message.startswith("A name is up to 64 lower-case") for message in messages)
    assert 'Incorrect type. Expected "string".' in messages
