"""Promises of the image: what goes into it, what its build makes, how its health is known.

There is no container engine here. The steps of the Dockerfile's first stage are carried out one by
one in a folder instead, so that what they build is real; those of the second are read.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from runner.sandbox import ManualClock, Sandbox
from tests.deploy.reading import ROOT, Step, copied, ignored, one, service, steps
from tests.process import daemon


def test_hadolint_has_nothing_to_say() -> None:
    tool = Path(sys.executable).parent / "hadolint"
    done = subprocess.run(
        [tool, "--no-color", "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_base_is_one_exact_version_that_the_package_supports() -> None:
    bases = {step.value.split()[0] for step in steps() if step.name == "FROM"}
    (base,) = bases
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-[a-z]+", base)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    python = re.findall(r"python:(3\.\d+)", base)[0]
    assert f"Programming Language :: Python :: {python}" in project["classifiers"]
    assert base in one("LABEL").value


def test_the_image_runs_as_nobody_in_particular_and_stops_as_asked() -> None:
    user = one("USER").value
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)
    (state,) = [s for s in steps() if s.name == "COPY" and s.value.endswith("/var/lib/callflow")]
    assert (state.flags["chown"], state.flags["chmod"]) == (user, "0700")
    assert one("STOPSIGNAL").value == service()["KillSignal"]
    assert json.loads(one("ENTRYPOINT").value) == ["callflow"]
    assert json.loads(one("CMD").value) == ["run"]
    labels = dict(pair.split("=", 1) for pair in shlex.split(one("LABEL").value))
    assert {f"org.opencontainers.image.{n}" for n in ("title", "licenses")} <= labels.keys()


def test_no_secret_can_be_in_a_layer() -> None:
    assert not [step for step in steps() if step.name in ("ARG", "ADD")]
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert not re.search(r"TWILIO|TOKEN|SECRET|PASSWORD", text)


# ---- what goes into the build ---------------------------------------------------------------


def test_every_source_exists_and_goes_in_whole() -> None:
    for sources, _ in copied():
        for source in sources:
            path = ROOT / source
            assert path.exists(), source
            files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
            kept = [f for f in files if "__pycache__" not in f.parts and f.suffix != ".pyc"]
            assert kept
            assert [str(f) for f in kept if ignored(str(f.relative_to(ROOT)))] == []


@pytest.mark.parametrize(
    "path",
    [
        *(".git/config", ".venv/bin/python", ".env", "callflow.db", "callflow.db-wal", "PAUSED"),
        *("notes/secret.txt", "tests/process.py", "docs/operations.md", "deploy/auth-token"),
        *("flows/.env", "flows/callflow.db", "runner/x/__pycache__/y.pyc", "runner/key.pem"),
        *("requirements/dev.txt", "examples/vip/flow.yaml", "callflow.yaml"),
    ],
)
def test_what_is_nobodys_business_stays_out(path: str) -> None:
    assert ignored(path)


def test_every_locked_version_has_its_hashes() -> None:
    for name in ("build", "runtime", "dev"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        entries = re.split(r"\n(?=\S)", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE))
        assert len(entries) > 3
        assert [e for e in entries if "==" not in e or "--hash=sha256:" not in e] == []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["dependency-groups"]["build"] == project["build-system"]["requires"]


# ---- the build, step by step ----------------------------------------------------------------


@dataclass
class Build:
    """Carries out the first stage in a folder, where `/` would be."""

    root: Path
    here: Path = field(init=False)
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.here = self.root

    def inside(self, text: str) -> str:
        """A line with its absolute paths put below the folder, and with this Python."""
        moved = re.sub(r"(?<![\w./])/(opt|stage|build)\b", rf"{self.root}/\1", text)
        return re.sub(r"^python\b", sys.executable, moved)

    def take(self, step: Step) -> None:
        match step.name:
            case "WORKDIR":
                self.here = Path(self.inside(step.value))
                self.here.mkdir(parents=True)
            case "ENV":
                self.variables |= dict(pair.split("=", 1) for pair in shlex.split(step.value))
            case "COPY":
                *sources, target = step.value.split()
                self.copy(sources, self.inside(target))
            case "RUN":
                self.run(self.inside(step.value))
            case _:
                assert step.name == "FROM", step

    def copy(self, sources: list[str], target: str) -> None:
        for source in sources:
            origin, place = ROOT / source, self.here / target
            if origin.is_dir():
                shutil.copytree(origin, place, ignore=_left_out)
                continue
            place = place / origin.name if target.endswith("/") else place
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(origin, place)

    def run(self, line: str) -> None:
        # The cache of this machine, which the image does without, spares the registry; and to
        # compile every module ahead takes longer than all the rest.
        variables = {**os.environ, **self.variables, "PIP_COMPILE": "0"}
        for name in ("PIP_NO_CACHE_DIR", "PYTHONPATH"):
            variables.pop(name, None)
        done = subprocess.run(
            ["/bin/sh", "-c", line],
            cwd=self.here,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


def _left_out(folder: str, names: list[str]) -> list[str]:
    inside = Path(folder).relative_to(ROOT)
    return [name for name in names if ignored(str(inside / name))]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What the first stage leaves, its `/` being a folder."""
    build = Build(tmp_path_factory.mktemp("image"))
    for step in steps():
        if step.stage == 1:
            build.take(step)
    yield build.root
    shutil.rmtree(build.root)


