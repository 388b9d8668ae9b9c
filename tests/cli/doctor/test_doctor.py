"""Promises of `callflow doctor`: each check is ok where all is well, and says what to mend else."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from runner.cli.checkup.accounts import NOBODY, hasty
from runner.cli.checkup.findings import PATIENCE, in_time, warning
from runner.cli.checkup.local import proxy_finding, read_patients, read_settings
from runner.console.web.health import Health
from runner.console.web.server import Site, serve
from runner.engine.clock import SystemClock
from runner.sandbox import API_KEY, API_SECRET, Sandbox
from runner.settings import TwilioSettings
from tests.cli.doctor.visiting import bad, diagnose, of, the
from tests.process import callflow

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
    assert "check the account SID" in access["fix"]
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
from runner.cli.checkup.findings import in_time, run_bounded, warning
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
    async with serve(Site(Health({}), SystemClock()), "127.0.0.1:0") as url:
        listening(int(url.rpartition(":")[2]))
        assert "a runner answers at" in the("listen", await diagnose(sandbox)).seen


def test_the_page_has_a_row_for_every_check() -> None:
    root = Path(__file__).parent.parent.parent.parent
    looking = [root / "runner/cli/doctor.py", *root.glob("runner/cli/checkup/*.py")]
    sources = "".join(p.read_text(encoding="utf-8") for p in looking)
    checks = set(re.findall(r'\b(?:ok|warning|problem|_problems|_timed)\(\s*"([a-z]+)"', sources))
    page = (root / "docs/deployment.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([a-z]+)` \|", page, re.MULTILINE)) == checks
    example = page.partition("```\n")[2].partition("```")[0]
    assert {line.split()[1] for line in example.splitlines()} == checks
