"""Settings: options win over the file, the file over defaults; everything wrong is said at once."""

from __future__ import annotations

from typing import Any

import pytest

from runner.settings import (
    BadSettings,
    ConsoleSettings,
    NotificationSettings,
    RunSettings,
    settings_from,
)
from runner.written import fault_of, is_open_to_view, read_api_base


def test_nothing_set_gives_the_defaults() -> None:
    assert settings_from({}, {}) == RunSettings()


def test_options_win_over_the_file_and_the_file_over_defaults() -> None:
    config = {
        "version": 1,
        "flows": ["a", "b"],
        "interval": "5s",
        "grace": "0s",
        "twilio": {"concurrency": 3, "read_timeout": "1s"},
    }
    found = settings_from(config, {"interval": "1s", "grace": None, "read_timeout": 500})
    assert found.flows == ("a", "b")
    assert found.interval == 1_000
    assert found.grace == 0
    assert (found.twilio.concurrency, found.twilio.read_timeout) == (3, 500)
    assert found.twilio.total_timeout == RunSettings().twilio.total_timeout


def test_the_api_base_belongs_to_how_twilio_is_reached() -> None:
    found = settings_from({"api_base": "https://a.example"}, {"api_base": "http://[::1]:80/"})
    assert found.twilio.api_base == "http://[::1]:80"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("interval", "100ms"),
        ("interval", "soon"),
        ("grace", "-1s"),
        ("store", "mysql://db"),
        ("store", "sqlite:///"),
        ("lease", "499ms"),
        ("lease", "5m1s"),
        ("retention", "47h"),
        ("retention", "for ever"),
        ("log_format", "xml"),
        ("listen", "9090"),
        ("listen", "127.0.0.1:http"),
        ("listen", ":70000"),
        ("concurrency", 0),
        ("concurrency", 1_000),
        ("total_timeout", 0),
        ("api_base", "ftp://127.0.0.1"),
        ("public_url", "calls.example"),
        ("public_url", "ftp://calls.example"),
        ("public_url", "https://calls.example/a?b=c"),
        ("public_url", "https://calls.example/a#b"),
        ("public_url", "https://calls.example/a//b"),
        ("public_url", "https://calls.example/../b"),
        ("public_url", "https://calls.example/a/."),
        ("public_url", "https://calls.example/{token}"),
        ("public_url", "https://calls.example/a%2Fb"),
        ("public_url", "https://calls.example:http/"),
        ("public_url", "https://me@calls.example/"),
        ("public_url", "https://calls.example/\n"),
    ],
)
def test_what_can_not_work_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(BadSettings, match=f"^{name}: "):
        settings_from({}, {name: value})


def test_how_long_a_lease_and_the_past_are_kept() -> None:
    found = settings_from({"lease": "500ms", "retention": "2d"}, {})
    assert (found.lease, found.retention) == (500, 172_800_000)
    assert settings_from({"lease": "5m"}, {}).lease == 300_000
    assert settings_from({"retention": "forever"}, {}).retention is None
    assert settings_from({"retention": "forever"}, {"retention": "3d"}).retention == 259_200_000


def test_a_store_with_a_password_is_refused_without_showing_it() -> None:
    with pytest.raises(BadSettings, match="not a store") as raised:
        settings_from({"store": "postgresql://runner:hunter2@db/calls"}, {})
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("interval", "100ms", "must be at least 500ms"),
        ("lease", "6m", "must be at most 5m"),
        ("retention", "1d", "must be at least 2d"),
        ("interval", "2s", ""),
    ],
)
def test_one_value_by_itself(name: str, value: str, fault: str) -> None:
    assert fault_of(name, value) == fault


def test_all_faults_at_once() -> None:
    with pytest.raises(BadSettings) as raised:
        settings_from({"interval": "x", "twilio": {"concurrency": 0}}, {"listen": "y"})
    assert len(raised.value.faults) == 3


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("http://LOCALHOST", "http://localhost"),
        ("http://127.9.9.9:1", "http://127.9.9.9:1"),
        ("https://twilio.example:8443", "https://twilio.example:8443"),
    ],
)
def test_an_api_base_is_scheme_host_and_port(text: str, base: str) -> None:
    assert read_api_base(text) == base


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("http://example.com", "plain http"),
        ("http://127.0.0.1.example.com", "plain http"),
        ("https://space.example/api/laml", "without a path"),
        ("https://a.example?x=1", "without a path"),
        ("https://user:secret@a.example", "credentials"),
        ("a.example:80", "not an http"),
        ("https://", "not an http"),
        ("https://a.example:99999", "not a URL"),
        ("https://[::1", "not a URL"),
        ("https://a.exa mple", "not an http"),
        ("", "not an http"),
    ],
)
def test_other_api_bases_are_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as raised:
        read_api_base(text)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("https://calls.example", "https://calls.example"),
        ("https://calls.example/", "https://calls.example"),
        ("https://Calls.example:8443/a/b.c/", "https://calls.example:8443/a/b.c"),
        ("http://[::1]:80/x", "http://[::1]:80/x"),
    ],
)
def test_a_public_url_has_no_slash_at_its_end(written: str, read: str) -> None:
    assert settings_from({"public_url": "https://a"}, {"public_url": written}).public_url == read


@pytest.mark.parametrize(
    ("url", "is_open"),
    [
        ("https://calls.example", False),
        ("http://calls.example", True),
        ("http://127.0.0.1:9090", False),
        ("http://10.0.0.1", True),
    ],
)
def test_what_goes_over_plain_http_is_open_to_view(url: str, is_open: bool) -> None:
    assert is_open_to_view(url) is is_open


def test_posts_have_settings_of_their_own() -> None:
    config = {
        "twilio": {"concurrency": 3},
        "notifications": {"signing_secret_env": "A", "timeout": "3s", "concurrency": 4},
    }
    found = settings_from(config, {})
    assert found.notifications == NotificationSettings(("A",), 3_000, 4)
    assert found.twilio.concurrency == 3
    assert settings_from({"twilio": {"concurrency": 3}}, {}).notifications.concurrency == 8
    with pytest.raises(BadSettings, match=r"^timeout: "):
        settings_from({"notifications": {"timeout": "2m"}}, {})


def test_the_console_s_tokens_are_named_by_variable() -> None:
    assert settings_from({}, {}).console == ConsoleSettings(None, None)
    found = settings_from(
        {"console": {"read_token_env": "LOOK", "hosts": ["calls.lan"]}, "traces": True}, {}
    )
    assert found.console == ConsoleSettings("LOOK", None, ("calls.lan",))
    assert found.traces
