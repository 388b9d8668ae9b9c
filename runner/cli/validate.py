"""`callflow validate`: every problem of every file at once, before a call meets it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from runner.cli import report
from runner.cli.exits import CLEAN, FINDINGS
from runner.cli.formats import FORMATS, Findings
from runner.cli.options import option
from runner.language.folders import CONFIG_FILE, CONFIG_NAMES
from runner.language.loader import load, load_config, without_collecting
from runner.model import Rule
from runner.problems import Problem

_EPILOG = """\b
Examples:
  callflow validate
  callflow validate flows/ callflow.yaml --strict
  callflow validate flows/long-calls.yaml --format sarif
  callflow validate --effects
"""

#: The code of what `--effects` tells.
EFFECT = "effect"
_FOR_PEOPLE = ("text", "github")  # GitHub shows the log too


@click.command(epilog=_EPILOG)
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@option(
    "--format",
    "format_",
    type=click.Choice(["text", *FORMATS]),
    default="text",
    show_default=True,
    help="How problems are written to standard output.",
)
@option("--strict", is_flag=True, help="Warnings fail too.")
@option("--effects", is_flag=True, help="Note what each rule does to a call and its other legs.")
def command(paths: tuple[Path, ...], format_: str, strict: bool, effects: bool) -> int:
    """Check flow files: YAML, schema and meaning.

    PATH is a file or a folder. Where none is given, what `run` would load is checked: the
    callflow.yaml here, if there is one, and its flows, else flows/. Ends with 0 where the files
    are fit to run, with 1 where there is an error (with --strict, also a warning).
    """
    # Told before the collector wakes: by then all that was loaded has gone, without its help.
    with without_collecting():
        return _validate(paths, format_, strict=strict, effects=effects)


def _validate(paths: tuple[Path, ...], format_: str, *, strict: bool, effects: bool) -> int:
    findings = _look_at(paths or _what_run_loads(), effects=effects)
    write = FORMATS.get(format_)
    click.echo(write(findings, strict) if write else _text(findings), nl=False)
    if format_ in _FOR_PEOPLE:
        click.echo(report.summary(findings.problems, len(findings.paths)), err=True)
    return FINDINGS if findings.fails(strict) else CLEAN


def _what_run_loads() -> list[Path]:
    config = Path(CONFIG_FILE)
    named = (load_config(config).data or {}).get("flows") if config.is_file() else None
    return [*([config] if config.is_file() else []), *map(Path, named or ["flows"])]


def _look_at(paths: Sequence[Path], *, effects: bool) -> Findings:
    findings, poll = Findings(), None
    for path in paths:
        if path.name in CONFIG_NAMES and not path.is_dir():
            config = load_config(path)
            findings.problems.extend(config.problems)
            findings.texts.update(config.texts)
            poll = config.poll if poll is None else poll
    flows = [path for path in paths if path.name not in CONFIG_NAMES or path.is_dir()]
    if flows:
        loaded = load(flows, poll=poll)
        findings.problems.extend(loaded.problems)
        findings.texts.update(loaded.texts)
        if effects and loaded.flow_set is not None:
            findings.problems.extend(map(_effect, loaded.flow_set.rules))
    findings.problems.sort()
    return findings


def _effect(rule: Rule) -> Problem:
    """What the rule does to any call that it acts on, noted where it says what it does."""
    # Here, not above: whoever only validates doesn't need the engine's records.
    from runner.decision.effects import rule_effects

    words = "; ".join(effect.words for effect in rule_effects(rule))
    said = f"{rule.key}: {words or 'nothing but what it says'}"
    return Problem(rule.then[0].position, EFFECT, said, severity="note")


def _width() -> int:
    """How many columns of a line the terminal has room for."""
    import shutil  # which brings every way to compress files with it

    return max(40, shutil.get_terminal_size().columns - 10)


def _text(findings: Findings) -> str:
    terminal = sys.stdout.isatty()
    colour = terminal and not os.environ.get("NO_COLOR")
    style = report.Style(colour=colour, width=_width() if terminal else report.WIDTH)
    return report.as_text(findings.problems, findings.texts, style=style)
