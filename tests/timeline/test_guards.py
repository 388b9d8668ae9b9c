"""Guards in timelines: they trip as on real calls, fail the test unless expected, and say why."""

from __future__ import annotations

from pathlib import Path

from tests.timeline.plays import acts, played, result

FLOW = "version: 1\nflow: f\nrules: [{id: r, then: [hangup]}]\n"


def crowd(number: int, until: str = "1m") -> str:
    calls = ", ".join(f"{{id: c{each}}}" for each in range(number))
    return f"name: t\nuntil: {until}\ncalls: [{calls}]\n"


def tripped(folder: Path, test: str) -> list[str]:
    """`60s f/r rate` of each trip."""
    found = played(folder, test, flow=FLOW).trips
    return [f"{trip.at // 1000}s {trip.rule} {trip.guard}" for trip in found]


def test_a_rule_that_fits_everyone_trips_as_on_real_calls_and_sends_nothing(
    tmp_path: Path,
) -> None:
    assert acts(tmp_path, crowd(11), flow=FLOW) == []
    assert tripped(tmp_path, crowd(11)) == ["0s f/r burst"], "once: then it is paused"
    assert len(acts(tmp_path, crowd(10), flow=FLOW)) == 10
    assert tripped(tmp_path, crowd(10)) == []
    unlimited = FLOW.replace("then:", "guard: unlimited, then:")
    assert len(acts(tmp_path, crowd(11), flow=unlimited)) == 11


def test_the_rate_counts_over_polls_and_the_window_rolls(tmp_path: Path) -> None:
    def waves(*starts: int) -> str:
        calls = [f"{{id: c{s}-{n}, appears: {s}s}}" for s in starts for n in range(10)]
        return f"name: t\ncalls: [{', '.join(calls)}]\nuntil: 2m"

    assert tripped(tmp_path, waves(0, 10, 20, 30)) == ["30s f/r rate"]
    assert len(acts(tmp_path, waves(0, 10, 20, 30), flow=FLOW)) == 30
    assert tripped(tmp_path, waves(0, 10, 20, 60)) == []


def test_an_expected_act_that_a_guard_holds_back_says_so(tmp_path: Path) -> None:
    test = crowd(20) + (
        "expect: [{at: 0s, call: c1, rule: f/r}, {at: 10s, call: c2, rule: f/r}]"
        "\ntrips: [{at: 0s, rule: f/r, guard: burst}]"
    )
    found = result(tmp_path, test, flow=FLOW)
    assert [trip.fine for trip in found.trips] == [True]
    now, later = ("\n".join(row.why) for row in found.rows)
    assert "matches, and is held back: 20 calls of 20 live ones would be changed" in now
    assert "matches, and is held back: a guard tripped: 20 calls of 20" in later


def test_an_emergency_call_is_left_alone_as_everywhere(tmp_path: Path) -> None:
    test = (
        'name: t\nuntil: 10s\ncalls: [{id: a, to: "911"}, {id: b}]\n'
        "expect: [{at: 0s, call: a, rule: f/r}, {at: 0s, call: b, rule: f/r}]"
    )
    found = result(tmp_path, test, flow=FLOW)
    (held,) = [row for row in found.rows if not row.fine]
    assert held.got is None
    assert "held back: to is 911 (emergency number)" in held.why[0]
