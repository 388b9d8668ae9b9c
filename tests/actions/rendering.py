"""For tests of placeholders: a rule's lines and a call's fields to the update that it would get."""

from __future__ import annotations

from functools import cache
from xml.etree import ElementTree

from runner.actions.composing import compose, update_of
from runner.call import Call
from runner.decision.holds import Holds
from runner.decision.matcher import Matcher
from runner.decision.once import History
from runner.decision.planner import Held, Planner
from runner.language.compiler import compile_flow
from runner.language.files import Files
from runner.language.source import parse
from runner.language.spoken import values_of
from runner.model import Action, Flow, Moment, Update
from runner.problems import Problem

NOW = Moment(1_793_631_600_000)  # 2026-11-02T15:00:00Z


@cache
def actions(*written: str) -> tuple[Action, ...]:
    """The actions of a rule with these lines under `then`."""
    return flow(*written).rules[0].then


@cache
def flow(*written: str) -> Flow:
    """A flow of one rule, about every call, with these lines under `then`."""
    made, problems = _compiled(*written)
    assert made is not None, problems
    return made


def problems(*written: str) -> list[Problem]:
    """What is said of a rule with these lines under `then`."""
    return _compiled(*written)[1]


def _compiled(*written: str) -> tuple[Flow | None, list[Problem]]:
    lines = "".join(f"      - {line}\n" for line in written)
    text = f"version: 1\nflow: f\nrules:\n  - id: a\n    then:\n{lines}"
    document = parse("f.yaml", text.encode()).document
    assert document is not None
    compiled = compile_flow(document, Files())
    return compiled.flow, compiled.problems


def call(**fields: str | None) -> Call:
    known = {"caller_name": "Ada", "from_": "+14155550199", "status": "in-progress"} | fields
    return Call(sid="CA" + "1" * 32, **known)  # type: ignore[arg-type]


def made(*written: str, **fields: str | None) -> Update:
    """The update for a call with these fields."""
    update = update_of(compose(actions(*written), values_of(call(**fields), NOW)))
    assert update is not None
    return update


def said(text: str, **fields: str | None) -> str:
    """What a call with these fields hears of one `say`."""
    update = made(f"say: {text}", "hangup", **fields)
    root = ElementTree.fromstring(update.twiml or "")
    assert [node.tag for node in root] == ["Say", "Hangup"]
    assert (root[0].attrib, list(root[0])) == ({}, [])
    return root[0].text or ""


def url(text: str, **fields: str | None) -> str:
    """Where a call with these fields is sent by a lone `redirect`."""
    update = made(f"redirect: {text}", **fields)
    assert update.url is not None
    return update.url


def held(*written: str, **fields: str | None) -> Held:
    """What the planner says where it sends nothing to a call with these fields."""
    caller = call(**fields)
    verdicts = Matcher((flow(*written),)).verdicts(caller, NOW, Holds({}, NOW.now))
    plan = Planner([caller], NOW).plan(verdicts, History())
    assert plan.steps == ()
    (only,) = plan.held
    return only
