"""Promises of `callflow doctor`: each check is ok where all is well, and says what to mend else."""

from __future__ import annotations

import asyncio
import json
import resource
import shlex
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from runner.cli import doctor_store, doctor_urls
from runner.cli.doctor import Visit, examine
from runner.cli.doctor_accounts import NOBODY, hasty
from runner.cli.doctor_findings import PATIENCE, Finding, in_time, warning
from runner.cli.doctor_local import proxy_finding, read_patients, read_settings
from runner.console.health import Health, serve
from runner.engine.clock import SystemClock
from runner.engine.holder import identify
from runner.engine.killswitch import KillSwitch
from runner.engine.ports import Intent, Pause
from runner.gateway.documents import NotFetched, fetch_document
from runner.language.loader import load
from runner.sandbox import API_KEY, API_SECRET, RunningClock, Sandbox
from runner.settings import TwilioSettings
from runner.store.checkup import examine as examine_store
from runner.store.database import APPLICATION_ID
from runner.store.sqlite import SqliteStore
from runner.store.versions import VERSIONS
from tests.process import callflow, environment

FLOW = """\
version: 1
flow: ends
rules:
  - id: end
    match: {from: "+14155550199"}
    then: [hangup]
"""


def now() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(clock=RunningClock(now(), time.monotonic)) as opened:
        yield opened


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sound project, and the working directory in it."""
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "end.yaml").write_text(FLOW)
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def diagnose(
    sandbox: Sandbox, *, only: str | None = None, fetch: bool = True, **variables: str
) -> list[Finding]:
    """What the command prints, in the working directory, without a process of its own."""
    environ = environment(sandbox, **variables)
    settings, findings = read_settings(None, {"api_base": sandbox.url})
    patients, more = read_patients(settings, environ, only)
    return [*findings, *more, *await examine(Visit(settings, patients, fetch, environ))]


def of(check: str, findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.check == check]


def the(check: str, findings: list[Finding]) -> Finding:
    (found,) = of(check, findings)
    return found


def bad(findings: list[Finding]) -> list[tuple[str, str]]:
    """Level and check of everything that is not ok; each must say how to mend it."""
    assert all(finding.fix for finding in findings if finding.level != "ok")
    return [(finding.level, finding.check) for finding in findings if finding.level != "ok"]


# ---- the command ----------------------------------------------------------------------------


async def test_a_sound_installation_has_nothing_to_mend(sandbox: Sandbox, project: Path) -> None:
    done = await callflow("doctor", at=sandbox, cwd=project)
    assert (done.code, done.err) == (0, "0 problems, 0 warnings, 15 ok\n")
    assert [line.split()[:2] for line in done.out.splitlines()] == [
        ["ok", check]
        for check in (
            *("config", "credentials", "proxy", "access", "account", "region", "clock", "flows"),
            *("url", "store", "disk", "disk", "runner", "paused", "listen"),
        )
    ]
    assert sandbox.auth_token not in done.out + done.err


async def test_it_changes_nothing(sandbox: Sandbox, project: Path) -> None:
    row = sandbox.add_call()
    await diagnose(sandbox)
    assert sandbox.world.call(row.sid).status == "in-progress"
    (update,) = sandbox.journal.of("update")
    assert (update.request.sid, dict(update.request.form)) == (NOBODY, {})
    assert sorted(path.name for path in project.iterdir()) == ["flows"]


async def test_json_has_the_fix_and_the_exit_code_says_findings(
    sandbox: Sandbox, project: Path
) -> None:
    done = await callflow(
        "doctor", "--format", "json", at=sandbox, cwd=project, TWILIO_AUTH_TOKEN="0" * 32
    )
    rows = json.loads(done.out)
    assert done.code == 1
    assert {tuple(row) for row in rows} == {("level", "check", "seen", "fix", "about")}
    (access,) = [row for row in rows if row["check"] == "access"]
    assert (access["level"], "answered 401" in access["seen"]) == ("problem", True)
    assert "check TWILIO_ACCOUNT_SID" in access["fix"]
    assert "0" * 32 not in done.out.replace(NOBODY, "") + done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--api-base", "ftp://x"],
        ["--store", "postgres://x"],
        ["--account", "nobody"],
        ["--format", "xml"],
    ],
)
async def test_options_that_cannot_be_used_are_usage(
    arguments: list[str], sandbox: Sandbox, project: Path
) -> None:
    done = await callflow("doctor", *arguments, at=sandbox, cwd=project)
    assert (done.code, done.out) == (2, "")


async def test_it_ends_though_the_far_side_hangs(sandbox: Sandbox, project: Path) -> None:
    sandbox.set_fault("hang")
    config = "version: 1\ntwilio: {read_timeout: 300ms}\n"
    (project / "callflow.yaml").write_text(config)
    found = await diagnose(sandbox)
    assert bad(found) == [("problem", "access"), ("warning", "clock")]
    assert "said nothing for 300ms" in the("access", found).seen


async def test_whatever_is_configured_it_ends_within_fifteen_seconds() -> None:
    limits = hasty(TwilioSettings(connect_timeout=60_000, read_timeout=60_000, total_timeout=10**6))
    assert max(limits.connect_timeout, limits.read_timeout, limits.total_timeout) <= PATIENCE * 1000
    late = warning("flows", "late", "wait")
    assert await in_time(asyncio.sleep(60, []), late, seconds=0.01) == [late]


def test_a_thread_that_hangs_holds_nothing_up() -> None:
    code = """
