"""Who asks for status callbacks: the API, `<Dial>`, numbers, applications, scenarios."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from runner.sandbox import AUTH_TOKEN, Person, Sandbox
from runner.sandbox.callbacks import EVENTS
from runner.sandbox.generator import populate
from runner.sandbox.scenario import enact, read_scenario
from tests.sandbox.conftest import Http
from tests.sandbox.listener import PATH, Listener, listening
from tests.sandbox.sdk import using

US, THEM = "+14155550100", "+14155550111"
HELLO = "<Response><Say>Hello</Say></Response>"
LIFE = ["initiated", "ringing", "in-progress", "completed"]


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    async with listening() as opened:
        yield opened


async def play(sandbox: Sandbox, millis: int = 120_000) -> None:
    await sandbox.advance(millis)
    await sandbox.delivered()


async def test_the_sdk_makes_a_call_that_tells(sandbox: Sandbox, listener: Listener) -> None:
    def deed(client: Any) -> Any:
        return client.calls.create(
            to=THEM,
            from_=US,
            twiml=HELLO,
            status_callback=listener.url,
            status_callback_event=list(EVENTS),
        )

    made = await using(sandbox, deed)
    await play(sandbox)
    assert {form["CallSid"] for form in listener.forms} == {made.sid}
    assert listener.statuses == LIFE
    assert all(listener.signed(request, AUTH_TOKEN) for request in listener.requests)


async def test_the_journal_has_every_value_of_a_field(
    sandbox: Sandbox, http: Http, listener: Listener
) -> None:
    form = [("To", THEM), ("From", US), ("Twiml", HELLO), ("StatusCallback", listener.url)]
    form += [("StatusCallbackEvent", word) for word in ("ringing", "completed")]
    made = await http.ask("POST", f"{http.calls}.json", data=form)
    assert made.status == 201
    (entry,) = (await http.ask("GET", "/sandbox/journal", headers={})).json["requests"]
    assert entry["form"]["StatusCallbackEvent"] == ["ringing", "completed"]
    assert entry["form"]["To"] == THEM
    await play(sandbox)
    assert listener.statuses == ["ringing", "completed"]


async def test_unsaid_it_is_the_end_alone(sandbox: Sandbox, http: Http, listener: Listener) -> None:
    form = {"To": THEM, "From": US, "Twiml": HELLO, "StatusCallback": listener.url}
    await http.create(**form, StatusCallbackMethod="get")
    await play(sandbox)
    (request,) = listener.requests
    assert (request.method, request.query["CallStatus"]) == ("GET", "completed")


@pytest.mark.parametrize("words", ["ringing completed", "busy", "completed,answered"])
async def test_what_is_no_event_makes_the_call_and_tells_nobody(
    sandbox: Sandbox, http: Http, listener: Listener, words: str
) -> None:
    form = {"To": THEM, "From": US, "Twiml": HELLO, "StatusCallback": listener.url}
    made = await http.create(**form, StatusCallbackEvent=words)
    assert made.status == 201
    await play(sandbox)
    assert listener.requests == []
    path = f"{http.calls}/{made.json['sid']}/Notifications.json?Log=1"
    (notice,) = (await http.ask("GET", path)).json["notifications"]
    assert notice["error_code"] == "21626"


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"StatusCallback": "nope"}, 21609),
        ({"StatusCallback": "http://a_b.example/"}, 21609),
        ({"StatusCallback": "http://a.example/", "StatusCallbackMethod": "PUT"}, 21209),
        ({"Timeout": "soon"}, 20001),
        ({"ApplicationSid": "AP" + "0" * 32}, 21218),
    ],
)
async def test_create_refuses(http: Http, form: dict[str, str], code: int) -> None:
    whole = {"To": THEM, "From": US, "Twiml": HELLO} | form
    reply = await http.create(**whole)
    assert (reply.status, reply.json["code"]) == (400, code)


async def test_an_application_says_it_all(sandbox: Sandbox, http: Http, listener: Listener) -> None:
    """Then the form's own URLs are not heeded."""
    sandbox.world.documents["http://app.example/"] = HELLO
    voice = {"voice_url": "http://app.example/", "status_callback": listener.url}
    application = sandbox.add_application("ivr", **voice)
    form = {"Url": "http://127.0.0.1:1/", "StatusCallback": "http://127.0.0.1:1/"}
    made = await http.create(To=THEM, From=US, ApplicationSid=application.sid, **form)
    await play(sandbox)
    assert sandbox.world.heard(made.json["sid"]) == ["Hello"]
    assert listener.statuses == ["completed"]
    mute = sandbox.add_application("mute")
    refused = await http.create(To=THEM, From=US, ApplicationSid=mute.sid)
    assert refused.json["code"] == 21218


