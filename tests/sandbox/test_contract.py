"""The contract: every answer has Twilio's shape, by the facts and by its OpenAPI document."""

from __future__ import annotations

import re
from typing import Any

import pytest

from runner.sandbox import Sandbox
from runner.sandbox.entries import FIRST_STATUSES
from runner.sandbox.routes import ROUTES
from runner.sandbox.rows import STATUSES
from tests.sandbox import openapi
from tests.sandbox.conftest import Http

FIELDS = {
    *("sid", "account_sid", "parent_call_sid", "phone_number_sid", "group_sid", "trunk_sid"),
    *("to", "from", "to_formatted", "from_formatted", "forwarded_from", "caller_name"),
    *("status", "direction", "date_created", "date_updated", "start_time", "end_time"),
    *("duration", "price", "price_unit", "answered_by", "queue_time", "api_version"),
    *("uri", "subresource_uris"),
}
ENVELOPE = {
    *("calls", "first_page_uri", "next_page_uri", "previous_page_uri", "page", "page_size"),
    *("start", "end", "uri"),
}
QUERY = {
    "To": "+14155550100",
    "From": "+14155550199",
    "ParentCallSid": "CA" + "0" * 32,
    "Status": "in-progress",
    "StartTime": "2009-07-06",
    "StartTime<": "2009-07-06",
    "StartTime>": "2009-07-06",
    "EndTime": "2009-07-06",
    "EndTime<": "2009-07-06",
    "EndTime>": "2009-07-06",
    "PageSize": 1000,
    "Page": 0,
    "PageToken": "PACA" + "0" * 32,
}
UPDATES: list[dict[str, Any]] = [
    {"Twiml": "<Response/>"},
    {"Url": "http://127.0.0.1:1/", "Method": "GET"},
    {"Url": "http://127.0.0.1:1/", "FallbackUrl": "http://127.0.0.1:1/", "FallbackMethod": "POST"},
    {"StatusCallback": "http://127.0.0.1:1/", "StatusCallbackMethod": "POST"},
    {"TimeLimit": 60},
    {"Status": "canceled"},
    {"Status": "completed"},
]
CREATE: dict[str, Any] = {
    "To": "+14155550111",
    "From": "+14155550100",
    "Twiml": "<Response/>",
    "MachineDetection": "Enable",
    "TimeLimit": 60,
}
CREATES: list[dict[str, Any]] = [
    {"Url": "http://127.0.0.1:1/", "Method": "GET", "FallbackUrl": "http://127.0.0.1:1/"},
    {"Url": "http://127.0.0.1:1/", "Twiml": "<Response/>"},
    {"ApplicationSid": "AP" + "0" * 32},
    {
        "Twiml": "<Response/>",
        "Timeout": 20,
        "StatusCallback": "http://127.0.0.1:1/",
        "StatusCallbackMethod": "POST",
        "StatusCallbackEvent": ["initiated", "ringing", "answered", "completed"],
    },
]
DATE = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000\Z")
SID = re.compile(r"(CA|AC|PN|GP|TK)[0-9a-f]{32}\Z")

documented = pytest.mark.skipif(
    openapi.document() is None, reason="Twilio's OpenAPI document is not on this machine"
)


def check_call(call: dict[str, Any]) -> None:
    """A call as the facts describe it."""
    assert set(call) == FIELDS
    uris = call["subresource_uris"]
    assert all(uri.startswith(call["uri"].removesuffix(".json")) for uri in uris.values())
    for name in FIELDS - {"subresource_uris"}:
        assert call[name] is None or isinstance(call[name], str), name
        if call[name] is not None and name.endswith("sid"):
            assert SID.match(call[name]), name
    for name in ("date_created", "date_updated", "start_time", "end_time"):
        assert call[name] is None or DATE.match(call[name]), name
    assert call["status"] in STATUSES
    assert (call["duration"] is not None) == (call["status"] == "completed")


