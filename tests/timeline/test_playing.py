"""Timelines go by as written: calls appear, change, end and answer; polls come on time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.timeline.plays import HEAD, acts, played

ONCE = """\
version: 1
flow: f
rules:
  - id: r
    match: %s
    then: %s
"""
REDIRECT = '[{redirect: "https://example.com/x"}]'


def flow(match: str, then: str = "[hangup]") -> str:
    return ONCE % (match, then)


def test_a_call_is_as_old_as_it_says_at_every_poll(tmp_path: Path) -> None:
    test = "name: t\ncalls: [{id: a, age: 24m}, {id: b, appears: 35s, age: 29m}]\nuntil: 10m\n"
    assert acts(tmp_path, test) == [
        "40s b warn done",
        "60s a warn done",
        "100s b cut done",
        "360s a cut done",
    ]


def test_polls_begin_at_zero_and_end_at_until(tmp_path: Path) -> None:
    test = "name: t\ncalls: [{id: a, age: 40m}]\nuntil: 25s\n"
    assert played(tmp_path, test).polls == 3
    assert acts(tmp_path, test) == ["0s a cut done"]
    assert played(tmp_path, test, head=HEAD.replace("10s", "500ms")).polls == 51


def test_without_until_ten_polls_follow_the_last_time_named(tmp_path: Path) -> None:
    test = (
        "name: t\ncalls: [{id: a, age: 40m, ends: 2m}]\nexpect: [{at: 0s, call: a, rule: caps/cut}]"
    )
    assert played(tmp_path, test).polls == 12 + 10 + 1


def test_a_call_ends_and_vanishes_when_its_script_says(tmp_path: Path) -> None:
    test = (
        "name: t\nuntil: 10m\ncalls:\n"
        "  - {id: ended, age: 24m, ends: 50s}\n"
        "  - {id: vanished, age: 24m, vanishes: 50s}\n"
        "  - {id: busy, age: 24m, then_at: {50s: {status: completed}}}\n"
        "  - {id: stays, age: 24m, ends: never}\n"
    )
    assert acts(tmp_path, test) == ["60s stays warn done", "360s stays cut done"]


def test_fields_change_and_empty_on_time(tmp_path: Path) -> None:
    text = flow("{caller_name: {exists: true}, answered_by: fax}", REDIRECT)
    test = (
        "name: t\nuntil: 2m\ncalls:\n"
        "  - {id: a, caller_name: ACME, then_at: {25s: {answered_by: fax}}}\n"
        "  - {id: b, caller_name: ACME, then_at: "
        '{25s: {answered_by: fax}, 5s: {caller_name: ""}}}\n'
    )
    assert acts(tmp_path, test, flow=text) == ["30s a r done"]


def test_every_field_of_twilio_can_be_given(tmp_path: Path) -> None:
    text = flow(
        "{sid: CA1, account_sid: AC1, phone_number_sid: PN1, group_sid: GP1, trunk_sid: TK1, "
        'to: "+14155550100", from: "+14155550101", to_formatted: x, from_formatted: y, '
        'forwarded_from: "+14155550102", caller_name: Z, status: ringing, direction: inbound, '
        'answered_by: human, api_version: "2010-04-01", queue_time: {gte: 3s}, '
        "start_time: {lt: 2026-01-01T00:00:00Z}, date_created: {lt: 2026-01-01T00:00:00Z}, "
        "date_updated: {lt: 2026-01-01T00:00:00Z}}"
    )
    test = (
        "name: t\nuntil: 10s\ncalls:\n"
        "  - {id: a, sid: CA1, account_sid: AC1, phone_number_sid: PN1, group_sid: GP1, "
        'trunk_sid: TK1, to: "+14155550100", from: "+14155550101", to_formatted: x, '
        'from_formatted: y, forwarded_from: "+14155550102", caller_name: Z, status: ringing, '
        'direction: inbound, answered_by: human, api_version: "2010-04-01", queue_time: 3s, '
        "start_time: 2025-01-01T00:00:00Z, date_created: 2025-01-01T00:00:00Z, "
        "date_updated: 2025-01-01T00:00:00Z}\n"
    )
    assert acts(tmp_path, test, flow=text) == ["0s a r done"]


def test_a_parent_makes_a_child_leg_that_ends_with_it(tmp_path: Path) -> None:
    text = flow("{leg: any, age: {gte: 30m}}", REDIRECT)
    test = (
        "name: t\nuntil: 5m\ncalls:\n"
        "  - {id: parent, age: 29m30s}\n"
        "  - {id: child, parent: parent, age: 29m}\n"
        "  - {id: alone, age: 29m, ends: 20s}\n"
        "  - {id: left, parent: alone, age: 29m}\n"
    )
    assert acts(tmp_path, test, flow=text) == ["30s parent r done"]


def test_age_begins_again_when_a_ringing_call_is_answered(tmp_path: Path) -> None:
    test = (
        "name: t\ncalls: [{id: a, status: ringing, age: 29m, then_at: {1m: {status: in-progress}}}]"
    )
    assert acts(tmp_path, test + "\nuntil: 26m") == ["1560s a warn done"]


@pytest.mark.parametrize(
    ("then", "goes_on"),
    [
        ("[hangup]", False),
        ("[{say: x}]", False),
        ("[{say: x}, hangup]", False),
        ("[{say: x}, {redirect: 'https://example.com/'}]", True),
        ("[{redirect: 'https://example.com/'}]", True),
        ("[{play: {url: 'https://example.com/x.mp3', loop: 0}}]", True),
        ("[{twiml: '<Response><Dial>+14155550100</Dial></Response>'}]", True),
        ("[{twiml: '<Response><Hangup/><Dial>+14155550100</Dial></Response>'}]", False),
    ],
)
def test_a_call_whose_instructions_run_out_is_over(
    tmp_path: Path, then: str, goes_on: bool
) -> None:
    text = flow("{}", then) + "  - id: later\n    match: {age: {gte: 30s}}\n    then: [hangup]\n"
    text = text.replace("    match: {}\n", "    match: {age: {lt: 5s}}\n")
    found = acts(tmp_path, "name: t\ncalls: [{id: a}]\nuntil: 1m", flow=text)
    assert found == ["0s a r done", *(["30s a later done"] if goes_on else [])]


def test_a_cancel_ends_what_rings_and_nothing_else(tmp_path: Path) -> None:
    text = flow("{status: [ringing, in-progress]}", "[cancel]")
    test = "name: t\ncalls: [{id: a, status: ringing}, {id: b}]\nuntil: 1m"
    assert acts(tmp_path, test, flow=text) == ["0s a r done"]


@pytest.mark.parametrize(
    ("answers", "then", "found"),
    [
        ("{code: 21220}", REDIRECT, ["0s a r withdrawn", "10s a r done"]),
        ("[{code: 21205, message: no URL}]", REDIRECT, ["0s a r failed"]),
        ("{code: 20404}", REDIRECT, ["0s a r gone"]),
        ("{code: 20003, status: 401}", REDIRECT, ["0s a r failed"]),
        ("lost", REDIRECT, ["0s a r unknown"]),
        ("dropped", REDIRECT, ["0s a r unknown"]),
        ("{code: 20500, status: 500}", REDIRECT, ["0s a r unknown"]),
        ("lost", "[hangup]", ["0s a r gone"]),
        ("[dropped, accepted]", "[hangup]", ["0s a r done"]),
        ("[dropped, dropped]", "[hangup]", ["0s a r done"]),
        ("{code: 20429, retry_after: 15s}", "[hangup]", ["0s a r withdrawn", "20s a r done"]),
        ("[accepted, {code: 21220}]", REDIRECT, ["0s a r done"]),
    ],
)
def test_updates_are_answered_as_the_script_says(
    tmp_path: Path, answers: str, then: str, found: list[str]
) -> None:
    test = f"name: t\ncalls: [{{id: a, age: 1h, answers: {answers}}}]\nuntil: 1m"
    assert acts(tmp_path, test, flow=flow("{}", then)) == found


def test_a_young_call_is_tried_again_as_fast_as_on_a_real_clock(tmp_path: Path) -> None:
    test = "name: t\ncalls: [{id: a, answers: [{code: 21220}, {code: 21220}]}]\nuntil: 10s"
    (act,) = played(tmp_path, test, flow=flow("{}", REDIRECT)).acts
    assert (act.at, act.outcome) == (0, "done")


def test_acts_go_on_beside_later_polls(tmp_path: Path) -> None:
    """Three pauses of 250, 500 and 1000 ms, at a poll of 500 ms: no second act meanwhile."""
    refused = "[{code: 20429}, {code: 20429}, {code: 20429}]"
    test = f"name: t\ncalls: [{{id: a, answers: {refused}}}]\nuntil: 10s"
    found = acts(tmp_path, test, flow=flow("{}", REDIRECT), head=HEAD.replace("10s", "500ms"))
    assert found == ["0s a r done"]


def test_a_test_says_what_time_it_is(tmp_path: Path) -> None:
    text = flow("{start_time: {gte: 2026-12-24T17:00:00-05:00}}")
    test = (
        "name: t\nstart: 2026-12-24T21:59:30Z\ncalls: [{id: a}, {id: b, appears: 40s}]\nuntil: 2m"
    )
    assert acts(tmp_path, test, flow=text) == ["40s b r done"]


# ---- the keys of rules ------------------------------------------------------------------------


def test_a_hold_counts_over_polls(tmp_path: Path) -> None:
    text = flow("{age: {gt: 30m}}", "[hangup]\n    for: 2m")
    found = acts(tmp_path, "name: t\ncalls: [{id: a, age: 29m}]\nuntil: 5m", flow=text)
    assert found == ["190s a r done"]


def test_once_every_and_once_per_value(tmp_path: Path) -> None:
    every = flow("{}", REDIRECT + "\n    once: {every: 1m, max: 3}")
    assert acts(tmp_path, "name: t\ncalls: [{id: a}]\nuntil: 5m", flow=every) == [
        "0s a r done",
        "60s a r done",
        "120s a r done",
    ]
    per = flow("{}", REDIRECT + "\n    once: {per: from, within: 1m}")
    calls = '[{id: a, from: "+14155550101"}, {id: b, from: "+14155550101", ends: 2m}]'
    found = acts(tmp_path, f"name: t\ncalls: {calls}\nuntil: 1m50s", flow=per)
    assert [line.split()[0] for line in found] == ["0s", "60s"]


def test_shadows_are_recorded_and_send_nothing(tmp_path: Path) -> None:
    text = flow("{}", "[hangup]\n    mode: shadow")
    found = acts(tmp_path, "name: t\ncalls: [{id: a}]\nuntil: 1m", flow=text)
    assert found == ["0s a r shadowed"]


CANARY = flow("{}", "[hangup]\n    mode: {canary: 50%}\n    guard: unlimited")
CROWD = "calls: [" + ", ".join(f"{{id: c{number}}}" for number in range(20)) + "]\nuntil: 0s"


def test_a_canary_acts_on_all_calls_unless_the_test_says_as_is(tmp_path: Path) -> None:
    everybody = acts(tmp_path, f"name: t\n{CROWD}", flow=CANARY)
    assert {line.split()[-1] for line in everybody} == {"done"}
    assert len(everybody) == 20
    cohort = acts(tmp_path, f"name: t\ncanary: as-is\n{CROWD}", flow=CANARY)
    assert {line.split()[-1] for line in cohort} == {"done", "shadowed"}
    file_says = acts(tmp_path, f"name: t\n{CROWD}", flow=CANARY, head="canary: as-is\n" + HEAD)
    assert file_says == cohort
    test_says = acts(
        tmp_path, f"name: t\ncanary: enforce\n{CROWD}", flow=CANARY, head="canary: as-is\n" + HEAD
    )
    assert test_says == everybody


def test_a_test_says_whose_calls_these_are(tmp_path: Path) -> None:
    text = "accounts: [shop]\n" + flow("{account: shop}")
    test = "name: t\ncalls: [{id: a}]\nuntil: 0s"
    assert acts(tmp_path, test, flow=text) == []
    assert acts(tmp_path, test, flow=text, head="account: shop\n" + HEAD) == ["0s a r done"]


def test_rules_see_the_other_live_calls(tmp_path: Path) -> None:
    text = flow("{excess: {by: to, over: 2}}")
    calls = ", ".join(f'{{id: c{n}, to: "+14155550100", age: {n}m}}' for n in range(4))
    found = acts(tmp_path, f"name: t\ncalls: [{calls}]\nuntil: 0s", flow=text)
    assert {line.split()[1] for line in found} == {"c0", "c1"}