import asyncio, threading
from runner.cli.doctor_findings import in_time, run_bounded, warning
late = warning("store", "late", "wait")
work = lambda: in_time(asyncio.to_thread(threading.Event().wait), late, seconds=0.05)
print(run_bounded(work) == [late])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=15, check=False
    )
    assert (done.stdout, done.stderr) == ("True\n", "")


# ---- configuration and credentials ----------------------------------------------------------


async def test_a_broken_configuration_does_not_hide_the_rest(
    sandbox: Sandbox, project: Path
) -> None:
    (project / "callflow.yaml").write_text("version: 1\nintervall: 2s\n")
    found = await diagnose(sandbox)
    assert bad(found) == [("problem", "config")]
    assert the("config", found).about == "callflow.yaml:2:1"
    assert 'did you mean "interval"' in the("config", found).fix
    (project / "callflow.yaml").write_text("version: 1\nstore: floppy\nlisten: 127.0.0.1:0\n")
    assert ("problem", "config") in bad(await diagnose(sandbox))
    (project / "callflow.yaml").write_text("version: 1\n")
    assert bad(await diagnose(sandbox)) == []


async def test_a_configuration_that_is_named_must_be_there(project: Path) -> None:
    _, findings = read_settings("elsewhere.yaml", {})
    assert bad(findings) == [("problem", "config")]


async def test_missing_credentials_are_named_and_nothing_is_sent(
    sandbox: Sandbox, project: Path
) -> None:
    found = await diagnose(sandbox, TWILIO_AUTH_TOKEN="")
    assert "TWILIO_AUTH_TOKEN is not set" in the("credentials", found).seen
    assert bad(found) == [("problem", "credentials")]
    assert len(sandbox.journal) == 0


ACCOUNTS = """\
version: 1
accounts:
  main: {{sid: {main}, auth_token: {{env: MAIN_TOKEN}}}}
  shop: {{sid: {shop}, parent: main}}
  other: {{sid: {other}, auth_token: {{env: OTHER_TOKEN}}}}
"""


async def test_each_account_is_examined_by_itself(sandbox: Sandbox, project: Path) -> None:
    shop = sandbox.add_account("shop", parent=sandbox.account_sid)
    other = sandbox.add_account("other")
    text = ACCOUNTS.format(main=sandbox.account_sid, shop=shop.sid, other=other.sid)
    (project / "callflow.yaml").write_text(text)
    found = await diagnose(sandbox, MAIN_TOKEN=sandbox.auth_token)
    assert [(f.level, f.about) for f in of("credentials", found)] == [
        ("ok", "main"),
        ("ok", "shop"),
        ("problem", "other"),
    ]
    assert [(f.about, f.seen) for f in of("account", found)] == [
        ("main", "active, no subaccount"),
        ("shop", f"active, subaccount of {sandbox.account_sid}"),
    ]
    alone = await diagnose(sandbox, only="shop", MAIN_TOKEN=sandbox.auth_token)
    assert [f.about for f in of("access", alone)] == ["shop"]
    sandbox.set_status("shop", "suspended")
    ill = await diagnose(sandbox, only=shop.sid, MAIN_TOKEN=sandbox.auth_token)
    assert bad(ill) == [("problem", "access"), ("problem", "account")]
    assert "it is suspended" in the("account", ill).seen
    assert sandbox.auth_token not in str(found + alone + ill)


