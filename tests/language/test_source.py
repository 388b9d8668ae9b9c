"""YAML by the core rules of 1.2, with positions, refusing everything that surprises."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.language.source import LARGEST, Document, parse
from runner.problems import Position


def read(text: str | bytes) -> Document:
    content = text.encode() if isinstance(text, str) else text
    reading = parse("f.yaml", content)
    assert reading.problems == []
    assert reading.document is not None
    return reading.document


def codes(content: bytes) -> list[str]:
    reading = parse("f.yaml", content)
    assert reading.document is None
    return [problem.code for problem in reading.problems]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("off", "off"),
        ("y", "y"),
        ("22:00", "22:00"),
        ("25:30", "25:30"),
        ("014155501", "014155501"),
        ("0123", "0123"),
        ("+0123", "+0123"),
        ("2026-11-02", "2026-11-02"),
        ("2026-11-02T15:00:00Z", "2026-11-02T15:00:00Z"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("=", "="),
        (".", "."),
        ("+", "+"),
        ("1.2.3", "1.2.3"),
        ("+14155550100x", "+14155550100x"),
        ("true", True),
        ("TRUE", True),
        ("False", False),
        ("tRUE", "tRUE"),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-7", -7),
        ("+14155550100", 14155550100),
        ("0o17", 15),
        ("0x1F", 31),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-.inf", -math.inf),
        ('"12"', "12"),
        ("'true'", "true"),
        ("|\n  12", "12"),
    ],
)
def test_what_a_scalar_means(written: str, meant: Any) -> None:
    value = read(f"a: {written}").data["a"]
    assert value == meant
    assert type(value) is type(meant)


def test_nan_is_a_number() -> None:
    assert math.isnan(read("a: .nan").data["a"])


def test_digits_without_end_are_text() -> None:
    assert read("a: " + "9" * 5000).data["a"] == "9" * 5000


def test_positions_of_keys_and_values() -> None:
    document = read('a: 1\nrules:\n  - id: x\n    match: {from: "+1", to:\n      [b, c]}\n')
    rule = document.data["rules"][0]
    assert document.key(document.data, "rules") == Position("f.yaml", 2, 1, 5)
    assert document.value(document.data["rules"], 0) == Position("f.yaml", 3, 5, 2)
    assert document.value(rule["match"], "from") == Position("f.yaml", 4, 19, 4)
    assert document.key(rule["match"], "to") == Position("f.yaml", 4, 25, 2)
    assert document.at(("rules", 0, "match", "to", 1)) == Position("f.yaml", 5, 11, 1)
    assert document.at(()) == Position("f.yaml", 1, 1, 1)


def test_a_value_of_several_lines_is_marked_at_its_start() -> None:
    document = read('a: "one\n  two"\nb: [1,\n 2]\n')
    assert document.value(document.data, "a") == Position("f.yaml", 1, 4, 1)
    assert document.value(document.data, "b") == Position("f.yaml", 3, 4, 1)


def test_columns_count_characters() -> None:
    document = read("説明: {b: 🙂, c: d}")
    assert document.value(document.data["説明"], "c").column == 15


def test_the_scalar_as_it_was_written() -> None:
    document = read("a: +14155550100")
    assert document.written(document.data, "a") == "+14155550100"


def test_an_alias_stands_where_its_anchor_does() -> None:
    document = read("a: &x {n: 1}\nb: *x\n")
    assert document.data == {"a": {"n": 1}, "b": {"n": 1}}
    assert document.value(document.data["b"], "n").line == 1


def test_a_byte_order_mark_is_dropped() -> None:
    assert read(b"\xef\xbb\xbfa: 1").data == {"a": 1}


def test_windows_line_ends() -> None:
    document = read("a: 1\r\nb: 2\r\n")
    assert document.key(document.data, "b") == Position("f.yaml", 2, 1, 1)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"a: 1\na: 2", "duplicate-key"),
        (b'a: 1\n"a": 2', "duplicate-key"),
        (b"{a: 1, a: 2}", "duplicate-key"),
        (b"--- 1\n--- 2", "several-documents"),
        (b"a: !x 1", "tag"),
        (b"a: !!python/object:os.system {}", "tag"),
        (b"!!set {a}", "tag"),
        (b"a: !<plain> 1", "tag"),
        (b"a: !<quoted> x", "tag"),
        (b"a: !<branch> {}", "tag"),
        (b"!<plain> a: 1", "tag"),
        (b"1: a", "key-not-text"),
        (b"null: a", "key-not-text"),
        (b"true: a", "key-not-text"),
        (b"? \n: a", "key-not-text"),
        (b"[a]: b", "key-not-text"),
        (b"a: *b", "unknown-alias"),
        (b"a: &a [*a]", "too-deep"),
        (b"a:\n\tb: 1", "tab"),
        (b"", "empty-file"),
        (b"\xef\xbb\xbf", "empty-file"),
        (b"---\n...\n", None),
        (b"a: \xff", "not-utf8"),
        ("a: 1".encode("utf-16"), "not-utf8"),
        (b"\x7fELF\x02\x01\x01\0\0", "binary"),
        (b"a: \x07", "control-character"),
        (b"a: \x7f", "control-character"),
        (b"\xef\xbf\xbe: 1", "control-character"),
        (b"a: " + b"x" * LARGEST, "too-large"),
        (b"[" * 100_000, "too-deep"),
        (b"- " * 100_000, "too-deep"),
        (b"? " * 100_000, "too-deep"),
        (b"{a: " * 100 + b"}" * 100, "too-deep"),
        (b"[" * 1000 + b"]" * 1000, "too-deep"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_refused(content: bytes, code: str | None) -> None:
    if code is None:
        assert read(content).data is None
    else:
        assert codes(content) == [code]


def test_nesting_up_to_the_limit_is_fine() -> None:
    read("[" * 60 + "]" * 60)


def test_many_aliases_of_little_are_fine() -> None:
    text = "a: &a x\nb: [" + ", ".join(["*a"] * 9000) + "]"
    assert len(read(text).data["b"]) == 9000


def test_every_duplicate_is_reported() -> None:
    assert codes(b"a: 1\na: 2\nb: {c: 1, c: 2}\na: 3") == ["duplicate-key"] * 3


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader(content: bytes) -> None:
    reading = parse("f.yaml", content)
    assert (reading.document is None) == bool(reading.problems)
    assert all(p.position.line >= 1 and p.position.column >= 1 for p in reading.problems)


yamlish = st.text(
    st.sampled_from(list("ab1 :-?[]{},&*!|>'\"%@`#\n\t\\~.+\r\x85\u2028é")), max_size=60
)


@given(yamlish)
def test_no_text_crashes_the_reader(text: str) -> None:
    reading = parse("f.yaml", text.encode())
    assert (reading.document is None) == bool(reading.problems)
