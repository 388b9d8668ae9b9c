"""Credentials: everything wrong is said at once, before anything is sent, and never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.gateway.credentials import BadCredentials, Credentials, read_credentials
from runner.gateway.twilio import open_gateway
from runner.settings import TwilioSettings

ACCOUNT = "AC" + "0a" * 16
KEY = "SK" + "1b" * 16
TOKEN = "2c" * 16
SECRET = "Secret" + "3" * 26
PLAIN = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN}
KEYED = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_API_KEY": KEY, "TWILIO_API_SECRET": SECRET}


def test_the_auth_token_opens_the_account() -> None:
    assert read_credentials(PLAIN) == Credentials(ACCOUNT, ACCOUNT, TOKEN)


def test_an_api_key_wins_over_the_token() -> None:
    assert read_credentials(PLAIN | KEYED) == Credentials(ACCOUNT, KEY, SECRET)


def test_region_and_edge_come_together() -> None:
    found = read_credentials(PLAIN | {"TWILIO_REGION": "ie1", "TWILIO_EDGE": "dublin"})
    assert (found.region, found.edge) == ("ie1", "dublin")


def test_secrets_may_come_from_files(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN + "\n")
    environ = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN_FILE": str(tmp_path / "token")}
    assert read_credentials(environ).password == TOKEN


def test_the_password_is_never_shown() -> None:
    assert TOKEN not in repr(read_credentials(PLAIN))


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"TWILIO_ACCOUNT_SID": ""}, ["TWILIO_ACCOUNT_SID: is not set"]),
        ({"TWILIO_ACCOUNT_SID": KEY}, ["TWILIO_ACCOUNT_SID: is an API key's SID"]),
        ({"TWILIO_ACCOUNT_SID": ACCOUNT[:-1]}, ["TWILIO_ACCOUNT_SID: is not an Account SID"]),
        ({"TWILIO_ACCOUNT_SID": ACCOUNT.upper()}, ["TWILIO_ACCOUNT_SID: is not an Account SID"]),
        ({"TWILIO_ACCOUNT_SID": f'"{ACCOUNT}"'}, ["TWILIO_ACCOUNT_SID: has quotes"]),
        ({"TWILIO_ACCOUNT_SID": ACCOUNT + "\n"}, ["TWILIO_ACCOUNT_SID: has a space or a line"]),
        ({"TWILIO_AUTH_TOKEN": ""}, ["TWILIO_AUTH_TOKEN: is not set"]),
        ({"TWILIO_AUTH_TOKEN": " "}, ["TWILIO_AUTH_TOKEN: has a space or a line break"]),
        ({"TWILIO_AUTH_TOKEN": TOKEN + "\r"}, ["TWILIO_AUTH_TOKEN: has a space or a line break"]),
        ({"TWILIO_AUTH_TOKEN": f"'{TOKEN}'"}, ["TWILIO_AUTH_TOKEN: has quotes"]),
        ({"TWILIO_AUTH_TOKEN": "tokén"}, ["TWILIO_AUTH_TOKEN: has a space, a line break or a"]),
        ({"TWILIO_AUTH_TOKEN": "to\nken"}, ["TWILIO_AUTH_TOKEN: has a space, a line break or a"]),
        ({"TWILIO_API_KEY": KEY}, ["TWILIO_API_SECRET: is not set, while TWILIO_API_KEY is"]),
        ({"TWILIO_API_SECRET": SECRET}, ["TWILIO_API_KEY: is not set, while its secret is"]),
        (
            {"TWILIO_API_KEY": ACCOUNT, "TWILIO_API_SECRET": SECRET},
            ["TWILIO_API_KEY: is not an API key's SID"],
        ),
        ({"TWILIO_REGION": "ie1"}, ["TWILIO_EDGE: is not set"]),
        ({"TWILIO_EDGE": "dublin"}, ["TWILIO_REGION: is not set"]),
        (
            {"TWILIO_EDGE": "evil.example/#", "TWILIO_REGION": "ie1"},
            ["TWILIO_EDGE: is not a name"],
        ),
        (
            {"TWILIO_AUTH_TOKEN_FILE": "/nowhere/token"},
            ["TWILIO_AUTH_TOKEN: and TWILIO_AUTH_TOKEN_FILE are both set"],
        ),
        (
            {"TWILIO_AUTH_TOKEN": "", "TWILIO_AUTH_TOKEN_FILE": "/nowhere/token"},
            ["TWILIO_AUTH_TOKEN_FILE: can't be read: No such file"],
        ),
        (
            {"TWILIO_ACCOUNT_SID": "", "TWILIO_AUTH_TOKEN": "", "TWILIO_EDGE": "dublin"},
            ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_REGION"],
        ),
    ],
)
def test_everything_wrong_is_said_at_once(changes: dict[str, str], faults: list[str]) -> None:
    with pytest.raises(BadCredentials) as raised:
        read_credentials(PLAIN | changes)
    said = str(raised.value).splitlines()
    assert len(said) == len(faults)
    for line, fault in zip(said, faults, strict=True):
        assert line.startswith(fault)
    assert not any(secret in str(raised.value) for secret in (TOKEN, SECRET, "tokén"))


def test_edge_and_region_can_not_move_another_api_base() -> None:
    environ = PLAIN | {"TWILIO_REGION": "ie1", "TWILIO_EDGE": "dublin"}
    with pytest.raises(BadCredentials, match="can't be combined with an API base"):
        read_credentials(environ, api_base="http://127.0.0.1:8080")


async def test_region_and_edge_choose_the_host() -> None:
    credentials = Credentials(ACCOUNT, ACCOUNT, TOKEN, region="ie1", edge="dublin")
    gateway = open_gateway(credentials, TwilioSettings())
    assert gateway.host == "api.dublin.ie1.twilio.com"
    plain = open_gateway(Credentials(ACCOUNT, ACCOUNT, TOKEN), TwilioSettings())
    assert plain.host == "api.twilio.com"
