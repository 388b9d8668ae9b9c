"""`callflow explain`: the language reference, in the terminal."""

from __future__ import annotations

import click

from runner.cli.exits import CLEAN, USAGE, Failure
from runner.cli.options import option
from runner.cli.words import reference_page, reference_text
from runner.cli.words.topics import Found, find, suggestion
from runner.language.reference import sections
from runner.language.words import shown

_EPILOG = """\b
Examples:
  callflow explain
  callflow explain match.from
  callflow explain say
  callflow explain unknown-field
"""


@click.command(epilog=_EPILOG, short_help="Explain a word of the language, with an example.")
@click.argument("topic", required=False)
@option("--markdown", is_flag=True, help="The whole reference, as a Markdown page.")
def command(topic: str | None, markdown: bool) -> int:
    """Explain a word of the language, with an example.

    TOPIC is a key, a field, an operator, an action, a section such as `fields`, or the code of a
    problem. Without it, every topic is listed.
    """
    if markdown:
        click.echo(reference_page.as_page(sections()), nl=False)
    elif topic is None:
        click.echo(reference_text.contents(sections()), nl=False)
    else:
        click.echo(_text(topic), nl=False)
    return CLEAN


def _text(topic: str) -> str:
    found = find(topic) or find(topic.lower())
    if found is None:
        near = suggestion(topic)
        hint = f"did you mean {shown(near)}?" if near else "callflow explain lists every topic"
        raise Failure(f"there is no topic {shown(topic)}", hint=hint, code=USAGE)
    return _shown(found)


def _shown(found: Found) -> str:
    if found.section is not None:
        return reference_text.section(found.section)
    return reference_text.entries(found.entries, found.others)
