"""What other people's repositories use of this one works as it stands: the hook and the action.

Both install this checkout, as it is now, with pip into an environment of their own.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.test_docs import fences

ROOT = Path(__file__).parent.parent
GOOD = """\
version: 1
flow: good
rules:
  - id: cut
    match: {age: {gte: 1h}}
    then: [hangup]
"""
WARNED = GOOD.replace("{age: {gte: 1h}}", '{from: "4155550100"}')
BAD = GOOD.replace("hangup", "hangupp")
TEST = """\
version: 1
flows: [good.yaml]
tests:
  - name: ends after an hour
    calls: [{id: a, age: 59m}]
    expect: [{at: 1m, call: a, rule: good/cut}]
"""


def run(
    *words: str | Path, cwd: Path, environ: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def bare(home: Path) -> dict[str, str]:
    """An environment with an empty home, and what pip may need to reach a package index."""
    network = re.compile(r"PIP_|SSL_|REQUESTS_|(?:HTTPS?|NO)_PROXY$", re.IGNORECASE)
    kept = {name: text for name, text in os.environ.items() if network.match(name)}
    home.mkdir()
    # Twilio's SDK alone has a thousand files to compile, of which `validate` loads none.
    return {**kept, "HOME": str(home), "PATH": os.environ["PATH"], "PIP_COMPILE": "0"}


def git(*words: str | Path, cwd: Path) -> str:
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
    done = subprocess.run(["git", *who, *words], cwd=cwd, capture_output=True, check=True)
    return done.stdout.decode()


def copy_of_this(folder: Path) -> Path:
    """A repository with one commit: this checkout with what has not been committed yet."""
    listed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    git("init", "-q", cwd=folder)
    git("add", "-A", cwd=folder)
    git("commit", "-q", "-m", "All", cwd=folder)
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A user's repository."""
    folder = tmp_path / "project"
    (folder / "flows").mkdir(parents=True)
    (folder / "flows/good.yaml").write_text(GOOD, encoding="utf-8")
    return folder


def test_the_hook(project: Path, tmp_path: Path) -> None:
    source = copy_of_this(tmp_path / "source")
    environ = bare(tmp_path / "home")
    git("init", "-q", cwd=project)
    [config] = [text for info, text in fences(ROOT / "docs/ci.md") if info == "yaml pre-commit"]
    config = config.replace("https://github.com/OWNER/callflow", str(source))
    config = config.replace("rev: main", f"rev: {git('rev-parse', 'HEAD', cwd=source).strip()}")
    (project / ".pre-commit-config.yaml").write_text(config, encoding="utf-8")
    bad = project / "flows/bad.yaml"
    (project / "flows/good.test.yaml").write_text(TEST, encoding="utf-8")

    def tried(*words: str) -> tuple[int, str]:
        git("add", "-A", cwd=project)
        pre_commit = (sys.executable, "-m", "pre_commit", "run")
        done = run(*pre_commit, *words, cwd=project, environ=environ)
        return done.returncode, done.stdout

    bad.write_text(BAD, encoding="utf-8")
    code, said = tried("--all-files")
    assert code == 1, said
    assert 'flows/bad.yaml:6:12: error: unknown action "hangupp"' in said
    # Flows come into force together: only both files show that a name stands twice.
    bad.write_text(GOOD, encoding="utf-8")
    code, said = tried("--files", "flows/bad.yaml")
    assert code == 1, said
    assert "[duplicate-flow]" in said
    bad.unlink()
    code, said = tried("--all-files")
    assert code == 0, said
    assert re.findall(r"^callflow (\w+)\.+Passed$", said, re.MULTILINE) == ["validate", "test"]
    (project / "flows/good.test.yaml").write_text(TEST.replace("59m", "58m"), encoding="utf-8")
    code, said = tried("--all-files")
    assert code == 1, said
    assert re.findall(r"^callflow (\w+)\.+Failed$", said, re.MULTILINE) == ["test"]
    (project / "notes.yaml").write_text("- anything", encoding="utf-8")
    assert tried("--files", "notes.yaml")[1].count("(no files to check)Skipped") == 2


# ---- the action -----------------------------------------------------------------------------


@cache
def action() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    return loaded


class Job:
    """Runs the action's scripts as GitHub's runner does: inputs filled in, each in a new shell."""

    def __init__(self, tmp_path: Path, project: Path) -> None:
        self.project = project
        self.temp = tmp_path / "temp"
        self.temp.mkdir()
        self.environ = {**bare(tmp_path / "home"), "RUNNER_TEMP": str(self.temp)}
        self.known = {"github.action_path": str(ROOT), "steps.python.outputs.python-path": ""}
        self.known["steps.python.outputs.python-path"] = sys.executable

    def step(self, name: str, **given: str) -> subprocess.CompletedProcess[str]:
        [step] = [step for step in action()["runs"]["steps"] if step.get("name") == name]
        defaults = {key: str(row["default"]) for key, row in action()["inputs"].items()}
        assert given.keys() <= defaults.keys()
        known = self.known | {f"inputs.{k}": v for k, v in (defaults | given).items()}
        env = {key: self.filled(text, known) for key, text in step["env"].items()}
        script, output = self.temp / "script.sh", self.temp / "output"
        script.write_text(self.filled(step["run"], known), encoding="utf-8")
        output.write_text("", encoding="utf-8")
        shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", script]
        more = env | {"GITHUB_OUTPUT": str(output)}
        done = run(*shell, cwd=self.project, environ=self.environ | more)
        for line in output.read_text(encoding="utf-8").splitlines():
            key, _, text = line.partition("=")
            self.known[f"steps.{step['id']}.outputs.{key}"] = text
        return done

    def lend(self) -> None:
        """Puts what callflow needs into the environment to be; that it comes along, the hook shows.

        Installing it costs half a minute.
        """
        installed = Path(sysconfig.get_paths()["purelib"])
        lent = self.temp / "lent"
        lent.mkdir()
        for package in installed.iterdir():
            if "callflow" not in package.name:
                (lent / package.name).symlink_to(package)
        below = self.temp / "callflow" / installed.relative_to(sys.prefix)
        below.mkdir(parents=True)
        (below / "lent.pth").write_text(str(lent), encoding="utf-8")

    @staticmethod
    def filled(text: str, known: Mapping[str, str]) -> str:
        return re.sub(r"\$\{\{ *([\w.-]+) *\}\}", lambda found: known[found[1]], text)


