"""Promises of traces: what arrives at a collector of a real run, and that nothing else leaves."""

from __future__ import annotations

import pytest

from runner.console.tracing.traces import CannotTrace, open_traces
from runner.engine.ports import Event
from tests.console.collector import Collector
from tests.console.tracing import traced
from tests.site import SECOND, Site

FLOW = """\
version: 1
flow: ends
rules:
  - id: end
    match: {{from: "+14155550199"}}
    then: {then}
"""
HANG_UP = FLOW.format(then="[hangup]")
CLIENT, INTERNAL = 3, 1
LISTS = "/2010-04-01/Accounts/{Sid}/Calls.json"
CALL = "/2010-04-01/Accounts/{Sid}/Calls/{Sid}.json"


async def test_a_poll_is_a_trace_of_its_requests_and_its_acts(
    site: Site, collector: Collector
) -> None:
    traces = traced(site)
    site.flows(HANG_UP)
    row = site.sandbox.add_call()
    began = site.time.now()
    await site.poll(after=SECOND)
    await traces.close()
    (poll,), (act,) = collector.named("callflow.poll"), collector.named("callflow.act")
    account = site.sandbox.account_sid
    assert (poll.parent, poll.failed, poll.kind) == ("", False, INTERNAL)
    assert poll.began == began + SECOND
    assert poll.attributes["callflow.account"] == account
    assert poll.attributes["callflow.calls"] == 1
    lists = collector.named(f"GET {LISTS}")
    assert len(lists) == poll.attributes["callflow.requests"]
    assert {(each.parent, each.trace, each.kind) for each in lists} == {
        (poll.id, poll.trace, CLIENT)
    }
    assert (act.parent, act.trace, act.failed) == (poll.id, poll.trace, False)
    assert act.attributes == {
        "callflow.account": account,
        "callflow.flow": "ends",
        "callflow.rule": "end",
        "callflow.call": row.sid,
        "callflow.then": ["hangup"],
        "callflow.outcome": "done",
        "callflow.attempts": 1,
    }
    (update,) = collector.named(f"POST {CALL}")
    assert (update.parent, update.kind) == (act.id, CLIENT)
    assert update.attributes == {
        "http.request.method": "POST",
        "url.template": CALL,
        "http.response.status_code": 200,
        "callflow.account": account,
    }


async def test_who_sends_is_named_by_the_variables(
    site: Site, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    await traced(site).close()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=token-of-the-collector")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=night")
    traces = traced(site)
    await site.poll()
    await traces.close()
    assert collector.resource["service.name"] == "callflow"
    assert collector.resource["deployment.environment.name"] == "night"
    assert collector.headers["x-key"] == "token-of-the-collector"
    monkeypatch.setenv("OTEL_SERVICE_NAME", "callflow-eu")
    traces = traced(site)
    await site.poll()
    await traces.close()
    assert collector.resource["service.name"] == "callflow-eu"


async def test_a_failed_poll_says_why(site: Site, collector: Collector) -> None:
    traces = traced(site)
    site.flows(HANG_UP)
    site.sandbox.set_fault("503", on=("list",), times=1)
    await site.poll()
    await traces.close()
    (poll,) = collector.named("callflow.poll")
    (told,) = site.told("poll.failed")
    assert (poll.failed, poll.message) == (True, told.fields["error"])
    (asked,) = collector.named(f"GET {LISTS}")
    assert (asked.parent, asked.failed) == (poll.id, True)
    assert (asked.attributes["http.response.status_code"], asked.attributes["error.type"]) == (
        503,
        "503",
    )


async def test_tries_of_an_act_are_in_its_span(site: Site, collector: Collector) -> None:
    traces = traced(site)
    site.flows(HANG_UP)
    site.sandbox.add_call()
    site.sandbox.set_fault("500", on=("update",), times=1)
    await site.poll()
    await traces.close()
    (act,) = collector.named("callflow.act")
    assert (act.attributes["callflow.outcome"], act.attributes["callflow.attempts"]) == ("done", 2)
    assert [name for name, _ in act.notes] == ["callflow.retry", "callflow.retry"]
    assert "500" in act.notes[0][1]["callflow.detail"]
    below = [span.name for span in collector.spans if span.parent == act.id]
    assert sorted(below) == [f"GET {CALL}", f"POST {CALL}", f"POST {CALL}"]


