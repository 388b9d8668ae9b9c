"""Finds what a word of `callflow explain WORD` means."""

from __future__ import annotations

from dataclasses import dataclass

from runner.language.entries import Entry, Section
from runner.language.reference import sections
from runner.language.words import nearest

_ELSEWHERE = ("test", "config")  # files of their own: a word means the flow's first


@dataclass(frozen=True, slots=True)
class Found:
    """What a word means: a whole section, or entries, and `others` of the same name elsewhere."""

    section: Section | None = None
    entries: tuple[Entry, ...] = ()
    others: tuple[str, ...] = ()


def find(word: str) -> Found | None:
    """What the word means; None where nothing has that name."""
    for section in sections():
        if section.name == word:
            return Found(section=section)
    pairs = [(section, entry) for section in sections() for entry in section.entries]
    for section, entry in pairs:
        if word in (entry.topic, f"{section.name}.{entry.name}"):
            return Found(entries=(entry,))
    named = [pair for pair in pairs if pair[1].name == word]
    return _sorted(named or [pair for pair in pairs if word in _names_of_parts(pair[1])])


def suggestion(word: str) -> str:
    """The word that was probably meant, "" where none is near."""
    known = [section.name for section in sections()]
    for section in sections():
        for entry in section.entries:
            known += [entry.name, entry.topic, *_names_of_parts(entry)]
    return nearest(word, known) or ""


def _names_of_parts(entry: Entry) -> list[str]:
    names = [part.name for part in entry.parts]
    return [*names, *(f"{before}.{n}" for before in (entry.name, entry.topic) for n in names)]


def _sorted(pairs: list[tuple[Section, Entry]]) -> Found | None:
    here = [entry for section, entry in pairs if section.name not in _ELSEWHERE]
    away = [entry for section, entry in pairs if section.name in _ELSEWHERE]
    if not pairs:
        return None
    others = tuple(entry.topic for entry in away) if here else ()
    return Found(entries=tuple(here or away), others=others)
