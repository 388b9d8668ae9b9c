"""The language reference as plain text for a terminal of 80 columns."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

from runner.language.entries import Entry, Part, Section

WIDTH = 79


def contents(sections: Sequence[Section]) -> str:
    """Every topic, by section."""
    lines = []
    for section in sections:
        names = ", ".join(dict.fromkeys(entry.name for entry in section.entries))
        lines += [f"{section.title} ({section.name})", _wrapped(names, indent=2), ""]
    lines.append("Say which: callflow explain match.from, callflow explain operators, ...")
    return "\n".join(lines) + "\n"


def section(shown: Section) -> str:
    """What a section is about, and its entries in a line or two each."""
    lines = [shown.title, "", _prose(shown.intro), ""]
    lines += [_hanging(f"{entry.topic}: ", _gist(entry)) for entry in shown.entries]
    return "\n".join(lines) + "\n"


def _gist(entry: Entry) -> str:
    """The first sentence; of an operator, without the fields that it is about."""
    first = re.sub(r"^- On [^:]*: ", "", entry.prose.split("\n")[0])
    return _plain(re.split(r"(?<=\.) ", first, maxsplit=1)[0])


def entries(shown: Sequence[Entry], others: Sequence[str]) -> str:
    """Each entry with its facts, what stands below it, and examples."""
    text = "\n\n".join(_entry(entry) for entry in shown) + "\n"
    return text + (f"\n{_wrapped('See also: ' + ', '.join(others))}\n" if others else "")


def _entry(entry: Entry) -> str:
    blocks = [entry.topic, _prose(entry.prose, indent=2)]
    if entry.facts:
        blocks.append("\n".join(_fact(name, text) for name, text in entry.facts))
    if entry.parts:
        blocks.append("\n".join(_part(part) for part in entry.parts))
    if entry.examples:
        noun = "Example:" if len(entry.examples) == 1 else "Examples:"
        lines = [textwrap.indent(example, "    ") for example in entry.examples]
        blocks.append("\n".join([f"  {noun}", *lines]))
    return "\n\n".join(blocks)


def _fact(name: str, text: str) -> str:
    return _hanging(f"  {name}: ", _plain(text), indent=4)


def _part(part: Part) -> str:
    if not part.form:
        return _hanging(f"  {part.name}: ", _plain(part.prose))
    head = _hanging(f"  {part.name}: ", _plain(part.form))
    return f"{head}\n{_wrapped(_plain(part.prose), indent=6)}" if part.prose else head


def _prose(markdown: str, indent: int = 0) -> str:
    blocks = []
    for paragraph in markdown.split("\n\n"):
        lines = paragraph.split("\n")
        if all(line.startswith("- ") for line in lines):
            items = [_hanging(" " * indent + "- ", _plain(line[2:]), indent + 2) for line in lines]
            blocks.append("\n".join(items))
        else:
            blocks.append(_wrapped(_plain(" ".join(lines)), indent))
    return "\n\n".join(blocks)


def _plain(markdown: str) -> str:
    """Markdown without its emphasis; what is in backquotes stays so."""
    return markdown.replace("**", "")


def _wrapped(text: str, indent: int = 0) -> str:
    return _hanging(" " * indent, text, indent)


def _hanging(head: str, text: str, indent: int = 6) -> str:
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=head,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
