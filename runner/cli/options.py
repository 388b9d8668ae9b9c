"""Options that several commands share, each with its `CALLFLOW_…` environment variable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def option(*names: str, **settings: Any) -> Callable[[F], F]:
    """`click.option` with the environment variable made from the long name.

    `--api-base` reads `CALLFLOW_API_BASE`. A flag's "no" form shares its variable.
    """
    long = next(name for name in names if name.startswith("--")).split("/")[0]
    variable = "CALLFLOW_" + long.removeprefix("--").replace("-", "_").upper()
    settings.setdefault("envvar", variable)
    settings.setdefault("show_envvar", True)
    return click.option(*names, **settings)


def own_option(command: str, *names: str, **settings: Any) -> Callable[[F], F]:
    """The same, with a variable that is this command's alone: `CALLFLOW_PAUSE_ALL`.

    For what must not widen another command because a variable was left set.
    """
    long = next(name for name in names if name.startswith("--"))
    own = f"{command}_{long.removeprefix('--')}".replace("-", "_").upper()
    return option(*names, envvar=f"CALLFLOW_{own}", **settings)
