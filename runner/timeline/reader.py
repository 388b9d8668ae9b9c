"""A test file to tests that can be played, or to every problem of it and of its flows at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from runner.durations import format_duration
from runner.language import source
from runner.language.bench import Bench
from runner.language.files import Files
from runner.language.loader import load
from runner.language.schema import Misfit, check
from runner.language.words import shown
from runner.model import FlowSet, Millis
from runner.problems import Position, Problem
from runner.timeline.amounts import duration_at, time_at
from runner.timeline.calls import read_calls
from runner.timeline.expectations import read_expectations, read_trips
from runner.timeline.records import (
    Expectation,
    ExpectedTrip,
    Part,
    Script,
    TestFile,
    TimelineTest,
)

#: Monday noon, UTC, where a test does not say when it begins.
START: Millis = 1_767_614_400_000
#: As the runner polls unless it is told otherwise.
POLL: Millis = 2_000
#: How many polls a timeline goes on after the last time that its test names.
BEYOND = 10
MOST_POLLS = 1_000_000

#: Stands for all of a test, or of the file.
WHOLE: Part = ("", 0)


@dataclass(frozen=True, slots=True)
class ReadTests:
    """What became of a test file: None in `file` where there is an error; `texts` by path."""

    file: TestFile | None
    problems: tuple[Problem, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)


def read_tests(path: Path) -> ReadTests:
    """Reads a test file and loads its flows. Never raises for what a file is or holds."""
    content = Files().read(str(path), largest=source.LARGEST)
    if isinstance(content, str):
        message = f"the file can't be read: {content}"
        return ReadTests(None, (Problem(Position(str(path), 1, 1), "unreadable", message),))
    reading = source.parse(str(path), content)
    texts = {str(path): reading.text}
    if reading.document is None:
        return ReadTests(None, tuple(reading.problems), texts)
    misfits = check(reading.document, "test")
    bench = Bench(reading.document, problems=[misfit.problem for misfit in misfits])
    return _read(bench, misfits, texts)


def _read(bench: Bench, misfits: Iterable[Misfit], texts: dict[str, str]) -> ReadTests:
    path = bench.document.path
    data = bench.document.data if isinstance(bench.document.data, dict) else {}
    flow_set = _flows(bench, data, texts)
    tests = _Tests(bench, data, flow_set, _broken(misfits)).read()
    problems = tuple(sorted(set(bench.problems)))
    if problems or flow_set is None:
        return ReadTests(None, problems, texts)
    return ReadTests(TestFile(path, flow_set, tuple(tests)), (), texts)


def _flows(bench: Bench, data: Mapping[str, Any], texts: dict[str, str]) -> FlowSet | None:
    names = data.get("flows")
    if not isinstance(names, list) or not all(isinstance(n, str) and n for n in names):
        return None
    paths = [Path(bench.document.path).parent / name for name in names]
    for index, path in enumerate(paths):
        if not path.exists():
            message = f"there is no flow file or folder {shown(str(path))}"
            hint = "paths are relative to the test file"
            bench.error(bench.at(names, index), "no-such-path", message, hint=hint)
    loaded = load([path for path in paths if path.exists()])
    bench.problems.extend(loaded.errors)
    texts.update(loaded.texts)
    if loaded.flow_set is not None and not loaded.flow_set.flows and all(map(Path.exists, paths)):
        bench.error(bench.at(data, "flows"), "no-flows", "there is no flow file among these")
    return loaded.flow_set


def _broken(misfits: Iterable[Misfit]) -> dict[int | None, set[Part]]:
    """Which tests the schema has refused, and what in them: a call, expectation or trip by number.

    What can't be set aside alone is ("", 0); a test of None is the file around them.
    """
    broken: dict[int | None, set[Part]] = {}
    for misfit in misfits:
        match misfit.pointer:
            case ("tests", int(test), ("calls" | "expect" | "trips") as part, int(number), *_):
                broken.setdefault(test, set()).add((str(part), number))
            case ("tests", int(test), *_):
                broken.setdefault(test, set()).add(WHOLE)
            case _:
                broken.setdefault(None, set()).add(WHOLE)
    return broken


@dataclass(frozen=True, slots=True)
class _Tests:
    """Reads the tests that have the shape of tests."""

    bench: Bench
    data: Mapping[str, Any]
    flow_set: FlowSet | None
    broken: Mapping[int | None, set[Part]]

    def read(self) -> list[TimelineTest]:
        if None in self.broken:
            return []
        tests: list[Any] = self.data["tests"]
        names: dict[str, Position] = {}
        found = []
        for index, test in enumerate(tests):
            broken = self.broken.get(index, set())
            if WHOLE not in broken:
                self._check_name(test, names)
                found.append(self._test(test, broken))
        return found

    def _check_name(self, test: Mapping[str, Any], names: dict[str, Position]) -> None:
        position = self.bench.at(test, "name")
        first = names.setdefault(test["name"], position)
        if first is not position:
            message = f"the test {shown(test['name'])} is already on line {first.line}"
            self.bench.error(position, "duplicate-test", message, hint="give this one another name")

    def _test(self, test: Mapping[str, Any], broken: set[Part]) -> TimelineTest:
        bench = self.bench
        start = self._setting(test, "start", START, time_at)
        poll = self._setting(test, "poll", POLL, duration_at)
        if poll == 0:
            holder = test if "poll" in test else self.data
            bench.error(bench.at(holder, "poll"), "out-of-range", "`poll` must be more than 0s")
            poll = POLL
        calls = read_calls(bench, test, broken)
        expect = read_expectations(bench, test, broken, rules=self._rules())
        trips = read_trips(bench, test, broken, rules=self._rules())
        until = self._until(test, poll, _last_time(calls, (*expect, *trips)))
        made = TimelineTest(
            name=test["name"],
            position=bench.at(test, "name"),
            start=start,
            poll=poll,
            until=until,
            calls=calls,
            expect=expect,
            as_is=test.get("canary", self.data.get("canary")) == "as-is",
            account=self.data.get("account", ""),
            trips=trips,
            numbers=_numbers(test.get("numbers", self.data.get("numbers", {}))),
        )
        self._check_times(test, made)
        return made

    def _setting(self, test: Mapping[str, Any], key: str, otherwise: Millis, read: Any) -> Millis:
        holder = test if key in test else self.data
        value: Millis = read(self.bench, (holder, key)) if key in holder else otherwise
        return value

    def _rules(self) -> list[str] | None:
        return None if self.flow_set is None else [rule.key for rule in self.flow_set.rules]

    def _until(self, test: Mapping[str, Any], poll: Millis, last: Millis) -> Millis:
        if "until" in test:
            return duration_at(self.bench, (test, "until"))
        if not test.get("expect") and not test.get("trips"):
            message = "this test expects nothing, and does not say for how long"
            hint = "add `until`: how long the timeline goes on"
            self.bench.error(self.bench.at(test, "name"), "missing-key", message, hint=hint)
        return last + BEYOND * poll

    def _check_times(self, test: Mapping[str, Any], made: TimelineTest) -> None:
        if made.until // made.poll > MOST_POLLS:
            place = (test, "until") if "until" in test else (test, "name")
            message = f"these are {made.until // made.poll:,} polls; {MOST_POLLS:,} are the most"
            self.bench.error(self.bench.at(*place), "out-of-range", message)
        expected: tuple[Expectation | ExpectedTrip, ...] = (*made.expect, *made.trips)
        for expectation in expected:
            fault = _fault_of(expectation.at, made)
            if fault:
                self.bench.error(expectation.position, "no-poll", fault[0], hint=fault[1])


def _numbers(written: Mapping[str, Any]) -> dict[str, Mapping[str, str]]:
    """By number its fields; a mere text is the voice URL."""
    return {
        number: {"voice_url": fields} if isinstance(fields, str) else fields
        for number, fields in written.items()
    }


def _fault_of(at: Millis, test: TimelineTest) -> tuple[str, str] | None:
    """Why there is no poll at this time, and what to write; None where there is one."""
    if at % test.poll:
        before = at - at % test.poll
        near = f"{format_duration(before)} or {format_duration(before + test.poll)}"
        every = format_duration(test.poll)
        return f"there is no poll at {format_duration(at)}: they are every {every}", f"write {near}"
    if at > test.until:
        over = format_duration(test.until)
        return f"the timeline is over at {over}", "let `until` be later"
    return None


def _last_time(calls: Iterable[Script], expect: Iterable[Expectation | ExpectedTrip]) -> Millis:
    times = [expectation.at for expectation in expect]
    for call in calls:
        times += [call.appears, call.ends or 0, call.vanishes or 0, *call.changes]
    return max(times, default=0)


def enforced(flow_set: FlowSet) -> FlowSet:
    """The flows with every canary let loose on all calls, as tests see them unless they say."""
    flows = []
    for flow in flow_set.flows:
        rules = tuple(
            replace(rule, mode=replace(rule.mode, name="enforce", share=1.0))
            if rule.mode.name == "canary"
            else rule
            for rule in flow.rules
        )
        flows.append(replace(flow, rules=rules))
    return replace(flow_set, flows=tuple(flows))
