"""Promises: metrics say what happened, exactly: real polls and acts on a virtual clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runner.engine.ports import Pause
from tests.console.metrics_scene import Scene, counted, open_scene
from tests.engine.test_acting import flow
from tests.site import MINUTE, SECOND

#: A call that goes on, whatever becomes of the rules.
LONG = "<Response><Pause length='9999'/></Response>"
HANG_UP = flow()
CALLER = "+14155550199"


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with open_scene(tmp_path) as opened:
        yield opened


async def test_a_poll_and_an_act(scene: Scene) -> None:
    scene.flows(HANG_UP)
    scene.site.sandbox.add_call(from_=CALLER, twiml=LONG)
    scene.site.sandbox.add_call(from_="+14155550100", twiml=LONG)
    await scene.site.poll(after=3 * SECOND)
    found = scene.samples()
    now = scene.site.time.now() / 1000
    assert counted(found["callflow_polls_total"]) == {("shop", "ok"): 1}
    assert found["callflow_last_poll_timestamp_seconds"] == {("shop",): now}
    assert found["callflow_poll_interval_seconds"] == {("shop",): 2}
    assert found["callflow_poll_duration_seconds_count"] == {(): 1}
    assert found["callflow_live_calls"] == {("shop",): 1}  # the rule asks for one caller's
    assert found["callflow_verdicts_total"] == {("ends", "end"): 1}
    assert found["callflow_matching_calls"] == {("ends", "end"): 1}
    assert counted(found["callflow_actions_total"]) == {("ends", "done", "end"): 1}
    requests = counted(found["callflow_api_requests_total"])
    assert {(kind, code) for _, code, kind in requests} == {("list", "2xx"), ("update", "2xx")}
    assert requests["shop", "2xx", "update"] == 1
    assert scene.lags() == (1, 0)


async def test_a_match_is_counted_when_it_begins(scene: Scene) -> None:
    scene.flows(flow(then="[log: seen]"))
    scene.site.sandbox.add_call(from_=CALLER, twiml=LONG)
    for _ in range(3):
        await scene.site.poll(after=2 * SECOND)
    found = scene.samples()
    assert found["callflow_verdicts_total"] == {("ends", "end"): 1}
    assert found["callflow_matching_calls"] == {("ends", "end"): 1}
    assert counted(found["callflow_held"]) == {("once",): 1}
    assert counted(found["callflow_actions_total"]) == {("ends", "done", "end"): 1}
    assert scene.lags() == (0, 0)  # a line in the history changes no call


async def test_a_retry_is_in_the_lag(scene: Scene) -> None:
    scene.flows(HANG_UP)
    scene.site.sandbox.add_call(from_=CALLER, twiml=LONG)
    scene.site.sandbox.set_fault("429", on=("update",), times=2)
    await scene.site.poll()
    found = scene.samples()
    assert found["callflow_action_retries_total"] == {("ends", "end"): 2}
    assert found["callflow_api_throttled_total"] == {("shop",): 2}
    assert found["callflow_api_requests_total"]["shop", "429", "update"] == 2
    assert scene.lags() == (1, 0.75)  # 250 ms, then 500
    buckets = found["callflow_action_lag_seconds_bucket"]
    assert {le: buckets[le, "poll"] for le in ("0.5", "1.0", "+Inf")} == {
        "0.5": 0,
        "1.0": 1,
        "+Inf": 1,
    }


async def test_what_holds_a_match_back_is_in_the_lag(scene: Scene) -> None:
    scene.flows(HANG_UP)
    scene.site.sandbox.add_call(from_=CALLER, twiml=LONG)
    until = scene.site.time.now() + 5 * SECOND
    await scene.site.store.pause(Pause(flow="ends", at=scene.site.time.now(), until=until))
    await scene.site.poll(after=1 * SECOND)
    assert counted(scene.samples()["callflow_held"]) == {("paused",): 1}
    await scene.site.poll(after=2 * SECOND)
    assert scene.lags() == (0, 0)
    await scene.site.poll(after=2 * SECOND)
    assert scene.lags() == (1, 4)


async def test_the_time_of_for_and_of_once_is_not_in_the_lag(scene: Scene) -> None:
    text = flow(then="[{say: hi}, {pause: 90m}]")
    scene.flows(f"{text}    for: 10s\n    once: {{every: 5m}}\n")
    scene.site.sandbox.add_call(from_=CALLER, twiml=LONG)
    await scene.site.poll()
    await scene.site.poll(after=10 * SECOND)
    assert scene.lags() == (1, 0)
    await scene.site.poll(after=4 * MINUTE)
    await scene.site.poll(after=1 * MINUTE)
    assert scene.lags() == (2, 0)


async def test_the_time_goes_on_after_an_act_that_was_withdrawn(scene: Scene) -> None:
    scene.flows(HANG_UP)
    scene.site.sandbox.add_call(from_=CALLER, twiml=LONG)
    scene.site.sandbox.set_fault("429", on=("update",), times=1, retry_after=3)
    await scene.site.poll()
    assert counted(scene.samples()["callflow_actions_total"]) == {("ends", "withdrawn", "end"): 1}
    await scene.site.poll(after=4 * SECOND)
    assert scene.lags() == (1, 4)


async def test_an_act_of_several_parts_is_measured_once(scene: Scene) -> None:
    scene.flows(flow(then="[{say: hi}, {pause: 90m}, {record: start}, {log: said}]"))
    scene.site.sandbox.add_call(from_=CALLER, twiml=LONG)
    await scene.site.poll()
    assert counted(scene.samples()["callflow_actions_total"]) == {("ends", "done", "end"): 3}
    assert scene.lags() == (1, 0)


async def test_an_act_between_two_polls_was_set_off_by_a_push(scene: Scene) -> None:
    scene.flows(HANG_UP)
    await scene.site.poll()
    call = scene.site.sandbox.add_call(from_=CALLER, twiml=LONG)
    scene.site.sandbox.set_fault("429", on=("update",), times=1)
    assert await scene.site.engine.look_at(call.sid) == "acted"
    assert (scene.lags(), scene.lags("push")) == ((0, 0), (1, 0.25))
    found = scene.samples()
    assert found["callflow_polls_total"]["shop", "ok"] == 1
    assert counted(found["callflow_actions_total"]) == {("ends", "done", "end"): 1}


async def test_an_act_of_an_earlier_start_has_no_lag(scene: Scene) -> None:
    scene.flows(HANG_UP)
    sid = scene.site.sandbox.account_sid
    scene.tell("action.done", account=sid, call="CA1", flow="ends", rule="end")
    assert counted(scene.samples()["callflow_actions_total"]) == {("ends", "done", "end"): 1}
    assert scene.lags() == (0, 0)


async def test_failures(scene: Scene) -> None:
    scene.flows(HANG_UP)
    scene.site.sandbox.add_call(from_=CALLER, twiml=LONG)
    scene.site.sandbox.set_fault("503", on=("list",), times=1)
    await scene.site.poll()
    scene.site.sandbox.set_fault("403", on=("update",), times=1)
    await scene.site.poll()
    found = scene.samples()
    assert found["callflow_polls_total"] == {("shop", "ok"): 1, ("shop", "failed"): 1}
    assert counted(found["callflow_actions_total"]) == {("ends", "failed", "end"): 1}
    assert found["callflow_api_requests_total"]["shop", "5xx", "list"] == 1
    assert found["callflow_api_requests_total"]["shop", "4xx", "update"] == 1
    assert scene.lags() == (0, 0)


async def test_a_guard_that_trips(scene: Scene) -> None:
    scene.flows(HANG_UP)
    for _ in range(12):
        scene.site.sandbox.add_call(from_=CALLER, twiml=LONG)
    await scene.site.poll()
    found = scene.samples()
    assert counted(found["callflow_guard_trips_total"]) == {("ends", "burst", "end"): 1}
    assert counted(found["callflow_held"]) == {("guard",): 12}
    assert found["callflow_matching_calls"] == {("ends", "end"): 12}


async def test_a_dry_run_plans_and_leads_nobody(scene: Scene) -> None:
    scene.flows(HANG_UP)
    scene.site.sandbox.add_call(from_=CALLER, twiml=LONG)
    scene.tell("started", dry_run=True)
    await scene.site.engine.rehearse(scene.site.time.now())
    found = scene.samples()
    assert (found["callflow_dry_run"][()], found["callflow_leader"][()]) == (1, 0)
    assert counted(found["callflow_actions_total"]) == {("ends", "planned", "end"): 1}
    assert found["callflow_live_calls"] == {("shop",): 1}


async def test_who_stops_leading_shows_nothing_of_what_it_saw(scene: Scene) -> None:
    scene.flows(HANG_UP)
    scene.site.sandbox.add_call(from_=CALLER, twiml=LONG)
    scene.tell("leading", holder="me")
    await scene.site.poll()
    assert scene.samples()["callflow_leader"] == {(): 1}
    await scene.site.time.sleep(700)
    scene.metrics.pauses = lambda: (Pause(at=scene.site.time.now()),)
    assert scene.samples()["callflow_kill_switch"] == {(): 1}
    scene.tell("standby", error="another runner has taken over")
    found = scene.samples()
    assert found["callflow_kill_switch"] == {(): 0}  # perhaps it was lifted since
    assert counted(found["callflow_pauses"]) == {}
    since = scene.site.time.now() / 1000
    assert found["callflow_leader"] == {(): 0}
    assert found["callflow_role_timestamp_seconds"] == {(): since}
    assert found["callflow_live_calls"] == {("shop",): 0}
    assert counted(found["callflow_matching_calls"]) == counted(found["callflow_held"]) == {}
    assert found["callflow_verdicts_total"] == {("ends", "end"): 1}  # counters only grow
    scene.tell("stalled", error="the disk is full")
    assert scene.samples()["callflow_stalled"] == {(): 1}


async def test_reloads_pauses_clocks_pushes_and_crashes(scene: Scene) -> None:
    started = scene.site.time.now() / 1000
    scene.tell("reload.failed", errors=1)
    found = scene.samples()
    assert found["callflow_reload_success"] == {(): 0}
    assert found["callflow_reload_success_timestamp_seconds"] == {(): started}
    await scene.site.time.sleep(1_500)
    scene.tell("reload.ok")
    scene.tell("clock.off", account=scene.site.sandbox.account_sid, ahead_ms=90_000)
    scene.tell("action.crashed", account=scene.site.sandbox.account_sid, error="KeyError")
    now = scene.site.time.now()
    scene.metrics.pauses = lambda: (
        Pause(at=now),
        Pause(flow="f", at=now),
        Pause(flow="f", rule="r", at=now),
        Pause(flow="f", rule="r", at=now, tripped=True),
        Pause(account="AC1", at=now, until=now),  # has passed
    )
    scene.metrics.pushed("acted", 35)
    scene.metrics.pushed("replayed", None)
    found = scene.samples()
    assert found["callflow_reload_success"] == {(): 1}
    assert found["callflow_reload_success_timestamp_seconds"] == {(): started + 1.5}
    assert found["callflow_clock_off"] == {("shop",): 1}
    assert found["callflow_action_crashes_total"] == {(): 1}
    assert found["callflow_kill_switch"] == {(): 1}
    kinds = {("everything",): 1, ("flow",): 1, ("rule",): 1, ("tripped",): 1}
    assert counted(found["callflow_pauses"]) == kinds
    assert counted(found["callflow_push_total"]) == {("acted",): 1, ("replayed",): 1}
    assert found["callflow_push_lag_seconds_sum"] == {(): 0.035}
    assert found["callflow_push_lag_seconds_count"] == {(): 1}
