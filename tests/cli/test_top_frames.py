"""Promises of what `callflow top` draws: it fits, whatever the documents hold; keys are keys."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.cli.screen.cells import Line, cut, fitted, width_of, written
from runner.cli.screen.frame import Size, folded, frame
from runner.cli.screen.keys import Keys
from runner.cli.screen.page import page
from runner.cli.screen.strip import ASCII_BARS, BARS, chart
from runner.cli.screen.view import PANES, Document, Name, Picture, View, wanted_rows
from runner.cli.terminal import printable

HOSTILE = st.text(max_size=40) | st.sampled_from(
    [
        "\x1b[2J",
        "電話電話電話",
        "e\u0301\u0301\u0301",
        "\u202eright",
        "a\r\nb",
        "\U0001f469\u200d\U0001f467",
        "\x9b31m",
        "\ud800",
    ]
)
COUNT = st.integers(0, 10**9)
TIME = st.just("2026-11-02T15:00:00.000Z")
PAUSE = st.fixed_dictionaries(
    {
        "scope": HOSTILE,
        "reason": HOSTILE,
        "by": HOSTILE,
        "at": TIME,
        "until": st.none() | TIME,
        "tripped": st.booleans(),
    }
)
STATUS = st.fixed_dictionaries(
    {
        "version": HOSTILE,
        "role": st.sampled_from(["leading", "standby", "starting", "stalled"]) | HOSTILE,
        "holder": HOSTILE,
        "now": TIME,
        "calls": COUNT,
        "held": COUNT,
        "acts": st.dictionaries(HOSTILE, COUNT, max_size=4),
        "accounts": st.fixed_dictionaries({"total": COUNT, "late": COUNT}),
        "kill": st.none() | PAUSE,
        "pauses": st.lists(PAUSE, max_size=3),
        "trouble": HOSTILE,
        "reload": st.fixed_dictionaries(
            {
                "ok": st.booleans(),
                "errors": COUNT,
                "trouble": HOSTILE,
                "problems": st.lists(
                    st.fixed_dictionaries(
                        {"path": HOSTILE, "severity": st.just("error"), "message": HOSTILE}
                    ),
                    max_size=3,
                ),
            }
        ),
    }
)
HELD = st.fixed_dictionaries({"rule": HOSTILE, "reason": HOSTILE, "detail": HOSTILE})
ROWS: dict[str, Any] = {
    "rules": {
        "flow": HOSTILE,
        "rule": HOSTILE,
        "mode": HOSTILE,
        "then": st.lists(HOSTILE, max_size=3),
        "acts": st.dictionaries(st.sampled_from(["done", "failed"]), COUNT),
        "matches": COUNT,
        "paused": st.none() | PAUSE,
    },
    "calls": {
        "sid": HOSTILE,
        "from": HOSTILE,
        "to": HOSTILE,
        "status": HOSTILE,
        "age_ms": st.none() | COUNT,
        "rules": st.lists(HOSTILE, max_size=2),
        "held": st.none() | HELD,
    },
    "held": {"call": HOSTILE, "rule": HOSTILE, "reason": HOSTILE, "detail": HOSTILE},
    "acts": {"at": TIME, "call": HOSTILE, "flow": HOSTILE, "outcome": HOSTILE, "detail": HOSTILE},
}


@st.composite
def pictures(draw: st.DrawFn) -> Picture:
    """Whatever a runner may send."""
    lists: dict[Name, Document] = {}
    for pane in PANES:
        rows = draw(st.lists(st.fixed_dictionaries(ROWS[pane]), max_size=9))
        lists[pane] = {pane: rows, "total": 10 * len(rows)}
    return Picture(draw(STATUS), lists, trouble=draw(st.just("") | HOSTILE))


VIEWS = st.builds(
    View,
    pane=st.sampled_from(PANES),
    filters=st.dictionaries(st.sampled_from(PANES), HOSTILE, max_size=1),
    notice=HOSTILE,
    title=HOSTILE,
    page=st.just([]) | st.lists(HOSTILE, max_size=80),
)


def check(line: Line, width: int) -> None:
    """That nothing of it acts on a terminal but the looks, and that it fits."""
    text = written(line, colour=False, plain=True)
    assert width_of(text) <= width
    assert printable(text) == text
    assert "\n" not in text


@settings(deadline=None, max_examples=150)
@given(pictures(), VIEWS, st.integers(1, 250), st.integers(1, 70))
def test_a_frame_fits_whatever_it_shows(
    picture: Picture, view: View, width: int, height: int
) -> None:
    lines = frame(picture, view, Size(width, height), 5_000)
    assert len(lines) == height
    for line in lines:
        check(line, width)


@settings(deadline=None, max_examples=50)
@given(pictures(), st.integers(60, 200))
def test_a_page_fits_too(picture: Picture, width: int) -> None:
    for line in page(picture, width):
        check(line, width)


@given(HOSTILE, st.integers(0, 50))
def test_text_is_cut_and_filled_to_its_cells(text: str, width: int) -> None:
    assert width_of(fitted(text, width)) == width
    assert width_of(cut(text, width)) <= max(width, 0)


@given(st.lists(HOSTILE, max_size=5), st.integers(2, 40))
def test_long_lines_are_folded_without_loss(lines: list[str], width: int) -> None:
    found = folded(lines, width)
    assert all(width_of(line) <= width for line in found)
    assert "".join(found) == "".join(folded(lines, 10**6))


def test_a_row_is_followed_when_others_come_before_it() -> None:
    view = View()
    rules = [{"flow": "f", "rule": name} for name in "abc"]
    picture = Picture(lists={"rules": {"rules": rules}})
    view.move(rules, 1)
    assert view.row(picture) == rules[1]
    picture.lists["rules"] = {"rules": [rules[2], {"flow": "f", "rule": "new"}, *rules[:2]]}
    assert view.row(picture) == rules[1]
    view.move(picture.rows("rules"), 10**9)
    assert view.place(picture.rows("rules")) == 3
    view.filters["rules"] = "f/a"
    assert wanted_rows(picture, view, "rules") == [rules[0]]
    assert view.row(picture) == rules[0]


def test_what_is_old_or_stopped_is_said_on_top() -> None:
    kill = {"scope": "everything", "reason": "enough", "by": "ann", "at": "2026-11-02T15:00:00Z"}
    status = {"now": "2026-11-02T15:01:00Z", "role": "leading", "ready": True, "kill": kill}
    lines = frame(Picture(status, came=0), View(), Size(80, 20), 25_000)
    text = "\n".join(written(line, colour=False, plain=True) for line in lines)
    assert "OLD: this is what was so 25s ago: the runner says nothing" in text
    assert "EVERYTHING IS STOPPED: enough (ann), since 15:00Z" in text


def test_the_chart_shows_each_step_in_its_place_and_anything_at_all() -> None:
    points = [
        {"at": "2026-11-02T15:00:00.000Z", "calls": 1, "done": 0, "failed": 0, "held": 0},
        {"at": "2026-11-02T15:59:50.000Z", "calls": 1_000, "done": 3, "failed": 0, "held": 0},
    ]
    drawn = chart({"points": points}, 82, BARS)
    texts = [written(line, colour=False, plain=True) for line in drawn]
    assert texts == [
        f"calls {'▁'}{' ' * 58}█ most 1,000",
        f"done  {' ' * 59}█ most 3",
    ]
    assert chart({"points": []}, 82, BARS) == []
    assert written(chart({"points": points}, 82, ASCII_BARS)[0], colour=False).isascii()


@pytest.mark.parametrize(
    ("chunks", "keys"),
    [
        ([b"jk"], ["j", "k"]),
        ([b"\x1b[A\x1bOB"], ["up", "down"]),
        ([b"\x1b", b"[", b"B"], ["down"]),
        (["é".encode()[:1], "é".encode()[1:]], ["é"]),
        ([b"\x1b[200~a\x1b[2Jq", b"\x1b[20", b"1~x"], ["paste:a\x1b[2Jq", "x"]),
        ([b"\x1b[1;5C\x01\r"], ["enter"]),
        ([b"\x1b[Z\t\x7f\x15"], ["back-tab", "tab", "backspace", "clear"]),
    ],
)
def test_bytes_become_keys(chunks: list[bytes], keys: list[str]) -> None:
    reader = Keys()
    assert [key for chunk in chunks for key in reader.feed(chunk)] == keys


def test_a_lone_escape_is_a_key_once_nothing_follows() -> None:
    reader = Keys()
    assert (list(reader.feed(b"\x1b")), reader.waits) == ([], True)
    assert (list(reader.feed(b"", last=True)), reader.waits) == (["escape"], False)
