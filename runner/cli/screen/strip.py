"""The top of `callflow top`: how the runner stands, what is wrong, and the last hour as a chart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from runner.cli.screen.cells import Span, cut, fitted, safe, wrapped
from runner.cli.screen.panes import age
from runner.cli.screen.view import Document, Picture

#: Milliseconds without news after which it is said: the runner speaks every 15 seconds.
OLD = 20_000
#: From nothing to the most, where the terminal shows Unicode, and where not.
BARS, ASCII_BARS = " ▁▂▃▄▅▆▇█", " .:-=+*#@"
_ROLES = {"leading": "good", "standby": "dim", "dry-run": "warn", "stalled": "bad"}
_STEPS = 360


def strip(picture: Picture, width: int, now: int) -> list[list[Span]]:
    """The status in a few words, and a line for each thing that is wrong."""
    status = picture.status
    lines = wrapped((Span(cut(s.text, width), s.look) for s in _facts(status)), width)
    for text, look in _alarms(picture, now):
        lines.append(
            [Span(fitted(text, width) if look == "alarm" else cut(safe(text), width), look)]
        )
    return lines


def _facts(status: Document) -> Iterator[Span]:
    role = str(status.get("role", ""))
    yield Span(f"callflow {safe(str(status.get('version', '')))}", "head")
    yield Span(safe(role), _ROLES.get(role, ""))
    if role == "standby" and status.get("holder"):
        yield Span(f"behind {safe(str(status['holder']))}", "dim")
    yield Span(
        "ready" if status.get("ready") else "not ready", "" if status.get("ready") else "bad"
    )
    yield Span(f"{status.get('calls', 0):,} live")
    yield Span(f"{status.get('matched', 0):,} matched")
    held = status.get("held", 0)
    yield Span(f"{held:,} held", "warn" if held else "")
    yield Span(f"acts in 1h: {_counts(status.get('acts', {}))}")
    accounts = status.get("accounts", {})
    late = accounts.get("late", 0)
    said = f"{late} late of {accounts.get('total', 0)}" if late else str(accounts.get("total", 0))
    yield Span(f"accounts: {said}", "bad" if late else "")
    yield Span(str(status.get("now", ""))[11:19] + "Z", "dim")


def _counts(acts: dict[str, int]) -> str:
    """The outcomes, those that are most first."""
    ordered = sorted(acts.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{number:,} {safe(outcome)}" for outcome, number in ordered) or "none"


def _alarms(picture: Picture, now: int) -> Iterator[tuple[str, str]]:
    """What must not be overlooked, the gravest first, each with its look."""
    status, silent = picture.status, now - picture.came
    if picture.trouble or silent > OLD:
        why = picture.trouble or "the runner says nothing"
        yield f"OLD: this is what was so {age(silent)} ago: {why}", "alarm"
    kill = status.get("kill")
    if kill:
        yield f"EVERYTHING IS STOPPED: {_pause_words(kill, status)}", "alarm"
    if status.get("trouble"):
        yield f"trouble: {status['trouble']}", "bad"
    reload = status.get("reload", {})
    if reload and not reload.get("ok", True):
        yield from _reload_lines(reload)
    others = [pause for pause in status.get("pauses", ()) if pause.get("scope") != "everything"]
    if others:
        first = f"{others[0].get('scope')}: {_pause_words(others[0], status)}"
        more = f"; and {len(others) - 1} more" if len(others) > 1 else ""
        yield f"paused: {first}{more}", "warn"


def _pause_words(pause: Document, status: Document) -> str:
    """Why, who and until when: what a narrow screen cuts off is what matters least."""
    today = str(status.get("now", ""))
    by = f" ({pause['by']})" if pause.get("by") else ""
    until = f", until {_clock(pause['until'], today)}" if pause.get("until") else ""
    return f"{pause.get('reason', '')}{by}{until}, since {_clock(str(pause.get('at', '')), today)}"


def _clock(moment: str, today: str) -> str:
    """A time of today without its date."""
    return f"{moment[11:16]}Z" if moment[:10] == today[:10] else f"{moment[:16]}Z"


def _reload_lines(reload: Document) -> Iterator[tuple[str, str]]:
    wrong = [p for p in reload.get("problems", ()) if p.get("severity") == "error"]
    said = reload.get("trouble") or f"{reload.get('errors', 0)} wrong"
    yield f"the flows on disk are not in force: {said}", "bad"
    for problem in wrong[:2]:
        where = f"{problem.get('path')}:{problem.get('line')}:{problem.get('column')}"
        yield f"  {where}: {problem.get('message')}", "bad"


# ---- the chart ------------------------------------------------------------------------------


def chart(document: Document, width: int, bars: str) -> list[list[Span]]:
    """The last hour: live calls, and what was done, in a line each; empty without anything."""
    points = document.get("points", ())
    if not points:
        return []
    wide = max(10, width - 22)
    lines = []
    for name, read, look in _SERIES:
        values = _columns_of(points, wide, read)
        most = max(values, default=0)
        if not most and name != "calls":
            continue
        drawn = "".join(_bar(value, most, bars) for value in values)
        lines.append([Span(f"{name:<6}"), Span(drawn, look), Span(f" most {most:,}", "dim")])
    return lines


def _columns_of(points: Sequence[Document], wide: int, read: Callable[[Any], int]) -> list[int]:
    """For each column the most of its steps; the newest step is in the last one."""
    times = [_millis(str(point.get("at", ""))) for point in points]
    end, found = max(times), [0] * wide
    for at, point in zip(times, points, strict=True):
        back = (end - at) // 10_000
        if 0 <= back < _STEPS:
            place = wide - 1 - back * wide // _STEPS
            found[place] = max(found[place], read(point))
    return found


def _millis(moment: str) -> int:
    return round(datetime.fromisoformat(moment).timestamp() * 1000)


def _bar(value: int, most: int, bars: str) -> str:
    """Anything at all is seen."""
    if value <= 0 or most <= 0:
        return bars[0]
    return bars[max(1, value * (len(bars) - 1) // most)]


_SERIES: tuple[tuple[str, Callable[[Any], int], str], ...] = (
    ("calls", lambda point: int(point.get("calls", 0)), ""),
    ("done", lambda point: int(point.get("done", 0)), "good"),
    ("failed", lambda point: int(point.get("failed", 0)), "bad"),
)