# ---- what the credentials permit ------------------------------------------------------------


@pytest.mark.parametrize(
    ("kinds", "seen"),
    [
        (("update",), "may not change a call"),
        (("fetch",), "may not read a call"),
        (("fetch", "update"), "may not read a call nor change a call"),
        (("list",), "may not list calls"),
    ],
)
async def test_a_key_that_may_too_little(
    kinds: tuple[str, ...], seen: str, sandbox: Sandbox, project: Path
) -> None:
    sandbox.set_fault("403", on=kinds)
    found = await diagnose(sandbox)
    assert bad(found) == [("problem", "access")]
    assert seen in the("access", found).seen
    assert "permissions to read and to update calls" in the("access", found).fix


async def test_a_standard_key_may_enough(sandbox: Sandbox, project: Path) -> None:
    found = await diagnose(sandbox, TWILIO_API_KEY=API_KEY, TWILIO_API_SECRET=API_SECRET)
    assert bad(found) == []
    assert the("credentials", found).seen == "complete: an API key and its secret"
    assert the("account", found).seen == "active; this API key may not read more of it"
    assert API_SECRET not in str(found)


@pytest.mark.parametrize("fault", ["429", "503", "reset-before", "html", "malformed"])
async def test_an_ill_far_side_is_a_problem(fault: str, sandbox: Sandbox, project: Path) -> None:
    sandbox.set_fault(fault)
    assert ("problem", "access") in bad(await diagnose(sandbox))


async def test_a_far_side_that_is_not_there(sandbox: Sandbox, project: Path) -> None:
    await sandbox.close()
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{unused.getsockname()[1]}"
    done = await callflow("doctor", "--api-base", base, cwd=project, **_login(sandbox))
    assert (done.code, "connection refused" in done.out) == (1, True)


def _login(sandbox: Sandbox) -> dict[str, str]:
    return {"TWILIO_ACCOUNT_SID": sandbox.account_sid, "TWILIO_AUTH_TOKEN": sandbox.auth_token}


@pytest.mark.parametrize(
    ("seconds", "level", "seen"),
    [
        (0.0, "ok", "within 2s"),
        (-20.0, "warning", "s ahead of Twilio's"),
        (20.0, "warning", "s behind Twilio's"),
        (-3600.0, "problem", "m5"),
        (3600.0, "problem", "m5"),
    ],
)
async def test_the_clock(
    seconds: float, level: str, seen: str, sandbox: Sandbox, project: Path
) -> None:
    sandbox.set_fault("skew", seconds=seconds)
    clock = the("clock", await diagnose(sandbox))
    assert clock.level == level
    assert seen in clock.seen


async def test_a_clock_that_nobody_tells(sandbox: Sandbox, project: Path) -> None:
    sandbox.set_fault("no-date")
    assert bad(await diagnose(sandbox)) == [("warning", "clock")]


def test_region_and_edge_are_told(project: Path) -> None:
    settings, _ = read_settings(None, {})
    variables = {"TWILIO_ACCOUNT_SID": "AC" + "1" * 32, "TWILIO_AUTH_TOKEN": "x" * 32}
    placed = variables | {"TWILIO_REGION": "ie1", "TWILIO_EDGE": "dublin"}
    ((patient,), _) = read_patients(settings, placed, None)
    assert (patient.credentials.region, patient.credentials.edge) == ("ie1", "dublin")
    nobody, findings = read_patients(settings, variables | {"TWILIO_REGION": "ie1"}, None)
    assert (nobody, bad(findings)) == ([], [("problem", "credentials")])


