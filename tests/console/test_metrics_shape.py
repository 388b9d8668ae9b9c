"""Promises: a scraper can read the metrics; label sets are bounded; no phone number is in them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from msgspec.structs import replace

from runner.console.measuring.labels import MOST, OTHER, code_of, kind_of
from runner.console.measuring.metrics import Metrics, routes
from runner.engine.clock import SystemClock
from runner.engine.far_side import Request
from runner.engine.ports import Event
from runner.language.loader import load
from runner.model import FlowSet
from tests.console.metrics_scene import (
    OPEN_METRICS,
    Scene,
    counted,
    open_scene,
    parsed,
    samples_of,
)
from tests.engine.test_acting import flow
from tests.tools import needs

SID = "AC" + "0" * 32


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with open_scene(tmp_path) as opened:
        yield opened


def made(*accounts: str) -> Metrics:
    return Metrics(dict.fromkeys(accounts or (SID,), ("", 2_000)), SystemClock())


def rules(folder: Path, ids: list[str]) -> FlowSet:
    """A flow of these rules, loaded from a file."""
    path = folder / "many.yaml"
    lines = [f"  - {{id: {id_}, match: {{to: X{i}}}, then: [hangup]}}" for i, id_ in enumerate(ids)]
    path.write_text("\n".join(("version: 1\nflow: many\nrules:", *lines)) + "\n")
    loaded = load([path])
    assert loaded.flow_set is not None, loaded.problems
    return loaded.flow_set


def done(metrics: Metrics, rule: str) -> None:
    fields = {"account": SID, "call": "CA1", "flow": "many", "rule": rule}
    metrics.hear(Event("action.done", 0, "info", fields))


def acts_of(metrics: Metrics) -> dict[tuple[str, ...], float]:
    return counted(samples_of(parsed(metrics))["callflow_actions_total"])


# ---- bounds ---------------------------------------------------------------------------------


def test_a_thousand_rules_have_labels_of_their_own(tmp_path: Path) -> None:
    metrics = made()
    ids = [f"r{number}" for number in range(MOST + 2)]
    metrics.load(rules(tmp_path, ids))
    for id_ in ids:
        done(metrics, id_)
    found = acts_of(metrics)
    assert len(found) == MOST + 1
    assert found["many", "done", f"r{MOST - 1}"] == 1
    assert found[OTHER, "done", OTHER] == 2


def test_a_rule_keeps_its_labels_while_it_is_in_force_and_no_longer(tmp_path: Path) -> None:
    metrics = made()
    metrics.load(rules(tmp_path, ["old", "kept"]))
    done(metrics, "old")
    done(metrics, "kept")
    ids = [f"r{number}" for number in range(MOST)]
    metrics.load(rules(tmp_path, [*ids, "kept"]))
    assert acts_of(metrics) == {("many", "done", "kept"): 1}
    done(metrics, "old")  # an act that was under way when its rule was taken out
    done(metrics, ids[-1])
    assert acts_of(metrics)[OTHER, "done", OTHER] == 2
    watched = samples_of(parsed(metrics))["callflow_guard_trips_total"]
    assert len(watched) == 2 * (MOST + 1)


def test_a_thousand_accounts_have_labels_of_their_own() -> None:
    sids = [f"AC{number:032x}" for number in range(MOST + 3)]
    metrics = Metrics({sid: ("", 1_000 + i) for i, sid in enumerate(sids)}, SystemClock())
    for at, sid in enumerate(sids):
        metrics.hear(Event("poll", at, "info", {"account": sid, "took_ms": 1}))
        metrics.answered(sid, Request("GET", f"/2010-04-01/Accounts/{sid}/Calls.json", 429, 1))
    metrics.hear(Event("poll", 0, "info", {"account": "AC" + "f" * 32, "took_ms": 1}))
    found = samples_of(parsed(metrics))
    assert found["callflow_accounts"] == {(): MOST + 3}
    polls = counted(found["callflow_polls_total"])
    assert len(polls) == MOST + 1
    assert polls[OTHER, "ok"] == 4  # a stranger among them
    assert found["callflow_last_poll_timestamp_seconds"][OTHER,] == MOST / 1000  # the oldest
    assert found["callflow_poll_interval_seconds"][OTHER,] == (1_000 + MOST + 2) / 1000
    assert found["callflow_api_throttled_total"][OTHER,] == 3


def test_nobody_outside_makes_a_label() -> None:
    metrics = made()
    before = {name: set(each) for name, each in samples_of(parsed(metrics)).items()}
    for number in range(50):
        path = f"/2010-04-01/Accounts/{SID}/Evil{number}/+1415555{number:04}.json"
        metrics.answered(SID, Request(f"X{number}", path, 900 + number, 1))
        metrics.answered(f"AC{number}", Request("GET", path, None, 1))
        metrics.pushed(f"evil{number}", None)
        for name in ("action.done", f"action.evil{number}", "rule.tripped"):
            fields = {"account": str(number), "flow": f"f{number}", "rule": "r", "guard": "evil"}
            metrics.hear(Event(name, 0, "info", fields))
    new = {
        name: labels
        for name, each in samples_of(parsed(metrics)).items()
        if (labels := set(each) - before.get(name, set()))
    }
    assert new == {
        "callflow_actions_total": {(OTHER, "done", OTHER), (OTHER, OTHER, OTHER)},
        "callflow_guard_trips_total": {(OTHER, OTHER, OTHER)},
        "callflow_api_requests_total": {(SID, "none", "other"), (OTHER, "none", "other")},
        "callflow_push_total": {(OTHER,)},
    }


async def test_no_phone_number_is_in_the_metrics(scene: Scene) -> None:
    scene.flows(flow(match="direction: inbound"))
    for number in ("+14155550199", "sip:+14155550198@evil.example", 'x"} 1\n+14155550197'):
        scene.site.sandbox.add_call(from_=number, to=number, caller_name=number)
    scene.site.sandbox.set_fault("403", on=("update",), times=1)
    await scene.site.poll()
    assert sum(counted(scene.samples()["callflow_actions_total"]).values()) == 3
    for accept in ("", OPEN_METRICS):
        body, _ = scene.metrics.render(accept)
        assert not re.search(rb"4155550|evil|CA[0-9a-f]{32}", body)


def test_a_hostile_name_stays_a_label(tmp_path: Path) -> None:
    metrics = made()
    hostile = '"} evil 1\n\\ é'  # no schema lets it in
    (flow_,) = rules(tmp_path, ["cut"]).flows
    rule = replace(flow_.rules[0], id=hostile, flow=hostile)
    metrics.load(FlowSet((replace(flow_, name=hostile, rules=(rule,)),)))
    for accept in ("", OPEN_METRICS):
        found = samples_of(parsed(metrics, accept=accept))
        assert found["callflow_verdicts_total"] == {(hostile, hostile): 0}
        assert not [name for name in found if "evil" in name]


# ---- requests -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "below", "kind"),
    [
        ("GET", "/Calls.json", "list"),
        ("POST", "/Calls.json", "other"),
        ("GET", "/Calls/CA1.json", "fetch"),
        ("POST", "/Calls/CA1.json", "update"),
        ("POST", "/Calls/CA1/Recordings.json", "side"),
        ("POST", "/Calls/CA1/Streams/MZ1.json", "side"),
        ("GET", "/Calls/CA1/Notifications.json", "notification"),
        ("GET", "/Conferences.json", "conference"),
        ("POST", "/Conferences/CF1/Participants/CA1.json", "conference"),
        ("GET", "/IncomingPhoneNumbers.json", "number"),
        ("GET", "/Applications/AP1.json", "number"),
        ("GET", ".json", "other"),
    ],
)
def test_what_a_request_is_about(method: str, below: str, kind: str) -> None:
    assert kind_of(method, f"/2010-04-01/Accounts/{SID}{below}") == kind
    assert kind_of(method, f"/proxy/2010-04-01/Accounts/{SID}{below}") == kind


def test_how_a_request_was_answered() -> None:
    statuses = (200, 204, 302, 401, 429, 503, None, 0, 999)
    words = ["2xx", "2xx", "3xx", "4xx", "429", "5xx", "none", "none", "none"]
    assert [code_of(status) for status in statuses] == words


# ---- the document ---------------------------------------------------------------------------


def test_what_alerts_look_at_is_there_before_anything_happened(tmp_path: Path) -> None:
    metrics = made()
    metrics.load(rules(tmp_path, ["cut"]))
    found = samples_of(parsed(metrics))
    acts = {("many", outcome, "cut"): 0 for outcome in ("done", "failed", "unknown")}
    assert found["callflow_actions_total"] == acts
    assert found["callflow_polls_total"] == {(SID, "ok"): 0, (SID, "failed"): 0}
    assert found["callflow_api_throttled_total"] == {(SID,): 0}
    assert found["callflow_api_requests_total"][SID, "4xx", "list"] == 0
    assert found["callflow_guard_trips_total"] == {
        ("many", "burst", "cut"): 0,
        ("many", "rate", "cut"): 0,
    }
    assert found["callflow_push_total"]["forged",] == 0
    assert found["callflow_live_calls"] == {(SID,): 0}
    assert found["process_cpu_seconds_total"][()] > 0
    assert "python_info" in found


def test_both_formats_say_the_same() -> None:
    metrics = made()
    metrics.answered(SID, Request("GET", f"/2010-04-01/Accounts/{SID}/Calls.json", 200, 4))
    text, opened = (samples_of(parsed(metrics, accept=a)) for a in ("", OPEN_METRICS))
    ours = {name: each for name, each in text.items() if name.startswith("callflow_")}
    assert len(ours) > 30
    assert ours == {name: each for name, each in opened.items() if name.startswith("callflow_")}


async def test_it_is_served_in_the_format_that_is_asked_for() -> None:
    app = web.Application()
    app.router.add_routes(routes(made()))
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = "http://{}:{}/metrics".format(*runner.addresses[0])
        async with aiohttp.ClientSession() as session:
            for accept, kind in (("*/*", "text/plain"), (OPEN_METRICS, OPEN_METRICS)):
                async with session.get(url, headers={"Accept": accept}) as answer:
                    body = await answer.text()
                    assert answer.headers["Content-Type"].startswith(kind.partition(";")[0])
                    assert "callflow_event_loop_lag_seconds" in body
                    assert body.endswith("# EOF\n") == (kind == OPEN_METRICS)
    finally:
        await runner.cleanup()


def test_promtool_finds_nothing_to_mend(tmp_path: Path) -> None:
    metrics = made()
    metrics.load(rules(tmp_path, ["cut"]))
    body, _ = metrics.render("")
    command = [needs("promtool"), "check", "metrics"]
    found = subprocess.run(command, input=body, capture_output=True, check=False)
    assert (found.returncode, found.stdout + found.stderr) == (0, b"")


def test_the_library_is_loaded_only_by_those_who_serve() -> None:
    code = (
        "import runner.cli.main, runner.cli.run, runner.console.picture.board, sys;"
        "print([name for name in sys.modules if name.startswith('prometheus')])"
    )
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, capture_output=True, check=True, text=True).stdout == "[]\n"
