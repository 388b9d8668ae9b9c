"""What several commands build first: settings, credentials and flows, each or one clear error."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from runner.cli.exits import FINDINGS, USAGE, Failure
from runner.cli.report import as_text
from runner.gateway.credentials import BadCredentials, Credentials, read_credentials
from runner.language.folders import CONFIG_FILE
from runner.language.loader import Loaded, load, load_config
from runner.model import FlowSet
from runner.settings import BadSettings, RunSettings, settings_from


def settings_of(config: str | None, options: Mapping[str, Any]) -> RunSettings:
    """Options over `callflow.yaml` over defaults. A file that is named must be there."""
    path = Path(config or CONFIG_FILE)
    data: Mapping[str, Any] = {}
    if config or path.is_file():
        data = _config_data(path)
    try:
        return settings_from(data, options)
    except BadSettings as error:
        raise Failure(
            "these settings can't be used", hint=_lines(error.faults), code=USAGE
        ) from None


def _config_data(path: Path) -> Mapping[str, Any]:
    config = load_config(path)
    data = config.data
    if data is None:
        click.echo(as_text(config.problems, config.texts), err=True, nl=False)
        raise Failure(f"the configuration {path} can't be used", code=FINDINGS)
    flows = data.get("flows")
    if flows:
        data = {**data, "flows": [str(path.parent / each) for each in flows]}
    return data


def credentials_of(settings: RunSettings) -> Credentials:
    """Twilio's credentials from the environment, complete and well formed."""
    try:
        return read_credentials(os.environ, api_base=settings.twilio.api_base)
    except BadCredentials as error:
        faults = [f"{name} {text}" for name, text in error.faults]
        raise Failure("no usable Twilio credentials", hint=_lines(faults), code=USAGE) from None


def flow_paths(paths: Sequence[str], settings: RunSettings) -> list[Path]:
    """The paths given on the command line, else those of the settings."""
    return [Path(path) for path in paths or settings.flows]


def flows_of(paths: Sequence[Path], settings: RunSettings) -> tuple[FlowSet, Loaded]:
    """Loads flows; problems are printed, and errors among them end the command."""
    loaded = load(paths, poll=settings.interval)
    click.echo(as_text(loaded.problems, loaded.texts), err=True, nl=False)
    if loaded.flow_set is None:
        raise Failure("these flows can't be used; nothing was sent", code=FINDINGS)
    return loaded.flow_set, loaded


def _lines(faults: Sequence[str]) -> str:
    return "\n  ".join(faults)