@pytest.mark.parametrize(
    ("proxy", "level", "seen"),
    [
        ("", "ok", "none on the way to api.twilio.com"),
        ("http://user:hunter2@proxy.example.com:3128", "ok", "proxy.example.com:3128"),
        ("proxy.example.com", "problem", "is no URL"),
        ("http://proxy.example.com:many", "problem", "is no URL"),
    ],
)
def test_the_proxy(proxy: str, level: str, seen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    found = proxy_finding({"HTTPS_PROXY": proxy}, "https://api.twilio.com")
    assert found.level == level
    assert seen in found.seen
    assert "hunter2" not in str(found)
    assert proxy_finding({}, "http://127.0.0.1:1").seen == "none on the way to 127.0.0.1"


# ---- flows and what they lead to ------------------------------------------------------------


async def test_flows_with_errors_and_with_warnings(sandbox: Sandbox, project: Path) -> None:
    file = project / "flows" / "end.yaml"
    file.write_text(FLOW.replace("match", "mach"))
    found = await diagnose(sandbox)
    assert ("problem", "flows") in bad(found)
    assert of("flows", found)[0].about.startswith("flows/end.yaml:")
    file.write_text(FLOW.replace('{from: "+14155550199"}', "{}"))
    found = await diagnose(sandbox)
    assert bad(found) == [("warning", "flows")]
    assert the("flows", found).fix == "callflow validate flows"


GOOD = '<?xml version="1.0" encoding="UTF-8"?>\n<Response><Say>hello</Say></Response>'


@asynccontextmanager
async def website(
    answers: dict[str, dict[str, Any]],
) -> AsyncIterator[tuple[str, list[web.Request]]]:
    """A web server with these answers to GET; and what was asked."""
    asked: list[web.Request] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request)
        return web.Response(**answers[request.path])

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", asked
    finally:
        await runner.cleanup()


def leading_to(action: str) -> str:
    return FLOW.replace("[hangup]", f"[{action}]")


@pytest.mark.parametrize(
    ("action", "answer", "level", "seen"),
    [
        ("redirect", {"text": GOOD, "content_type": "text/xml"}, "ok", "answers with TwiML"),
        ("redirect", {"text": GOOD, "content_type": "text/html"}, "ok", "answers with TwiML"),
        ("redirect", {"status": 405}, "ok", "answers only POST"),
        ("redirect", {"status": 403}, "ok", "seems to check signatures"),
        ("redirect", {"status": 404}, "problem", "answered 404"),
        ("redirect", {"status": 500}, "problem", "answered 500"),
        ("redirect", {"text": GOOD}, "problem", "content type text/plain"),
        ("redirect", {"text": GOOD[:-4], "content_type": "text/xml"}, "problem", "not well-formed"),
        ("redirect", {"text": "<html/>", "content_type": "text/html"}, "problem", "is <html>"),
        (
            "redirect",
            {"text": GOOD + " " * 65_536, "content_type": "text/xml"},
            "problem",
            "longer than 64 kB",
        ),
        ("play", {"body": b"x", "content_type": "audio/mpeg"}, "ok", "sound of type audio/mpeg"),
        ("play", {"text": GOOD, "content_type": "text/html"}, "problem", "does not play"),
        ("play", {"status": 403}, "problem", "answered 403"),
    ],
)
async def test_what_flows_lead_to(
    action: str, answer: dict[str, Any], level: str, seen: str, project: Path
) -> None:
    async with website({"/there": answer}) as (url, asked):
        secret = url.replace("http://", "http://me:hunter2@") + "/there?token=hunter2"
        found = await look_at(project, f"{{{action}: '{secret}'}}", api_base=url)
    (finding,) = found
    assert (finding.level, finding.about) == (level, f"{url}/there")
    assert seen in finding.seen
    assert bool(finding.fix) == (level != "ok")
    assert "hunter2" not in str(finding)
    assert [(request.method, "Authorization" in request.headers) for request in asked] == [
        ("GET", False)
    ]


async def look_at(project: Path, action: str, *, api_base: str | None) -> list[Finding]:
    (project / "flows" / "end.yaml").write_text(leading_to(action))
    loaded = load([project / "flows"])
    assert loaded.flow_set is not None, loaded.problems
    return await doctor_urls.examine(loaded.flow_set, api_base)


