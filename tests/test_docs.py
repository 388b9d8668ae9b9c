"""What the documents show is run: commands, output, flows, options, links.

A ```console block is a terminal: `$ ` lines are commands, what follows is their output, and a line
`...` stands for any lines left out. `^C` presses Ctrl-C once the lines before it have appeared. A
block marked `background` is another terminal, whose program goes on until the page ends. A ```yaml
block names its file in its first line and is written there. SIDs, times, ports and seconds may
differ.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import click
import pytest

from runner.actions import ACTIONS
from runner.cli.main import callflow
from runner.decision import planner
from runner.engine.ports import Outcome
from runner.gateway import credentials
from runner.language.fields import FIELDS
from runner.language.loader import load, load_config
from runner.language.operators import OPERATORS
from runner.language.schema import check, text_of
from runner.language.source import parse
from runner.sandbox.scenario import read_scenario

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
#: Nothing takes so long; what is not there by then will never come.
PATIENCE = 30.0
#: What differs from one run to the next, and what stands for it.
VARIABLE = (
    (r"\b(AC|CA|SK)[0-9a-f]{32}\b", r"\1-SID"),
    (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME"),
    (r"^\d\d:\d\d ", "TIME "),
    (r"127\.0\.0\.1:\d+", "HOST:PORT"),
    (r"took_ms=\d+", "took_ms=N"),
    # How old a call is depends on how long the page has taken so far.
    (r"(?<=\bage )\d+[hm]\w*|(?<=\bis )\d+[hm]\w*|(?<=\bin )\d+[hm]\w*", "AGE"),
    (r"(?<=  )\d+[hm]\w*$", "AGE"),
    (r"(?<=holder=)\S+", "HOLDER"),
    (r" +$", ""),
)


def fences(page: Path) -> Iterator[tuple[str, str]]:
    """Each fenced block's info string and content."""
    text = page.read_text(encoding="utf-8")
    for found in re.finditer(r"^```(\S.*)\n((?s:.*?))^```$", text, re.MULTILINE):
        yield found[1].strip(), found[2]


def normal(text: str) -> str:
    for pattern, instead in VARIABLE:
        text = re.sub(pattern, instead, text, flags=re.MULTILINE)
    return text


def pattern_of(expected: str) -> str:
    lines = normal(expected).splitlines()
    return "".join(r"(?:.*\n)*?" if line == "..." else re.escape(line) + r"\n" for line in lines)


class Terminal:
    """Types the commands of one page, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        inherited = {
            k: v for k, v in os.environ.items() if not k.startswith(("CALLFLOW", "TWILIO"))
        }
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        hasty = {"CALLFLOW_SECONDS": "1", "CALLFLOW_DEMO_SPEED": "30"}  # on a clock of its own
        free = {"CALLFLOW_SANDBOX_LISTEN": "127.0.0.1:0"}
        self.environ = inherited | {"PATH": path} | hasty | free
        self.address = "127.0.0.1:8700"
        self.code = 0
        self.started: list[subprocess.Popen[bytes]] = []

    def write(self, content: str) -> None:
        path = self.folder / content.partition("\n")[0].removeprefix("# ")
        path.write_text(content.replace("127.0.0.1:8700", self.address), encoding="utf-8")

    def type(self, block: str, *, background: bool) -> None:
        for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
            self.enter(command, expected, background=background)

    def enter(self, command: str, expected: str, *, background: bool) -> None:
        words = shlex.split(command.replace("127.0.0.1:8700", self.address))
        if words[0] == "cd":
            self.folder /= words[1]
        elif words[0] == "export":
            self.environ |= dict(word.split("=", 1) for word in words[1:])
        elif command == "echo $?":
            assert expected.strip() == str(self.code)
        else:
            self.run(words, expected, background=background)

    def run(self, words: list[str], expected: str, *, background: bool) -> None:
        # `python3 dev.py COMMAND` is `callflow COMMAND` with the environment set up before it.
        words = ["callflow", *words[2:]] if words[:2] == ["python3", "dev.py"] else words
        log = self.folder.parent / f"{len(self.started)}.log"
        before, interrupted, after = expected.partition("^C\n")
        with log.open("wb") as file:
            process = subprocess.Popen(
                words, cwd=self.folder, env=self.environ, stdout=file, stderr=subprocess.STDOUT
            )
        self.started.append(process)
        if background or interrupted:
            self.wait_for(log, before)
        if background:
            self.address = re.findall(r"127\.0\.0\.1:\d+", log.read_text())[0]
            return
        if interrupted:
            process.send_signal(signal.SIGINT)
        self.code = process.wait(PATIENCE)
        output = normal(log.read_text(encoding="utf-8"))
        assert re.fullmatch(pattern_of(before + after), output), output

    def wait_for(self, log: Path, expected: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not re.match(pattern_of(expected), normal(log.read_text(encoding="utf-8"))):
            assert time.monotonic() < deadline, normal(log.read_text(encoding="utf-8"))
            time.sleep(0.05)


@contextmanager
def terminal(folder: Path) -> Iterator[Terminal]:
    made = Terminal(folder)
    try:
        yield made
    finally:
        for process in made.started:
            process.terminate()
            process.wait(10)


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", ROOT / "docs/tutorial.md", ROOT / "docs/testing.md"], ids=named
)
def test_the_commands_give_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir()
    with terminal(folder) as screen:
        for info, content in fences(page):
            if info.startswith("console"):
                screen.type(content, background=info.endswith("background"))
            elif info.startswith("yaml") and page.parent != ROOT:
                screen.write(content)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_yaml_blocks_are_sound(page: Path, tmp_path: Path) -> None:
    for info, content in fences(page):
        if info != "yaml":  # `yaml mistake` is wrong on purpose
            continue
        first, _, rest = content.partition("\n")
        if first.startswith("# examples/"):
            shipped = ROOT / first.removeprefix("# ")
            assert rest == shipped.read_text(encoding="utf-8").partition("\n")[2]
        path = tmp_path / "flow.yaml"
        path.write_text(content, encoding="utf-8")
        if re.search("^tests:", content, re.MULTILINE):
            document = parse(named(page), content.encode()).document
            problems = [m.problem for m in check(document, "test")] if document else [page]
        elif re.search("^calls:", content, re.MULTILINE):
            problems = read_scenario(named(page), content.encode())[1]
        elif re.search("^flow:", content, re.MULTILINE):
            problems = list(load([path]).problems)
        else:
            problems = list(load_config(path).problems)
        assert problems == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    inner = [link for link in links if not re.match(r"https?:", link)]
    assert [link for link in inner if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_to_headings(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s#]*)#([^)\s]+)\)", page.read_text(encoding="utf-8"))
    inner = [(link, anchor) for link, anchor in links if not re.match(r"https?:", link)]
    targets = {link: page.parent / link if link else page for link, _ in inner}
    assert [
        f"{link}#{anchor}" for link, anchor in inner if anchor not in anchors(targets[link])
    ] == []


def anchors(page: Path) -> list[str]:
    """What the headings of a page are linked by, as hosts of repositories make them."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]


