"""`callflow schema`: prints a JSON Schema, for an editor or another tool."""

from __future__ import annotations

from typing import cast

import click

from runner.language.schema import SchemaName, text_of

_EPILOG = """\b
Examples:
  callflow schema
  callflow schema test
  callflow schema config
"""


@click.command(epilog=_EPILOG)
@click.argument("name", type=click.Choice(["flow", "test", "config"]), default="flow")
def command(name: str) -> None:
    """Print the JSON Schema (draft-07) of flow files, of test files, or of the configuration file.

    Editors check and complete a flow file that begins with the line

    \b
      # yaml-language-server: $schema=PATH-OF-THIS-SCHEMA
    """
    click.echo(text_of(cast("SchemaName", name)), nl=False)