async def test_a_url_that_is_redirected_or_not_there(project: Path) -> None:
    moved = {"status": 302, "headers": {"Location": "/new"}}
    good = {"text": GOOD, "content_type": "text/xml"}
    loop = {"status": 302, "headers": {"Location": "/loop"}}
    async with website({"/old": moved, "/new": good, "/loop": loop}) as (url, _):
        (found,) = await look_at(project, f"{{redirect: '{url}/old'}}", api_base=url)
        assert found.level == "ok"
        (found,) = await look_at(project, f"{{redirect: '{url}/loop'}}", api_base=url)
        assert (found.level, "redirects more than" in found.seen) == ("problem", True)
    (found,) = await look_at(project, f"{{redirect: '{url}/old'}}", api_base=url)
    assert (found.level, found.seen) == ("problem", "no connection to 127.0.0.1")


async def test_twilio_can_reach_neither_this_machine_nor_keep_http_secret(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = {"text": GOOD, "content_type": "text/xml"}
    async with website({"/": good}) as (url, asked):
        (found,) = await look_at(project, f"{{redirect: '{url}/'}}", api_base=None)
        assert (found.level, "can't reach this machine" in found.seen) == ("problem", True)
        assert asked == []
        monkeypatch.setenv("http_proxy", url)  # which stands for the whole web
        (found,) = await look_at(project, "{redirect: 'http://example.com/'}", api_base=None)
    assert (found.level, found.seen) == ("warning", "asked for in clear (http)")
    assert "ends/end" in found.fix
    assert [request.host for request in asked] == ["example.com"]


async def test_urls_with_placeholders_are_only_counted(project: Path) -> None:
    action = "{redirect: 'https://nowhere.invalid/?who={{ from }}'}"
    (found,) = await look_at(project, action, api_base=None)
    assert (found.level, found.seen[:24]) == ("ok", "1 URL with placeholders:")


async def test_no_fetch_asks_for_nothing(sandbox: Sandbox, project: Path) -> None:
    async with website({}) as (url, asked):
        (project / "flows" / "end.yaml").write_text(leading_to(f"{{redirect: '{url}/'}}"))
        found = await diagnose(sandbox, fetch=False)
    assert (bad(found), asked) == ([], [])


async def test_a_server_that_hangs_gets_its_time_and_no_more() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(NotFetched, match=r"did not answer within 0\.2s"):
            await fetch_document(url, limit=200)


# ---- the store ------------------------------------------------------------------------------


async def filled(path: Path, acts: int) -> None:
    store = await SqliteStore(path).open()
    await store.claim(
        [
            Intent(
                "AC" + "1" * 32,
                f"CA{number:032x}",
                flow="ends",
                rule="end",
                revision="1",
                then=("hangup",),
                request={"Status": "completed"},
                why="it matched",
                at=number,
            )
            for number in range(acts)
        ]
    )
    await store.close()


async def test_a_store_that_is_sound(sandbox: Sandbox, project: Path) -> None:
    await filled(project / "callflow.db", 3)
    before = (project / "callflow.db").read_bytes()
    found = await diagnose(sandbox)
    assert bad(found) == []
    assert the("store", found).seen == "callflow.db can be read and written"
    assert the("journal", found).seen == "3 rows, all as they were written"
    assert (project / "callflow.db").read_bytes() == before


def change(path: Path, *statements: str) -> None:
    db = sqlite3.connect(path)
    for statement in statements:
        db.execute(statement)
    db.commit()
    db.close()


async def test_a_store_that_was_tampered_with(project: Path) -> None:
    await filled(project / "s.db", 3)
    change(project / "s.db", "UPDATE acts SET why = 'it did not'")
    found = await doctor_store.examine_file("sqlite:///s.db")
    assert bad(found) == [("problem", "journal")]
    assert "the ledger's why is it did not" in the("journal", found).seen


async def test_a_store_that_is_damaged(project: Path) -> None:
    await filled(project / "s.db", 2_000)
    size = (project / "s.db").stat().st_size
    with (project / "s.db").open("r+b") as file:
        file.seek(size // 2 // 4096 * 4096)
        file.write(b"\xff" * 4096)
    found = await doctor_store.examine_file("sqlite:///s.db")
    assert ("problem", "store") in bad(found)
    assert "damaged" in of("store", found)[0].seen


@pytest.mark.parametrize(
    ("content", "seen"),
    [(b"not a database, by any means " * 40, "not a SQLite database"), (None, "another program")],
)
async def test_a_file_that_is_no_store(content: bytes | None, seen: str, project: Path) -> None:
    if content is None:
        change(project / "s.db", "CREATE TABLE mine (x)")
    else:
        (project / "s.db").write_bytes(content)
    found = await doctor_store.examine_file("sqlite:///s.db")
    assert bad(found) == [("problem", "store")]
    assert seen in the("store", found).seen


async def test_an_older_and_a_newer_store(project: Path) -> None:
    db = sqlite3.connect(project / "s.db")
    db.executescript(
        f"{VERSIONS[0]} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1;"
    )
    db.close()
    found = await doctor_store.examine_file("sqlite:///s.db")
    assert bad(found) == [("warning", "store")]
    assert "older callflow (version 1" in of("store", found)[1].seen
    change(project / "s.db", "PRAGMA user_version = 99")
    found = await doctor_store.examine_file("sqlite:///s.db")
    assert bad(found) == [("problem", "store")]
    assert "newer callflow" in the("store", found).seen


async def test_a_store_that_another_program_locks(project: Path) -> None:
    await filled(project / "s.db", 1)
    other = sqlite3.connect(project / "s.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    found = await doctor_store.examine_file("sqlite:///s.db")
    other.close()
    assert bad(found) == [("problem", "store")]
    assert "in use by another program" in the("store", found).seen


async def test_a_disk_that_takes_no_more(sandbox: Sandbox, project: Path) -> None:
    await filled(project / "callflow.db", 1)
    size = (project / "callflow.db").stat().st_size
    code = (
        f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}));"
        "from runner.cli.main import main; main(['doctor', '--format', 'json', '--no-fetch'])"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code),
        stdout=subprocess.PIPE,
        env=environment(sandbox),
        cwd=project,
    )
    out, _ = await process.communicate()
    rows = [row for row in json.loads(out) if row["level"] != "ok"]
    assert [(row["level"], row["check"]) for row in rows] == [("problem", "store")]
    assert process.returncode == 1
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("sqlite:////nowhere/at/all/s.db", "there is no folder /nowhere/at/all"),
        ("sqlite:////proc/s.db", "can't write to /proc"),
        ("floppy", "is not a store"),
    ],
)
async def test_a_store_that_cannot_be_made(url: str, seen: str) -> None:
    found = await doctor_store.examine_file(url)
    assert ("problem", "store") in bad(found)
    assert seen in the("store", found).seen


