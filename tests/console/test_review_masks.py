"""Promises of what is masked: neither order nor search nor any list tells a number or a name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runner.console.picture.livecalls import calls_of
from runner.console.picture.pictures import hiding, status_of
from runner.console.picture.tables import Page
from runner.engine.ports import HistoryQuery, Pause
from tests.cli.desking import open_desk
from tests.console.picture import board_of
from tests.engine.test_rules import flow, rule
from tests.site import SECOND, open_site

TO = "+14155550101"
FLOW = """\
version: 1
flow: names
rules:
  - id: greet
    match: {to: "+14155550101", caller_name: {regex: "Zo.*"}}
    then: [{say: 'Hello {{ caller_name | default("there") }}.'}]
"""


@pytest.mark.parametrize("sort", ["from", "-from"])
async def test_calls_stand_in_the_order_of_what_is_shown_of_them(tmp_path: Path, sort: str) -> None:
    """Who can make calls of a known number could find the others by where theirs come to stand."""
    async with open_site(tmp_path) as site:
        board = board_of(site)
        site.flows(flow(rule("speak", "match: {age: {gte: 1h}}", "[hangup]")))
        numbers = ("+14155590100", "+14155510100", "+14155550100")
        made = [site.sandbox.add_call(from_=each, to="+14155550109").sid for each in numbers]
        await site.poll()
        masked = [call["sid"] for call in calls_of(board, Page(sort=sort))["calls"]]
        assert masked == sorted(made, reverse=sort.startswith("-"))
        shown = calls_of(board, Page(sort=sort, show_numbers=True))["calls"]
        found = [call["from"] for call in shown]
        assert found == sorted(numbers, reverse=sort.startswith("-"))


@pytest.mark.parametrize("name", ["4", "+1", "555", "Zoë 4155550199"])
async def test_a_name_of_digits_uncovers_no_number(tmp_path: Path, name: str) -> None:
    async with open_site(tmp_path) as site:
        board = board_of(site)
        site.flows(flow(rule("speak", "match: {age: {gte: 1h}}", "[hangup]")))
        site.sandbox.add_call(from_="+14155550199", to="+14155550109", caller_name=name)
        await site.poll()
        (call,) = calls_of(board, Page())["calls"]
        assert (call["from"], call["caller_name"]) == ("+1415***0199", "***")
        assert calls_of(board, Page(q="5550199"))["matching"] == 0


async def test_a_name_is_hidden_however_it_is_written(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        site.sandbox.add_call(to="+14155550109", caller_name="Zoë & Söhne")
        board = board_of(site)
        site.flows(flow(rule("speak", "match: {age: {gte: 1h}}", "[hangup]")))
        await site.poll()
        (account,) = board.accounts.values()
        assert account.look.sight is not None
        (call,) = account.look.sight.calls
        hide = hiding(call, show_numbers=False)
        for text in ("zoë & söhne", "Zoë &amp; Söhne", "Zo%C3%AB%20%26%20S%C3%B6hne"):
            assert hide(f"says <{text}>.") == "says <***>."


async def test_the_history_hides_the_names_that_were_spoken(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as here:
        here.flows(FLOW)
        call = here.site.sandbox.add_call(to=TO, caller_name="Zoobert Ramirez")
        await here.poll()
        await here.poll(2 * SECOND)
        masked = await here.desk.history(HistoryQuery(), show_numbers=False)
        assert [entry["call"] for entry in masked] == [call.sid]
        assert "Zoobert" not in json.dumps(masked)
        shown = await here.desk.history(HistoryQuery(), show_numbers=True)
        assert "Hello Zoobert Ramirez." in json.dumps(shown)


async def test_a_reason_that_names_a_number_is_masked_as_everything_is(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        board = board_of(site)
        pause = Pause("", "f", "r", reason="cut off +14155550199", by="ana")
        board.pauses = lambda: (pause,)
        (shown,) = status_of(board)["pauses"]
        assert shown["reason"] == "cut off +1415***0199"
