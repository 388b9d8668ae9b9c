"""The keys of a rule that say when and how often it acts: `for`, `once`, `mode`.

Reads data that may be of any shape. What the schema refuses is told by the schema; here it is
passed over, and only what the schema can't know is a problem.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from runner.durations import parse_duration
from runner.language.bench import Bench
from runner.model import Millis, Mode, Once

_ONCE = Once()
_MODES = {"enforce": Mode(), "shadow": Mode("shadow", 0.0)}


def hold_of(rule: Mapping[str, Any]) -> Millis:
    """How long the conditions must have held before the rule matches."""
    return (_span(rule, "for") or 0) if "for" in rule else 0


def once_of(bench: Bench, rule: Mapping[str, Any]) -> Once:
    """How often the rule may act."""
    once = rule.get("once")
    if not isinstance(once, dict):
        return _ONCE
    if "every" in once and "per" in once:
        bench.error(
            bench.document.key(once, "per"),
            "exclusive-key",
            "`every` repeats on the same call and `per` counts over calls; `once` takes one",
            hint="remove one; a second rule can do the other",
        )
    limit, per = once.get("max"), once.get("per")
    return Once(
        every=_span(once, "every"),
        limit=limit if isinstance(limit, int) else None,
        per=per if isinstance(per, str) else "",
        within=_span(once, "within") or 0,
    )


def mode_of(holder: Mapping[str, Any]) -> Mode | None:
    """The mode that a rule or a flow names, None where it names none."""
    mode = holder.get("mode")
    if mode is None:
        return None
    if isinstance(mode, str):
        return _MODES.get(mode)
    share = mode.get("canary") if isinstance(mode, dict) else None
    try:
        percent = float(str(share).removesuffix("%"))
    except ValueError:
        return None
    return Mode("canary", percent / 100) if math.isfinite(percent) else None


def _span(holder: Mapping[str, Any], key: str) -> Millis | None:
    text = holder.get(key)
    try:
        return parse_duration(text) if isinstance(text, str) else None
    except ValueError:  # which the schema's pattern refuses
        return None