async def test_a_store_too_large_to_read_in_time_is_said_to_be(project: Path) -> None:
    await filled(project / "s.db", 3_000)
    checkup = examine_store(project / "s.db", seconds=-1)
    assert checkup.unfinished == ("PRAGMA quick_check", "callflow history --verify")
    assert checkup.not_written is None


def test_a_disk_that_is_nearly_full() -> None:
    levels = [doctor_store.disk_finding(free << 20).level for free in (5, 100, 5_000)]
    assert levels == ["problem", "warning", "ok"]


def test_a_network_share_is_found_by_its_mount(tmp_path: Path) -> None:
    share = tmp_path / "a share"
    (share / "below").mkdir(parents=True)
    mounts = tmp_path / "mounts"
    named = str(share).replace(" ", "\\040")
    mounts.write_text(
        f"/dev/sda / ext4 rw 0 0\nnas:/x {named} nfs4 rw 0 0\nproc /proc proc rw 0 0\n"
    )
    assert doctor_store.file_system(share / "below", mounts) == "nfs4"
    assert doctor_store.file_system(tmp_path, mounts) == "ext4"
    assert doctor_store.file_system(tmp_path, tmp_path / "none") == ""
    shares = ("nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p", "ceph")
    assert {doctor_store.network_finding(kind).level for kind in shares} == {"problem"}
    assert {doctor_store.network_finding(k).level for k in ("ext4", "xfs", "")} == {"ok"}


# ---- who acts, and what is paused -----------------------------------------------------------


