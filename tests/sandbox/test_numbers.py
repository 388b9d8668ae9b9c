"""Phone numbers and applications: looked up over HTTP, and what calls to them follow."""

from __future__ import annotations

from typing import Any

import pytest

from runner.sandbox import Sandbox
from runner.sandbox.identity import number_sid
from runner.sandbox.scenario import enact, read_scenario
from tests.sandbox import openapi
from tests.sandbox.conftest import Http, Reply
from tests.sandbox.sdk import using
from tests.sandbox.test_control import steer
from tests.sandbox.under import refused

LINE, OTHER = "+14155550100", "+442079460958"
MENU, APP = "https://app.example/menu", "https://app.example/app"
HELLO = "<Response><Say>Hello there</Say><Pause length='60'/></Response>"


async def ask(http: Http, what: str, sid: str = "", **query: str) -> Reply:
    """Reads numbers or applications; a good answer must fit the document."""
    tail = f"{what}/{sid}.json" if sid else f"{what}.json"
    path = f"/2010-04-01/Accounts/{http.sandbox.account_sid}/{tail}"
    reply = await http.ask("GET", path, params=query)
    if reply.status == 200 and openapi.document() is not None:
        shape = f"{what}/{{Sid}}.json" if sid else f"{what}.json"
        openapi.account_response("/Accounts/{AccountSid}/" + shape).validate(reply.json)
    return reply


async def listed(http: Http, **query: str) -> list[str]:
    page = (await ask(http, "IncomingPhoneNumbers", **query)).json
    return [number["phone_number"] for number in page["incoming_phone_numbers"]]


async def test_a_number_is_looked_up_by_number_and_by_sid(sandbox: Sandbox, http: Http) -> None:
    fields = {"voice_url": MENU, "voice_method": "GET", "voice_fallback_url": APP}
    sid = sandbox.add_number(LINE, name="Desk", **fields).sid
    sandbox.add_number(OTHER)
    page = (await ask(http, "IncomingPhoneNumbers", PhoneNumber=LINE)).json
    [number] = page["incoming_phone_numbers"]
    assert number == (await ask(http, "IncomingPhoneNumbers", sid)).json
    assert number["phone_number"] == LINE
    assert number["friendly_name"] == "Desk"
    assert {name: number[name] for name in fields} == fields
    assert (number["voice_application_sid"], number["trunk_sid"]) == (None, None)


async def test_numbers_are_filtered_and_paged(sandbox: Sandbox, http: Http) -> None:
    lines = [f"+1415555010{n}" for n in range(5)]
    for line in [*lines, OTHER]:
        sandbox.add_number(line)
    assert await listed(http) == [OTHER, *lines[::-1]]
    assert await listed(http, PhoneNumber="415555010*") == lines[::-1]
    assert await listed(http, PhoneNumber="+4420") == [OTHER]
    assert await listed(http, PhoneNumber="555.") == []
    assert await listed(http, FriendlyName="(415) 555-0103") == [lines[3]]
    page = (await ask(http, "IncomingPhoneNumbers", PageSize="4")).json
    found = page["incoming_phone_numbers"]
    rest = (await http.ask("GET", page["next_page_uri"])).json
    assert [n["phone_number"] for n in found + rest["incoming_phone_numbers"]] == [
        OTHER,
        *lines[::-1],
    ]
    assert rest["next_page_uri"] is None


async def test_an_inbound_call_leads_to_its_number(sandbox: Sandbox, http: Http) -> None:
    sandbox.add_number(LINE, voice_url=MENU)
    call = (await http.fetch(sandbox.add_call(to=LINE).sid)).json
    number = (await ask(http, "IncomingPhoneNumbers", call["phone_number_sid"])).json
    assert (number["phone_number"], number["voice_url"]) == (LINE, MENU)
    stranger = (await http.fetch(sandbox.add_call(to=OTHER).sid)).json
    reply = await ask(http, "IncomingPhoneNumbers", stranger["phone_number_sid"])
    assert refused(reply) == (404, 20404)


