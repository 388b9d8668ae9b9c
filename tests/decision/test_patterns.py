"""Patterns asked together say what each says alone, and what is read off a pattern is so."""

from __future__ import annotations

import gc
import itertools
from typing import Any

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.decision.patterns import TOGETHER, Patterns, ends_of

PIECES = [
    *("a", "b", "ab", "]", "}", "-", "^", "$", ".", ".*", "a?", "b+", "a*", "(a|b)", "(?:ab)?"),
    *("[ab]", "[^a]", "[]a]", "[a^]", "[^]]", "|", "(?i)", "(?i:a)", "(?s:.*)", "(?P<n>b)", "()"),
    *(
        r"\.",
        r"\+",
        r"\d",
        r"\bb",
        r"\pL",
        r"\x61",
        r"\Qa|",
        r"\Qb\E",
        r"a{2}",
        "a{x}",
        r"\Aa",
        r"b\z",
    ),
]
patterns = st.lists(st.sampled_from(PIECES), min_size=1, max_size=5).map("".join)
texts = st.text(st.sampled_from("abAB]}-^$.+|x1\n{"), max_size=7)


def compiled(pattern: str) -> Any | None:
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error:
        return None


def test_what_fits_a_pattern_begins_and_ends_as_is_read_off_it() -> None:
    """For every pattern of two pieces, and every short text of a few characters."""
    shorts = ["".join(each) for n in range(4) for each in itertools.product("ab]|A", repeat=n)]
    tried = 0
    for pieces in itertools.product(PIECES, repeat=2):
        starts, ends = ends_of("".join(pieces))
        known = compiled("".join(pieces)) if starts or ends else None
        if known is not None:
            tried += 1
            misled = [
                text for text in shorts if not (text.startswith(starts) and text.endswith(ends))
            ]
            assert [text for text in misled if known.fullmatch(text) is not None] == [], pieces
    assert tried > 400


@pytest.mark.parametrize(
    ("pattern", "ends"),
    [
        (r"\+1900.*", ("+1900", "")),
        (r"\+1\d{10}", ("+1", "")),
        ("^SMITH .*(LLC|INC)$", ("SMITH ", "")),
        (".*ACME (LLC|INC)? 7", ("", " 7")),
        ("(?s:.*)7000", ("", "7000")),
        ("ACME", ("ACME", "ACME")),
        ("ab?", ("a", "")),
        ("a|b", ("", "")),
        ("(?i)acme", ("", "")),
        ("[a^]|x]y", ("", "")),
    ],
)
def test_what_is_read_off_patterns(pattern: str, ends: tuple[str, str]) -> None:
    assert ends_of(pattern) == ends


@settings(max_examples=100, deadline=None)
@given(st.lists(patterns, max_size=12), st.lists(texts, max_size=20))
def test_together_they_say_what_each_says_alone(some: list[str], asked: list[str]) -> None:
    known = [each for pattern in some if (each := compiled(pattern)) is not None]
    together = Patterns((pattern, (number, -number)) for number, pattern in enumerate(known))
    for text in (*asked, *some):
        alone = [n for n, pattern in enumerate(known) if pattern.fullmatch(text) is not None]
        assert sorted(together.hits(text)) == sorted(n for each in alone for n in (each, -each))


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("a{b|c}def", "a{b"),
        ("xyz{a|b}", "b}"),
        ("a{(?i)}def", "a{}DEF"),
        ("x{[}]def", "x{}def"),
        ("{,2|3}xyz", "{,2"),
    ],
)
def test_a_brace_that_repeats_nothing_hides_nothing(pattern: str, text: str) -> None:
    known = compiled(pattern)
    assert known is not None
    assert known.fullmatch(text) is not None
    assert Patterns([(known, [7])]).hits(text) == [7]


def test_so_many_that_they_take_several_and_names_that_clash() -> None:
    written = [f".*{n:04d}.*" for n in range(3 * TOGETHER)] + ["(?P<n>.)x", "(?P<n>.)y"]
    together = Patterns((compiled(pattern), [n]) for n, pattern in enumerate(written))
    assert together.hits("call 0007 of 0300") == [7, 300]
    assert together.hits("ay") == [len(written) - 1]
    assert together.hits("none") == []


def test_patterns_that_are_gone_leave_nothing_behind() -> None:
    """What was made of them takes up to megabytes, and each edit of a flow makes others."""

    def large() -> list[str]:
        kind = type(re2.compile("a"))
        found = (each.pattern for each in gc.get_objects() if isinstance(each, kind))
        return [pattern for pattern in found if "gone" in pattern and "|" in pattern]

    together = Patterns((compiled(f".*gone{n}.*"), [n]) for n in range(3))
    assert together.hits("gone2") == [2]
    assert len(large()) == 1
    del together
    gc.collect()
    assert large() == []