# ---- the command line -----------------------------------------------------------------------


def commands(group: click.Group = callflow, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command by the words that call it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, f"callflow {path}{name} is in the table and nowhere else"
        yield path + name, command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path}{name} ")


COMMANDS = dict(commands())


@pytest.mark.parametrize("name", COMMANDS)
def test_help_shows_an_example_that_parses(name: str) -> None:
    command = COMMANDS[name]
    shown = command.get_help(click.Context(command, info_name=name))
    examples = re.findall(r"callflow (.+)", command.epilog or "")
    assert examples
    assert "Example" in shown
    for example in examples:
        words = shlex.split(example)
        called = max((c for c in COMMANDS if f"{example} ".startswith(f"{c} ")), key=len)
        COMMANDS[called].make_context(called, words[len(called.split()) :])


def test_the_table_of_options_is_complete() -> None:
    real = {
        (parameter.opts[0], str(parameter.envvar), name)
        for name, command in COMMANDS.items()
        for parameter in command.params
        if isinstance(parameter, click.Option) and parameter.name != "help"
    }
    table = re.findall(r"^\| `(--[\w-]+)[^|]*\| `(\w+)` \| ([^|]+) \|", operations(), re.MULTILINE)
    calls = [name for name in COMMANDS if name.startswith("calls ")]
    shown = {
        (option, variable, name)
        for option, variable, names in table
        for listed in names.replace("`", "").split(", ")
        for name in (calls if listed == "calls …" else [listed])
    }
    assert shown == real


def operations() -> str:
    return (ROOT / "docs/operations.md").read_text(encoding="utf-8")


def test_operations_names_what_the_code_says() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("runner/*/*.py"))
    words = set(re.findall(r'(?:Event|_tell|_told)\(\s*"([a-z.]+)"', sources))
    words |= {"clock.off", "clock.ok"}  # one of two, by what is off
    words |= {f"action.{outcome}" for outcome in get_args(Outcome)} | set(get_args(Outcome))
    words |= set(re.findall(r"`([a-z-]+)` \(", planner.Held.__doc__ or ""))
    source = Path(credentials.__file__).read_text(encoding="utf-8")
    words |= set(re.findall(r"\bTWILIO_[A-Z]+_?[A-Z]+\b", source))
    config = json.loads(text_of("config"))["properties"]
    for group in ("twilio", "notifications"):
        words |= config.pop(group)["properties"].keys()
    words |= config.keys() - {"version"}
    assert [word for word in sorted(words) if f"`{word}`" not in operations()] == []


def test_the_tutorial_names_every_word_of_a_flow() -> None:
    tutorial = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
    words = [*FIELDS, *OPERATORS, *ACTIONS]
    assert [word for word in words if f"`{word}`" not in tutorial] == []


def test_the_readme_names_every_action() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in ACTIONS if f"`{name}`" not in readme] == []