async def test_a_call_follows_its_numbers_voice_url(sandbox: Sandbox) -> None:
    sandbox.world.documents[MENU] = HELLO
    sandbox.add_number(LINE, voice_url=MENU)
    sandbox.add_call(id="in", to=LINE)
    sandbox.add_call(id="own", to=LINE, twiml="<Response><Pause length='60'/></Response>")
    sandbox.add_call(id="out", to=LINE, direction="outbound-dial")
    sandbox.add_call(id="stranger", to=OTHER)
    await sandbox.advance(1_000)
    heard = {name: sandbox.world.heard(name) for name in ("in", "own", "out", "stranger")}
    assert heard == {"in": ["Hello there"], "own": [], "out": [], "stranger": []}


async def test_the_fallback_is_followed_where_the_url_fails(sandbox: Sandbox) -> None:
    sandbox.world.documents[APP] = HELLO
    sandbox.add_number(LINE, voice_url=MENU, voice_fallback_url=APP)
    sandbox.add_call(id="in", to=LINE)
    await sandbox.advance(1_000)
    assert sandbox.world.heard("in") == ["Hello there"]


async def test_an_application_outdoes_the_number(sandbox: Sandbox, http: Http) -> None:
    sandbox.world.documents[APP] = HELLO
    sid = sandbox.add_application("ivr", voice_url=APP, voice_method="GET").sid
    number = sandbox.add_number(LINE, voice_url=MENU, application="ivr")
    sandbox.add_call(id="in", to=LINE)
    await sandbox.advance(1_000)
    assert sandbox.world.heard("in") == ["Hello there"]
    shown = (await ask(http, "IncomingPhoneNumbers", number.sid)).json
    assert (shown["voice_application_sid"], shown["voice_url"]) == (sid, MENU)
    application = (await ask(http, "Applications", sid)).json
    assert (application["friendly_name"], application["voice_url"]) == ("ivr", APP)
    assert (application["voice_method"], application["sid"][:2]) == ("GET", "AP")
    page = (await ask(http, "Applications", FriendlyName="ivr")).json
    assert page["applications"] == [application]
    assert (await ask(http, "Applications", FriendlyName="no")).json["applications"] == []
    assert refused(await ask(http, "Applications", "AP" + "0" * 32)) == (404, 20404)


async def test_a_trunk_answers_instead(sandbox: Sandbox, http: Http) -> None:
    sandbox.world.documents[MENU] = HELLO
    number = sandbox.add_number(LINE, voice_url=MENU, trunk="pbx")
    sandbox.add_call(id="in", to=LINE)
    await sandbox.advance(1_000)
    assert sandbox.world.heard("in") == []
    assert (await ask(http, "IncomingPhoneNumbers", number.sid)).json["trunk_sid"][:2] == "TK"


async def test_a_number_can_be_changed(sandbox: Sandbox, http: Http) -> None:
    first = sandbox.add_number(LINE, voice_url=MENU)
    await sandbox.advance(5_000)
    second = sandbox.add_number(LINE, voice_url=APP)
    assert (second.sid, second.order) == (first.sid, first.order)
    shown = (await ask(http, "IncomingPhoneNumbers", first.sid)).json
    assert shown["voice_url"] == APP
    assert shown["date_updated"] != shown["date_created"]
    assert await listed(http) == [LINE]


async def test_numbers_are_each_accounts_own(sandbox: Sandbox, http: Http) -> None:
    acme = sandbox.add_account("acme", parent="main")
    sid = sandbox.add_number(LINE, account="acme", voice_url=MENU).sid
    assert await listed(http) == []
    assert refused(await ask(http, "IncomingPhoneNumbers", sid)) == (404, 20404)
    path = f"/2010-04-01/Accounts/{acme.sid}/IncomingPhoneNumbers/{sid}.json"
    assert (await http.ask("GET", path)).json["account_sid"] == acme.sid
    http.auth = (acme.sid, "wrong")
    assert refused(await http.ask("GET", path)) == (401, 20003)


