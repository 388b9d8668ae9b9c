"""Promises of the console's API: what it shows of real calls, and to whom it shows numbers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from runner.console.doors.disclosure import AGAIN
from runner.engine.ports import StoreError
from runner.store.memory import MemoryStore
from tests.console.picture import board_of
from tests.console.visiting import BOTH, OPERATE, READ, Visit, bearer, visiting
from tests.engine.test_rules import SPEECH, flow, rule
from tests.site import SECOND, open_site

A, B = "+14155550101", "+14155550102"
CALL = "CA" + "1" * 32


@pytest.fixture
async def visit(tmp_path: Path) -> AsyncIterator[Visit]:
    """Two live calls: one is spoken to, the other is held back."""
    async with open_site(tmp_path) as site:
        board = board_of(site, alias="main")
        site.flows(
            flow(
                rule("speak", f'match: {{to: "{A}"}}', SPEECH),
                rule("long", "for: 60s", "[hangup]"),
            )
        )
        for to in (A, B):
            site.sandbox.add_call(to=to, from_="+12125550177")
        await site.poll(after=SECOND)
        await site.poll(after=SECOND)
        async with visiting(BOTH, board=board, store=site.store) as visit:
            yield visit


async def seen(visit: Visit, path: str, token: str = READ) -> dict[str, Any]:
    answer = await visit.get(path, bearer(token))
    assert answer.status == 200, answer
    assert answer.headers["content-type"] == "application/json"
    document: dict[str, Any] = answer.document
    return document


# ---- what is shown --------------------------------------------------------------------------


async def test_the_status_is_the_first_screen(visit: Visit) -> None:
    status = await seen(visit, "/api/status")
    assert (status["calls"], status["matched"], status["rules"]["total"]) == (2, 1, 2)
    assert status["acts"] == {"done": 1}
    assert status["ready"] is True
    assert status["access"] == {"role": "reader", "numbers": False, "session": False}
    assert status["accounts"]["list"][0]["alias"] == "main"


async def test_calls_are_found_sorted_and_cut(visit: Visit) -> None:
    calls = (await seen(visit, "/api/calls?sort=to"))["calls"]
    assert [(call["to"], call["from"]) for call in calls] == [
        ("+1415***0101", "+1212***0177"),
        ("+1415***0102", "+1212***0177"),
    ]
    assert calls[0]["rules"] == ["f/speak"]
    for query, to in (
        ("q=f/speak", ["+1415***0101"]),
        ("rule=f/speak", ["+1415***0101"]),
        ("held=1&sort=to", []),
        ("account=main&limit=1&offset=1&sort=to", ["+1415***0102"]),
        ("status=ringing", []),
        ("sort=-to&limit=1", ["+1415***0102"]),
    ):
        found = (await seen(visit, f"/api/calls?{query}"))["calls"]
        assert [call["to"] for call in found] == to, query


async def test_rules_held_verdicts_acts_and_the_chart(visit: Visit) -> None:
    rules = await seen(visit, "/api/rules?sort=name&q=SPEAK")
    assert [(r["rule"], r["matches"], r["acts"]) for r in rules["rules"]] == [
        ("speak", 1, {"done": 1})
    ]
    assert rules["rules"][0]["position"].endswith("00.yaml:5:10")
    held = await seen(visit, "/api/held?limit=1")
    assert (held["total"], held["reasons"], held["held"]) == (0, {}, [])
    acts = (await seen(visit, "/api/acts?limit=1"))["acts"]
    assert [(a["rule"], a["outcome"], a["alias"]) for a in acts] == [("speak", "done", "main")]
    assert (await seen(visit, "/api/chart"))["points"][-1]["calls"] == 2


async def test_the_history_and_why_are_asked_of_the_desk(visit: Visit) -> None:
    entries = (await seen(visit, "/api/history?rule=f/speak&outcome=done&since=1h"))["entries"]
    assert len(entries) == 1
    assert (await seen(visit, "/api/history?outcome=failed"))["entries"] == []
    assert (await seen(visit, f"/api/history?call={CALL}"))["entries"] == []
    assert (await seen(visit, "/api/history?since=2100-01-01T00:00:00Z"))["entries"] == []
    why = await seen(visit, f"/api/why/{CALL}?rule=f/speak")
    assert why == {"call": CALL, "rule": "f/speak", "numbers": False}
    unknown = await visit.get("/api/why/CA" + "0" * 32, bearer(READ))
    assert (unknown.status, unknown.hint) == (404, "look it up")
    assert unknown.message.endswith("of +1415***0100")


# ---- what can't be understood ---------------------------------------------------------------


WRONG: tuple[tuple[str, str, str | None], ...] = (
    ("calls?lmit=3", 'there is no parameter "lmit" here', 'did you mean "limit"?'),
    ("calls?limit=0", "limit is 0", "write a number from 1 to 500"),
    ("calls?limit=501", "limit is 501", "write a number from 1 to 500"),
    ("calls?limit=-1", 'limit is "-1"', "write a number from 1 to 500"),
    ("calls?limit=%D9%A3", 'limit is "٣"', "write a number from 1 to 500"),
    ("calls?limit=9999999999999", 'limit is "99999***9999"', "write a number from 1 to 500"),
    ("calls?limit=1&limit=2", "limit is given twice", "give it once"),
    ("calls?sort=agee", 'sort is "agee"', 'did you mean "age"?'),
    ("calls?status=rining", 'status is "rining"', 'did you mean "ringing"?'),
    ("calls?account=mian", 'account is "mian", which isn\'t known', 'did you mean "main"?'),
    ("calls?rule=f/speek", 'rule is "f/speek", which isn\'t known', 'did you mean "f/speak"?'),
    ("calls?held=yes", 'held is "yes"', "write 1 or 0"),
    ("calls?q=" + "x" * 101, "q has 101 characters, at most 100 are looked for", ""),
    ("calls?q=a&%2B14155550199=1", 'there is no parameter "+1415***0199" here', None),
    ("rules?state=trippd", 'state is "trippd"', 'did you mean "tripped"?'),
    ("acts?limit=501", "limit is 501", "write a number from 1 to 500"),
    ("history?outcome=don", 'outcome is "don"', 'did you mean "done"?'),
    ("history?since=yesterday", 'since is "yesterday"', None),
    ("history?since=2026-01-01T00:00:00", 'since is "2026-01-01T00:00:00"', None),
    ("history?limit=1001", "limit is 1001", "write a number from 1 to 1000"),
    ("history?call=CA1", "that is no call's SID", "it is CA and 32 hexadecimal digits"),
    ("why/CA1", "that is no call's SID", "it is CA and 32 hexadecimal digits"),
    ("status?x=1", 'there is no parameter "x" here', "none are known here"),
)


async def test_a_wrong_parameter_is_named_with_what_was_expected(visit: Visit) -> None:
    for path, message, hint in WRONG:
        answer = await visit.get(f"/api/{path}", bearer(READ))
        assert (answer.status, answer.message) == (400, message)
        assert hint is None or answer.hint == hint, path


async def test_what_fails_is_told_in_the_log_and_not_to_the_reader() -> None:
    async with visiting() as visit:
        visit.board.flows = lambda: 1 // 0  # type: ignore[assignment, return-value]
        answer = await visit.get("/api/status")
        assert (answer.status, answer.message) == (500, "the runner could not answer")
        assert visit.told("console.failed") == [
            {
                "path": "/api/status",
                "error": "ZeroDivisionError: integer division or modulo by zero",
            }
        ]


# ---- numbers --------------------------------------------------------------------------------


async def test_an_operator_sees_numbers_and_it_is_on_record(visit: Visit) -> None:
    shown = await seen(visit, "/api/calls?show_numbers=1&sort=to", OPERATE)
    assert [call["to"] for call in shown["calls"]] == [A, B]
    assert visit.told("numbers.shown") == [
        {"by": "operator@127.0.0.1", "path": "/api/calls", "peer": "127.0.0.1"}
    ]
    notes = [(n.event, n.by, n.detail) for n in await visit.desk.store.notes()]
    assert notes == [("numbers-shown", "operator@127.0.0.1", "/api/calls")]
    assert (await seen(visit, "/api/calls?q=55550101&show_numbers=1", OPERATE))["matching"] == 1
    assert (await seen(visit, "/api/calls?q=55550101", OPERATE))["matching"] == 0


async def test_a_reader_sees_none_and_asking_is_refused(visit: Visit) -> None:
    for path in ("calls", "held", "history", f"why/{CALL}"):
        refused = await visit.get(f"/api/{path}?show_numbers=1", bearer(READ))
        assert (refused.status, refused.message) == (403, "a reader gets to see no numbers")
    assert await visit.desk.store.notes() == []
    for path in ("calls", "held", "history", "acts", "rules", "status", "chart"):
        answer = await visit.get(f"/api/{path}", bearer(READ))
        assert not [number for number in (A, B, "2125550177") if number in answer.body.decode()]


async def test_it_is_on_record_once_in_ten_minutes_for_each_client() -> None:
    async with visiting(BOTH) as visit:
        one, two = await visit.log_in(), await visit.log_in()
        for headers in (bearer(OPERATE), one, one, two, bearer(OPERATE)):
            for path in ("calls", "held", "history", f"why/{CALL}"):
                assert (await visit.get(f"/api/{path}?show_numbers=1", headers)).status == 200
        assert len(visit.told("numbers.shown")) == 3
        visit.clock.at += AGAIN - 1
        await visit.get("/api/held?show_numbers=1", one)
        assert len(visit.told("numbers.shown")) == 3
        visit.clock.at += 1
        await visit.get("/api/held?show_numbers=1", one)
        assert len(visit.told("numbers.shown")) == len(await visit.desk.store.notes()) == 4
        assert AGAIN == 600_000


class FullDisk(MemoryStore):
    """Takes nothing while it is full."""

    full = True

    async def note(self, what: Any, *, by: str, at: int, detail: str = "") -> None:
        if self.full:
            raise StoreError("can't write the store: no space left", hint="make room")
        await super().note(what, by=by, at=at, detail=detail)


async def test_what_can_t_be_recorded_is_not_shown() -> None:
    store = FullDisk()
    async with visiting(store=store) as visit:
        for _ in range(2):
            refused = await visit.get("/api/calls?show_numbers=1")
            assert (refused.status, refused.hint) == (503, "make room")
        assert visit.told("numbers.shown") == []
        store.full = False
        assert (await visit.get("/api/calls?show_numbers=1")).status == 200
        assert len(visit.told("numbers.shown")) == 1
