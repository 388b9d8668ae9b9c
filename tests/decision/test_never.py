"""Protected calls: by number, prefix, list, account and direction; emergency numbers always."""

from __future__ import annotations

import subprocess
import sys

import phonenumbers
import pytest
from phonenumbers.phonemetadata import PhoneMetadata

from runner.call import Call
from runner.decision.never import protects
from runner.emergency import is_emergency
from runner.never import Never, plain

ACCOUNT = "AC" + "0a" * 16
NOTHING = Never()


def why(never: Never, *, alias: str = "", **fields: str) -> str:
    call = Call("CA1", **{"from_" if name == "from" else name: v for name, v in fields.items()})
    return protects(never, call, account=ACCOUNT, alias=alias)


def test_without_configuration_ordinary_calls_are_anybodys() -> None:
    fields = {"to": "+14155550100", "from": "client:911", "direction": "inbound"}
    assert why(NOTHING, **fields, account_sid=ACCOUNT) == ""
    assert why(NOTHING) == ""


@pytest.mark.parametrize("field", ["to", "from", "forwarded_from"])
def test_a_number_is_looked_for_in_every_field(field: str) -> None:
    never = Never(numbers=frozenset({"+14155550100"}))
    assert why(never, **{field: "+14155550100"}) == f"{field} is +14155550100 (never: numbers)"
    assert why(never, **{field: "+14155550101"}) == ""


@pytest.mark.parametrize(
    "to",
    [
        "+19005550100",
        "sip:+19005550100@pbx.example",
        "sip:19005550100@pbx.example:5060;transport=tls",
        "sips:0019005550100;phone-context=x@pbx.example",
        "+19005550100@pbx.example",
        "sip:%2B1-900-555-0100@pbx.example",
    ],
)
def test_a_prefix_holds_however_the_number_is_written(to: str) -> None:
    assert why(Never(prefixes=("+1900",)), to=to) == f"to is {to} (never: prefixes +1900)"


def test_an_extension_is_no_number_abroad() -> None:
    assert why(Never(prefixes=("+1",)), to="sip:1234567@pbx.example") == ""


def test_a_list_is_named() -> None:
    never = Never(lists=(("a.txt", frozenset({"+1"})), ("b.txt", frozenset({"bob@pbx.example"}))))
    assert why(never, to="sip:Bob@PBX.example") == "to is sip:Bob@PBX.example (never: lists b.txt)"
    assert why(never, to="sip:bobby@pbx.example") == ""


@pytest.mark.parametrize("named", [ACCOUNT, "main"])
def test_an_account_by_sid_or_alias(named: str) -> None:
    never = Never(accounts=frozenset({named}))
    assert why(never, alias="main") == f"account is {named} (never: accounts)"
    assert protects(never, Call("CA1"), account="AC" + "0" * 32, alias="other") == ""


def test_the_account_that_the_call_itself_names_counts() -> None:
    never = Never(accounts=frozenset({ACCOUNT}))
    call = Call("CA1", account_sid=ACCOUNT)
    assert protects(never, call, account="AC" + "0" * 32, alias="parent")


def test_a_direction() -> None:
    never = Never(directions=frozenset({"inbound"}))
    assert why(never, direction="inbound") == "direction is inbound (never: directions)"
    assert why(never, direction="outbound-api") == ""


# ---- emergency numbers ----------------------------------------------------------------------


@pytest.mark.parametrize("field", ["to", "from", "forwarded_from"])
@pytest.mark.parametrize(
    "value",
    [
        *("911", "+911", "+1911", "112", "+49112", "999", "+44999", "000", "110", "933", "+1933"),
        *("\uff19\uff11\uff11", "\u0661\u0661\u0662", "sip:\uff19\uff11\uff11@pbx.example"),
        *("911@pbx.example", "sip:112@pbx.example", "sip:+911;user=phone@pbx.example:5060"),
    ],
)
def test_emergency_numbers_are_protected_without_a_word(field: str, value: str) -> None:
    assert why(NOTHING, **{field: value}) == f"{field} is {value} (emergency number)"


@pytest.mark.parametrize(
    "value",
    ["+14155550911", "client:911", "9115550100", "sip:911x@pbx.example", "anonymous", "+266696687"],
)
def test_what_only_looks_like_one_is_not(value: str) -> None:
    assert not is_emergency(value)


def test_no_country_is_forgotten() -> None:
    """The metadata gives an example of each region's emergency numbers."""
    examples = {
        found.emergency.example_number
        for region in phonenumbers.SUPPORTED_SHORT_REGIONS
        if (found := PhoneMetadata.short_metadata_for_region(region)) and found.emergency
    }
    assert {"112", "911", "999", "000", "10111"} <= examples
    assert [number for number in examples if number and not is_emergency(number)] == []


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("+14155550100", "+14155550100"),
        ("SIP:Alice@PBX.example:5060;transport=tls", "alice@pbx.example"),
        ("sip:alice:pass@pbx.example?subject=x", "alice@pbx.example"),
        ("tel:+14155550100;ext=5", "+14155550100"),
        ("client:Support", "client:support"),
    ],
)
def test_one_way_to_write_an_address(written: str, kept: str) -> None:
    assert plain(written) == kept
    assert plain(kept) == kept


def test_long_numbers_do_not_load_the_metadata() -> None:
    code = (
        "import sys; from runner.call import Call; from runner.never import Never;"
        "from runner.decision.never import protects;"
        "protects(Never(), Call('CA1', to='+14155550100'), account='', alias='');"
        "print('phonenumbers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
