"""Promises of sessions and of wrong tokens: how long, how many, and who has to wait."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.console.doors.limits import ALL, ONE, PEERS, Attempts, Rate
from runner.console.doors.sessions import LIFETIME, MOST, Sessions
from runner.console.doors.tokens import LEAST, BadTokens, read_tokens
from tests.console.visiting import BOTH, OPERATE, READ, StepClock, bearer, visiting

HOUR = 3_600_000
WRONG = "not-the-token-at-all"


async def test_a_login_gives_a_cookie_that_no_script_and_no_other_site_gets() -> None:
    async with visiting(BOTH) as visit:
        answer = await visit.post("/api/login", {"token": READ})
        assert answer.document == {"role": "reader"}
        name, *attributes = answer.headers["set-cookie"].split("; ")
        port = visit.url.rpartition(":")[2]
        assert name.startswith(f"callflow-{port}=")
        assert {each.lower() for each in attributes} == {
            "httponly",
            "samesite=strict",
            "path=/",
            f"max-age={LIFETIME // 1000}",
        }
        assert (await visit.get("/api/status", answer.cookie)).status == 200
        assert (await visit.post("/api/kill", {"reason": "x"}, answer.cookie)).status == 403
        assert visit.told("console.login") == [{"role": "reader", "peer": "127.0.0.1"}]


async def test_behind_tls_the_cookie_never_travels_in_clear() -> None:
    async with visiting(BOTH, public_url="https://calls.example/in") as visit:
        host = {"Host": "calls.example"}
        answer = await visit.post("/api/login", {"token": READ}, host)
        assert answer.headers["set-cookie"].startswith("__Host-callflow=")
        assert "secure" in answer.headers["set-cookie"].lower()
        assert (await visit.get("/api/status", answer.cookie | host)).status == 200
        tunnel = await visit.post("/api/login", {"token": READ}, {"Host": "localhost:8080"})
        assert "secure" not in tunnel.headers["set-cookie"].lower()


async def test_a_session_ends_after_a_shift() -> None:
    async with visiting(BOTH) as visit:
        cookie = await visit.log_in()
        visit.clock.at += 12 * HOUR - 1
        assert (await visit.get("/api/status", cookie)).status == 200
        visit.clock.at += 1
        assert (await visit.get("/api/status", cookie)).status == 401
        assert LIFETIME == 12 * HOUR


async def test_logging_out_ends_the_session_and_no_other() -> None:
    async with visiting(BOTH) as visit:
        first, second = await visit.log_in(READ), await visit.log_in(READ)
        answer = await visit.post("/api/logout", {}, first)
        assert answer.status == 200
        assert "max-age=0" in answer.headers["set-cookie"].lower()
        assert (await visit.get("/api/status", first)).status == 401
        assert (await visit.get("/api/status", second)).status == 200
        assert (await visit.post("/api/logout", {}, first)).status == 401


async def test_only_so_many_sessions_are_kept_the_newest() -> None:
    async with visiting(BOTH) as visit:
        cookies = [await visit.log_in() for _ in range(MOST + 2)]
        states = [(await visit.get("/api/status", each)).status for each in cookies]
        assert states == [401, 401] + [200] * MOST


def test_a_session_says_when_it_is_over() -> None:
    clock = StepClock()
    sessions = Sessions(clock, most=1)
    first = sessions.open("reader")
    held = sessions.find(first)
    assert held is not None
    assert sessions.stands(held)
    assert sessions.find(first + "x") is sessions.find("") is None
    sessions.open("operator")
    assert sessions.stands(held)
    sessions.open("reader")
    assert held.over.is_set()
    assert not sessions.stands(held)
    assert sessions.find(first) is None


@pytest.mark.parametrize("junk", ["", "x", "é" * 100, "x" * 3_000, "a=b; c=d"])
async def test_a_cookie_that_was_made_up_opens_nothing(junk: str) -> None:
    async with visiting(BOTH) as visit:
        port = visit.url.rpartition(":")[2]
        answer = await visit.get("/api/status", {"Cookie": f"callflow-{port}={junk}"})
        assert answer.status == 401


async def test_a_wrong_token_beside_a_session_is_wrong() -> None:
    async with visiting(BOTH) as visit:
        cookie = await visit.log_in()
        assert (await visit.get("/api/status", cookie | bearer(WRONG))).status == 401


# ---- wrong tokens ---------------------------------------------------------------------------


async def test_who_guesses_has_to_wait_and_nobody_else() -> None:
    async with visiting(BOTH) as visit:
        login = {"Content-Type": "application/json"}

        async def guess(source: str, token: str = WRONG) -> tuple[int, str]:
            answer = await visit.ask("POST", "/api/login", login, {"token": token}, source=source)
            return answer.status, answer.headers.get("retry-after", "")

        first = [await guess("127.0.0.2") for _ in range(ONE.burst + 2)]
        assert first == [(401, "")] * ONE.burst + [(429, "6")] * 2
        assert await guess("127.0.0.3") == (401, "")
        assert await guess("127.0.0.2", OPERATE) == (200, "")
        visit.clock.at += ONE.every
        assert await guess("127.0.0.2") == (401, "")
        assert len(visit.told("console.refused")) == ONE.burst + 2
        assert visit.told("console.refused")[0]["peer"] == "127.0.0.2"


async def test_a_right_token_in_the_header_never_waits() -> None:
    async with visiting(BOTH) as visit:
        cookie = await visit.log_in(READ)
        guesses = [await visit.get("/api/status", bearer(WRONG)) for _ in range(ONE.burst + 1)]
        assert [each.status for each in guesses] == [401] * ONE.burst + [429]
        assert guesses[-1].headers["retry-after"] == "6"
        assert (await visit.get("/api/status", bearer(READ))).status == 200
        assert (await visit.get("/api/status", cookie)).status == 200
        assert (await visit.post("/api/kill", {"reason": "x"}, bearer(OPERATE))).status == 200


def test_all_peers_together_are_limited_and_no_single_one_uses_that_up() -> None:
    clock = StepClock()
    attempts = Attempts(clock)
    for _ in range(10 * ALL.burst):  # as the server asks: one that has to wait isn't counted
        if attempts.wait("192.0.2.1") == 0:
            attempts.missed("192.0.2.1")
    assert attempts.wait("192.0.2.1") == ONE.every
    assert attempts.wait("192.0.2.2") == 0
    for number in range(ALL.burst):
        attempts.missed(f"198.51.100.{number}")
    assert 0 < attempts.wait("203.0.113.1") <= 11 * ALL.every
    clock.at += 11 * ALL.every
    assert attempts.wait("203.0.113.1") == 0


def test_an_ipv6_peer_is_its_network() -> None:
    clock = StepClock()
    attempts = Attempts(clock, one=Rate(1, 1_000))
    attempts.missed("2001:db8:0:1::1")
    assert attempts.wait("2001:db8:0:1:ffff::2") == 1_000
    assert attempts.wait("2001:db8:0:2::1") == 0
    attempts.missed("::ffff:192.0.2.7")
    assert attempts.wait("192.0.2.7") == 1_000
    assert attempts.wait("192.0.2.8") == 0


def test_only_so_many_peers_are_remembered() -> None:
    clock = StepClock()
    attempts = Attempts(clock, one=Rate(1, HOUR), all_=Rate(10**9, 1))
    for number in range(PEERS + 1):
        attempts.missed(f"10.0.{number // 250}.{number % 250}")
    assert attempts.wait("10.0.0.0") == 0  # forgotten
    assert attempts.wait("10.0.0.1") == HOUR


# ---- tokens in the environment --------------------------------------------------------------


@pytest.mark.parametrize(
    ("environ", "fault"),
    [
        ({"CALLFLOW_READ_TOKEN": "short"}, "CALLFLOW_READ_TOKEN has 5 characters, at least 16"),
        ({"CALLFLOW_READ_TOKEN": ""}, "CALLFLOW_READ_TOKEN is empty"),
        ({"CALLFLOW_READ_TOKEN": READ + "\n"}, "what no HTTP header can carry"),
        ({"CALLFLOW_READ_TOKEN": "a passphrase of words"}, "what no HTTP header can carry"),
        ({"CALLFLOW_READ_TOKEN": "schlüssel-und-schloss"}, "what no HTTP header can carry"),
        ({"CALLFLOW_READ_TOKEN": "x" * 513}, "has 513 characters, at most 512"),
        (dict.fromkeys(BOTH, READ), "hold the same token"),
    ],
)
def test_a_token_that_protects_nothing_is_refused(environ: dict[str, str], fault: str) -> None:
    with pytest.raises(BadTokens) as caught:
        read_tokens(environ)
    assert fault in str(caught.value)
    assert READ not in str(caught.value)


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(BadTokens) as caught:
        read_tokens({"R": "x" * (LEAST - 1)}, read_env="R", operator_env="O")
    assert [each.split(",")[0] for each in caught.value.faults] == [
        "R has 15 characters",
        "O is not set",
    ]


def test_tokens_are_found_where_they_are_named_and_shown_nowhere() -> None:
    tokens = read_tokens({"R": READ, "O": OPERATE}, read_env="R", operator_env="O")
    assert tokens.role_of(READ) == "reader"
    assert tokens.role_of(OPERATE) == "operator"
    assert tokens.role_of("") is tokens.role_of(READ + " ") is None
    assert READ not in repr(tokens)
    assert not read_tokens({})
    assert read_tokens({"CALLFLOW_READ_TOKEN": "x" * LEAST})


def test_a_token_may_lie_in_a_file(tmp_path: Path) -> None:
    kept = tmp_path / "token"
    kept.write_text(READ + "\n")
    tokens = read_tokens({"CALLFLOW_READ_TOKEN_FILE": str(kept)})
    assert tokens.role_of(READ) == "reader"
    assert read_tokens({"R_FILE": str(kept)}, read_env="R").role_of(READ) == "reader"


@pytest.mark.parametrize(
    ("content", "more", "fault"),
    [
        (None, {}, "CALLFLOW_READ_TOKEN_FILE can't be read: No such file"),
        ("", {}, "CALLFLOW_READ_TOKEN_FILE is an empty file"),
        ("short\n", {}, "CALLFLOW_READ_TOKEN_FILE has 5 characters"),
        (READ, {"CALLFLOW_READ_TOKEN": READ}, "are both set"),
    ],
)
def test_a_file_that_holds_no_token_is_told(
    tmp_path: Path, content: str | None, more: dict[str, str], fault: str
) -> None:
    kept = tmp_path / "token"
    if content is not None:
        kept.write_text(content)
    with pytest.raises(BadTokens) as caught:
        read_tokens({"CALLFLOW_READ_TOKEN_FILE": str(kept), **more})
    assert fault in str(caught.value)
    assert len(caught.value.faults) == 1
    assert READ not in str(caught.value)
