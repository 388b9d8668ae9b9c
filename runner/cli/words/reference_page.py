"""The language reference as one page of Markdown: `docs/reference.md`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from runner.language.entries import Entry, Part, Section

_HEAD = """\
<!-- Written by `python3 dev.py reference` from the schemas and the tables; don't edit it here. -->

# Language reference

Every word of flow files, test files and `callflow.yaml`. `callflow explain WORD` shows the same in
a terminal, and an editor with a YAML language server on hover. What a flow is, and how to write
one, is in the [tutorial](tutorial.md).

"""


def as_page(sections: Sequence[Section]) -> str:
    """The whole page."""
    links = "".join(f"- [{s.title}](#{s.title.lower().replace(' ', '-')})\n" for s in sections)
    return _HEAD + links + "".join(_section(section) for section in sections)


def _section(section: Section) -> str:
    head = f"\n## {section.title}\n\n{_safe(section.intro)}\n"
    if section.name == "codes":
        return head + "\n| code | what it means, and how to mend it |\n|---|---|\n" + _rows(section)
    if section.name in ("test", "config"):
        return head + "".join(_table(group) for group in _groups(section))
    return head + "".join(_entry(entry) for entry in section.entries)


def _rows(section: Section) -> str:
    return "".join(f"| `{e.name}` | {_cell(e.prose)} |\n" for e in section.entries)


def _groups(section: Section) -> list[list[Entry]]:
    """The entries by the mapping that they are keys of."""
    groups: dict[str, list[Entry]] = {}
    for entry in section.entries:
        groups.setdefault(entry.topic.rpartition(".")[0], []).append(entry)
    return list(groups.values())


def _table(group: Sequence[Entry]) -> str:
    below = group[0].topic.split(".")[1:-1]
    head = f"\n### Below `{below[0]}`\n" if below else ""
    head += "\n| key | written | default | |\n|---|---|---|---|\n"
    return head + "".join(map(_row, group))


def _row(entry: Entry) -> str:
    facts = dict(entry.facts)
    default = "required" if "Required" in facts else facts.get("Default", "")
    row = f"| `{entry.name}` | {_cell(facts['Written'])} | {default} | {_cell(entry.prose)} |\n"
    return row + "".join(
        f"| `{entry.name}.{part.name}` | {_cell(part.form)} | | {_cell(part.prose)} |\n"
        for part in entry.parts
        if part.form
    )


def _entry(entry: Entry) -> str:
    blocks = [f"### `{entry.name}`", _safe(entry.prose)]
    if entry.facts:
        blocks.append(" · ".join(f"**{name}:** {_safe(text)}" for name, text in entry.facts))
    if entry.parts:
        blocks.append(_parts(entry.parts))
    if entry.examples:
        blocks.append("```yaml fragment\n" + "\n".join(entry.examples) + "\n```")
    return "\n" + "\n\n".join(block for block in blocks if block) + "\n"


def _parts(parts: Sequence[Part]) -> str:
    rows = [f"| `{p.name}` | {_cell(p.form)} | {_cell(p.prose)} |" for p in parts]
    if not any(part.form for part in parts):
        rows = [f"| `{part.name}` | {_cell(part.prose)} |" for part in parts]
        return "\n".join(["| value | |", "|---|---|", *rows])
    return "\n".join(["| key or value | written | |", "|---|---|---|", *rows])


def _cell(markdown: str) -> str:
    """Markdown in one line of a table, lists as sentences."""
    text = re.sub(r"\s*\n+(- )?", lambda found: "; " if found[1] else " ", markdown.strip())
    return _safe(text.replace(".; ", ". ")).replace("|", r"\|")


def _safe(markdown: str) -> str:
    """A `<Dial>` outside code would be taken for HTML and not be seen."""
    parts = re.split(r"(`[^`]*`)", markdown)
    return "".join(p if p.startswith("`") else p.replace("<", r"\<") for p in parts)
