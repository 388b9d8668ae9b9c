"""The records of the language reference, and how the keys of a schema become entries."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from runner.language import hints
from runner.language.hints import Node
from runner.language.schema import SchemaName

_MANY = 6  # the keys of a larger mapping get entries of their own


class Part(Struct, frozen=True):
    """A key below an entry's, or a word that its value may be: `form` is what is written."""

    name: str
    form: str
    prose: str


class Entry(Struct, frozen=True):
    """One word of the language. `prose` and the facts are Markdown, `examples` YAML.

    `topic` is its full name, `match.from`; `name` the word itself, `from`.
    """

    topic: str
    name: str
    prose: str
    facts: tuple[tuple[str, str], ...] = ()
    parts: tuple[Part, ...] = ()
    examples: tuple[str, ...] = ()


class Section(Struct, frozen=True):
    """Entries of one kind. `name` finds it on the command line."""

    name: str
    title: str
    intro: str
    entries: tuple[Entry, ...]


def entries(prefix: str, node: Node, name: SchemaName) -> Iterator[Entry]:
    """An entry for each key of a mapping."""
    needed = hints.required(node, name)
    for word, inner in hints.properties(node, name).items():
        yield entry(f"{prefix}.{word}", inner, name, needed=word in needed)


def deep_entries(prefix: str, node: Node, name: SchemaName) -> Iterator[Entry]:
    """An entry for each key of a mapping, and then for those of larger mappings below it."""
    yield from entries(prefix, node, name)
    own = hints.properties(node, name)
    for word, inner in own.items():
        # What repeats the keys beside it (fields that change, say) needs no second telling.
        if _is_large(inner, name) and not hints.properties(inner, name).keys() <= own.keys():
            yield from deep_entries(f"{prefix.partition('.')[0]}.{word}", inner, name)


def entry(topic: str, node: Node, name: SchemaName, *, needed: bool = False) -> Entry:
    """The entry of one key, from its place in a schema."""
    full, word = hints.whole(node, name), topic.rpartition(".")[2]
    facts = [("Written", hints.form(node, name))]
    if needed:
        facts.append(("Required", "yes"))
    elif "default" in full:
        facts.append(("Default", f"`{hints.written(full['default'])}`"))
    return Entry(
        topic=topic,
        name=word,
        prose=hints.prose(node, name),
        facts=tuple(facts),
        parts=parts(node, name),
        examples=hints.examples(word, node, name),
    )


def parts(node: Node, name: SchemaName, *, deep: bool = False) -> tuple[Part, ...]:
    """The words that a value may be, where the schema explains them, and the keys below it.

    Larger mappings are left out, which mostly have entries of their own; `deep` takes them in.
    """
    told = "\n- `" in hints.prose(node, name)  # the words are listed there
    below = () if _is_large(node, name) and not deep else _below(node, name, deep=deep)
    return (*(() if told else words(node, name)), *below)


def words(node: Node, name: SchemaName) -> tuple[Part, ...]:
    """The words that a value may be, where the schema explains them."""
    meanings = hints.meanings(node, name).items()
    return tuple(Part(word, "", text) for word, text in meanings if text)


def _below(node: Node, name: SchemaName, *, before: str = "", deep: bool = False) -> Iterator[Part]:
    needed = hints.required(node, name)
    for word, inner in hints.properties(node, name).items():
        form = hints.form(inner, name)
        if word in needed:
            form += "; required"
        yield Part(before + word, form, " ".join(hints.prose(inner, name).split("\n\n")))
        if deep or not _is_large(inner, name):
            yield from _below(inner, name, before=f"{before}{word}.", deep=deep)


def _is_large(node: Node, name: SchemaName) -> bool:
    return len(hints.properties(node, name)) > _MANY