@pytest.mark.parametrize(
    ("number", "fields"),
    [
        ("4155550100", {}),
        ("+1 415", {}),
        (LINE, {"voice_url": "menu.xml"}),
        (LINE, {"voice_method": "PUT"}),
        (LINE, {"application": "nobody"}),
        (LINE, {"account": "nobody"}),
        (LINE, {"voice": MENU}),
    ],
)
def test_what_is_no_number_is_refused(
    sandbox: Sandbox, number: str, fields: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        sandbox.add_number(number, **fields)
    assert sandbox.world.book.numbers == {}


def test_an_application_has_a_name(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="name"):
        sandbox.add_application("")


SCENARIO = f"""\
accounts: [acme]
documents:
  {MENU}: <Response><Say>Hello there</Say></Response>
applications:
  ivr: {{voice_url: {MENU}, voice_method: GET}}
numbers:
  "{LINE}": {{application: ivr, name: Desk}}
  "{OTHER}": {{account: acme, voice_url: {MENU}}}
  "+4930123456":
calls:
  - {{id: in, to: "{LINE}"}}
"""


async def test_a_scenario_has_numbers(sandbox: Sandbox, http: Http) -> None:
    scenario, problems = read_scenario("calls.yaml", SCENARIO.encode())
    assert problems == []
    enact(sandbox, scenario)
    await sandbox.advance(500)
    assert sandbox.world.heard("in") == ["Hello there"]
    assert await listed(http) == ["+4930123456", LINE]
    assert number_sid(OTHER) in sandbox.world_of("acme").book.numbers


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        ('numbers:\n  "4155": {}', 2, "bad-value"),
        ('numbers:\n  "+4155": {voice_url: menu}', 2, "bad-value"),
        ('numbers:\n  "+4155": {voice: x}', 2, "unknown-key"),
        ('numbers:\n  "+4155": {voice_method: PUT}', 2, "bad-value"),
        ('numbers:\n  "+4155": {application: ivr}', 2, "no-application"),
        ('numbers:\n  "+4155": {account: acme}', 2, "no-account"),
        ('numbers:\n  "+4155": here', 2, "wrong-type"),
        ("numbers: [1]", 1, "wrong-type"),
        ("applications:\n  ivr: {application: x}", 2, "unknown-key"),
        ("applications:\n  ivr: {account: acme}", 2, "no-account"),
    ],
)
def test_a_scenarios_mistakes_have_places(text: str, line: int, code: str) -> None:
    _, [problem] = read_scenario("calls.yaml", text.encode())
    assert (problem.position.line, problem.code) == (line, code)


async def test_numbers_come_by_the_control_api(sandbox: Sandbox, http: Http) -> None:
    body = {
        "applications": {"ivr": {"voice_url": MENU}},
        "numbers": {LINE: {"application": "ivr"}, OTHER: {"voice_url": APP}},
    }
    made = await steer(http, "POST", "numbers", body)
    assert (made.status, made.json["numbers"][LINE]) == (201, number_sid(LINE))
    assert await listed(http) == [OTHER, LINE]
    told = (await steer(http, "GET", "numbers")).json
    assert [each["number"] for each in told["numbers"]] == [LINE, OTHER]
    assert [each["name"] for each in told["applications"]] == ["ivr"]


@pytest.mark.parametrize(
    "body",
    [
        {"numbers": [LINE]},
        {"numbers": {"12": {}}},
        {"numbers": {LINE: {"application": "none"}}},
        {"applications": {"ivr": {"voice_url": "x"}}},
    ],
)
async def test_the_control_api_says_what_is_wrong(http: Http, body: Any) -> None:
    reply = await steer(http, "POST", "numbers", body)
    assert reply.status == 400
    assert reply.json["error"]


async def test_the_sdk_looks_numbers_up(sandbox: Sandbox) -> None:
    sandbox.add_application("ivr", voice_url=APP)
    sid = sandbox.add_number(LINE, application="ivr").sid

    def look(client: Any) -> tuple[str, str]:
        [number] = client.incoming_phone_numbers.list(phone_number=LINE)
        assert number.sid == client.incoming_phone_numbers(sid).fetch().sid == sid
        application = client.applications(number.voice_application_sid).fetch()
        assert client.applications.list(friendly_name="ivr")[0].sid == application.sid
        return number.phone_number, application.voice_url

    assert await using(sandbox, look) == (LINE, APP)
