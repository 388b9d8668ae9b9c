"""What commands load before they work, and how often `validate` opens and parses a file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.corpus import write_corpus

#: What takes long to load, and what only other commands, or other flows, are in need of.
HEAVY = {"twilio", "aiohttp", "requests", "prometheus_client", "asyncio", "sqlite3"}
HEAVY |= {
    "_hashlib",
    "jsonschema",
    "re2",
    "phonenumbers",
    "holidays",
    "zoneinfo",
    "watchdog",
    "xml",
}
#: What none but a command that reads flows needs.
READERS = {"yaml", "json", "hashlib", "msgspec"}
READERS |= {"runner.language", "runner.actions", "runner.model"}
#: What explains a broken file.
BROKEN = {"json", "runner.language.faults", "runner.language.violations", "runner.language.moments"}
HEAD = "version: 1\nflow: f\nrules:\n  - id: a\n    then: [hangup]\n"
PLAIN = HEAD + "    match: {from: '+14155550100'}\n"
GLOB = HEAD + "    match: {from: {glob: 'client:*'}}\n"
GAPS = HEAD + "    match: {from: {glob: 'client:*-?'}}\n"

#: Runs the command, then tells what it loaded, opened and parsed, as JSON on standard error.
WATCHED = """
import sys
opened, parsed = [], []
sys.addaudithook(lambda event, given: opened.append(str(given[0])) if event == "open" else None)
def watch(frame, event, _given):
    code = frame.f_code
    if event == "call" and code.co_name == "parse" and code.co_filename.endswith("source.py"):
        parsed.append(frame.f_locals["path"])
sys.setprofile(watch)
from runner.cli.main import run
code = run(sys.argv[1:])
sys.setprofile(None)
told = {"loaded": list(sys.modules), "opened": list(opened), "parsed": parsed}
import json
print(json.dumps(told), file=sys.stderr)
sys.exit(code)
"""


def watched(*arguments: object, code: int = 0) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, *map(str, arguments)], capture_output=True, text=True
    )
    assert done.returncode == code, done.stderr
    told: dict[str, Any] = json.loads(done.stderr.splitlines()[-1])
    return told


def test_help_loads_neither_flows_nor_what_reads_them() -> None:
    loaded = set(watched("--help")["loaded"])
    assert "click" in loaded
    assert loaded & (HEAVY | READERS) == set()


@pytest.mark.parametrize(("text", "loads"), [(PLAIN, set()), (GLOB, set()), (GAPS, {"re2"})])
def test_validate_loads_what_the_flow_needs(tmp_path: Path, text: str, loads: set[str]) -> None:
    (tmp_path / "f.yaml").write_text(text, encoding="utf-8")
    loaded = set(watched("validate", tmp_path)["loaded"])
    assert "yaml" in loaded
    # Dataclasses are compiled anew in every process; see docs/decisions/0021-records.md.
    assert loaded & (HEAVY | {"shutil", "dataclasses"}) == loads
    assert loaded & BROKEN == set()
    assert "runner.language.config" not in loaded
    assert not any(name.startswith("runner.cli.formats.s") for name in loaded)


def test_nobody_looks_for_garbage_while_a_command_is_loaded(tmp_path: Path) -> None:
    write_corpus(tmp_path, 20)
    script = """
import atexit, gc, sys
looks = []
atexit.register(lambda: print(gc.isenabled(), len(looks), file=sys.stderr))
from runner.__main__ import main
gc.callbacks.append(lambda phase, told: looks.append(told) if phase == "start" else None)
main()
"""
    command = [sys.executable, "-c", script, "validate", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    is_awake, looks = done.stderr.splitlines()[-1].split()
    # One when the files have been checked, of the little that is left of them.
    assert int(looks) <= 1
    # Once it is loaded the collector works again: a daemon's memory would grow for months.
    assert is_awake == "True"


def test_every_file_is_opened_and_parsed_once(tmp_path: Path) -> None:
    write_corpus(tmp_path, 20)
    (tmp_path / "shop-00003.yaml").write_text("version: 1\nflow: f\nrule: []\n", encoding="utf-8")
    files = sorted(map(str, tmp_path.iterdir()))
    told = watched("validate", tmp_path, code=1)
    assert [path for path in told["opened"] if path in files] == files
    assert told["parsed"] == files


def test_the_schema_is_read_once_and_the_judge_is_loaded_for_a_misfit(tmp_path: Path) -> None:
    write_corpus(tmp_path, 3)
    sound = watched("validate", tmp_path)
    (tmp_path / "shop-00001.yaml").write_text("version: 1\nflow: f\nrule: []\n", encoding="utf-8")
    broken = watched("validate", tmp_path, code=1)
    assert "jsonschema" not in sound["loaded"]
    assert "jsonschema" in broken["loaded"]
    for told in (sound, broken):
        schemas = [path for path in told["opened"] if path.endswith("flow.schema.json")]
        assert len(schemas) == 1
