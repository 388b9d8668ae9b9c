"""Promises of the console's desk: it pauses, resumes and kills as the commands do, and tells."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from runner.console.desk import Order, Refusal, Scope
from runner.engine.brakes import Brakes, Safety
from runner.engine.ports import HistoryQuery, Note
from tests.cli.desking import Desking, open_desk
from tests.site import MINUTE
from tests.store.intents import INTENT

FLOW = """\
version: 1
flow: ends
rules:
  - {id: a, match: {to: "+14155550101"}, then: [hangup]}
  - {id: b, match: {to: "+14155550102"}, then: [hangup]}
"""
SAID = Order("cuts off agents", "operator@127.0.0.1")


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Desking]:
    async with open_desk(tmp_path, alias="shop") as opened:
        opened.flows(FLOW)
        yield opened


async def test_a_rule_paused_at_the_desk_does_not_act_and_resumed_it_does(here: Desking) -> None:
    here.site.sandbox.add_call(to="+14155550101")
    pause = await here.desk.pause(Scope("ends", "a"), SAID)
    assert (pause.scope, pause.by, pause.until) == ("rule ends/a", "operator@127.0.0.1", None)
    (told,) = here.site.told("rule.paused")
    assert told.fields["reason"] == "cuts off agents"
    assert here.board.pauses() == (pause,)
    await here.poll()
    assert here.site.updates() == []
    assert await here.desk.resume(Scope("ends", "a"), by="ann") == [pause]
    assert len(here.site.told("rule.resumed")) == 1
    await here.poll()
    assert len(here.site.updates()) == 1


async def test_an_act_that_is_on_its_way_meets_a_pause_of_the_desk(here: Desking) -> None:
    """Right before each request the engine asks its brakes, through a connection of its own."""
    brakes = Brakes(here.account, here.site.store, clock=here.site.time, safety=Safety())
    intent = replace(INTENT, account=here.account, flow="ends", rule="a")
    assert await brakes.stops(intent, None) == ""
    await here.desk.pause(Scope("ends"), SAID)
    wanted = "flow ends is paused by operator@127.0.0.1: cuts off agents"
    assert await brakes.stops(intent, None) == wanted


async def test_a_long_look_into_the_store_holds_no_act_up(here: Desking, tmp_path: Path) -> None:
    """A reader keeps its moment, and the engine's connection writes past it."""
    here.site.sandbox.add_call(to="+14155550101")
    with sqlite3.connect(tmp_path / "store.db", isolation_level=None) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM acts").fetchone() == (0,)
        await here.poll()
        assert reader.execute("SELECT count(*) FROM acts").fetchone() == (0,)
    assert await here.site.outcomes() == [("ends/a", "done")]
    assert len(await here.desk.history(HistoryQuery(), show_numbers=False)) == 1


async def test_an_account_is_named_by_its_alias_or_its_sid(here: Desking) -> None:
    by_alias = await here.desk.pause(Scope(account="shop"), SAID)
    by_sid = await here.desk.pause(Scope(account=here.account), SAID)
    assert by_alias.account == by_sid.account == here.account
    with pytest.raises(Refusal, match='there is no account "shpo"') as refused:
        await here.desk.pause(Scope(account="shpo"), SAID)
    assert (refused.value.status, refused.value.hint) == (400, 'did you mean "shop"?')


async def test_a_trip_is_resumed_by_the_name_of_its_rule_alone(here: Desking) -> None:
    for _ in range(40):
        here.site.sandbox.add_call(to="+14155550101")
    await here.poll()
    (pause,) = await here.store.pauses()
    assert (pause.tripped, pause.account) == (True, here.account)
    assert await here.desk.resume(Scope("ends", "a"), by="ann") == [pause]
    assert await here.store.pauses() == []
    assert await here.desk.resume(Scope("ends", "a"), by="ann") == []


@pytest.mark.parametrize(
    ("scope", "order", "said", "hint"),
    [
        (Scope("ends", "aa"), SAID, 'there is no rule "ends/aa"', 'did you mean "ends/a"?'),
        (Scope("end"), SAID, 'there is no flow "end"', 'did you mean "ends"?'),
        (Scope(rule="a"), SAID, "a rule is named without its flow", "name both"),
        (Scope(), SAID, "nothing is named", "the kill switch stops everything"),
        (Scope("ends"), Order(" ", "ann"), "the reason is missing", "say why"),
        (Scope("ends"), Order("x" * 501, "ann"), "longer than 500", ""),
        (Scope("ends"), Order("x", "ann", 0), "a pause of no time", "without a time"),
        (Scope("ends"), Order("x", "ann", 10**15), "no calendar", "without a time"),
    ],
)
async def test_what_makes_no_sense_is_refused_in_words(
    here: Desking, scope: Scope, order: Order, said: str, hint: str
) -> None:
    with pytest.raises(Refusal, match=said) as refused:
        await here.desk.pause(scope, order)
    assert refused.value.status == 400
    assert hint in refused.value.hint
    assert await here.store.pauses() == []