@pytest.mark.parametrize(("given", "rings"), [("7", 7), ("900", 600), (None, 60)])
async def test_a_call_rings_for_its_timeout(
    sandbox: Sandbox, http: Http, listener: Listener, given: str | None, rings: int
) -> None:
    sandbox.world.people[THEM] = Person(ring=None)
    form = {"To": THEM, "From": US, "Twiml": HELLO, "StatusCallback": listener.url}
    await http.create(**form, **({} if given is None else {"Timeout": given}))
    await play(sandbox, 1_000 + rings * 1_000 - 1)
    assert listener.statuses == []
    await play(sandbox, 1)
    assert listener.statuses == ["no-answer"]


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"Url": "http://app.example/"}, ["/twilio/status?new"]),
        ({"Twiml": HELLO}, []),
        ({"TimeLimit": "60"}, []),
        ({}, []),
    ],
)
async def test_an_update_tells_only_with_a_url(
    sandbox: Sandbox, http: Http, listener: Listener, form: dict[str, str], told: list[str]
) -> None:
    sandbox.world.documents["http://app.example/"] = HELLO
    row = sandbox.add_call()
    reply = await http.update(row.sid, StatusCallback=f"{listener.url}?new", **form)
    assert reply.status == 200
    await play(sandbox)
    assert [request.target for request in listener.requests] == told


async def test_an_update_moves_the_address_and_not_the_events(
    sandbox: Sandbox, http: Http, listener: Listener
) -> None:
    sandbox.world.documents["http://app.example/"] = HELLO
    row = sandbox.add_call(**listener.asked("answered"))
    await http.update(row.sid, Url="http://app.example/", StatusCallback=f"{listener.url}?new")
    await play(sandbox)
    assert [request.target for request in listener.requests] == [PATH]


@pytest.mark.parametrize("noun", ["Number", "Sip", "Client"])
async def test_a_dialled_leg_tells(sandbox: Sandbox, listener: Listener, noun: str) -> None:
    attributes = f'statusCallback="{listener.url}" statusCallbackEvent="{" ".join(EVENTS)}"'
    twiml = f"<Response><Dial><{noun} {attributes}>{THEM}</{noun}></Dial></Response>"
    person = Person(talk=5_000)
    for address in (THEM, f"client:{THEM}"):
        sandbox.world.people[address] = person
    parent = sandbox.add_call(twiml=twiml)
    await play(sandbox)
    assert listener.statuses == LIFE
    (child,) = [row for row in sandbox.world.shelf if row.parent_call_sid]
    told = {"CallSid": child.sid, "ParentCallSid": parent.sid, "Direction": "outbound-dial"}
    assert all(form.items() >= told.items() for form in listener.forms)


async def test_a_noun_that_can_not_be_heeded_warns(
    sandbox: Sandbox, http: Http, listener: Listener
) -> None:
    nouns = "".join(
        f"<Number {attributes}>{THEM}</Number>"
        for attributes in (
            'statusCallback="http://a_b.example/"',
            f'statusCallback="{listener.url}" statusCallbackMethod="PUT"',
            f'statusCallback="{listener.url}" statusCallbackEvent="busy completed"',
        )
    )
    sandbox.world.people[THEM] = Person(outcome="busy")
    row = sandbox.add_call(id="a", twiml=f"<Response><Dial>{nouns}</Dial></Response>")
    await play(sandbox)
    assert listener.statuses == ["busy", "busy"]
    path = f"{http.calls}/{row.sid}/Notifications.json"
    notices = (await http.ask("GET", path)).json["notifications"]
    assert [notice["error_code"] for notice in notices] == ["12200"] * 3


