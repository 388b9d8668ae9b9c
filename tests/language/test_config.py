"""Configuration files: what becomes of them, and that no secret in one is ever shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.accounts import SecretSource
from runner.call import Call
from runner.cli.formats import FORMATS, Findings
from runner.cli.report import as_text
from runner.decision.never import protects
from runner.guards import DEFAULT_GUARD, Burst, Guard, Guards, Rate
from runner.language.config import Config
from runner.language.files import Files
from runner.language.loader import load_config
from runner.language.schema import text_of
from runner.settings import settings_from
from tests.process import run

SID = "AC" + "0a" * 16


def config_of(folder: Path, text: str) -> Config:
    path = folder / "callflow.yaml"
    path.write_text(text, encoding="utf-8")
    return load_config(path)


def codes(config: Config) -> list[str]:
    return [problem.code for problem in config.problems]


# ---- what becomes of it ---------------------------------------------------------------------


def test_lists_protect_and_are_watched(tmp_path: Path) -> None:
    lists = tmp_path / "lists"
    lists.mkdir()
    (lists / "hospitals.txt").write_text("# ours\n+14155550100 # desk\n", encoding="utf-8")
    config = config_of(tmp_path, "version: 1\nnever: {lists: [lists/hospitals.txt]}\n")
    paths = (str(tmp_path / "callflow.yaml"), str(lists / "hospitals.txt"))
    assert config.paths == paths
    assert tuple(config.files) == paths
    never = settings_from(config.data or {}, {}).never
    reason = protects(never, Call("CA1", to="+14155550100"), account=SID, alias="")
    assert reason == "to is +14155550100 (never: lists lists/hospitals.txt)"


def test_a_list_that_is_missing_is_watched_too(tmp_path: Path) -> None:
    text = "version: 1\nnever: {lists: [gone.txt], numbers: ['+14155550100']}\n"
    config = config_of(tmp_path, text)
    assert codes(config) == ["list-file"]
    assert config.data is None  # half a protection is none
    assert str(tmp_path / "gone.txt") in config.paths


def test_an_emptied_list_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "ours.txt").write_text("", encoding="utf-8")
    config = config_of(tmp_path, "version: 1\nnever: {lists: [ours.txt]}\n")
    assert codes(config) == ["empty-value"]


def test_secrets_in_files_lie_beside_the_configuration(tmp_path: Path) -> None:
    text = f"version: 1\naccounts: {{main: {{sid: {SID}, auth_token: {{file: main.token}}}}}}\n"
    (account,) = settings_from(config_of(tmp_path, text).data or {}, {}).accounts
    assert account.auth_token == SecretSource("file", str(tmp_path / "main.token"))


@pytest.mark.parametrize(
    ("written", "guards"),
    [
        ("{}", None),
        ("{rule: unlimited}", Guards(Guard("unlimited", "unlimited"))),
        ("{rule: {rate: {max: 5}}}", Guards(Guard(Burst(), Rate(5)))),
        (
            "{together: {burst: {max_share: 50%}}}",
            Guards(DEFAULT_GUARD, Guard(Burst(0.5), None)),
        ),
    ],
)
def test_guards(tmp_path: Path, written: str, guards: Guards | None) -> None:
    config = config_of(tmp_path, f"version: 1\nguards: {written}\n")
    if guards is None:
        assert codes(config) == ["empty-value"]
    else:
        assert settings_from(config.data or {}, {}).guards == guards


def test_guards_are_written_as_in_flows() -> None:
    flow, config = (json.loads(text_of(name))["definitions"] for name in ("flow", "config"))
    for name in ("guard", "slug", "account"):
        assert config[name] == flow[name], "copy it from schemas/flow.schema.json"


def test_a_reload_brings_its_own_files(tmp_path: Path) -> None:
    path = tmp_path / "callflow.yaml"
    path.write_text("version: 1\nauth_token: planted\n", encoding="utf-8")
    files = Files()
    assert load_config(path, files).data is None
    assert list(files.digests) == [str(path)]
    assert "planted" not in files.texts[str(path)]


def test_short_numbers_and_addresses_can_be_protected(tmp_path: Path) -> None:
    config = config_of(tmp_path, "version: 1\nnever: {numbers: ['988', 'client:Night']}\n")
    never = settings_from(config.data or {}, {}).never
    for to in ("988", "sip:988@pbx.example", "client:Night"):
        assert protects(never, Call("CA1", to=to), account=SID, alias=""), to


# ---- secrets are never shown ----------------------------------------------------------------

SECRETS = ("2c" * 16, "Hidden" + "3" * 24 + "xY", "hunter twofold", "sEcr3t!", "hunter2")
WRITTEN = [
    "accounts: {main: {sid: SID, auth_token: PLANTED}}",
    "accounts: {main: {sid: SID, auth_token: 'PLANTED'}}",
    "accounts: {main: {sid: SID, auth_token: [PLANTED]}}",
    "accounts: {main: {sid: SID, auth_token: {PLANTED: }}}",
    "accounts: {main: {sid: SID, auth_token: {env: {x: PLANTED}}}}",
    "accounts: {main: {sid: SID, auth_token: {value: PLANTED}}}",
    "accounts: {main: {sid: SID, auth_tokn: PLANTED}}",
    "accounts: {main: {sid: SID, pass: PLANTED}}",
    "accounts: {main: {sid: SID, parent: eu, callback_token: PLANTED}}",
    "accounts: {main: {sid: SID, parent: eu, callback_token: {env: [PLANTED]}}}",
    "accounts: {main: {sid: SID, api_key: PLANTED, api_secret: {env: A}}}",
    "accounts: {main: {sid: PLANTED, auth_token: {env: A}}}",
    "accounts: {main: PLANTED}",
    "accounts: PLANTED",
    "accounts: [{auth_token: PLANTED}]",
    "accounts:\n  main:\n    sid: SID\n    auth_token: |\n      PLANTED\n    x: 1",
    "accounts:\n  main:\n    sid: SID\n    auth_token: >-\n      PLANTED\n      PLANTED\n  : {",
    "x: &t PLANTED\naccounts: {main: {sid: SID, auth_token: *t}}",
    "auth_token: PLANTED",
    "notifications: {signing_secret_env: PLANTED}",
    "notifications: {signing_secret_env: [GOOD, PLANTED, {x: PLANTED}]}",
    "notifications: {signing_secret: PLANTED}",
    "console: {read_token_env: PLANTED}",
    "console: {operator_token_env: [PLANTED]}",
    "console: {operator_token: PLANTED}",
    "signing_secret_env: PLANTED",
    "twilio: {auth_token: PLANTED}",
    "twilio: {password: {a: [PLANTED]}}",
    "TWILIO_API_SECRET: PLANTED\nTWILIO_API_SECRET: PLANTED",
    "accounts: {main: {sid: SID, auth_token: PLANTED",
    "accounts:\n  main:\n    auth_token: PLANTED\n   eu: 1",
    "accounts:\n\tauth_token: PLANTED",
    "auth_token: !token PLANTED",
    "api_secret: 'PLANTED",
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("written", WRITTEN)
def test_a_planted_secret_is_not_shown(tmp_path: Path, written: str, secret: str) -> None:
    text = "version: 1\n" + written.replace("SID", SID).replace("PLANTED", secret) + "\n"
    config = config_of(tmp_path, text)
    assert config.problems
    findings = Findings(list(config.problems), dict(config.texts))
    said = [as_text(config.problems, config.texts), repr(config)]
    said += [write(findings, True) for write in FORMATS.values()]
    for word in secret.split():
        assert not any(word in each for each in said), written


def test_a_token_is_hidden_wherever_it_is_written(tmp_path: Path) -> None:
    text = f"version: 1\nstore: {SECRETS[0]}\nlisten: 'http://me:hunter2@host'\n{SECRETS[1]}: 1\n"
    config = config_of(tmp_path, text)
    said = as_text(config.problems, config.texts)
    assert len(config.problems) == 3
    assert not any(secret in said for secret in SECRETS)


def test_validate_shows_the_place_and_stars(tmp_path: Path) -> None:
    text = f"version: 1\naccounts:\n  main: {{sid: {SID}, auth_token: {SECRETS[0]}}}\n"
    (tmp_path / "callflow.yaml").write_text(text, encoding="utf-8")
    done = run("validate", "callflow.yaml", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout.startswith("callflow.yaml:3:63: error: `auth_token` is written out; ")
    assert done.stdout.splitlines()[2].endswith("^" + "~" * 31)
    assert SECRETS[0] not in done.stdout + done.stderr


WORDS = st.sampled_from(
    ["version", "accounts", "never", "guards", "sid", "auth_token", "parent", "lists", "main"]
)
DATA = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=8) | WORDS | st.just(SID),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)
KEYS = ("accounts", "never", "guards", "lease", "retention", "twilio", "store", "flows")


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(KEYS), DATA, max_size=4))
def test_no_data_crashes_the_reader(tmp_path: Path, data: dict[str, object]) -> None:
    config = config_of(tmp_path, yaml.safe_dump({"version": 1, **data}, default_flow_style=None))
    assert (config.data is None) is bool(config.problems)
    if config.data is not None:
        settings_from(config.data, {})
