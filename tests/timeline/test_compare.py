"""Strict both ways: all that was expected, nothing else, exactly then, and why it is not so."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.timeline.compare import Row
from runner.timeline.twiml import same
from tests.timeline.plays import HEAD, result

#: Two acts: `warn` at 1m, `cut` at 6m.
CALLS = "name: t\nuntil: 10m\ncalls: [{id: a, age: 24m}, {id: b, age: 1m}]\nexpect:\n"
WARN = "  - {at: 1m, call: a, rule: caps/warn}\n"
CUT = "  - {at: 6m, call: a, rule: caps/cut, then: [hangup]}\n"


def said(row: Row) -> str:
    return "\n".join(row.why)


def test_what_happens_exactly_as_expected_passes(tmp_path: Path) -> None:
    found = result(tmp_path, CALLS + CUT + WARN)  # in whatever order it is written
    assert found.passed
    assert [row.fine for row in found.rows] == [True, True]


def test_an_act_that_nobody_expected_fails(tmp_path: Path) -> None:
    found = result(tmp_path, CALLS + WARN)
    assert not found.passed
    row = found.rows[1]
    assert row.expected is None
    assert row.got is not None
    assert (row.got.rule, row.time) == ("caps/cut", 360_000)
    assert said(row) == "at 6m caps/cut acted, for it saw: age 30m gte 30m"


def test_an_expectation_that_nothing_meets_fails_with_every_condition(tmp_path: Path) -> None:
    found = result(tmp_path, CALLS + WARN + CUT + "  - {at: 2m, call: b, rule: caps/cut}\n")
    assert [row.fine for row in found.rows] == [True, False, True]
    lines = found.rows[1].why
    assert lines[0] == ("at 2m caps/cut does not match: age would have to be at least 30m (in 27m)")
    assert lines[1:] == (
        "  no   age gte 30m   (it is 3m)",
        "  yes  leg eq parent   (it is parent)",
        "  yes  status eq in-progress   (it is in-progress)",
    )


def test_a_poll_too_early_is_not_good_enough(tmp_path: Path) -> None:
    found = result(tmp_path, CALLS + WARN.replace("1m", "50s") + CUT)
    (row,) = [row for row in found.rows if not row.fine]
    assert row.differs == ("at",)
    assert "age would have to be at least 25m (in 10s)" in said(row)
    assert "at 1m caps/warn acted, for it saw: age 25m gte 25m" in said(row)


def test_another_rule_than_expected_is_set_beside_it(tmp_path: Path) -> None:
    found = result(tmp_path, CALLS + WARN.replace("warn", "cut") + CUT)
    (row,) = [row for row in found.rows if not row.fine]
    assert row.differs == ("rule",)
    assert "caps/cut does not match" in said(row)


@pytest.mark.parametrize(
    ("more", "differs", "why"),
    [
        ("then: [say, hangup]", "then", "then: expected say, hangup\n      got      say, redirect"),
        ("twiml: <Response/>", "twiml", "twiml: expected <Response/>\n       got      <Response>"),
        ("request: {Status: completed}", "request", "request: expected Status=completed\n"),
        ("outcome: gone", "outcome", "outcome: expected gone, got done"),
        ("shadow: true", "shadow", "shadow: the rule did it"),
    ],
)
def test_each_part_of_an_act_counts(tmp_path: Path, more: str, differs: str, why: str) -> None:
    found = result(tmp_path, CALLS + WARN.replace("}", f", {more}}}") + CUT)
    row = found.rows[0]
    assert row.differs == (differs,)
    assert said(row).startswith(why)


def test_an_outcome_that_nobody_named_must_be_done(tmp_path: Path) -> None:
    test = (
        "name: t\ncalls: [{id: a, age: 26m, answers: {code: 21205, message: no}}]\n"
        "expect: [{at: 0s, call: a, rule: caps/warn}]\nuntil: 1m\n"
    )
    row = result(tmp_path, test).rows[0]
    assert row.differs == ("outcome",)
    assert row.why == (
        "outcome: expected done, got failed",
        "         Twilio answered 400 (code 21205): no",
    )
    assert result(tmp_path, test.replace("caps/warn}", "caps/warn, outcome: failed}")).passed


def test_a_shadow_must_be_expected_as_one(tmp_path: Path) -> None:
    flow = "version: 1\nflow: f\nrules: [{id: r, mode: shadow, then: [hangup]}]\n"
    test = "name: t\ncalls: [{id: a}]\nuntil: 1m\nexpect: [{at: 0s, call: a, rule: f/r%s}]\n"
    for more in (", shadow: true", ", outcome: shadowed", ", shadow: true, outcome: shadowed"):
        assert result(tmp_path, test % more, flow=flow).passed
    assert result(tmp_path, test % "", flow=flow).rows[0].differs == ("shadow",)
    nothing = result(tmp_path, "name: t\ncalls: [{id: a}]\nuntil: 1m\n", flow=flow)
    assert not nothing.passed


def test_a_whole_request_is_compared(tmp_path: Path) -> None:
    sent = (
        "<Response><Say>Five minutes are left.</Say>"
        "<Redirect>https://example.com/more</Redirect></Response>"
    )
    request = f", request: {{Twiml: '{sent}'}}}}"
    assert result(tmp_path, CALLS + WARN.replace("}", request) + CUT).passed
    more = f", request: {{Twiml: '{sent}', Method: GET}}}}"
    assert not result(tmp_path, CALLS + WARN.replace("}", more) + CUT).passed


# ---- why nothing was done ---------------------------------------------------------------------

FLOW = """\
version: 1
flow: f
rules:
  - {id: off, enabled: false, then: [hangup]}
  - {id: first, match: {caller_name: A}, then: [{redirect: "https://example.com/"}]}
  - {id: later, for: 1m, then: [hangup]}
  - {id: other, match: {caller_name: {not: A}}, then: [hangup]}