async def test_relative_ones_are_of_the_document(sandbox: Sandbox, listener: Listener) -> None:
    document = listener.url.replace("status", "voice")
    dial = f'<Dial><Number statusCallback="status">{THEM}</Number></Dial>'
    sandbox.world.documents[document] = f"<Response>{dial}</Response>"
    sandbox.world.people[THEM] = Person(outcome="busy")
    sandbox.add_call(url=document)
    await play(sandbox)
    assert [request.target for request in listener.requests] == [PATH]


@pytest.mark.parametrize("by", ["number", "application"])
async def test_a_number_tells_of_the_end_of_inbound_calls(
    sandbox: Sandbox, http: Http, listener: Listener, by: str
) -> None:
    if by == "number":
        sandbox.add_number(US, status_callback=listener.url)
    else:
        sandbox.add_application("ivr", status_callback=listener.url)
        sandbox.add_number(US, application="ivr", status_callback="http://127.0.0.1:1/")
    sandbox.add_call(to=US, status="ringing", person=Person(talk=5_000))
    sandbox.add_call(to=US, from_=THEM, direction="outbound-api", person=Person(talk=5_000))
    await play(sandbox)
    (form,) = listener.forms
    assert (form["CallStatus"], form["Direction"]) == ("completed", "inbound")
    path = "IncomingPhoneNumbers" if by == "number" else "Applications"
    page = (await http.ask("GET", f"{http.calls.removesuffix('Calls')}{path}.json")).json
    (shown,) = page[{"number": "incoming_phone_numbers"}.get(by, "applications")]
    assert (shown["status_callback"], shown["status_callback_method"]) == (listener.url, "POST")


SCENARIO = """\
defaults:
  status_callback: URL
  status_callback_event: [answered, completed]
calls:
  - {id: by-default, status: ringing, talk: 5s}
  - {id: of-its-own, status: ringing, talk: 5s, status_callback_event: ringing}
  - {id: elsewhere, status: ringing, talk: 5s, status_callback: URL,
     status_callback_method: GET}
"""


async def test_a_scenario_tells(sandbox: Sandbox, listener: Listener) -> None:
    text = SCENARIO.replace("URL", listener.url)
    scenario, problems = read_scenario("calls.yaml", text.encode())
    assert problems == []
    enact(sandbox, scenario)
    await play(sandbox)
    told: dict[str, list[str]] = {}
    for request in listener.requests:
        fields = request.form or request.query
        told.setdefault(fields["CallSid"], []).append(f"{request.method} {fields['CallStatus']}")
    assert told == {
        sandbox.world.sid_of("by-default"): ["POST in-progress", "POST completed"],
        sandbox.world.sid_of("of-its-own"): ["POST ringing"],
        sandbox.world.sid_of("elsewhere"): ["GET in-progress", "GET completed"],
    }


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("calls:\n  - {status_callback: nowhere}", "2:23", "URL"),
        ("calls:\n  - {status_callback_event: ringing}", "2:29", "without status_callback"),
        ("calls:\n  - {status_callback: http://a/, status_callback_event: busy}", "2:57", "none"),
        ("calls:\n  - {status_callback: http://a/, status_callback_event: []}", "2:57", "list"),
        ("defaults: {status_callback_event: [ringin]}", "1:35", "did you mean ringing?"),
        ("defaults: {status: ringing}", "1:12", "no key 'status'"),
        ("defaults: [1]", "1:11", "keys and values"),
    ],
)
def test_a_scenario_that_can_not_tell(text: str, where: str, words: str) -> None:
    _, problems = read_scenario("calls.yaml", text.encode())
    (problem,) = problems
    position = problem.position
    assert f"{position.line}:{position.column}" == where
    assert words in f"{problem.message} {problem.hint}"


async def test_generated_calls_tell_of_everything(sandbox: Sandbox, listener: Listener) -> None:
    sandbox.add_account("acme", parent="main")
    worlds = [sandbox.world, sandbox.world_of("acme")]
    populate(worlds, 6, 1.0, seed=2, status_callback=listener.url)
    await play(sandbox, 30_000)
    told = {form["AccountSid"] for form in listener.forms}
    assert told == {sandbox.account_sid, sandbox.account("acme").sid}
    assert {"initiated", "ringing", "in-progress"} <= set(listener.statuses)
