"""The frame of the measurements: targets, samples, processes, and the report."""

from __future__ import annotations

from pathlib import Path
from subprocess import CalledProcessError

import pytest

from bench.__main__ import main
from bench.environment import LOCKED, each_alone
from bench.measuring import Lacking, Row, Sample, Table, Target, cpu, in_process, versions
from bench.report import markdown, number, page


def table(*targets: Target, losses: tuple[str, ...] = ()) -> Table:
    cells = {"µs": Sample((3.0, 1.0, 2.25)), "kept": "not there", "requests": 12_345.0}
    rows = (Row("ours", cells), Row("theirs", {"µs": 4.0}))
    return Table("speed", "how fast", "By the clock.", tuple(cells), rows, targets, losses)


@pytest.mark.parametrize(
    ("target", "state"),
    [
        (Target("at most", 4, 4.0, "µs"), "met"),
        (Target("at most", 4, 4.01, "µs"), "**missed**"),
        (Target("at least", 20, 20.0, "times", at_least=True), "met"),
        (Target("at least", 20, 19.9, "times", at_least=True), "**missed**"),
        (Target("of a peer", 20, None, "times", at_least=True), "not measured"),
        (Target("nothing differs", 0, 0), "met"),
        (Target("nothing differs", 0, 1), "**missed**"),
    ],
)
def test_a_target_says_whether_it_is_met(target: Target, state: str) -> None:
    line = markdown(table(target)).splitlines()[-1]
    assert line.endswith(f"| {state} |")
    assert target.met is (state == "met")


def test_a_table_shows_its_runs_and_what_is_missing() -> None:
    written = markdown(table(losses=("Theirs is shorter.",)))
    assert "| ours | 2.25 (1\u20133) | not there | 12,345 |" in written
    assert "| theirs | 4 |  |  |" in written
    assert "- Theirs is shorter." in written


def test_the_report_counts_what_is_met_and_names_what_failed() -> None:
    met, missed = Target("a call", 4, 2.5, "µs"), Target("a poll", 150, 163.7, "ms")
    written = page([table(met, missed)], {"broken": "ValueError: no"})
    assert "1 of 2 are met." in written
    assert "| speed | a call | \u2264 4 µs | 2.5 µs | met |" in written
    assert "| speed | a poll | \u2264 150 ms | 164 ms | **missed** |" in written
    assert "`broken` could not be measured: ValueError: no" in written
    assert "msgspec 0." in written


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (1.7249, "1.72"),
        (84.0, "84"),
        (4170.4, "4,170"),
        (0.0173, "0.0173"),
        (3e-5, "3.0e-05"),
    ],
)
def test_numbers_have_three_digits_that_count(value: float, shown: str) -> None:
    assert number(value) == shown


def test_a_sample_knows_its_middle_and_its_ends() -> None:
    sample = Sample((0.3, 0.1, 0.2)).scaled(10)
    assert (sample.low, sample.median, sample.high) == (1.0, 2.0, 3.0)
    done = []
    assert len(cpu(lambda: done.append(1), 3).runs) == len(done) == 3


def test_a_process_tells_what_it_found_what_it_lacks_and_that_it_failed(tmp_path: Path) -> None:
    given = tmp_path / "given.json"
    given.write_text('{"conditions": [["all", ["eq", "to", "a"]]], "polls": [[{"to": "a"}]]}')
    assert in_process("bench.peers.rules", "lambdas", given, 0.01)["fits"] == [[[0]]]
    with pytest.raises(Lacking, match="c7n"):
        in_process("bench.peers.rules", "c7n", given, 0.01)
    with pytest.raises(CalledProcessError):
        in_process("bench.peers.rules", "lambdas", tmp_path / "nowhere", 0.01)


def test_versions_are_those_of_what_is_installed() -> None:
    assert set(versions(["msgspec", "no-such-thing"])) == {"msgspec"}


def test_the_command_names_its_tables_where_there_is_no_such(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["nothing"])
    assert "no table nothing; there are verdicts" in capsys.readouterr().err


def test_a_peer_is_installed_alone_with_all_that_it_needs() -> None:
    alone = each_alone(LOCKED)
    assert {"c7n", "drools-jpy", "orjson"} <= set(alone)
    packages = [line.split("==")[0] for line in alone["drools-jpy"] if not line.startswith(" ")]
    assert packages == ["drools-jpy", "jpy"]
    assert all("--hash=sha256:" in "".join(lines) for lines in alone.values())