async def test_a_pause_with_an_end_passes_by_itself(here: Desking) -> None:
    pause = await here.desk.pause(Scope("ends"), Order("a while", "", MINUTE))
    assert (pause.by, pause.until) == ("somebody", here.site.time.now() + MINUTE)
    here.site.sandbox.add_call(to="+14155550101")
    await here.poll()
    assert here.site.updates() == []
    await here.poll(after=MINUTE)
    assert len(here.site.updates()) == 1


# ---- the kill switch ------------------------------------------------------------------------


async def test_the_kill_switch_stops_everything_until_it_is_lifted(here: Desking) -> None:
    here.site.sandbox.add_call(to="+14155550101")
    pause = await here.desk.kill(Order("enough", "ann"))
    assert (pause.scope, here.crew.kill.standing(pause.at)) == ("everything", pause)
    assert [event.fields["scope"] for event in here.site.told("rule.paused")] == ["everything"]
    await here.poll()
    assert here.site.updates() == []
    assert await here.desk.lift(by="ben") == (pause,)
    assert len(here.site.told("rule.resumed")) == 1
    await here.poll()
    assert len(here.site.updates()) == 1
    assert await here.desk.lift(by="ben") == ()


async def test_who_threw_the_kill_switch_and_who_lifted_it_stand_in_the_journal(
    here: Desking,
) -> None:
    now = here.site.time.now()
    await here.desk.kill(Order("enough", "ann"))
    await here.desk.lift(by="ben")
    assert await here.store.notes() == [
        Note("killed", "ann", now, "enough"),
        Note("lifted", "ben", now, "enough"),
    ]
    assert (await here.store.verify()).fault == ""


async def test_a_kill_switch_that_cannot_be_written_stops_this_process_and_says_so(
    here: Desking, tmp_path: Path
) -> None:
    here.crew.kill.path = tmp_path / "no such folder" / "PAUSED"
    with pytest.raises(Refusal, match="this process is stopped, but the kill switch") as refused:
        await here.desk.kill(Order("enough", "ann"))
    assert refused.value.status == 503
    assert "a restart would act again" in refused.value.hint
    here.site.sandbox.add_call(to="+14155550101")
    await here.poll()
    assert here.site.updates() == []
    assert [note.event for note in await here.store.notes()] == ["killed"]


# ---- history and notes ----------------------------------------------------------------------


async def test_the_history_is_that_of_the_command_and_bounded(here: Desking) -> None:
    for last in (1, 2):
        here.site.sandbox.add_call(to=f"+1415555010{last}", from_="+14155550199")
        await here.poll()
    rows = await here.desk.history(HistoryQuery(), show_numbers=False)
    assert [(row["rule"], row["outcome"]) for row in rows] == [("a", "done"), ("b", "done")]
    assert rows[0]["why"] == "to +1415***0101"
    (newest,) = await here.desk.history(HistoryQuery(limit=1), show_numbers=True)
    assert newest["why"] == "to +14155550102"
    assert await here.desk.history(HistoryQuery(limit=0), show_numbers=True) == []


async def test_a_look_at_numbers_is_noted(here: Desking) -> None:
    await here.desk.note("numbers-shown", by="operator@127.0.0.1", detail="/api/calls")
    at = here.site.time.now()
    noted = [Note("numbers-shown", "operator@127.0.0.1", at, "/api/calls")]
    assert await here.store.notes() == noted


async def test_a_dry_run_refuses_what_it_could_not_keep(tmp_path: Path) -> None:
    async with open_desk(tmp_path, dry_run=True) as here:
        here.flows(FLOW)
        for asked in (
            here.desk.pause(Scope("ends"), SAID),
            here.desk.resume(Scope("ends"), by="ann"),
            here.desk.note("numbers-shown", by="ann", detail=""),
        ):
            with pytest.raises(Refusal, match="by a dry run") as refused:
                await asked
            assert refused.value.status == 409
        assert (await here.desk.kill(Order("enough", "ann"))).scope == "everything"
        assert len(await here.desk.lift(by="ann")) == 1