def test_the_steps_build_an_installation_that_runs(image: Path) -> None:
    program = image / "opt/callflow/bin/callflow"
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"callflow, version [\d.]+\n", done.stdout)
    checked = subprocess.run(
        [program, "validate", image / "stage/etc/callflow/callflow.yaml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_nothing_but_what_is_locked_is_installed(image: Path) -> None:
    site = next((image / "opt/callflow/lib").glob("python3.*")) / "site-packages"
    named = (path.name.removesuffix(".dist-info") for path in site.glob("*.dist-info"))
    installed = {re.sub(r"[-_.]+", "-", name.rpartition("-")[0]).lower() for name in named}
    lock = (ROOT / "requirements/runtime.txt").read_text(encoding="utf-8")
    locked = set(re.findall(r"^([\w.-]+)==", lock, re.MULTILINE))
    assert installed == {re.sub(r"[-_.]+", "-", name).lower() for name in locked} | {
        "callflow-runner"
    }
    assert not (site / "pip").exists()


# ---- health ---------------------------------------------------------------------------------

CHECK = one("HEALTHCHECK")


def health(listen: str) -> int:
    """The exit code of the image's health check, with nothing of this environment but the port."""
    words = json.loads(CHECK.value.partition("CMD ")[2])
    assert words[0] == "python"
    done = subprocess.run(
        [sys.executable, "-I", ROOT / "deploy" / Path(words[1]).name],
        env={"CALLFLOW_LISTEN": listen, "http_proxy": "http://127.0.0.1:1"},
        capture_output=True,
        check=False,
    )
    assert b"Traceback" not in done.stderr
    return done.returncode


async def test_the_health_check_follows_the_runner(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    shutil.copy(ROOT / "flows/runaway-calls.yaml", tmp_path / "flows")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        listen = f"127.0.0.1:{free.getsockname()[1]}"
    assert await asyncio.to_thread(health, listen) == 1
    async with Sandbox(clock=ManualClock()) as sandbox:
        sandbox.set_fault("503")  # Twilio's trouble is none that a restart would mend
        async with daemon("--listen", listen, at=sandbox, cwd=tmp_path) as running:
            await running.hears("poll.failed")
            assert await asyncio.to_thread(health, listen) == 0
            await running.end(signal.SIGTERM)
    assert await asyncio.to_thread(health, listen) == 1
