"""What a number or an address tells: its country and the type of its line."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.language.phones import COUNTRIES, TYPES, country_of, type_of


@pytest.mark.parametrize(
    ("text", "country", "kind"),
    [
        ("+14155550199", "US", "fixed_line_or_mobile"),
        ("+14165550123", "CA", "fixed_line_or_mobile"),
        ("+18095551234", "DO", "fixed_line_or_mobile"),
        ("+442079460018", "GB", "fixed_line"),
        ("+491711234567", "DE", "mobile"),
        ("+390612345678", "IT", "fixed_line"),
        ("+18005551234", "US", "toll_free"),
        ("+19002345678", "US", "premium_rate"),
        ("+80012345678", None, "toll_free"),  # of the whole world
        ("+883510000000000", None, "voip"),
        ("+12345", None, "unknown"),
        ("+999123456789", None, "unknown"),
        ("4155550199", None, "unknown"),  # in whose country?
        ("12345", None, "unknown"),
        ("+", None, "unknown"),
        ("+" + "1" * 5000, None, "unknown"),
        ("sip:ada@example.com", None, "sip"),
        ("sips:ada@example.com", None, "sip"),
        ("+14155550199@example.com", None, "sip"),
        ("client:agent-7", None, "client"),
        ("client:anonymous", None, "client"),
        ("sim:DE0123", None, "sim"),
        ("+266696687", None, "anonymous"),  # no number of Lesotho
        ("+7378742833", None, "anonymous"),
        ("+2562533", None, "anonymous"),
        ("Anonymous", None, "anonymous"),
        ("sip:anonymous@anonymous.invalid", None, "anonymous"),
        ("sip:+266696687@example.com", None, "sip"),
    ],
)
def test_what_a_number_tells(text: str, country: str | None, kind: str) -> None:
    assert (country_of(text), type_of(text)) == (country, kind)


def test_the_words_are_the_ones_that_can_come() -> None:
    assert set(COUNTRIES) == set(phonenumbers.SUPPORTED_REGIONS)
    names = {
        phonenumbers.PhoneNumberType.to_string(kind).lower()
        for kind in phonenumbers.PhoneNumberType.values()
    }
    assert names <= set(TYPES)


@given(st.text(max_size=30) | st.from_regex(r"\+\d{0,20}", fullmatch=True))
def test_any_text_has_a_type_and_perhaps_a_country(text: str) -> None:
    assert type_of(text) in TYPES
    assert country_of(text) in {*COUNTRIES, None}
