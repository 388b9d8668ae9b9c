"""The house's own rules, read from the source: who may import whom; importing does nothing.

`docs/architecture.md` says why the floors are as they are.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from runner.actions import ACTIONS

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "runner"

#: From the ground up. A room may import its own modules and the floors below, nothing beside it
#: and nothing above. `actions` lies below `language`, which compiles what the action table lists.
FLOORS = (
    {
        "",
        "accounts",
        "addresses",
        "beginnings",
        "emergency",
        "problems",
        "model",
        "never",
        "call",
        "durations",
        "guards",
        "masking",
        "pauses",
        "secret_files",
        "settings",
        "written",
        "sides",
        "resources",
    },
    {"actions"},
    {"language"},
    {"decision"},
    {"engine"},
    {"gateway", "store", "sandbox", "timeline", "console"},
    {"cli"},
    {"__main__"},
)
#: The records are one floor of single files, which may know one another.
RECORDS = FLOORS[0]

#: Below what the floors say, some rooms keep away from more.
STRANGERS = {
    "sandbox": {"decision", "engine"},  # the far side must not know who calls it
    "actions": {"language"},
}

#: What comes from outside, and the only rooms that may know it.
OUTSIDE = {
    "twilio.rest": {"gateway"},
    "twilio.http": {"gateway"},
    "twilio.twiml": {"actions"},
    "twilio.request_validator": {"console"},
    "sqlite3": {"store"},
    "aiohttp": {"gateway", "sandbox", "console"},
    "click": {"cli"},
    "opentelemetry": {"console"},
    "yaml": {"language"},
    "jsonschema": {"language"},
    "re2": {"language", "decision"},
    "watchdog": {"engine"},
    "prometheus_client": {"console"},
    # Too dear to define anew in every `validate`, see docs/decisions/0021-records.md.
    "dataclasses": {
        "decision",
        "engine",
        "gateway",
        "store",
        "sandbox",
        "timeline",
        "console",
        "cli",
    },
}
#: Pure rooms are given the time, and whatever else could differ from one run to the next.
PURE = ("actions", "language", "decision")
IMPURE = {"time", "asyncio", "random", "socket", "threading", "subprocess"}


@dataclass(frozen=True)
class Import:
    """One import: which module stands in `target`, and whether it is made when the code runs."""

    module: str
    target: str
    line: int
    runs: bool

    def __str__(self) -> str:
        return f"{self.module}:{self.line} imports {self.target}"


@cache
def sources() -> dict[str, ast.Module]:
    """Every module of the package by dotted name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return found


@cache
def imports() -> tuple[Import, ...]:
    return tuple(each for name, tree in sources().items() for each in imports_of(name, tree))


def imports_of(module: str, tree: ast.Module) -> Iterator[Import]:
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        runs = id(node) not in typing_only
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module, alias.name, node.lineno, runs)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno}: write imports from the package's root"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                target = inner if inner in sources() else str(node.module)
                yield Import(module, target, node.lineno, runs)


def room(module: str) -> str:
    """`runner.language.source` → `language`; `runner` itself → the empty name."""
    return module.partition(".")[2].partition(".")[0]


def floor(module: str) -> int:
    return next(number for number, rooms in enumerate(FLOORS) if room(module) in rooms)


def test_every_room_has_its_floor() -> None:
    assert {room(module) for module in sources()} == set().union(*FLOORS)


def test_no_import_runs_upward_or_sideways() -> None:
    def allowed(each: Import) -> bool:
        here, there = room(each.module), room(each.target)
        if here == there or {here, there} <= RECORDS:
            return True
        return floor(each.target) < floor(each.module) and there not in STRANGERS.get(here, ())

    inner = [each for each in imports() if each.target.split(".")[0] == "runner"]
    assert [str(each) for each in inner if not allowed(each)] == []


def test_what_comes_from_outside_is_known_to_few() -> None:
    def strays(each: Import) -> bool:
        return any(
            (each.target == name or each.target.startswith(f"{name}."))
            and room(each.module) not in rooms
            for name, rooms in OUTSIDE.items()
        )

    assert [str(each) for each in imports() if strays(each)] == []


def test_pure_rooms_are_given_the_time() -> None:
    outer = [each for each in imports() if room(each.module) in PURE]
    assert [str(each) for each in outer if each.target.split(".")[0] in IMPURE] == []


def test_no_imports_in_circles() -> None:
    graph: dict[str, set[str]] = {module: set() for module in sources()}
    for each in imports():
        if each.runs and each.target in graph and each.target != each.module:
            graph[each.module].add(each.target)
    tuple(TopologicalSorter(graph).static_order())  # raises CycleError, which names the circle


#: Words that are no actions where they stand, but the API's: what an error says, how many entries
#: of a list are wanted, and what an operator does.
OTHERWISE = {("console", "message"), ("console", "limit"), ("console", "pause")}


@pytest.mark.parametrize("where", ["decision", "engine", "gateway", "store", "console"])
def test_actions_are_named_in_their_own_room_alone(where: str) -> None:
    named = [
        f"{module}:{node.lineno} says {node.value!r}"
        for module, tree in sources().items()
        if room(module) == where
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and node.value in ACTIONS
        and (where, node.value) not in OTHERWISE
    ]
    assert named == []


def test_files_and_functions_say_what_they_are_for() -> None:
    silent = [
        module
        for module, tree in sources().items()
        if not (ast.get_docstring(tree) or "").splitlines()
    ]
    assert silent == []


def python(code: str, folder: Path) -> str:
    """What this code prints in a new interpreter, in an empty folder."""
    command = [sys.executable, "-B", "-I", "-c", code]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def test_importing_does_nothing(tmp_path: Path) -> None:
    modules = [module for module in sources() if module != "runner.__main__"]
    code = f"""
import importlib, logging, signal, sys, threading
import twilio.rest  # what libraries do when they are imported is not ours: urllib3 tries a socket
done = []
def hear(event, arguments):
    opened = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
    if opened or event in ("socket.connect", "socket.bind", "subprocess.Popen", "os.remove",
                           "os.mkdir", "sqlite3.connect", "os.putenv"):
        done.append((event, arguments))
signals = [signal.getsignal(number) for number in signal.valid_signals()]
sys.addaudithook(hear)
for name in {modules!r}:
    importlib.import_module(name)
assert not done, done
assert threading.active_count() == 1, threading.enumerate()
assert not logging.getLogger().handlers
assert signals == [signal.getsignal(number) for number in signal.valid_signals()]
"""
    assert python(code, tmp_path) == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["validate", "flows"]])
def test_what_needs_no_twilio_does_not_load_it(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "flows").symlink_to(ROOT / "flows")
    code = f"""
import contextlib, io, sys
from runner.cli.main import run
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    assert run({arguments!r}) == 0
print(*sorted({{name.split(".")[0] for name in sys.modules}} & {{"twilio", "aiohttp", "requests"}}))
"""
    assert python(code, tmp_path) == ""
