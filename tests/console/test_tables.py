"""The long lists of the console: what is in them, in which order, and how much of it at once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runner.console.picture.board import Board
from runner.console.picture.livecalls import PAUSE, calls_in_turns, calls_of
from runner.console.picture.tables import Page, held_of, rules_of
from runner.decision.turns import at_once
from runner.engine.ports import Event, Pause
from tests.console.picture import board_of
from tests.engine.test_rules import SPEECH, flow, rule
from tests.site import SECOND, Site

A, B, C = "+14155550101", "+14155550102", "+14155550103"


async def three_calls(site: Site) -> Board:
    """Calls of three ages: the oldest is spoken to, the others wait for a rule of a minute."""
    board = board_of(site, alias="main")
    site.flows(
        flow(
            rule("speak", f'match: {{to: "{A}"}}', SPEECH),
            rule("shy", f'match: {{to: "{B}"}}, mode: shadow', "[hangup]"),
            rule("long", "for: 60s", "[hangup]"),
        )
    )
    for to in (A, B, C):
        site.sandbox.add_call(to=to, from_="+12125550177")
        await site.sandbox.advance(10 * SECOND)
    await site.poll()
    await site.poll(after=2 * SECOND)
    return board


def column(document: dict[str, Any], name: str) -> list[Any]:
    return [row[name] for row in document["calls"]]


async def test_a_call_with_its_rules_its_last_act_and_what_is_held_back(site: Site) -> None:
    board = await three_calls(site)
    first = calls_of(board, Page(sort="-age"))["calls"][0]
    assert (first["to"], first["from"]) == ("+1415***0101", "+1212***0177")
    assert (first["rules"], first["rule"], first["outcome"]) == (["f/speak"], "f/speak", "done")
    assert first["held"] is None  # nothing is in the way: it has acted as often as it may
    assert (first["alias"], first["status"], first["direction"]) == (
        "main",
        "in-progress",
        "inbound",
    )
    assert first["age_ms"] >= 30 * SECOND


async def test_a_long_list_is_made_with_pauses_that_change_nothing(site: Site) -> None:
    board = board_of(site)
    site.flows(flow(rule("speak", "match: {status: in-progress}", SPEECH)))
    for number in range(4 * PAUSE):
        site.sandbox.add_call(to=f"+1415555{number:04d}", from_="+12125550177")
    await site.sandbox.advance(SECOND)
    await site.engine.rehearse(site.time.now())
    page = Page(limit=500, sort="-to", show_numbers=True)
    turns = calls_in_turns(board, page)
    assert all(next(turns) is None for _ in range(4))
    await site.poll(after=2 * SECOND)  # the calls are seen anew in between
    rest = column(at_once(turns), "to")
    assert rest == column(calls_of(board, page), "to") == sorted(rest, reverse=True)
    assert len(rest) == 500


async def test_calls_are_sorted_from_either_end(site: Site) -> None:
    board = await three_calls(site)
    oldest = column(calls_of(board, Page(sort="-age")), "age_ms")
    assert oldest == sorted(oldest, reverse=True)
    assert column(calls_of(board, Page(sort="age")), "age_ms") == oldest[::-1]
    tos = column(calls_of(board, Page(sort="-to", show_numbers=True)), "to")
    assert tos == [C, B, A]
    for name in ("from", "status", "rule", "outcome"):
        assert len(calls_of(board, Page(sort=name))["calls"]) == 3


@pytest.mark.parametrize(
    ("page", "found"),
    [
        (Page(), [A, B, C]),
        (Page(q="f/SPEAK"), [A]),
        (Page(q="***0102"), [B]),
        (Page(q="5550102"), []),  # nobody finds what is hidden by asking for it
        (Page(q="5550102", show_numbers=True), [B]),
        (Page(status="in-progress"), [A, B, C]),
        (Page(status="ringing"), []),
        (Page(account="main"), [A, B, C]),
        (Page(account="other"), []),
        (Page(rule="f/shy"), [B]),
        (Page(held=True), []),
    ],
)
async def test_calls_are_filtered(site: Site, page: Page, found: list[str]) -> None:
    board = await three_calls(site)
    document = calls_of(board, page)
    hidden = [to if page.show_numbers else f"+1415***{to[-4:]}" for to in found]
    assert sorted(column(document, "to")) == hidden
    assert (document["matching"], document["total"]) == (len(found), 3)


async def test_a_long_list_comes_in_pages(site: Site) -> None:
    board = await three_calls(site)
    pages = [calls_of(board, Page(limit=2, offset=at, sort="-age")) for at in (0, 2, 4)]
    assert [len(page["calls"]) for page in pages] == [2, 1, 0]
    assert {page["matching"] for page in pages} == {3}


async def test_an_age_goes_on_while_no_poll_comes(site: Site) -> None:
    board = await three_calls(site)
    before = column(calls_of(board, Page()), "age_ms")
    await site.sandbox.advance(7 * SECOND)
    assert column(calls_of(board, Page()), "age_ms") == [age + 7 * SECOND for age in before]


async def test_a_caller_s_name_is_hidden_with_the_number(site: Site) -> None:
    board = board_of(site)
    site.flows(flow(rule("speak", "once: {per: caller_name, within: 1h}", SPEECH)))
    for _ in range(2):
        site.sandbox.add_call(to=A, caller_name="Zoë Ramírez")
    await site.poll()
    await site.poll(after=2 * SECOND)
    page = Page(show_numbers=False)
    text = json.dumps([calls_of(board, page), held_of(board, page)], ensure_ascii=False)
    assert "Ram" not in text


async def test_what_is_held_back_and_why(site: Site) -> None:
    board = await three_calls(site)
    await site.store.pause(Pause("", "f", "speak", reason="too loud", at=site.time.now()))
    for _ in range(2):
        site.sandbox.add_call(to=A)
    await site.poll(after=2 * SECOND)
    document = held_of(board, Page(limit=1))
    assert (document["total"], document["reasons"]) == (2, {"paused": 2})
    (first,) = document["held"]
    assert (first["rule"], first["reason"]) == ("f/speak", "paused")
    assert "too loud" in first["detail"]
    rows = calls_of(board, Page(held=True))["calls"]
    assert [row["held"]["reason"] for row in rows] == ["paused", "paused"]


async def test_what_was_done_before_the_start_is_told_from_what_is_held_back(site: Site) -> None:
    site.flows(flow(rule("speak", "", SPEECH)))
    site.sandbox.add_call(to=A)
    await site.poll()
    site.restart()
    site.flows(flow(rule("speak", "", SPEECH)))
    board = board_of(site)
    await site.poll(after=2 * SECOND)
    (row,) = calls_of(board, Page())["calls"]
    assert (row["outcome"], row["held"]) == ("acted", None)
    assert (board.held, board.spent) == (0, 1)


async def test_rules_with_what_they_match_and_do(site: Site) -> None:
    board = await three_calls(site)
    rows = rules_of(board, Page())["rules"]
    found = {row["rule"]: (row["matches"], row["matched"], row["held"]) for row in rows}
    assert found == {"speak": (1, 1, 0), "shy": (1, 1, 0), "long": (0, 0, 0)}  # both have acted
    assert [row["acts"] for row in rows] == [{"done": 1}, {"shadowed": 1}, {}]
    assert [row["mode"] for row in rows] == ["enforce", "shadow", "enforce"]
    assert rows[0]["then"] == ["say", "pause"]
    assert rows[0]["position"].endswith("00.yaml:5:10")
    assert rows[0]["enabled"] is True


@pytest.mark.parametrize(
    ("page", "found"),
    [
        (Page(sort="-acts"), ["speak", "shy", "long"]),
        (Page(sort="matches"), ["long", "speak", "shy"]),
        (Page(sort="name"), ["long", "shy", "speak"]),
        (Page(sort="-file"), ["long", "shy", "speak"]),
        (Page(q="SHY"), ["shy"]),
        (Page(state="acting"), ["speak", "shy"]),
        (Page(state="paused"), ["long"]),
        (Page(state="tripped"), ["shy"]),
        (Page(limit=1, offset=1), ["shy"]),
    ],
)
async def test_rules_are_sorted_and_filtered(site: Site, page: Page, found: list[str]) -> None:
    board = await three_calls(site)
    board.pauses = lambda: (
        Pause("", "f", "long", reason="no"),
        Pause(site.sandbox.account_sid, "f", "shy", reason="too many", tripped=True),
    )
    assert [row["rule"] for row in rules_of(board, page)["rules"]] == found


async def test_the_nearest_pause_is_shown_and_a_trip_before_it(site: Site) -> None:
    board = await three_calls(site)
    everything = Pause(reason="stop")
    by_flow, by_rule = Pause("", "f", reason="flow"), Pause("", "f", "shy", reason="rule")
    trip = Pause(site.sandbox.account_sid, "f", "shy", reason="trip", tripped=True)
    board.hear(Event("rule.tripped", site.time.now(), fields={"flow": "f", "rule": "shy"}))
    for pauses, reason in (
        ((everything,), "stop"),
        ((everything, by_flow), "flow"),
        ((everything, by_flow, by_rule), "rule"),
        ((trip, by_rule), "trip"),
    ):
        board.pauses = lambda pauses=pauses: pauses  # type: ignore[misc]
        (row,) = rules_of(board, Page(q="f/shy"))["rules"]
        assert row["paused"]["reason"] == reason
    assert row["trips"] == 1
