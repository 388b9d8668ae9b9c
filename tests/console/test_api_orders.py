"""Promises of what an operator orders: it stands, it is told who ordered it, or it is refused."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any
from urllib.parse import urlsplit

import pytest

from runner.console.web.guard import BODY
from tests.console.visiting import BOTH, JSON, OPERATE, Visit, answer_of, bearer, visiting

REASON = "cuts off agents"
ME = "operator@127.0.0.1"


async def ordered(visit: Visit, path: str, **body: Any) -> dict[str, Any]:
    answer = await visit.post(f"/api/{path}", body)
    assert answer.status == 200, answer
    document: dict[str, Any] = answer.document
    return document


async def test_a_pause_stands_and_is_lifted_again() -> None:
    async with visiting() as visit:
        made = await ordered(visit, "pause", flow="f", rule="r", reason=REASON)
        assert made["paused"] == {
            "scope": "rule f/r",
            "account": "",
            "alias": "",
            "flow": "f",
            "rule": "r",
            "reason": REASON,
            "by": ME,
            "at": "2023-11-14T22:13:20.000Z",
            "until": None,
            "tripped": False,
        }
        assert [pause.scope for pause in await visit.desk.store.pauses()] == ["rule f/r"]
        lifted = await ordered(visit, "resume", flow="f", rule="r")
        assert [pause["scope"] for pause in lifted["resumed"]] == ["rule f/r"]
        assert await visit.desk.store.pauses() == []
        assert (await ordered(visit, "resume", flow="f", rule="r"))["resumed"] == []


async def test_the_kill_switch_is_thrown_and_lifted() -> None:
    async with visiting() as visit:
        made = await ordered(visit, "kill", reason=REASON, by="Anna Ö.")
        assert (made["killed"]["scope"], made["killed"]["by"]) == ("everything", f"Anna Ö. ({ME})")
        assert len(visit.desk.killed) == 1
        lifted = await ordered(visit, "resume", all=True)
        assert [pause["reason"] for pause in lifted["resumed"]] == [REASON]
        assert visit.desk.killed == []


async def test_the_log_says_who_pressed_what() -> None:
    async with visiting(BOTH) as visit:
        for path, body in (
            ("pause", {"account": "AC1", "reason": REASON, "by": "Anna"}),
            ("kill", {"reason": REASON}),
            ("resume", {"account": "AC1", "by": "Ben"}),
            ("resume", {"flow": "f"}),
        ):
            assert (await visit.post(f"/api/{path}", body, bearer(OPERATE))).status == 200
        assert visit.told("operator") == [
            {
                "action": "pause",
                "scope": "account AC1",
                "reason": REASON,
                "by": f"Anna ({ME})",
                "peer": "127.0.0.1",
            },
            {
                "action": "kill",
                "scope": "everything",
                "reason": REASON,
                "by": ME,
                "peer": "127.0.0.1",
            },
            {
                "action": "resume",
                "scope": "account AC1",
                "by": f"Ben ({ME})",
                "peer": "127.0.0.1",
            },
            {"action": "resume", "scope": "nothing", "by": ME, "peer": "127.0.0.1"},
        ]
        levels = [event.level for event in visit.events]
        assert levels == ["warning", "warning", "info", "info"]


async def test_a_pause_may_end_by_itself() -> None:
    async with visiting() as visit:
        made = await ordered(visit, "pause", flow="f", reason=REASON, **{"for": "1h30m"})
        assert made["paused"]["until"] == "2023-11-14T23:43:20.000Z"


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("pause", {"flow": "f"}, "reason is missing"),
        ("pause", {"flow": "f", "reason": "  "}, "reason is missing"),
        ("pause", {"reason": REASON}, "nothing is named"),
        ("pause", {"flow": "f", "reason": REASON, "for": "soon"}, "for: 'soon' is not a duration"),
        ("pause", {"flow": "f", "reason": REASON, "for": "0s"}, "for: a pause of no time"),
        ("pause", {"flow": "f", "reason": REASON, "for": "9999999d"}, "for: no calendar reaches"),
        ("pause", {"flow": "f", "reason": REASON, "for": 30}, "for is no text"),
        ("pause", {"flow": "f", "reason": "x" * 501}, "reason has 501 characters"),
        ("pause", {"flow": "f", "reason": "a\nb"}, "reason holds what doesn't show"),
        ("pause", {"flow": "f", "reason": "\ud800"}, "reason holds what doesn't show"),
        ("pause", {"flow": "f", "reason": "\u202egnp"}, "reason holds what doesn't show"),
        ("pause", {"flow": "f", "reason": REASON, "by": "x" * 61}, "by has 61 characters"),
        ("pause", {"flow": ["f"], "reason": REASON}, "flow is no text"),
        ("pause", {"flow": "f", "raeson": REASON}, 'there is no key "raeson" here'),
        ("kill", {}, "reason is missing"),
        ("kill", {"reason": REASON, "flow": "f"}, 'there is no key "flow" here'),
        ("resume", {}, "either a scope or all is to be named"),
        ("resume", {"flow": "f", "all": True}, "either a scope or all is to be named"),
        ("resume", {"all": "yes"}, "all is neither true nor false"),
        ("login", {"tokn": "x"}, 'there is no key "tokn" here'),
        ("login", {}, "token is missing"),
    ],
)
async def test_a_wrong_order_changes_nothing(path: str, body: dict[str, Any], message: str) -> None:
    async with visiting(BOTH) as visit:
        refused = await visit.post(f"/api/{path}", body, bearer(OPERATE))
        assert refused.status == 400
        assert refused.message.startswith(message)
        assert await visit.desk.store.pauses() == []
        assert (visit.desk.killed, visit.events) == ([], [])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"reason=x",
        b"[]",
        b'"x"',
        b"null",
        b'{"reason": "x"',
        b'{"reason": "x"} {}',
        b'{"reason": "x", "reason": "y"}',
        b'{"reason": NaN, "x": ' + b"1" * 5_000 + b"}",
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b"\xff\xfe\x00",
        b'{"reason": "\xff"}',
        gzip.compress(b'{"reason": "x"}', mtime=0),  # the same test in every process
    ],
)
async def test_a_body_that_is_no_order_is_refused(body: bytes) -> None:
    async with visiting() as visit:
        answer = await visit.ask("POST", "/api/kill", JSON, body)
        assert answer.status == 400
        assert visit.desk.killed == []


async def test_a_long_or_packed_body_is_not_read() -> None:
    async with visiting() as visit:
        most = await visit.ask("POST", "/api/kill", JSON, b" " * (BODY - 16) + b'{"reason": "x"}')
        assert most.status == 200
        longer = await visit.ask("POST", "/api/kill", JSON, b" " * BODY + b'{"reason": "x"}')
        assert (longer.status, longer.message) == (413, f"the body is longer than {BODY} bytes")
        bomb = gzip.compress(b" " * 50_000_000)
        for encoding in ("gzip", "deflate", "br", "identity"):
            packed = {**JSON, "Content-Encoding": encoding}
            assert (await visit.ask("POST", "/api/kill", packed, bomb)).status == 415
        assert len(visit.desk.killed) == 1


async def test_a_body_in_endless_pieces_is_not_read() -> None:
    async with visiting() as visit:
        parts = urlsplit(visit.url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        head = f"POST /api/kill HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        head += "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        writer.write(head.encode())
        for _ in range(20):
            writer.write(b"1000\r\n" + b" " * 4_096 + b"\r\n")
        answer = answer_of(await reader.readuntil(b"\r\n\r\n"))
        writer.close()
        assert answer.status == 413
        assert visit.desk.killed == []
