"""Promises of `announce`: what is spoken, who hears it, and that the call stays where it is."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from aiohttp import web
from hypothesis import given

from runner.actions import ACTIONS
from runner.actions.templates import clean
from runner.console.web.served import Documents, routes
from runner.sides import Side
from tests.actions.rendering import actions, held
from tests.actions.siding import column, line, refusal, side, words
from tests.actions.test_hostile import HOSTILE, values
from tests.site import Site, open_site


def spoken(value: Any, **fields: str | None) -> tuple[str, dict[str, str]]:
    """What is said, and the attributes of the only verb of the document."""
    made = side("announce", value, **fields)
    assert (made.route, made.target, set(made.fields)) == ("conference", "", {"Twiml"})
    assert not made.repeatable
    root = ElementTree.fromstring(made.fields["Twiml"])
    assert (root.tag, [verb.tag for verb in root]) == ("Response", ["Say"])
    assert list(root[0]) == []
    return root[0].text or "", root[0].attrib


def test_a_text_is_a_document_and_a_url_is_a_url() -> None:
    assert spoken("Five minutes are left.") == ("Five minutes are left.", {})
    own = {"text": "Hola.", "voice": "Polly.Lupe", "language": "es-US"}
    assert spoken(own) == ("Hola.", {"voice": "Polly.Lupe", "language": "es-US"})
    url = "https://a.example/x?call={{ sid }}"
    assert side("announce", {"url": url}) == Side(
        "conference", fields={"AnnounceUrl": f"https://a.example/x?call=CA{'1' * 32}"}
    )
    made = side("announce", {"url": "https://a.example/x", "method": "GET"})
    assert made.fields == {"AnnounceUrl": "https://a.example/x", "AnnounceMethod": "GET"}


def test_the_flows_voice_speaks() -> None:
    made = ACTIONS["announce"].prepare("Hi.", {"voice": "Polly.Amy", "language": "en-GB"})
    assert made == {"voice": "Polly.Amy", "language": "en-GB", "text": "Hi."}
    made = ACTIONS["announce"].prepare({"url": "https://a.example/x"}, {"voice": "Polly.Amy"})
    assert made == {"url": "https://a.example/x"}


def test_it_stays_and_says_so() -> None:
    (action,) = actions("announce: Hi.")
    kind = ACTIONS["announce"]
    assert kind.stays(action.arguments)
    assert not kind.undone(action.arguments)
    assert words("announce", "Hi.") == ("speaks to it in its conference, and leaves it there",)
    assert kind.statuses == ("in-progress",)


@given(values)
def test_whatever_a_caller_is_called_is_spoken_and_nothing_else(value: str) -> None:
    text, attributes = spoken("<{{ caller_name | default('you') }}>", caller_name=value)
    expected = clean(value)
    assert (text, attributes) == (f"<{expected if expected.strip() else 'you'}>", {})


@pytest.mark.parametrize("written", ["</Say></Response>", "a & b\nc", '"quoted"', "\u202eleft"])
def test_what_an_author_writes_is_escaped_once(written: str) -> None:
    assert spoken(written)[0] == written


@pytest.mark.parametrize("text", ["  ", "a\x07", "x" * 5_001, "\x00"])
def test_what_can_be_said_to_nobody(text: str) -> None:
    assert refusal("announce", text) == ("bad-argument", column("announce", text, text))
    value = {"text": text}
    assert refusal("announce", value) == ("bad-argument", column("announce", value, text))


@pytest.mark.parametrize("url", ["notice", "wss://a.example", "https://a.example/\r\nX: 1", "//a"])
def test_where_nothing_can_be_fetched(url: str) -> None:
    value = {"url": url}
    assert refusal("announce", value) == ("bad-url", column("announce", value, url))


@pytest.mark.parametrize(
    "value",
    [
        {"url": "https://a.example/x", "text": "Hi."},
        {"url": "https://a.example/x", "voice": "alice"},
        {"text": "Hi.", "method": "GET"},
        {"voice": "alice"},
    ],
)
def test_a_text_or_a_url(value: Any) -> None:
    assert refusal("announce", value)[0] == "bad-argument"


def test_a_text_that_a_value_makes_too_long_holds_the_rule_back() -> None:
    only = held(line("announce", "{{ caller_name }}"), caller_name="x" * 5_001)
    assert only.detail == "the text is 5,001 characters long; no voice takes over 5,000"


# ---- heard ----------------------------------------------------------------------------------

ROOM = "<Response><Dial><Conference>room</Conference></Dial><Say>Alone.</Say></Response>"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with open_site(tmp_path) as opened:
        yield opened


@asynccontextmanager
async def served(site: Site) -> AsyncIterator[None]:
    """The runner's own documents, on a real port that the sandbox fetches them from."""
    listening = socket.create_server(("127.0.0.1", 0))
    documents = Documents(f"http://127.0.0.1:{listening.getsockname()[1]}", site.time)
    application = web.Application()
    application.add_routes(routes(documents))
    runner = web.AppRunner(application)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    site.engine.reach(publish=documents.publish)
    try:
        yield
    finally:
        await runner.cleanup()


FLOW = """
version: 1
flow: notice
match: {from: "+14155550199"}
rules:
  - id: say
    match: {caller_name: {exists: true}}
    then: [announce: "Hello {{ caller_name }}."]
"""


async def test_only_the_party_that_is_meant_hears_it_and_stays(site: Site) -> None:
    site.flows(FLOW)
    for number, name in enumerate(HOSTILE[:4]):
        site.sandbox.add_call(id=f"c{number}", caller_name=name, twiml=ROOM)
    site.sandbox.add_call(id="other", from_="+14155550111", caller_name="B", twiml=ROOM)
    await site.sandbox.advance(1_000)
    async with served(site):
        await site.poll()
        await site.sandbox.advance(20_000)
    assert {outcome for _, outcome in await site.outcomes()} == {"done"}
    for number, name in enumerate(HOSTILE[:4]):
        assert site.sandbox.world.heard(f"c{number}") == [f"Hello {' '.join(name.split())}."]
    assert site.sandbox.world.heard("other") == []
    await site.poll()
    assert len(await site.history()) == 4  # once each, and nobody has left


async def test_a_call_in_no_conference_is_told_of_as_such(site: Site) -> None:
    site.flows(FLOW)
    site.sandbox.add_call(caller_name="Ada")
    async with served(site):
        await site.poll()
    (entry,) = await site.history()
    assert entry.outcome == "failed"
    assert entry.detail.startswith("the call is in no conference")


async def test_a_runner_that_nobody_reaches_says_so(site: Site) -> None:
    site.flows(FLOW)
    site.sandbox.add_call(caller_name="Ada", twiml=ROOM)
    site.sandbox.add_call(id="other", from_="+14155550111", twiml=ROOM)
    await site.sandbox.advance(1_000)
    await site.poll()
    (entry,) = await site.history()
    assert entry.outcome == "failed"
    assert "Twilio can't fetch the text from here" in entry.detail