async def test_each_part_of_an_act_is_a_span_with_its_own_requests(
    site: Site, collector: Collector
) -> None:
    traces = traced(site)
    site.flows(FLOW.format(then="[{record: start}, {say: hi}, {log: seen}, {message: {a: b}}]"))
    site.sandbox.add_call()
    await site.poll()
    await traces.close()
    acts = {
        span.attributes.get("callflow.part", ""): span for span in collector.named("callflow.act")
    }
    assert set(acts) == {"", "record", "log", "message"}
    below = {
        part: [span.name for span in collector.spans if span.parent == act.id]
        for part, act in acts.items()
    }
    under = CALL.removesuffix(".json")
    assert below == {
        "": [f"POST {CALL}"],
        "record": [f"POST {under}/Recordings.json"],
        "log": [],
        "message": [f"POST {under}/UserDefinedMessages.json"],
    }


async def test_an_act_that_fails_is_an_error_without_numbers(
    site: Site, collector: Collector
) -> None:
    traces = traced(site)
    traces.hear(_event("action.intended", flow="f", rule="r", call="CA1"))
    detail = "Twilio refused: +14155550199 is not \ud83d yours, sip:ann.lee@example.com"
    traces.hear(_event("action.failed", flow="f", rule="r", call="CA1", detail=detail))
    await traces.close()
    (act,) = collector.named("callflow.act")
    hidden = "Twilio refused: +1415***0199 is not ? yours, sip:a***@example.com"
    assert (act.failed, act.message, act.attributes["callflow.detail"]) == (True, hidden, hidden)


async def test_a_trip_is_told_in_the_poll_and_a_reload_by_itself(
    site: Site, collector: Collector
) -> None:
    traces = traced(site)
    site.flows(HANG_UP)
    for number in range(11):
        site.sandbox.add_call(id=f"c{number}")
    await site.poll()
    traces.hear(Event("reload.failed", 7, "error", {"errors": 2, "problems": ["+14155550199"]}))
    traces.hear(Event("reload.ok", 9, "info", {"flows": 1, "rules": 3}))
    await traces.close()
    (poll,) = collector.named("callflow.poll")
    ((name, trip),) = poll.notes
    assert (name, trip["callflow.rule"], trip["callflow.guard"]) == (
        "callflow.trip",
        "end",
        "burst",
    )
    failed, ok = collector.named("callflow.reload")
    assert (failed.failed, failed.attributes) == (True, {"callflow.errors": 2})
    assert (ok.failed, ok.attributes) == (False, {"callflow.flows": 1, "callflow.rules": 3})


async def test_no_number_name_or_sid_in_a_path_leaves(site: Site, collector: Collector) -> None:
    traces = traced(site)
    site.flows(
        FLOW.format(
            then="""
      - stream: {start: {url: wss://example.com/s, name: desk}}
      - say: 'hello {{caller_name | default("you")}} {{from}}'
      - log: "was {{from}}"
"""
        )
    )
    site.sandbox.add_call(caller_name="Ann Lee Carter")
    await site.poll()
    await traces.close()
    assert len(collector.named("callflow.act")) == 3
    everything = b"".join(collector.bodies)
    for secret in (b"4155550199", b"0100", b"Ann", b"hello", site.sandbox.auth_token.encode()):
        assert secret not in everything, secret
    assert not [span for span in collector.spans if site.sandbox.account_sid in span.name]


async def test_what_can_not_be_had_is_said_with_the_fix(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_TRACES_EXPORTER", "console"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317/password"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://[half"),
        ("OTEL_BSP_SCHEDULE_DELAY", "5s"),
    ):
        with monkeypatch.context() as variables:
            variables.setenv(name, value)
            with pytest.raises(CannotTrace) as caught:
                open_traces(site.time)
        assert name in str(caught.value)
        assert value not in str(caught.value)
        assert caught.value.hint


async def test_nothing_is_sent_where_the_sdk_is_switched_off(
    site: Site, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    traces = traced(site)
    await site.poll()
    await traces.close()
    assert collector.requests == 0


def _event(name: str, **fields: object) -> Event:
    return Event(name, 1_000, "info", {"account": "AC1", "attempt": 1, "then": ["say"], **fields})