"""


@pytest.mark.parametrize(
    ("call", "expected", "why"),
    [
        ("{id: a}", "{at: 0s, call: a, rule: f/off}", "can't act: the rule is switched off"),
        (
            "{id: a, caller_name: A}",
            "{at: 20s, call: a, rule: f/first}",
            "held back: the rule has acted on this call",
        ),
        (
            "{id: a, caller_name: A}",
            "{at: 50s, call: a, rule: f/later}",
            "does not match yet: its conditions have held for 50s; it wants 1m",
        ),
        (
            "{id: a, caller_name: A}",
            "{at: 2m, call: a, rule: f/later}",
            "f/first stands above it and decides for the flow",
        ),
        ("{id: a}", "{at: 0s, call: a, rule: f/other}", "?    caller_name not A   (the call has"),
        (
            "{id: a, appears: 1m}",
            "{at: 0s, call: a, rule: f/first}",
            "at 0s there is no call a yet: it appears at 1m",
        ),
        ("{id: a, ends: 10s}", "{at: 1m, call: a, rule: f/first}", "at 1m the call a is over"),
        (
            "{id: a, appears: 10s}",
            "{at: 2m, call: a, rule: f/first}",
            "at 2m the call a is over: f/later acted at 1m10s",
        ),
        (
            "{id: a, status: ringing, caller_name: A}",
            "{at: 0s, call: a, rule: f/first}",
            "no   status eq in-progress   (it is ringing)",
        ),
    ],
)
def test_the_reason_is_said(tmp_path: Path, call: str, expected: str, why: str) -> None:
    test = f"name: t\nuntil: 3m\ncalls: [{call}]\nexpect: [{expected}]\n"
    found = result(tmp_path, test, flow=FLOW)
    assert any(why in said(row) for row in found.rows), [row.why for row in found.rows]


def test_a_pause_that_twilio_asked_for_is_a_reason(tmp_path: Path) -> None:
    flow = "version: 1\nflow: f\nrules: [{id: r, then: [hangup]}]\n"
    test = (
        "name: t\nuntil: 1m\ncalls:\n"
        "  - {id: a, answers: {code: 20429, retry_after: 25s}}\n"
        "  - {id: b, appears: 10s}\n"
        "expect: [{at: 10s, call: b, rule: f/r}]\n"
    )
    found = result(tmp_path, test, flow=flow)
    assert any("would act, but Twilio had asked for a pause" in said(row) for row in found.rows)


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("<Response><Hangup/></Response>", "<Response><Hangup></Hangup></Response>", True),
        ("<Response/>", '<?xml version="1.0"?><Response></Response>', True),
        (
            '<Response><Say voice="a" language="b">x</Say></Response>',
            "<Response>\n  <Say language='b' voice='a'> x\n</Say>\n</Response>",
            True,
        ),
        ("<Response><Say>x</Say></Response>", "<Response><Say>y</Say></Response>", False),
        (
            "<Response><Say/><Hangup/></Response>",
            "<Response><Hangup/><Say/></Response>",
            False,
        ),
        ('<Response><Say loop="1"/></Response>', "<Response><Say/></Response>", False),
        ("<Response><Say>&amp;</Say></Response>", "<Response><Say>&#38;</Say></Response>", True),
    ],
)
def test_twiml_is_compared_as_xml(one: str, other: str, equal: bool) -> None:
    assert same(one, other) is equal
    assert same(other, one) is equal


def test_acts_at_one_moment_find_their_own_expectation(tmp_path: Path) -> None:
    calls = ", ".join(f"{{id: c{n}, age: 40m}}" for n in range(5))
    expect = ", ".join(f"{{at: 0s, call: c{n}, rule: caps/cut}}" for n in reversed(range(5)))
    test = f"name: t\nuntil: 1m\ncalls: [{calls}]\nexpect: [{expect}]\n"
    assert result(tmp_path, test, head=HEAD).passed