async def every_call(sandbox: Sandbox, http: Http) -> list[dict[str, Any]]:
    """Calls of every kind: each first status, each end, an API call, a dialled leg."""
    for status in FIRST_STATUSES:
        sandbox.add_call(status=status, age=1_000, caller_name="ADA", forwarded_from="+1415")
    parent = sandbox.add_call(twiml="<Response><Dial>+442079460958</Dial></Response>")
    sandbox.add_call(to="client:ada", from_="sip:bob@example.com", answered_by="machine_start")
    for status in ("ringing", "queued"):
        await http.update(sandbox.add_call(status=status).sid, Status="canceled")
    await http.create(**{name: str(value) for name, value in CREATE.items()})
    await sandbox.advance(100)
    assert any(row.parent_call_sid == parent.sid for row in sandbox.world.shelf)
    return await http.walk(PageSize=3)


async def test_calls_have_the_26_fields_as_text(sandbox: Sandbox, http: Http) -> None:
    calls = await every_call(sandbox, http)
    assert len(FIELDS) == 26
    assert {call["status"] for call in calls} >= {*FIRST_STATUSES, "canceled"}
    for call in calls:
        check_call(call)
        assert (await http.fetch(call["sid"])).json == call


async def test_pages_have_the_envelope(sandbox: Sandbox, http: Http) -> None:
    await every_call(sandbox, http)
    uri = f"{http.calls}.json?PageSize=2"
    while uri is not None:
        page = (await http.ask("GET", uri)).json
        assert set(page) == ENVELOPE
        assert all(page[n] is None or page[n].startswith(http.calls) for n in page if "uri" in n)
        uri = page["next_page_uri"]


@pytest.mark.parametrize("form", UPDATES, ids=lambda form: "-".join(form))
async def test_an_update_answers_the_call(
    sandbox: Sandbox, http: Http, form: dict[str, Any]
) -> None:
    row = sandbox.add_call()
    reply = await http.update(row.sid, **{name: str(value) for name, value in form.items()})
    assert reply.status == 200
    check_call(reply.json)


@documented
async def test_answers_fit_the_document(sandbox: Sandbox, http: Http) -> None:
    page, one = openapi.response(".json", "get", 200), openapi.response("/{Sid}.json", "get", 200)
    for call in await every_call(sandbox, http):
        one.validate(call)
    for query in ({}, {"PageSize": 2}, {"Status": "failed"}):
        page.validate((await http.page(**query)).json)
    created = await http.create(**{name: str(value) for name, value in CREATE.items()})
    openapi.response(".json", "post", 201).validate(created.json)
    updated = openapi.response("/{Sid}.json", "post", 200)
    for form in UPDATES:
        sid = sandbox.add_call().sid
        reply = await http.update(sid, **{name: str(value) for name, value in form.items()})
        updated.validate(reply.json)


@documented
def test_the_document_is_checked_in_earnest() -> None:
    one = openapi.response("/{Sid}.json", "get", 200)
    assert one.is_valid({"sid": None})
    assert not one.is_valid({"sid": "CA1"})
    assert not one.is_valid({"duration": 5})
    assert not one.is_valid({"status": "initiated"})


@documented
def test_the_facts_are_the_documents() -> None:
    call = openapi.properties(openapi.response("/{Sid}.json", "get", 200))
    assert set(call) == FIELDS
    assert set(openapi.properties(openapi.response(".json", "get", 200))) == ENVELOPE
    named = {p["name"] for p in openapi.operation(".json", "get")["parameters"]} - {"AccountSid"}
    assert named == set(QUERY)
    assert set(call["status"]["enum"]) == set(STATUSES)


@documented
def test_requests_fit_the_document() -> None:
    for name, value in QUERY.items():
        openapi.query(name).validate(value)
    for form in UPDATES:
        assert set(form) <= set(openapi.properties(openapi.form("/{Sid}.json")))
        openapi.form("/{Sid}.json").validate(form)
    assert set(CREATE) <= set(openapi.properties(openapi.form(".json")))
    openapi.form(".json").validate(CREATE)


