"""Real files, changed at random: the quick check and `jsonschema` give the same answer, always."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from bench.corpus import flow
from runner.language.schema import SchemaName, text_of
from runner.language.shape import Shapes
from runner.language.source import parse

ROOT = Path(__file__).parent.parent.parent
#: The schema → where files lie that are written for it.
REAL: dict[SchemaName, tuple[str, ...]] = {
    "flow": (
        "flows/*.yaml",
        "examples/*/*.yaml",
        "tests/golden/ok/*.yaml",
        "tests/golden/bad/*.yaml",
    ),
    "test": ("flows/*.test.yaml", "examples/*/*.test.yaml"),
    "config": ("tests/golden/config/*/*.yaml", "deploy/**/callflow.yaml"),
}
SCALARS: list[Any] = [
    None,
    True,
    False,
    0,
    1,
    -1,
    2,
    60,
    10**7,
    1.5,
    "",
    " ",
    "x",
    "A-b",
    "5m",
    "0s",
]
SCALARS += [
    "1h30m",
    "25%",
    "100%",
    "0%",
    "unlimited",
    "per call",
    "from",
    "+14155550100",
    "in-progress",
]
SCALARS += [
    "09:00",
    "24:00",
    "mon",
    "2026-12-24",
    "2026-11-02T15:00:00Z",
    "https://example.com/a",
    "GET",
]
SCALARS += [[], {}, [[]], [{}], {"x": 1}, "AC" + "0" * 32, "hangup", "start", "x" * 70]


def documents(name: SchemaName) -> list[Any]:
    """What stands in the real files, as far as they are YAML."""
    paths = sorted(path for pattern in REAL[name] for path in ROOT.glob(pattern))
    if name == "flow":
        paths = [path for path in paths if ".test." not in path.name]
    readings = [parse(path.name, path.read_bytes()).document for path in paths]
    if name == "flow":
        readings += [parse("shop.yaml", flow(number).encode()).document for number in range(6)]
    return [reading.data for reading in readings if reading is not None]


def places(data: Any) -> Iterator[tuple[Any, Any]]:
    """Every dict or list in the data with each key or index of it."""
    for key in data if isinstance(data, dict) else range(len(data)):
        yield data, key
        if isinstance(data[key], (dict, list)):
            yield from places(data[key])


DOCUMENTS: dict[SchemaName, list[Any]] = {name: documents(name) for name in REAL}
KEYS = sorted(
    {
        key
        for known in DOCUMENTS.values()
        for data in known
        for _, key in places(data)
        if type(key) is str
    }
)
VALUES = [
    holder[key] for known in DOCUMENTS.values() for data in known for holder, key in places(data)
]


def changed(draw: st.DrawFn, data: Any) -> Any:
    """The data after one change: something is left out, put elsewhere, renamed or repeated."""
    found = list(places(data)) if isinstance(data, (dict, list)) else []
    if not found:
        return copy.deepcopy(draw(st.sampled_from(SCALARS)))
    holder, key = draw(st.sampled_from(found))
    what = draw(st.sampled_from(["scalar", "scalar", "other", "leave out", "add", "wrap"]))
    if what == "leave out":
        del holder[key]
    elif what == "wrap":
        holder[key] = draw(st.sampled_from([[holder[key]], {"x": holder[key]}, [holder[key]] * 2]))
    elif what == "add" and isinstance(holder, dict):
        holder[draw(st.sampled_from(KEYS))] = copy.deepcopy(draw(st.sampled_from(VALUES)))
    else:
        source = SCALARS if what == "scalar" else VALUES
        holder[key] = copy.deepcopy(draw(st.sampled_from(source)))
    return data


@st.composite
def mutants(draw: st.DrawFn, name: SchemaName) -> Any:
    data = copy.deepcopy(draw(st.sampled_from(DOCUMENTS[name])))
    for _ in range(draw(st.integers(0, 3))):
        data = changed(draw, data)
    return data


SCHEMAS = {name: json.loads(text_of(name)) for name in REAL}
SHAPES = {name: Shapes(schema) for name, schema in SCHEMAS.items()}
JUDGES = {name: Draft7Validator(schema) for name, schema in SCHEMAS.items()}


def agree(name: SchemaName, data: Any) -> bool:
    fits = SHAPES[name].fits(data)
    assert fits == JUDGES[name].is_valid(data)
    return fits


@pytest.mark.parametrize("name", REAL)
def test_real_files(name: SchemaName) -> None:
    found = {agree(name, data) for data in DOCUMENTS[name]}
    assert True in found


@settings(max_examples=120)
@given(st.data())
@pytest.mark.parametrize("name", REAL)
def test_mutants(name: SchemaName, data: st.DataObject) -> None:
    agree(name, data.draw(mutants(name)))


def test_mutants_are_of_both_kinds() -> None:
    """Else they would show little: some changes leave a file sound."""
    for name, known in DOCUMENTS.items():
        sound = copy.deepcopy(next(data for data in known if SHAPES[name].fits(data)))
        kinds = set()
        for at, (holder, key) in enumerate(list(places(sound))[:60]):
            was = holder[key]
            for value in (SCALARS[at % len(SCALARS)], "x", 60, "5m"):
                holder[key] = value
                kinds.add(agree(name, sound))
            holder[key] = was
        assert kinds == {True, False}
