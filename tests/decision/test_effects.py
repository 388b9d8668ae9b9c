"""Promises of effects: what is said follows from what is sent, and admits what nobody can know."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from runner.actions.composing import compose
from runner.actions.sequence import keyed
from runner.call import Call, format_rfc2822
from runner.decision.effects import Effect, effects, interrupts, legs_of, rule_effects
from runner.decision.holds import Holds
from runner.decision.matcher import Matcher
from runner.decision.once import History, Past
from runner.decision.planner import Planner, Step, decide
from runner.language.loader import load
from runner.model import Moment, Rule
from runner.sides import Part

NOW = 1_800_000_000_000
MINUTE = 60_000
SID = "CA" + "1" * 32
LEG = "CA" + "2" * 32
STREAM = "ends a media stream that it is connected to, if any"
URL = "https://example.com/x"


def ruled(folder: Path, then: str, match: str = "{leg: any}") -> Rule:
    path = folder / "flow.yaml"
    path.write_text(
        f"version: 1\nflow: f\nrules:\n  - {{id: r, match: {match}, then: {then}}}\n", "utf-8"
    )
    loaded = load([path])
    assert loaded.flow_set is not None, loaded.problems
    return loaded.flow_set.rules[0]


def row(**fields: str) -> Call:
    began = format_rfc2822(NOW - 10 * MINUTE)
    known = {"status": "in-progress", "direction": "inbound", "start_time": began}
    return Call(sid=SID, **{**known, **fields})


def stepped(folder: Path, then: str, call: Call | None = None, past: Past | None = None) -> Step:
    rule = ruled(folder, then, "{leg: any, status: [ringing, in-progress]}")
    call = call or row()
    loaded = load([folder / "flow.yaml"])
    assert loaded.flow_set is not None
    moment = Moment(NOW)
    verdicts = decide(Matcher(loaded.flow_set.flows), (call,), moment, Holds({}, NOW))
    acts: Mapping[str, Mapping[str, Past]] = {SID: {rule.key: past}} if past else {}
    plan = Planner((call,), moment, found={SID: {"voice": {"url": URL}}}).plan(
        verdicts, History(acts, {}, NOW)
    )
    (step,) = plan.steps
    return step


def words(found: tuple[Effect, ...]) -> list[str]:
    return [effect.words for effect in found]


# ---- the conference and the stream ------------------------------------------------------------


@pytest.mark.parametrize(
    ("conferences", "expected"),
    [
        ({}, ["leaves its conference, if it is in one", STREAM]),
        ({SID: None}, [STREAM]),
        ({SID: "support"}, ["leaves the conference support"]),
    ],
)
def test_what_is_known_of_a_conference_is_said_and_no_more(
    tmp_path: Path, conferences: dict[str, str | None], expected: list[str]
) -> None:
    step = stepped(tmp_path, f"[{{redirect: '{URL}'}}]")
    assert interrupts(step)
    assert words(effects(step, {}, conferences)) == expected


def test_a_call_that_is_over_at_once_leaves_what_is_known(tmp_path: Path) -> None:
    step = stepped(tmp_path, "[hangup]")
    assert words(effects(step, {})) == ["ends the call"]
    named = ["ends the call", "leaves the conference support"]
    assert words(effects(step, {}, {SID: "support"})) == named


def test_a_call_that_nobody_has_answered_is_in_no_conference(tmp_path: Path) -> None:
    step = stepped(tmp_path, "[cancel]", row(status="ringing"))
    assert not interrupts(step)
    assert words(effects(step, {})) == ["ends the call"]


@pytest.mark.parametrize("then", ["[{announce: Hello}]", "[{log: x}]", "[{limit: 1h}]", "[record]"])
def test_what_leaves_the_call_where_it_is_says_so_by_silence(tmp_path: Path, then: str) -> None:
    step = stepped(tmp_path, then.replace("[record]", "[{record: start}]"))
    assert not interrupts(step)
    kinds = {effect.kind for effect in effects(step, legs_of([row(parent_call_sid=LEG)]))}
    assert kinds <= {"does", "ends-call-at"}


# ---- legs -------------------------------------------------------------------------------------


def test_each_leg_is_named(tmp_path: Path) -> None:
    child = Call(sid=LEG, status="ringing", parent_call_sid=SID)
    step = stepped(tmp_path, "[{dial: '+14155550100'}]")
    found = effects(step, legs_of([row(), child]), {SID: None})
    assert [(each.kind, each.call) for each in found] == [
        ("drops-child", LEG),
        ("ends-stream", SID),
        ("does", SID),
    ]
    assert words(found)[0] == f"drops the child leg {LEG} (ringing)"
    leg = stepped(tmp_path, "[hangup]", row(parent_call_sid=LEG))
    assert words(effects(leg, {}))[1] == f"ends the dial of its parent {LEG}, which goes on"


# ---- how the call ends ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("then", "call", "kind", "expected"),
    [
        ("[{limit: 30m}]", row(), "ends-call-at", "the call ends when it is 30m old"),
        ("[{limit: 10m}]", row(), "ends-call", "ends the call: it is 10m old already"),
        ("[{limit: 5m}]", row(), "ends-call", "ends the call: it is 5m old already"),
        (
            "[{limit: 5m}]",
            row(start_time=""),
            "ends-call-at",
            "the call ends when it is 5m old, or at once if it is older",
        ),
        ("[{say: Hi}, {pause: 2s}]", row(), "ends-call-after", "the call ends after say, pause"),
        ("[{say: Hi}, hangup]", row(), "ends-call-after", "the call ends after say"),
    ],
)
def test_when_the_call_ends(
    tmp_path: Path, then: str, call: Call, kind: str, expected: str
) -> None:
    found = effects(stepped(tmp_path, then, call), {}, {SID: None})
    ends = [(each.kind, each.words) for each in found if each.kind.startswith("ends-call")]
    assert ends == [(kind, expected)]


# ---- only what is sent ------------------------------------------------------------------------


def test_an_act_that_is_gone_on_with_does_only_what_is_left(tmp_path: Path) -> None:
    then = f"[{{redirect: '{URL}'}}, {{log: a}}, {{record: start}}, {{log: b}}]"
    past = Past(1, 0, open=1, missing=frozenset({"record", "log.2"}))
    step = stepped(tmp_path, then, past=past)
    assert words(effects(step, {})) == ["starts a recording", "writes a line into the history"]
    assert not interrupts(step)


def test_an_update_that_fails_has_no_effect_and_what_follows_it_neither(tmp_path: Path) -> None:
    step = stepped(tmp_path, "[{log: a}, restart, {message: {a: 1}}]")
    assert interrupts(step)
    parts = tuple(
        Part("", part.then, fault="no voice URL") if part.key == "" else part for part in step.parts
    )
    failing = replace(step, parts=parts)
    assert words(effects(failing, {})) == ["writes a line into the history"]
    assert not interrupts(failing)


def test_actions_are_known_by_the_keys_of_their_parts(tmp_path: Path) -> None:
    then = f"[{{log: a}}, {{say: Hi}}, {{log: b}}, {{notify: '{URL}'}}, hangup, {{log: c}}]"
    rule = ruled(tmp_path, then)
    values = {"sid": SID}
    keys = {part.key for part in compose(rule.then, lambda name: values.get(name))}
    assert {key for key, _ in keyed(rule.then)} == keys
    assert [key for key, _ in keyed(rule.then)] == ["log", "", "log.2", "notify", "", "log.3"]


# ---- of a rule --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("match", "then", "kinds"),
    [
        ("{leg: parent}", "[hangup]", ["ends-call", "drops-child"]),
        ("{age: {gte: 1m}}", "[hangup]", ["ends-call", "drops-child"]),  # implied: a parent
        ("{leg: any}", "[hangup]", ["ends-call", "drops-child", "ends-dial"]),
        ("{leg: child, status: ringing}", "[cancel]", ["ends-call", "drops-child", "ends-dial"]),
        ("{}", "[restart]", ["drops-child", "leaves-conference", "ends-stream", "does"]),
        ("{}", "[{limit: 5m}]", ["ends-call-at"]),
        ("{}", "[{stream: {stop: agent}}]", ["does"]),
    ],
)
def test_a_rule_says_what_it_may_do_to_any_call(
    tmp_path: Path, match: str, then: str, kinds: list[str]
) -> None:
    found = rule_effects(ruled(tmp_path, then, match))
    assert [effect.kind for effect in found] == kinds
    assert {effect.call for effect in found} == {""}


def test_placeholders_stand_as_they_are_written(tmp_path: Path) -> None:
    rule = ruled(tmp_path, "[{notify: 'https://example.com/{{ sid }}'}, {log: '{{ from }}'}]")
    assert words(rule_effects(rule)) == ["posts to example.com", "writes a line into the history"]
