"""What the index believes of the tables of fields and operators is so."""

from __future__ import annotations

import msgspec
import pytest

from runner.call import Call
from runner.decision.changes import AGES
from runner.decision.columns import COLUMNS
from runner.language.fields import FIELDS, Field
from runner.language.operators import suiting
from runner.model import Moment

DATES = ("Mon, 23 Nov 2026 10:00:00 +0000", "Mon, 23 Nov 2026 11:30:00 +0000")
ATTRIBUTES = Call.__struct_fields__
NOW = 1_800_000_000_000


def values_of(attribute: str) -> tuple[str | None, ...]:
    if "time" in attribute or attribute.startswith("date"):
        return (None, "", *DATES, "soon", "12")
    return (None, "", "+14155550100", "+4930123456", "CA" + "0" * 32, "in-progress")


@pytest.mark.parametrize("field", FIELDS.values(), ids=lambda field: field.name)
def test_a_field_is_of_one_attribute_or_of_the_clock_or_of_others(field: Field) -> None:
    """A field of another kind would need a further kind of table in the index."""
    kinds = [bool(field.of), bool(field.clock), field.others, field.name == "account"]
    assert kinds.count(True) == 1


@pytest.mark.parametrize(
    "field", [each for each in FIELDS.values() if each.of], ids=lambda field: field.name
)
def test_nothing_else_decides_a_field_than_what_it_is_of(field: Field) -> None:
    for value in values_of(field.of):
        bare = Call(**{"sid": "CA", field.of: value})  # type: ignore[arg-type]
        wanted = field.read(bare, Moment(NOW))
        if field.plain:
            assert wanted == (value or None)
        assert field.read(bare, Moment(NOW + 90_000, account="main")) == wanted
        for attribute in ATTRIBUTES:
            if attribute != field.of:
                for other in values_of(attribute):
                    call = msgspec.structs.replace(bare, **{attribute: other})
                    assert field.read(call, Moment(NOW)) == wanted


def test_each_comparison_of_ages_says_when_it_changes() -> None:
    kinds = {field.type for field in FIELDS.values() if field.clock == "age"}
    assert {name for kind in kinds for name in suiting(kind)} == set(AGES)


def test_every_attribute_that_a_field_is_of_is_read_by_its_name() -> None:
    assert {field.of for field in FIELDS.values() if field.of} == set(COLUMNS)
    call = Call(**{name: name for name in ATTRIBUTES})
    assert {name: column([call]) for name, column in COLUMNS.items()} == {n: [n] for n in COLUMNS}
