"""Promises of the systemd unit: systemd takes it, and it fits the runner that it starts."""

from __future__ import annotations

import asyncio
import shlex
import shutil
import signal
import socket
import subprocess
from pathlib import Path

from runner.cli import exits
from runner.cli.run import command as run_command
from runner.durations import parse_duration
from runner.language.loader import load_config
from runner.sandbox import ManualClock, Sandbox
from tests.deploy.reading import CONFIG, KNOWN, ROOT, UNIT, one, service, unit
from tests.process import daemon


def test_the_unit_holds_what_systemd_knows_and_nothing_twice() -> None:
    assert {name: set(given) for name, given in unit().items()} == KNOWN
    words = {"yes", "no"}
    assert {
        value for name, value in service().items() if name.startswith(("Private", "Protect"))
    } <= words | {"strict", "invisible"}


def test_what_it_starts_is_a_command_without_a_shell() -> None:
    words = shlex.split(service()["ExecStart"])
    assert words[:2] == ["/opt/callflow/bin/callflow", "run"]
    run_command.make_context("run", words[2:])
    assert not set(service()["ExecStart"]) & set(";|&<>`$")


def test_stopping_leaves_time_for_the_grace() -> None:
    words = shlex.split(service()["ExecStart"])
    grace = parse_duration(words[words.index("--grace") + 1])
    # A poll may take the grace to end, and then acts in flight may.
    assert parse_duration(service()["TimeoutStopSec"]) > 2 * grace
    assert service()["KillSignal"] == "SIGTERM"


def test_what_a_restart_cannot_mend_is_not_restarted() -> None:
    wanted = f"{exits.FINDINGS} {exits.USAGE}"
    assert (service()["Restart"], service()["RestartPreventExitStatus"]) == ("on-failure", wanted)
    assert str(exits.FAILURE) not in wanted


def test_the_secret_is_a_credential_and_stands_in_no_file_that_others_read() -> None:
    name, _, path = service()["LoadCredential"].partition(":")
    words = " ".join(unit()["Service"]["Environment"]).split()
    variables = dict(word.split("=", 1) for word in words)
    assert variables["TWILIO_AUTH_TOKEN_FILE"] == f"%d/{name}"
    assert path.startswith("/etc/callflow/credentials/")
    assert not [each for each in variables if each in ("TWILIO_AUTH_TOKEN", "TWILIO_API_SECRET")]


def test_the_store_lies_where_the_unit_and_the_image_may_write() -> None:
    config = load_config(CONFIG)
    assert config.problems == ()
    assert config.data is not None
    assert config.data["store"] == "sqlite:////var/lib/callflow/callflow.db"
    assert service()["StateDirectory"] == "callflow"
    assert one("VOLUME").value == '["/var/lib/callflow"]'


def test_systemd_finds_nothing_to_complain_of(tmp_path: Path) -> None:
    """Where systemd is installed it has the last word; elsewhere the tests above have it."""
    tool = shutil.which("systemd-analyze")
    commands = []
    if tool is not None:
        program = tmp_path / "callflow"
        program.write_text("")
        program.chmod(0o755)
        copy = tmp_path / "callflow.service"
        text = UNIT.read_text(encoding="utf-8")
        copy.write_text(text.replace("/opt/callflow/bin/callflow", str(program)))
        commands = [
            [tool, "verify", "--man=no", str(copy)],
            [tool, "security", "--offline=true", "--threshold=15", "--no-pager", str(copy)],
        ]
    for each in commands:
        done = subprocess.run(each, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout


async def test_systemd_would_hear_of_a_run_from_start_to_stop(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    shutil.copy(ROOT / "flows/runaway-calls.yaml", tmp_path / "flows")
    heard: list[str] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)

        async def hears(word: str) -> None:
            while word not in heard:
                data = await asyncio.wait_for(
                    asyncio.get_running_loop().sock_recv(manager, 4096), 15
                )
                heard.extend(data.decode().split("\n"))

        variables = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "400000"}
        async with (
            Sandbox(clock=ManualClock()) as sandbox,
            daemon(at=sandbox, cwd=tmp_path, **variables) as running,
        ):
            await hears("READY=1")
            await hears("WATCHDOG=1")
            done = await running.end(signal.SIGTERM)
            await hears("STOPPING=1")
    assert done.code == 0
    assert heard.index("READY=1") < heard.index("STOPPING=1")
