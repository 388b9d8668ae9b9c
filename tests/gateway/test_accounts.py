"""Accounts by alias: each opened as the file says, every fault at its place, no secret shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from runner.accounts import AccountSettings, SecretSource
from runner.gateway.accounts import Account, read_accounts, signing_tokens
from runner.gateway.credentials import BadCredentials, Credentials

MAIN, EU, SUB = "AC" + "0a" * 16, "AC" + "0b" * 16, "AC" + "0c" * 16
KEY = "SK" + "1b" * 16
TOKEN, SECRET = "2c" * 16, "Secret" + "3" * 26


def by(kind: str, name: str) -> SecretSource:
    return SecretSource(kind, name)  # type: ignore[arg-type]


main = AccountSettings("main", MAIN, auth_token=by("env", "MAIN_TOKEN"))
sub = AccountSettings("sub", SUB, parent="main")
ENVIRON = {"MAIN_TOKEN": TOKEN}


def test_without_accounts_it_is_the_one_of_the_environment() -> None:
    environ = {"TWILIO_ACCOUNT_SID": MAIN, "TWILIO_AUTH_TOKEN": TOKEN}
    expected = Account("", Credentials(MAIN, MAIN, TOKEN), signed_with=(TOKEN,))
    assert read_accounts((), environ) == (expected,)


def test_with_accounts_the_environment_opens_none() -> None:
    environ = ENVIRON | {"TWILIO_ACCOUNT_SID": "nonsense", "TWILIO_API_KEY": KEY}
    expected = Account("main", Credentials(MAIN, MAIN, TOKEN), signed_with=(TOKEN,))
    assert read_accounts((main,), environ) == (expected,)


def test_a_key_from_a_file_in_another_region(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET + "\r\n", encoding="utf-8")
    eu = AccountSettings(
        "eu",
        EU,
        api_key=KEY,
        api_secret=by("file", str(tmp_path / "secret")),
        region="ie1",
        edge="dublin",
        interval=5_000,
        concurrency=4,
    )
    (found,) = read_accounts((eu,), {})
    assert found.credentials == Credentials(EU, KEY, SECRET, region="ie1", edge="dublin")
    assert (found.alias, found.interval, found.concurrency) == ("eu", 5_000, 4)


def test_a_credential_of_systemd(tmp_path: Path) -> None:
    (tmp_path / "twilio").write_text(TOKEN, encoding="utf-8")
    account = replace(main, auth_token=by("credential", "twilio"))
    (found,) = read_accounts((account,), {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert found.credentials.password == TOKEN


def test_a_subaccount_is_opened_by_its_parent_wherever_that_stands() -> None:
    abroad = replace(main, region="ie1", edge="dublin")
    below = AccountSettings("below", EU, parent="sub", interval=9_000)
    found = read_accounts((below, sub, abroad), ENVIRON)
    assert [each.alias for each in found] == ["below", "sub", "main"]
    for each, sid in zip(found, (EU, SUB, MAIN), strict=True):
        assert each.credentials == Credentials(sid, MAIN, TOKEN, region="ie1", edge="dublin")
    assert found[0].interval == 9_000


def test_a_disabled_account_is_not_opened_but_may_open_others() -> None:
    asleep = replace(main, enabled=False)
    other = AccountSettings("other", EU, auth_token=by("env", "NOBODY_SET_IT"), enabled=False)
    (found,) = read_accounts((asleep, other, sub), ENVIRON)
    assert found == Account("sub", Credentials(SUB, MAIN, TOKEN))


def test_somebody_must_be_enabled() -> None:
    with pytest.raises(BadCredentials, match=r"^accounts: has none that is enabled"):
        read_accounts((replace(main, enabled=False),), ENVIRON)


def test_all_faults_of_all_accounts_at_once(tmp_path: Path) -> None:
    (tmp_path / "quoted").write_text(f'"{SECRET}"', encoding="utf-8")
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    (tmp_path / "binary").write_bytes(b"\xff" + SECRET.encode())
    (tmp_path / "large").write_text("x" * 5_000, encoding="utf-8")
    accounts = [
        AccountSettings("unset", MAIN, auth_token=by("env", "NOT_SET")),
        AccountSettings("spaced", MAIN, auth_token=by("env", "SPACED")),
        *(
            AccountSettings(name, EU, api_key=KEY, api_secret=by("file", str(tmp_path / name)))
            for name in ("quoted", "empty", "binary", "large", "missing")
        ),
        AccountSettings("nowhere", EU, auth_token=by("credential", "twilio")),
        AccountSettings("bare", EU),
        AccountSettings("orphan", SUB, parent="nobody"),
        AccountSettings("ring", SUB, parent="gnir"),
        AccountSettings("gnir", SUB, parent="ring"),
    ]
    with pytest.raises(BadCredentials) as raised:
        read_accounts(accounts, {"SPACED": f" {TOKEN}"})
    said = dict(raised.value.faults)
    assert "names the environment variable NOT_SET, which is not set" in said.values()
    assert said["accounts.spaced.auth_token"].endswith("at its start or end; remove it")
    assert "has quotes around it" in said["accounts.quoted.api_secret"]
    assert said["accounts.empty.api_secret"].endswith("which is an empty file")
    assert said["accounts.binary.api_secret"].endswith("which can't be read: not text")
    assert said["accounts.large.api_secret"].endswith("which is too large to be a secret")
    assert said["accounts.missing.api_secret"].endswith("can't be read: No such file or directory")
    assert "LoadCredential=twilio:PATH" in said["accounts.nowhere.auth_token"]
    assert said["accounts.bare.auth_token"] == "is not there"
    assert said["accounts.orphan.parent"] == "names nobody, which is not there"
    assert said["accounts.gnir.parent"] == "leads back to ring"
    assert len(said) == len(accounts)
    assert not any(each in str(raised.value) for each in (TOKEN, SECRET))


def test_a_region_can_not_move_another_api_base() -> None:
    abroad = replace(main, region="ie1", edge="dublin")
    with pytest.raises(BadCredentials, match=r"^accounts\.main\.region: can't be combined"):
        read_accounts((abroad, sub), ENVIRON, api_base="http://127.0.0.1:8080")
    assert read_accounts((main,), ENVIRON, api_base="http://127.0.0.1:8080")


def test_no_record_shows_a_secret() -> None:
    assert TOKEN not in repr(read_accounts((main, sub), ENVIRON))


# ---- what callbacks are signed with ----------------------------------------------------------


def test_an_account_that_its_token_opens_is_signed_for_with_that_token() -> None:
    other = replace(sub, callback_token=by("env", "SUB_TOKEN"))
    found = read_accounts((main, other), ENVIRON | {"SUB_TOKEN": SECRET})
    assert signing_tokens(found) == {MAIN: (TOKEN,), SUB: (SECRET,)}
    assert found[1].credentials.password == TOKEN, "its login is its parent's all the same"


def test_a_key_and_a_parent_sign_nothing() -> None:
    keyed = AccountSettings("eu", EU, api_key=KEY, api_secret=by("env", "EU_SECRET"))
    found = read_accounts((main, sub, keyed), ENVIRON | {"EU_SECRET": SECRET})
    assert signing_tokens(found) == {MAIN: (TOKEN,), SUB: (), EU: ()}


def test_while_a_token_is_changed_both_count() -> None:
    rotating = replace(main, callback_token=by("env", "NEXT"))
    (found,) = read_accounts((rotating,), ENVIRON | {"NEXT": SECRET})
    assert found.signed_with == (TOKEN, SECRET)
    assert (found.credentials.password, SECRET in repr(found)) == (TOKEN, False)
    (same,) = read_accounts((rotating,), ENVIRON | {"NEXT": TOKEN})
    assert same.signed_with == (TOKEN,)


def test_a_callback_token_that_is_missing_is_told_at_its_place() -> None:
    with pytest.raises(BadCredentials) as caught:
        read_accounts((replace(main, callback_token=by("env", "NEXT")),), ENVIRON)
    expected = "names the environment variable NEXT, which is not set"
    assert caught.value.faults == (("accounts.main.callback_token", expected),)


def test_the_environments_token_signs_beside_an_api_key() -> None:
    environ = {"TWILIO_ACCOUNT_SID": MAIN, "TWILIO_API_KEY": KEY, "TWILIO_API_SECRET": SECRET}
    assert signing_tokens(read_accounts((), environ)) == {MAIN: ()}
    found = read_accounts((), environ | {"TWILIO_AUTH_TOKEN": TOKEN})
    assert signing_tokens(found) == {MAIN: (TOKEN,)}
    assert found[0].credentials.username == KEY
