"""`callflow init`: a project to start from; what is there already is left alone."""

from __future__ import annotations

import json
from pathlib import Path

import click

from runner import __version__, resources
from runner.cli.exits import CLEAN, Failure

_CONFIG = """\
# yaml-language-server: $schema=schemas/config.schema.json
# What this deployment needs. Command-line options and CALLFLOW_... variables win over it.
# `callflow explain config` lists every key; `callflow validate callflow.yaml` checks them.
version: 1
flows: [flows]
interval: 2s
store: sqlite:///callflow.db

# Calls that no flow may change. Emergency numbers are protected without being named here.
# never:
#   numbers: ["+14155550100"]
#   prefixes: ["+1900"]
#   lists: [protected.txt]   # one number a line, beside this file

# Without accounts it is the one of TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN. Secrets never stand
# here, only where they are kept: {env: NAME}, {file: PATH} or {credential: NAME}.
# accounts:
#   main: {sid: AC00000000000000000000000000000001, auth_token: {env: MAIN_TOKEN}}
#   acme: {sid: AC00000000000000000000000000000002, parent: main}

# How much may be changed at once before a rule counts as a wrong rule; these are the defaults.
# guards:
#   rule: {burst: {max_share: 25%, at_least: 10}, rate: {max: 30, per: 1m}}
"""

_CI = """\
# Checks the flows on every push. Problems show up on their lines of a pull request.
name: flows
on: [push, pull_request]
permissions: {contents: read}
jobs:
  validate:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with: {python-version: "3.12"}
      - run: pip install callflow-runner==VERSION
      - run: callflow validate --strict --format github flows callflow.yaml
      - run: callflow test flows
"""

_IGNORED = """\
# callflow's ledger: state of the machine that runs it, never of the repository.
callflow.db*
"""

# Files that lie among flows and are none have to be taken out by name: where two schemas want a
# file, a language server asks it to fit both.
_EDITOR = {
    "yaml.schemas": {
        "schemas/test.schema.json": ["*.test.yaml", "*.test.yml"],
        "schemas/config.schema.json": ["callflow.yaml", "callflow.yml"],
        "schemas/flow.schema.json": [
            "flows/**/*.yaml",
            "flows/**/*.yml",
            *("!*.test.yaml", "!*.test.yml", "!*.scenario.yaml", "!*.scenario.yml"),
            *("!callflow.yaml", "!callflow.yml"),
        ],
    }
}


@click.command(
    "init",
    epilog="Example: callflow init my-flows",
    short_help="Start a project: flows, configuration, editor settings.",
)
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
def command(folder: Path) -> int:
    """Start a project in DIR (default: here).

    Writes starter flows and their tests, JSON Schemas, a configuration, a CI job and editor
    settings.
    Files that are there already are kept as they are.
    """
    try:
        kept = [name for name, text in _files().items() if not _write(folder / name, text)]
    except BrokenPipeError:
        raise
    except OSError as error:
        hint = "name a folder that can be written to: callflow init DIR"
        raise Failure(f"can't write {error.filename}: {error.strerror}", hint=hint) from None
    if kept:
        click.echo("\nkept as they are: " + ", ".join(kept))
    click.echo("\nnext:")
    if folder != Path("."):
        click.echo(f"  cd {folder}")
    click.echo("  callflow validate   check the flows")
    click.echo("  callflow test       play their tests: what happens to which call, and when")
    click.echo("  callflow plan       what would happen to your calls now; nothing is sent")
    click.echo("  callflow run        let them act")
    return CLEAN


def _files() -> dict[str, str]:
    """What a project consists of: path → text."""
    files = {
        f"flows/{path.name}": path.read_text(encoding="utf-8")
        for path in sorted(resources.starter_flows().glob("*.yaml"))
    }
    for path in sorted(resources.schemas().glob("*.schema.json")):
        files[f"schemas/{path.name}"] = path.read_text(encoding="utf-8")
    files["callflow.yaml"] = _CONFIG
    files[".vscode/settings.json"] = json.dumps(_EDITOR, indent=2) + "\n"
    files[".github/workflows/callflow.yml"] = _CI.replace("VERSION", __version__)
    files[".gitignore"] = _IGNORED
    return files


def _write(path: Path, text: str) -> bool:
    """Writes a new file; False where there is one already."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return False
    click.echo(f"wrote {path}")
    return True