async def leased(path: Path, holder: str, at: int) -> SqliteStore:
    store = await SqliteStore(path).open()
    assert await store.take(holder, over=await store.lease(), at=at) is not None
    return store


async def test_a_runner_that_lives(sandbox: Sandbox, project: Path) -> None:
    store = await leased(project / "callflow.db", identify(), now())
    found = await diagnose(sandbox)
    await store.close()
    assert bad(found) == []
    assert "acts on this store; renewed its lease" in the("runner", found).seen


async def test_a_runner_that_says_nothing_any_more(sandbox: Sandbox, project: Path) -> None:
    store = await leased(project / "callflow.db", "far:7:1:world", now() - 300_000)
    found = await diagnose(sandbox)
    await store.close()
    assert bad(found) == [("warning", "runner")]
    assert the("runner", found).seen.startswith("process 7 on far last renewed its lease 5m")


async def test_a_runner_that_died(sandbox: Sandbox, project: Path) -> None:
    code = "from runner.engine.holder import identify; print(identify())"
    dead = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=subprocess.PIPE)
    out, _ = await dead.communicate()
    store = await leased(project / "callflow.db", out.decode().strip(), now())
    found = await diagnose(sandbox)
    await store.close()
    assert bad(found) == [("warning", "runner")]
    assert "died with the lease" in the("runner", found).seen


async def test_runners_that_take_the_lease_from_each_other(sandbox: Sandbox, project: Path) -> None:
    one = await leased(project / "callflow.db", "one:1:1:w", now())
    two = await SqliteStore(project / "callflow.db").open()

    async def fight() -> None:
        while True:
            for store, name in ((two, "two:2:2:w"), (one, "one:1:1:w")):
                await store.take(name, over=await store.lease(), at=now())
                await asyncio.sleep(0.03)

    fighting = asyncio.ensure_future(fight())
    found = await diagnose(sandbox)
    fighting.cancel()
    await asyncio.wait({fighting})
    await one.close()
    await two.close()
    assert bad(found) == [("problem", "runner")]
    assert "take the lease from each other" in the("runner", found).seen


async def test_every_pause_comes_with_the_command_that_lifts_it(
    sandbox: Sandbox, project: Path
) -> None:
    store = await SqliteStore(project / "callflow.db").open()
    account = sandbox.account_sid
    for pause in (
        Pause(flow="ends", rule="end", reason="12 in 1m", tripped=True, account=account, at=now()),
        Pause(flow="ends", reason="to look at it", by="ann@desk", at=now()),
        Pause(account=account, reason="moving house", by="ann@desk", at=now()),
        Pause(flow="ends", rule="end", reason="over", by="ann@desk", at=1, until=2),
    ):
        await store.pause(pause)
    await store.close()
    KillSwitch(project / "PAUSED").throw(Pause(reason="storm", by="bob@desk", at=now()))
    found = await diagnose(sandbox)
    assert bad(found) == [("warning", "paused")] * 4
    assert "storm" in of("paused", found)[0].seen
    for each in of("paused", found):
        words = shlex.split(each.fix.partition(": ")[2])
        assert words[:2] == ["callflow", "resume"]
        done = await callflow(*words[1:], at=sandbox, cwd=project)
        assert (done.code, done.out[:7]) == (0, "resumed")
    assert the("paused", await diagnose(sandbox)).seen == "nothing is"


# ---- the port -------------------------------------------------------------------------------


async def test_the_port(sandbox: Sandbox, project: Path) -> None:
    def listening(port: int) -> None:
        text = f"version: 1\nlisten: 127.0.0.1:{port}\n"
        (project / "callflow.yaml").write_text(text)

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        listening(port)
        found = await diagnose(sandbox)  # bound, and nobody answers
        assert bad(found) == [("problem", "listen")]
        assert "already in use" in the("listen", found).seen
    assert the("listen", await diagnose(sandbox)).seen == f"127.0.0.1:{port} is free"
    async with serve(Health({}), "127.0.0.1:0", clock=SystemClock()) as url:
        listening(int(url.rpartition(":")[2]))
        assert "a runner answers at" in the("listen", await diagnose(sandbox)).seen
