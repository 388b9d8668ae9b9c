"""Requests beside the update of an act: what was expected of them, beside what was sent."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from runner.masking import written_target
from runner.timeline.records import Act, Expectation, ExpectedSide, SideAct
from runner.timeline.twiml import same

_TWIML = "Twiml"
#: What the engine fills in by itself: looked at only where a test names it.
_FILLED_IN = "IdempotencyKey"
_SECRET = "headers"
#: Of an act that came out so, every part did.
_WHOLE = ("done", "shadowed")


def as_expected(expected: Expectation, got: Act) -> bool:
    """Whether the requests beside the update are what was expected of them."""
    return not list(told(expected, got))


def told(expected: Expectation, got: Act) -> Iterator[str]:
    """In what they are other, in lines; nothing where they are not."""
    whole = expected.outcome if expected.outcome in _WHOLE else None
    if expected.sides is None:
        yield from _not_whole(got, whole)
        return
    wanted = [side.then for side in expected.sides]
    sent = [side.then for side in got.sides]
    if sorted(wanted) != sorted(sent):
        yield f"sides: expected {', '.join(wanted) or 'none'}"
        yield f"       got      {', '.join(sent) or 'none'}"
        return
    for one, other in _paired(expected.sides, got.sides):
        yield from (f"{one.then}: {line}" for line in _differences(one, other, whole))


def _not_whole(got: Act, whole: str | None) -> Iterator[str]:
    """An act that ends well has no part that didn't, unless the test says so."""
    if whole is None or got.outcome != whole:
        return
    for side in got.sides:
        if side.outcome != whole:
            yield f"{side.then}: outcome: expected {whole}, got {side.outcome}"
            yield from _detail(side)


def _paired(
    wanted: Sequence[ExpectedSide], sent: Sequence[SideAct]
) -> list[tuple[ExpectedSide, SideAct]]:
    """Those of one name in their order: which action comes first is the rule's business."""
    shelves: dict[str, list[SideAct]] = defaultdict(list)
    for side in sent:
        shelves[side.then].append(side)
    return [(one, shelves[one.then].pop(0)) for one in wanted]


def _differences(one: ExpectedSide, other: SideAct, whole: str | None) -> Iterator[str]:
    if one.target is not None and one.target != other.target:
        yield from _targets(written_target(other.route, one.target), other)
    if one.request is not None:
        yield from _fields(one.request, other.request)
    outcome = one.outcome or whole
    if outcome not in (None, other.outcome):
        yield f"outcome: expected {outcome}, got {other.outcome}"
        yield from _detail(other)


def _targets(wanted: str, side: SideAct) -> Iterator[str]:
    """A URL's query may hold secrets."""
    sent = written_target(side.route, side.target)
    if wanted == sent:
        yield "target: the query differs, and is not shown"
    else:
        yield f"target: expected {wanted}"
        yield f"        got      {sent or 'none'}"


def _detail(side: SideAct) -> Iterator[str]:
    if side.detail:
        yield f"         {side.detail}"


def _fields(wanted: Mapping[str, Any], sent: Mapping[str, str]) -> Iterator[str]:
    left = {name for name in sent if name != _FILLED_IN and name not in wanted}
    for name in (*wanted, *sorted(left)):
        one, other = wanted.get(name), sent.get(name)
        if one is not None and other is not None and _same(name, one, other):
            continue
        if name == _SECRET:
            yield f"{name}: differ, and are not shown"
        else:
            yield f"{name}: expected {_shown(one)}"
            yield f"{' ' * len(name)}  got      {_shown(other)}"


def _same(name: str, wanted: Any, sent: str) -> bool:
    if name == _TWIML:
        return same(wanted, sent)
    return bool(wanted == sent or _document(wanted) == _document(sent) is not None)


def _document(value: Any) -> Any:
    """A value as JSON: a mapping or a list, written out or not; None where it is neither."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return None
    return value if isinstance(value, (dict, list)) else None


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
