"""`callflow explain`: every word can be asked for, and the answer fits a terminal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from runner.cli.words import reference_text, topics
from runner.language.entries import Entry
from runner.language.reference import sections
from tests.cli.test_validate import callflow

ROOT = Path(__file__).parent.parent.parent
ENTRIES = [entry for section in sections() for entry in section.entries]


def explain(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return callflow("explain", *words, cwd=ROOT, **env)


def test_a_field() -> None:
    done = explain("match.from")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "match.from\n\n"
        "  Who calls: an E.164 number, or a `sip:`, `client:` or `sim:` address.\n\n"
        "  Holds: a phone number or address\n"
        "  Operators: `eq`, `not`, `in`, `not_in`, `in_list`, `not_in_list`, `prefix`,\n"
        "    `suffix`, `glob`, `regex`, `exists`\n\n"
        "  Example:\n"
        '    from: {in: ["+14155550100", "client:agent-7"]}\n'
    )


@pytest.mark.parametrize(
    ("word", "first"),
    [
        ("say", "then.say"),
        ("for", "rule.for"),
        ("gte", "operator.gte"),
        ("GTE", "operator.gte"),
        ("from", "match.from"),
        ("then.say", "then.say"),
        ("actions.say", "then.say"),
        ("then.say.voice", "then.say"),
        ("say.voice", "then.say"),
        ("once.every", "rule.once"),
        ("timezone", "flow.windows"),
        ("interval", "config.interval"),
        ("twilio.read_timeout", "config.twilio"),
        ("test.calls.age", "test.calls.age"),
        ("expect", "test.tests.expect"),
        ("unknown-field", "code.unknown-field"),
        ("fields", "Fields"),
        ("flow", "Flow keys"),
    ],
)
def test_what_a_word_leads_to(word: str, first: str) -> None:
    done = explain(word)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, first)


def test_a_word_of_several_places_shows_them_all() -> None:
    said = explain("mode").stdout
    assert "flow.mode\n" in said
    assert "rule.mode\n" in said
    assert explain("status").stdout.endswith("\nSee also: test.calls.status\n")


def test_without_a_word_every_topic_is_listed() -> None:
    listed = explain().stdout
    assert [entry.name for entry in ENTRIES if entry.name not in listed] == []
    assert [section.name for section in sections() if f"({section.name})" not in listed] == []


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("gtee", 'did you mean "gte"?'),
        ("match.form", 'did you mean "match.from"?'),
        ("unknown-feild", 'did you mean "unknown-field"?'),
        ("xyzzy", "callflow explain lists every topic"),
        ("", "callflow explain lists every topic"),
    ],
)
def test_an_unknown_word(word: str, hint: str) -> None:
    done = explain(word)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f'error: there is no topic "{word}"\n  {hint}\n'


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.topic)
def test_every_topic_is_found_and_fits_a_terminal(entry: Entry) -> None:
    found = topics.find(entry.topic)
    assert found is not None
    assert found.entries == (entry,)
    named = topics.find(entry.name)
    assert named is not None
    if named.section is None:
        names = [each.topic for each in named.entries] + list(named.others)
        assert entry.topic in names
    text = reference_text.entries(found.entries, ())
    assert max(map(len, text.splitlines())) <= 80
    assert "**" not in text
    assert all(line == line.rstrip() for line in text.splitlines())


def test_lists_fit_a_terminal_too() -> None:
    texts = [reference_text.contents(sections()), *map(reference_text.section, sections())]
    assert max(len(line) for text in texts for line in text.splitlines()) <= 80


def test_topics_are_unique() -> None:
    assert len({entry.topic for entry in ENTRIES}) == len(ENTRIES)


def test_markdown_is_the_page() -> None:
    page = (ROOT / "docs/reference.md").read_text(encoding="utf-8")
    assert explain("--markdown").stdout == page


def test_what_is_not_needed_is_not_imported() -> None:
    script = (
        "import sys; from runner.cli.main import run; run(['explain', 'match.from_country']);"
        "heavy = {'twilio', 'aiohttp', 'jsonschema', 're2', 'sqlite3', 'asyncio', 'phonenumbers'};"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "[]"