def test_the_action(project: Path, tmp_path: Path) -> None:
    job = Job(tmp_path, project)
    (project / "runner").mkdir()  # of the user's; not to be taken for ours
    (project / "runner/__init__.py").write_text("raise SystemExit('wrong package')\n")
    (project / "callflow.yaml").write_text("version: 1\nintervall: 2s\n", encoding="utf-8")
    job.lend()
    installed = job.step("Install callflow")
    assert installed.returncode == 0, installed.stdout

    def validated(**given: str) -> tuple[int, str]:
        done = job.step("callflow validate", **given)
        return done.returncode, done.stdout

    assert validated() == (0, "1 file, no problems\n")
    code, said = validated(paths="")  # what `run` would load, the configuration included
    assert (code, "file=callflow.yaml,line=2," in said) == (1, True)
    (project / "flows/warned.yaml").write_text(WARNED.replace("good", "warned"), encoding="utf-8")
    code, said = validated(paths="flows/good.yaml\n  flows/warned.yaml\n")
    assert code == 0, said
    assert said.startswith("::warning file=flows/warned.yaml,line=5,")  # "4155550100"
    assert validated(strict="true")[0] == 1
    code, said = validated(paths="flows callflow.yaml")
    assert (code, "::error file=callflow.yaml,line=2," in said) == (1, True)
    for hostile in ("$(touch pwned)", "`touch pwned`", "--help", "flows; touch pwned", "*"):
        assert validated(paths=hostile)[0] == 1, hostile
    assert not (project / "pwned").exists()


def test_the_action_installs_a_release_where_one_is_named(project: Path, tmp_path: Path) -> None:
    job = Job(tmp_path, project)
    job.environ |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(project)}
    done = job.step("Install callflow", version="9.9.9")
    assert done.returncode != 0
    assert "callflow-runner==9.9.9" in done.stdout


def test_no_input_is_written_into_a_script() -> None:
    for step in action()["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
        assert step.get("shell") == ("bash" if "run" in step else None)


# ---- the files themselves -------------------------------------------------------------------


def check_jsonschema(schema: str, *paths: Path) -> None:
    words = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema)
    done = run(*words, *paths, cwd=ROOT, environ=os.environ)
    assert done.returncode == 0, done.stdout


def test_the_action_is_an_action_to_github() -> None:
    check_jsonschema("vendor.github-actions", ROOT / "action.yml")


KINDS = {
    "workflow": "vendor.github-workflows",
    "gitlab": "vendor.gitlab-ci",
}


def test_what_the_ci_page_shows_is_sound(tmp_path: Path) -> None:
    kinds: dict[str, list[Path]] = {}
    for number, (info, content) in enumerate(fences(ROOT / "docs/ci.md")):
        kind = info.removeprefix("yaml ")
        path = tmp_path / f"{number}.yml"
        path.write_text(content, encoding="utf-8")
        kinds.setdefault(kind, []).append(path)
    for kind, schema in KINDS.items():
        check_jsonschema(schema, *kinds.pop(kind))
    [config] = kinds.pop("pre-commit")
    words = (sys.executable, "-m", "pre_commit", "validate-config", config)
    assert run(*words, cwd=tmp_path, environ=os.environ).returncode == 0
    assert kinds == {}
    for found in re.findall(r"with:\n((?: {10}.*\n)+)", (ROOT / "docs/ci.md").read_text("utf-8")):
        assert yaml.safe_load(found).keys() <= action()["inputs"].keys()


def test_the_job_that_init_writes(project: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = {"PATH": path, "HOME": str(project)}
    assert run("callflow", "init", "shop", cwd=project, environ=environ).returncode == 0
    workflow = project / "shop/.github/workflows/callflow.yml"
    check_jsonschema("vendor.github-workflows", workflow)
    steps = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]["validate"]["steps"]
    scripts = [step["run"] for step in steps if "run" in step]
    ours = [script for script in scripts if script.startswith("callflow ")]
    assert len(ours) == len(scripts) - 1  # the other one installs this very version
    version = run("callflow", "--version", cwd=project, environ=environ).stdout.split()[-1]
    assert f"pip install callflow-runner=={version}" in scripts
    for script in ours:
        done = run("bash", "-e", "-c", script, cwd=project / "shop", environ=environ)
        assert done.returncode == 0, done.stdout
