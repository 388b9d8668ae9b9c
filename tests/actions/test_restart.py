"""`restart`: the call begins again as a call to its number does, or says why it can't."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.actions.playing import NUMBER, SITE, acted, became, pages
from tests.site import Site, open_site

SILENCE = "<Response><Pause length='600'/></Response>"
FLOW = {"version": 1, "flow": "f", "rules": [{"id": "a", "match": {"to": NUMBER}, "then": []}]}


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with open_site(tmp_path) as opened:
        pages(opened, voice="<Say>Welcome.</Say><Pause length='5'/>", sorry="<Say>Sorry.</Say>")
        yield opened


async def test_the_call_hears_the_beginning_again(site: Site) -> None:
    site.sandbox.add_number(NUMBER, voice_url=SITE + "voice", voice_method="GET")
    await acted(site, "restart", twiml=SILENCE)
    assert [line[1:] for line in await became(site, 60)] == [
        ("says", "Welcome."),
        ("pauses", "5 s"),
        ("status", "completed"),
    ]


async def test_speech_may_come_before(site: Site) -> None:
    site.sandbox.add_number(NUMBER, voice_url=SITE + "voice")
    await acted(site, {"say": "Once more."}, "restart", twiml=SILENCE)
    assert (await became(site, 60))[1][1:] == ("says", "Welcome.")
    assert site.sandbox.world.heard("ada") == ["Once more.", "Welcome."]


async def test_an_application_may_stand_for_the_number(site: Site) -> None:
    site.sandbox.add_application("desk", voice_url=SITE + "voice")
    site.sandbox.add_number(NUMBER, application="desk")
    await acted(site, "restart", twiml=SILENCE)
    await became(site, 60)
    assert site.sandbox.world.heard("ada") == ["Welcome."]


async def test_the_number_is_looked_up_once_for_many_calls(site: Site) -> None:
    site.sandbox.add_number(NUMBER, voice_url=SITE + "voice")
    site.sandbox.add_call(id="bob", from_="+14155550111")
    await acted(site, "restart", twiml=SILENCE)
    assert len(site.updates()) == 2
    assert len(site.sandbox.journal.of("number")) == 1


@pytest.mark.parametrize(
    "number", [None, {}, {"trunk": "TK" + "0a" * 16, "voice_url": SITE + "voice"}]
)
async def test_where_there_is_no_url_it_fails_and_says_so(
    site: Site, number: dict[str, str] | None
) -> None:
    if number is not None:
        site.sandbox.add_number(NUMBER, **number)
    site.sandbox.add_call(id="ada")
    rule = FLOW["rules"][0] | {"then": ["restart"]}  # type: ignore[index]
    site.flows(json.dumps(FLOW | {"rules": [rule]}))
    await site.poll()
    (entry,) = await site.history()
    assert entry.outcome == "failed"
    assert "number" in entry.detail
    assert site.updates() == []
    assert site.sandbox.world.call("ada").status == "in-progress"
