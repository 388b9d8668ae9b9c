"""`check-jsonschema`, with the schemas as they ship, accepts exactly what `validate` accepts.

What is compared is the schema step of `validate`. It reads YAML more strictly than others do
(docs/editors.md), so both get the data that its loader read; the last tests give check-jsonschema
the files themselves.
"""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from runner.language.schema import SchemaName, check
from runner.language.source import Document, parse

ROOT = Path(__file__).parent.parent.parent
FLOWS = [
    path
    for path in [*ROOT.glob("flows/*.yaml"), *ROOT.glob("examples/*/*.yaml")]
    if not path.name.endswith((".scenario.yaml", ".test.yaml"))
]
GOOD = sorted([*ROOT.glob("tests/golden/ok/*.yaml"), *FLOWS])
BAD = sorted(ROOT.glob("tests/golden/bad/*.yaml"))

CONFIG = """\
version: 1
flows: [flows]
interval: 2s
store: sqlite:///callflow.db
log_format: json
show_numbers: true
grace: 10s
twilio: {read_timeout: 10s, concurrency: 8}
"""
TEST = """\
version: 1
flows: [long-calls.yaml]
poll: 10s
start: 2026-11-02T15:00:00Z
tests:
  - name: a reminder is warned, then cut
    until: 10m
    calls:
      - {id: a, direction: outbound-api, from: "+14155550199", appears: 0s, age: 24m, ends: never}
      - {id: b, direction: inbound, from: "+14155550199", then_at: {2m: {answered_by: fax}}}
    expect:
      - {at: 1m, call: a, rule: long-calls/warn, then: [say, redirect]}
      - {at: 6m, call: a, rule: long-calls/cut, request: {Status: completed}}
"""
#: What stands in a mutant where something else should.
INSTEAD: tuple[Any, ...] = (None, True, -1, 1.5, "", "x", "5m", [], ["x"], {}, {"x": 1})
#: Of all mutants, which are thousands, every so many-eth is tried. Prime, so that each kind of
#: change meets each kind of place.
STEP = 11


def document(path: Path | str, content: bytes) -> Document | None:
    return parse(str(path), content).document


def accepted(name: SchemaName, documents: Sequence[Document], folder: Path) -> list[bool]:
    """Whether check-jsonschema takes each document."""
    files = []
    for number, one in enumerate(documents):
        files.append(folder / f"{number}.json")
        files[-1].write_text(json.dumps(one.data), encoding="utf-8")
    refused = refusals(name, files)
    return [str(file) not in refused for file in files]


def refusals(name: SchemaName, files: Sequence[Path]) -> set[str]:
    """The files that check-jsonschema refuses."""
    schema = ROOT / "schemas" / f"{name}.schema.json"
    command = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(schema)]
    done = subprocess.run(
        [*command, "--output-format", "json", *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    report = json.loads(done.stdout)
    assert report.get("parse_errors", []) == []
    return {error["filename"] for error in report.get("errors", [])}


def agree(name: SchemaName, documents: Sequence[Document], folder: Path) -> list[bool]:
    """Both verdicts on each document, which are the same."""
    theirs = accepted(name, documents, folder)
    ours = [check(one, name) == [] for one in documents]
    differ = [one.text for one, a, b in zip(documents, ours, theirs, strict=True) if a != b]
    assert differ == []
    return ours


def mutants(data: Any, every: int) -> Iterator[Any]:
    """Copies of the data with one key gone, renamed or of another kind; every so many-eth."""
    changes = ((way, change) for way in ways(data) for change in range(2 + len(INSTEAD)))
    for way, change in islice(changes, 0, None, every):
        *before, last = way
        mutant = copy.deepcopy(data)
        holder = mutant
        for step in before:
            holder = holder[step]
        if change == 0:
            del holder[last]
        elif change > 1:
            holder[last] = INSTEAD[change - 2]
        elif isinstance(holder, dict):
            holder[f"{last}s"] = holder.pop(last)
        yield mutant


def ways(data: Any, way: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    items = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in items:
        yield (*way, key)
        if isinstance(value, (dict, list)):
            yield from ways(value, (*way, key))


def documents_of(paths: Sequence[Path]) -> list[Document]:
    read = [document(path, path.read_bytes()) for path in paths]
    return [one for one in read if one is not None]


def mutated(documents: Sequence[Document]) -> list[Document]:
    texts = [json.dumps(mutant) for one in documents for mutant in mutants(one.data, STEP)]
    read = [document("mutant.yaml", text.encode()) for text in texts]
    return [one for one in read if one is not None]


def test_good_flows(tmp_path: Path) -> None:
    assert all(agree("flow", documents_of(GOOD), tmp_path))


def test_bad_flows(tmp_path: Path) -> None:
    verdicts = agree("flow", documents_of(BAD), tmp_path)
    assert True in verdicts  # a fault that a schema can't know, as two rules of one name
    assert False in verdicts


def test_mutants_of_flows(tmp_path: Path) -> None:
    documents = mutated(documents_of(sorted(ROOT.glob("tests/golden/ok/*.yaml"))))
    assert len(documents) > 300
    verdicts = agree("flow", documents, tmp_path)
    assert {True, False} <= set(verdicts)


@pytest.mark.parametrize(("name", "text"), [("config", CONFIG), ("test", TEST)])
def test_mutants_of_other_files(name: SchemaName, text: str, tmp_path: Path) -> None:
    sound = document("sound.yaml", text.encode())
    assert sound is not None
    assert agree(name, [sound], tmp_path) == [True]
    assert {True, False} == set(agree(name, mutated([sound]), tmp_path))


#: Bare values that the YAML reader of check-jsonschema makes numbers, and callflow leaves text.
QUOTES_WANTED = {"nested"}  # 014155501


def test_the_files_themselves() -> None:
    refused = {Path(name).stem for name in refusals("flow", GOOD)}
    assert refused == QUOTES_WANTED
    tests = [*ROOT.glob("flows/*.test.yaml"), *ROOT.glob("examples/*/*.test.yaml")]
    assert tests
    assert refusals("test", sorted(tests)) == set()


@pytest.mark.parametrize("name", ["flow", "config", "test"])
def test_each_schema_is_sound(name: str) -> None:
    schema = ROOT / "schemas" / f"{name}.schema.json"
    command = [sys.executable, "-m", "check_jsonschema", "--check-metaschema", str(schema)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
