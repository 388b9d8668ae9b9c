"""The quick check of shapes agrees with `jsonschema`, which is asked only when it says no."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from runner.language.schema import text_of
from runner.language.shape import Shapes

FLOW = json.loads(text_of("flow"))
CONFIG = json.loads(text_of("config"))

WORDS = ["version", "flow", "rules", "id", "then", "match", "any", "not", "from", "age", "leg"]
WORDS += ["gte", "in", "between", "exists", "lists", "file", "say", "text", "loop", "hangup"]
WORDS += ["defaults", "voice", "priority", "enabled", "continue", "once", "status"]
WORDS += ["for", "mode", "canary", "every", "max", "per", "within", "accounts", "recheck"]
WORDS += ["windows", "timezone", "days", "to", "except", "holidays", "dates", "by", "over"]
WORDS += ["guard", "burst", "rate", "max_share", "at_least"]
WORDS += ["twilio", "concurrency", "grace", "log_format", "flows"]

SCALARS = [None, True, False, 0, 1, -1, 1.0, 1.5, "", "x", "5m", "5m\n", "hangup", "per call"]
SCALARS += ["unlimited", "off", "100%", "0.5%", "25h", 0.1, 10]
SCALARS += ["parent", "shadow", "10%", "from", "always", "mon", "09:00", "2026-12-24", "0s", "UTC"]
scalars = st.sampled_from(SCALARS)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*WORDS, "other"]), inner, max_size=4)
    ),
    max_leaves=12,
)
actions = st.sampled_from(["hangup", {"say": "x"}, {"say": {"text": "x", "loop": 2}}]) | anything
conditions = st.dictionaries(
    st.sampled_from(
        ["from", "age", "leg", "status", "any", "not", "during", "concurrent", "has_child"]
    ),
    st.sampled_from(
        ["x", "parent", ["x"], {"gte": "5m"}, {"in": ["x"]}, [{"from": "x"}], {"by": "to", "gt": 1}]
    )
    | anything,
    max_size=3,
)
spans = st.sampled_from(["5m", "0s", 5])
onces = anything | st.fixed_dictionaries(
    {},
    optional={"every": spans, "max": scalars, "per": st.sampled_from(["from", "age"])}
    | {"within": spans, "other": scalars},
)
modes = anything | st.fixed_dictionaries({"canary": st.sampled_from(["10%", "100%", "0%", "x"])})
guards = anything | st.fixed_dictionaries(
    {},
    optional={
        "burst": anything
        | st.fixed_dictionaries({}, optional={"max_share": scalars, "at_least": scalars}),
        "rate": anything | st.fixed_dictionaries({}, optional={"max": scalars, "per": scalars}),
    },
)
windows = anything | st.fixed_dictionaries(
    {"timezone": scalars},
    optional={"days": st.lists(scalars, max_size=2), "from": scalars, "to": scalars}
    | {"except": anything | st.fixed_dictionaries({}, optional={"holidays": anything})},
)
rules = st.fixed_dictionaries(
    {"id": st.just("a") | anything, "then": st.lists(actions, max_size=2)},
    optional={"match": conditions, "continue": anything, "once": onces, "mode": modes}
    | {"for": scalars, "recheck": scalars, "retry_unknown": scalars, "guard": guards},
)
flows = st.fixed_dictionaries(
    {"version": st.just(1) | anything, "flow": st.just("f"), "rules": st.lists(rules, max_size=2)},
    optional={"match": conditions, "lists": anything, "defaults": anything, "priority": anything}
    | {"mode": modes, "accounts": anything, "windows": st.dictionaries(st.just("w"), windows)}
    | {"guard": guards},
)


def agree(schema: dict[str, Any], data: Any) -> None:
    # Two readings of the draft on which ours is the stricter: 1.0 is no integer, `$` is the end.
    if "1.0" in repr(data) or "\\n" in repr(data):
        return
    assert Shapes(schema).fits(data) == Draft7Validator(schema).is_valid(data)


@settings(max_examples=300)
@given(flows | anything)
def test_flows(data: Any) -> None:
    agree(FLOW, data)


@given(anything)
def test_configurations(data: Any) -> None:
    agree(CONFIG, data)


def test_the_schemas_are_sound_draft_07() -> None:
    for schema in (FLOW, CONFIG):
        Draft7Validator.check_schema(schema)
        assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"


def test_a_last_newline_does_not_pass_a_pattern() -> None:
    assert not Shapes(CONFIG).fits({"version": 1, "grace": "5m\n"})