@pytest.mark.parametrize("name", [n for n in QUERY if n not in ("Page", "PageToken")])
async def test_every_parameter_is_heeded(sandbox: Sandbox, http: Http, name: str) -> None:
    page = (await http.ask("GET", f"{http.calls}.json", params={name: str(QUERY[name])})).json
    kept = name.replace("<", "%3C").replace(">", "%3E")
    assert f"{kept}=" in page["uri"]
    assert f"{kept}=" in page["first_page_uri"]


def subresources() -> list[tuple[str, str]]:
    """What stands below a call in the table, as the document writes it, without what it is for."""
    below = [route for route in ROUTES if route.shape.startswith("Calls/*/")]
    return [
        (route.shape.removeprefix("Calls/*").replace("/*", "/{Sid}"), route.method)
        for route in below
    ]


@documented
@pytest.mark.parametrize(("path", "method"), subresources())
def test_every_row_below_a_call_is_in_the_document(path: str, method: str) -> None:
    assert openapi.operation(f"/{{CallSid}}{path}.json", method.lower())


@documented
def test_the_document_has_nothing_more_about_calls_themselves() -> None:
    found = openapi.document()
    assert found is not None
    paths = {"Calls": openapi.PREFIX + ".json", "Calls/*": openapi.PREFIX + "/{Sid}.json"}
    documented = {
        (shape, method.upper())
        for shape, path in paths.items()
        for method in found["paths"][path]
        if method in ("get", "post", "delete")
    }
    assert documented == {(r.shape, r.method) for r in ROUTES if r.shape in paths}


@documented
@pytest.mark.parametrize("form", CREATES, ids=lambda form: "-".join(form))
async def test_what_can_be_created_fits_the_document(
    sandbox: Sandbox, http: Http, form: dict[str, Any]
) -> None:
    if "ApplicationSid" in form:
        application = sandbox.add_application("ivr", voice_url="http://127.0.0.1:1/")
        form = form | {"ApplicationSid": application.sid}
    whole: dict[str, Any] = {"To": "+14155550111", "From": "+14155550100"} | form
    openapi.form(".json").validate(whole)
    assert set(whole) <= set(openapi.properties(openapi.form(".json")))
    pairs = [
        (name, str(each))
        for name, value in whole.items()
        for each in (value if isinstance(value, list) else [value])
    ]
    reply = await http.ask("POST", f"{http.calls}.json", data=pairs)
    assert reply.status == 201
    check_call(reply.json)
    openapi.response(".json", "post", 201).validate(reply.json)


@documented
def test_a_call_can_not_be_created_without_to_and_from() -> None:
    """And whatever else is wanted, the document leaves to words."""
    assert openapi.form(".json").schema["required"] == ["To", "From"]  # type: ignore[index]


@documented
def test_the_document_has_nothing_more_below_a_call() -> None:
    found = openapi.document()
    assert found is not None
    prefix = openapi.PREFIX + "/{CallSid}"
    documented = {
        (path.removeprefix(prefix).removesuffix(".json"), method.upper())
        for path, operations in found["paths"].items()
        if path.startswith(prefix)
        for method in operations
        if method in ("get", "post", "delete")
    }
    assert documented == set(subresources())


async def test_what_is_not_there_is_20404(sandbox: Sandbox, http: Http) -> None:
    call = f"{http.calls}/{sandbox.add_call().sid}"
    account = http.calls.removesuffix("/Calls")
    for method, path in (
        ("GET", f"{call}/Streams.json"),
        ("DELETE", f"{call}/Recordings.json"),
        ("GET", f"{call}/UserDefinedMessages.json"),
        ("GET", f"{call}/Payments.json"),
        ("GET", f"{call}/Recordings"),
        ("GET", f"{call}/Recordings/.json"),
        ("GET", f"{call}/Recordings/RE/Media.json"),
        ("POST", f"{account}/IncomingPhoneNumbers.json"),
        ("GET", f"{account}/.json"),
    ):
        reply = await http.ask(method, path)
        assert (reply.status, reply.json["code"]) == (404, 20404), (method, path)
