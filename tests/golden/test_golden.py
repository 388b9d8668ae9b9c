"""Each flow file here, and exactly what is made of it or said about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.cli import report
from runner.guards import NO_GUARD
from runner.language.loader import load, load_config
from runner.language.windows import DAYS, Window, Windows
from runner.model import AllOf, AnyOf, Condition, Flow, Mode, Not, Once, Rule, Test

HERE = Path(__file__).parent
OK = sorted(HERE.glob("ok/*.yaml"))
BAD = sorted(HERE.glob("bad/*.yaml"))
CONFIGS = sorted(HERE.glob("config/bad/*.yaml"))  # see test_config.py

#: Codes of faults that are a matter of paths and sizes; see tests/language/test_loader.py.
WITHOUT_GOLDEN = {"no-such-path", "no-flows", "not-a-file", "unreadable", "too-large"}
WITHOUT_GOLDEN |= {"duplicate-flow"}
#: Words in the sources that look like codes.
NO_CODES = {"utf-8", "utf-8-sig", "in-progress", "no-answer", "outbound-api", "outbound-dial"}
NO_CODES |= {"trunking-terminating", "trunking-originating"}


def names(path: Path) -> str:
    return path.stem


def agrees(path: Path, text: str, request: pytest.FixtureRequest, *, suffix: str = ".out") -> None:
    expected = path.with_suffix(suffix)
    if request.config.getoption("--update-golden", default=False):
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", OK, ids=names)
def test_a_sound_file_becomes_this_flow(path: Path, request: pytest.FixtureRequest) -> None:
    loaded = load([path])
    assert loaded.errors == ()  # most of these files are odd, and warned of
    assert loaded.flow_set is not None
    agrees(path, "".join(map(drawn, loaded.flow_set.flows)), request)


@pytest.mark.parametrize("path", BAD, ids=names)
def test_a_faulty_file_is_told_this(path: Path, request: pytest.FixtureRequest) -> None:
    loaded = load([path])
    assert loaded.problems
    assert (loaded.flow_set is None) is any(problem.is_error for problem in loaded.problems)
    text = report.as_text(loaded.problems, loaded.texts).replace(f"{path.parent}/", "")
    agrees(path, text, request)
    assert any(problem.code in path.stem for problem in loaded.problems)


def test_every_code_has_a_golden_file() -> None:
    runner = HERE.parent.parent / "runner"
    rooms = ("language", "language/analysis", "actions")
    sources = [source for room in rooms for source in runner.glob(f"{room}/*.py")]
    written = {
        word
        for source in sources
        for word in re.findall(r'"([a-z0-9]+(?:-[a-z0-9]+)+)"', source.read_text(encoding="utf-8"))
    }
    shown = {p.code for path in BAD for p in load([path]).problems}
    shown |= {p.code for path in CONFIGS for p in load_config(path).problems}
    assert written - NO_CODES - WITHOUT_GOLDEN - shown == set()


def drawn(flow: Flow) -> str:
    head = f"flow {flow.name} priority={flow.priority} enabled={flow.enabled}\n"
    if flow.accounts:
        head += f"  accounts {' '.join(flow.accounts)}\n"
    return head + "".join(map(drawn_rule, flow.rules))


def drawn_rule(rule: Rule) -> str:
    switches = f"continue={rule.proceed} enabled={rule.enabled}"
    lines = [f"  rule {rule.id} line={rule.position.line} {switches}", *drawn_condition(rule.match)]
    lines += [f"    {key} {value}" for key, value in drawn_keys(rule)]
    lines += [f"    then {action.name} {dict(action.arguments)}" for action in rule.then]
    return "\n".join(lines) + "\n"


def drawn_keys(rule: Rule) -> Iterator[tuple[str, object]]:
    """The keys of a rule that are not at their defaults."""
    if rule.hold:
        yield "for", rule.hold
    if rule.once != Once():
        yield "once", f"{rule.once.every} {rule.once.limit} {rule.once.per!r} {rule.once.within}"
    if rule.mode != Mode():
        yield "mode", f"{rule.mode.name} {rule.mode.share}"
    if rule.recheck:
        yield "recheck", "always"
    if rule.retry_unknown:
        yield "retry_unknown", "true"
    if rule.guard != NO_GUARD:
        yield "guard", f"{rule.guard.burst} {rule.guard.rate}"


def drawn_window(window: Window) -> str:
    days = " ".join(DAYS[day] for day in sorted(window.days))
    closed = " ".join(map(str, sorted(window.closed)))
    holidays = f"{window.country} {window.subdivision}".strip()
    times = f"{window.timezone} {days} {window.start}-{window.end}"
    return f"{window.name}: {times} closed [{closed}] holidays [{holidays}]"


def drawn_condition(condition: Condition, indent: str = "    ") -> list[str]:
    match condition:
        case Test(value=value):
            if isinstance(value, Windows):
                head = f"{indent}{condition.field} {condition.operator}"
                return [head, *(f"{indent}  {drawn_window(window)}" for window in value.items)]
            value = sorted(value) if isinstance(value, frozenset) else value
            shown = getattr(value, "pattern", value)
            field = f"{condition.field} by {condition.by}" if condition.by else condition.field
            return [f"{indent}{field} {condition.operator} {shown!r}"]
        case Not(item=item):
            return [f"{indent}not", *drawn_condition(item, indent + "  ")]
        case AllOf(items=items) | AnyOf(items=items):
            word = "all" if isinstance(condition, AllOf) else "any"
            inner = [line for item in items for line in drawn_condition(item, indent + "  ")]
            return [f"{indent}{word}", *inner]
