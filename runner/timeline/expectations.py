"""The `expect` of a test, checked against what there is: calls, rules, sound TwiML."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from runner.actions.twiml import fault_of
from runner.language.bench import Bench
from runner.language.source import Place
from runner.language.words import nearest, shown, suggestion
from runner.timeline.amounts import duration_at
from runner.timeline.calls import names_of
from runner.timeline.records import Expectation, ExpectedSide, ExpectedTrip, Part

_SHADOWED = "shadowed"


def read_expectations(
    bench: Bench,
    test: Mapping[str, Any],
    broken: Collection[Part],
    *,
    rules: Sequence[str] | None,
) -> tuple[Expectation, ...]:
    """The expectations but for those that the schema has refused; problems go to the bench.

    `rules` are those that there are, as flow/rule; None where the flows could not be loaded.
    """
    calls = names_of(test)
    return tuple(
        _expectation(bench, written, calls=calls, rules=rules)
        for number, written in enumerate(test.get("expect", []))
        if ("expect", number) not in broken
    )


def read_trips(
    bench: Bench,
    test: Mapping[str, Any],
    broken: Collection[Part],
    *,
    rules: Sequence[str] | None,
) -> tuple[ExpectedTrip, ...]:
    """The same for the guards that must trip."""
    written = [t for n, t in enumerate(test.get("trips", [])) if ("trips", n) not in broken]
    if rules is not None:
        for trip in written:
            _check_rule(bench, trip, rules)
    return tuple(
        ExpectedTrip(
            duration_at(bench, (trip, "at")), trip["rule"], trip["guard"], bench.at(trip, "at")
        )
        for trip in written
    )


def _expectation(
    bench: Bench, written: Mapping[str, Any], *, calls: list[str], rules: Sequence[str] | None
) -> Expectation:
    _check_call(bench, written, calls)
    if rules is not None:
        _check_rule(bench, written, rules)
    _check_texts(bench, written)
    then = written.get("then")
    return Expectation(
        at=duration_at(bench, (written, "at")),
        call=written["call"],
        rule=written["rule"],
        position=bench.at(written, "at"),
        then=None if then is None else tuple(then),
        twiml=written.get("twiml"),
        request=written.get("request"),
        sides=_sides(written.get("sides")),
        **_ending(bench, written),
    )


def _sides(written: Sequence[Mapping[str, Any]] | None) -> tuple[ExpectedSide, ...] | None:
    return None if written is None else tuple(ExpectedSide(**side) for side in written)


def _ending(bench: Bench, written: Mapping[str, Any]) -> dict[str, Any]:
    outcome = written.get("outcome")
    shadow = written.get("shadow", outcome == _SHADOWED)
    if outcome is not None and shadow != (outcome == _SHADOWED):
        message = f"what a shadow would do ends {_SHADOWED}, and nothing else does"
        bench.error(bench.at(written, "outcome"), "contradiction", message, hint="remove one")
    return {"shadow": shadow, "outcome": _SHADOWED if shadow else outcome or "done"}


def _check_call(bench: Bench, written: Mapping[str, Any], calls: list[str]) -> None:
    name = written["call"]
    if name not in calls:
        hint = suggestion(name, calls, "calls")
        message = f"this test has no call {shown(name)}"
        bench.error(bench.at(written, "call"), "unknown-call", message, hint=hint)


def _check_rule(bench: Bench, written: Mapping[str, Any], rules: Sequence[str]) -> None:
    name = written["rule"]
    if name in rules:
        return
    meant = [key for key in rules if key.partition("/")[2] == name]
    near = meant[0] if meant else nearest(name, rules)
    hint = f"did you mean {shown(near)}?" if near else suggestion(name, list(rules), "rules")
    message = f"there is no rule {shown(name)} in these flows"
    bench.error(bench.at(written, "rule"), "unknown-rule", message, hint=hint)


def _check_texts(bench: Bench, written: Mapping[str, Any]) -> None:
    places: list[Place] = [(written, "twiml")] if "twiml" in written else []
    requests = [side.get("request", {}) for side in (written, *written.get("sides", ()))]
    places += [(request, "Twiml") for request in requests if "Twiml" in request]
    for place in places:
        fault = fault_of(place[0][place[1]])
        if fault:
            bench.error(bench.at(*place), "bad-twiml", f"this is no TwiML: {fault}")
