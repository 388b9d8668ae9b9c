"""Promises of `message`, `notify` and `log`: what is told, and that nothing breaks out of it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given

from runner.actions import ACTIONS
from runner.actions.templates import clean
from runner.model import LIVE_STATUSES
from runner.sides import Side
from tests.actions.rendering import held, problems
from tests.actions.siding import START, column, line, refusal, side, words
from tests.actions.test_hostile import HOSTILE, values

URL = "https://service.example/hook"


def test_who_is_told_what() -> None:
    assert words("message", {"a": 1}) == ("sends a message to the call's application",)
    assert words("notify", "https://service.example/a?b={{ sid }}") == ("posts to service.example",)
    assert words("log", "A call.") == ("writes a line into the history",)
    assert side("log", "A call.") == Side("history", "", {"text": "A call."}, repeatable=True)
    assert side("message", {"a": 1}).repeatable
    assert side("notify", URL).repeatable
    for name in ("notify", "log"):
        assert ACTIONS[name].tells
        assert ACTIONS[name].statuses == LIVE_STATUSES


# ---- message --------------------------------------------------------------------------------


def content(value: Any, **fields: str | None) -> Any:
    """What the application gets to read."""
    made = side("message", value, **fields)
    assert (made.target, set(made.fields)) == ("UserDefinedMessages", {"Content", "IdempotencyKey"})
    assert made.fields["IdempotencyKey"] == ""
    return json.loads(made.fields["Content"])


@pytest.mark.parametrize(
    "value",
    [
        {
            "a": 'quotes " and \\ and </Response>',
            "b": "line\r\nbreak\t\x07\x00",
            "c": "\u202eé👩‍👩‍👧",
        },
        {"a": [1, -2.5, True, None, [], {}, ""], 'k"e\ny': {"deep": [[["x"]]]}},
        {"a": "x" * 5_000, "..": "../Recordings", "%2e": "%22"},
    ],
)
def test_a_message_arrives_as_it_was_written(value: Any) -> None:
    assert content(value) == value


@given(values)
def test_whatever_a_caller_is_called_is_one_text_in_a_message(value: str) -> None:
    expected = clean(value)
    if not expected.strip():
        expected = "nobody"
    written = {"who": "<{{ caller_name | default('nobody') }}>", "n": [{"x": "{{ to }}"}]}
    got = content(written, caller_name=value, to="+14155550100")
    assert got == {"who": f"<{expected}>", "n": [{"x": "+14155550100"}]}


def test_a_message_is_for_programs() -> None:
    assert content({"age": "{{ age }}", "since": "{{ start_time }}"}) == {
        "age": "1864",
        "since": "2026-11-02T14:28:56Z",
    }


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({}, "empty-value"),
        ("text", "wrong-type"),
        (None, "wrong-type"),
        ({"{{ from }}": "a"}, "placeholder"),
        ({"a": {"b{{ from }}": "a"}}, "placeholder"),
        ({"a": "{{ form }}"}, "unknown-field"),
        ({"a": "x" * 10_000}, "bad-argument"),
    ],
)
def test_what_can_be_no_message(value: Any, code: str) -> None:
    assert refusal("message", value)[0] == code


@pytest.mark.parametrize("number", [".inf", "-.inf", ".nan"])
def test_what_json_has_no_number_for(number: str) -> None:
    (problem,) = problems(f"message: {{a: [1, {number}]}}")
    assert (problem.code, problem.position.column) == ("bad-argument", 26)


def test_a_message_that_a_value_makes_too_long_holds_the_rule_back() -> None:
    only = held(line("message", {"who": "{{ caller_name }}"}), caller_name="x" * 10_000)
    assert only.reason == "unsendable"
    assert only.detail == "as JSON it is 10,010 characters long; 10,000 is the limit"


# ---- notify ---------------------------------------------------------------------------------


def body(value: Any, **fields: str | None) -> Any:
    """What the service gets to read."""
    made = side("notify", {"url": URL, "body": value}, **fields)
    assert (made.route, made.target, made.fields["headers"]) == ("web", URL, "{}")
    return json.loads(made.fields["body"])


def test_without_a_body_the_call_is_told_of() -> None:
    made = side("notify", URL, start_time=START, direction="inbound", caller_name=None)
    told = json.loads(made.fields["body"])
    assert told["event"] == "callflow.rule"
    assert told["call"]["sid"] == "CA" + "1" * 32
    assert told["call"]["from"] == "+14155550199"
    assert (told["call"]["caller_name"], told["call"]["direction"]) == ("", "inbound")
    assert told["call"]["start_time"] == "2026-11-02T14:28:56Z"


@given(values)
def test_whatever_a_caller_is_called_is_one_text_in_a_post(value: str) -> None:
    told = json.loads(side("notify", URL, caller_name=value).fields["body"])
    expected = clean(value)
    assert told["call"]["caller_name"] == (expected if expected.strip() else "")
    assert set(told) == {"event", "call"}


@pytest.mark.parametrize("value", ["text", 5, 2.5, True, False, [1, "a"], {}, [], ""])
def test_any_json_may_be_a_body(value: Any) -> None:
    assert body(value) == value


@pytest.mark.parametrize("value", [name for name in HOSTILE if "\ud800" not in name])
def test_a_caller_can_change_no_url(value: str) -> None:
    made = side("notify", f"{URL}/{{{{ caller_name }}}}?n={{{{ caller_name }}}}", caller_name=value)
    parts = urlsplit(made.target)
    assert (parts.netloc, parts.path.count("/")) == ("service.example", 2)
    assert parse_qsl(parts.query) == [("n", clean(value))]


BAD_URLS = [
    *("service.example/hook", "wss://service.example", "file:///etc/passwd", "https://"),
    *("https://service.example/\r\nX-Evil: 1", "https://a b/", "https://a\x00/", "https://[::1"),
    "https://service.example/" + "x" * 5_000,
]


@pytest.mark.parametrize("url", BAD_URLS)
def test_what_is_no_url_of_a_service(url: str) -> None:
    assert refusal("notify", url) == ("bad-url", column("notify", url, url))
    value = {"url": url}
    assert refusal("notify", value) == ("bad-url", column("notify", value, url))


@pytest.mark.parametrize("user", ["ada:secret@", "token@", ":secret@", "@"])
def test_no_login_stands_in_a_url(user: str) -> None:
    for written in (
        f"https://{user}service.example/",
        f"https://{user}service.example/{{{{ to }}}}",
    ):
        assert refusal("notify", written) == ("secret-in-flow", column("notify", written, written))


# ---- headers --------------------------------------------------------------------------------


def header(name: str, value: Any) -> dict[str, Any]:
    return {"url": URL, "headers": {name: value}}


def test_headers_are_recorded_as_written_and_variables_by_name() -> None:
    written = {"X-Team": 'night "shift"', "Authorization": {"env": "CALLFLOW_NOTIFY_TOKEN"}}
    made = side("notify", {"url": URL, "headers": written})
    assert json.loads(made.fields["headers"]) == written


@pytest.mark.parametrize(
    "name",
    [
        *("Authorization", "authorization", "Cookie", "Set-Cookie", "X-Auth-Token", "X-Secret"),
        *("X-Api-Key", "apikey", "X_API_KEY", "Ocp-Apim-Subscription-Key", "X-Password"),
        *("X-Hub-Signature", "Proxy-Credentials", "X-Functions-Key"),
    ],
)
def test_no_secret_stands_in_a_flow(name: str) -> None:
    value = header(name, "abc123")
    found = refusal("notify", value)
    if name.startswith("Proxy-"):
        assert found[0] == "bad-argument"
        return
    assert found == ("secret-in-flow", column("notify", value, "abc123"))
    assert side("notify", header(name, {"env": "CALLFLOW_NOTIFY_KEY"})).fields["headers"]


@pytest.mark.parametrize("text", ["Bearer abc", "basic YTpi", "BEARER x"])
def test_what_looks_like_a_login_is_one_under_any_name(text: str) -> None:
    assert refusal("notify", header("X-Other", text))[0] == "secret-in-flow"


@pytest.mark.parametrize(
    "name",
    [
        *("Host", "content-length", "Content-Type", "Transfer-Encoding", "Connection", "TE"),
        *("webhook-id", "Webhook-Signature", "callflow-rule", "Proxy-Connection", "Expect"),
        *("", "X A", "X:A", "X\r\nEvil", "X\x00", "é", "\u202eX", "X-" + "a" * 500),
    ],
)
def test_a_name_that_is_not_a_flows_to_set(name: str) -> None:
    value = header(name, "text")
    assert refusal("notify", value) == ("bad-argument", column("notify", value, "text"))


@pytest.mark.parametrize(
    "text",
    [
        *("a\r\nX-Evil: 1", "a\nb", "a\rb", "a\x00b", "a\x07", "", " ", " a", "a\t"),
        *("é", "\u202ea", "a\u2028b", "x" * 5_000),
    ],
)
def test_a_value_that_would_not_stay_one_line(text: str) -> None:
    value = header("X-Team", text)
    assert refusal("notify", value) == ("bad-argument", column("notify", value, text))


@pytest.mark.parametrize(
    "name",
    [
        *("TWILIO_AUTH_TOKEN", "CALLFLOW_SIGNING_SECRET", "CALLFLOW_NOTIFY_", "PATH"),
        *(
            "callflow_notify_key",
            "CALLFLOW_NOTIFY_KEY\n",
            "CALLFLOW_NOTIFY_../X",
            " CALLFLOW_NOTIFY_A",
        ),
    ],
)
def test_a_flow_can_send_away_no_other_variable(name: str) -> None:
    value = header("X-Key", {"env": name})
    assert refusal("notify", value) == ("bad-argument", column("notify", value, name))


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"url": URL, "headers": {f"X-{n}": "a" for n in range(21)}}, "bad-argument"),
        ({"url": URL, "headers": {"X-A": "a", "x-a": "a"}}, "bad-argument"),
        ({"url": URL, "headers": {"X-A": {"env": "CALLFLOW_NOTIFY_A", "b": "c"}}}, "unknown-key"),
        ({"url": URL, "headers": {"X-A": {}}}, "missing-key"),
        ({"url": URL, "headers": {"X-A": 5}}, "number-as-text"),
        ({"url": URL, "headers": {"X-A": "{{ from }}"}}, "placeholder"),
        ({"url": URL, "body": None}, "bad-argument"),
        ({"url": URL, "body": "x" * 60_000}, "bad-argument"),
        ({"body": {}}, "missing-key"),
        (["https://service.example"], "wrong-type"),
    ],
)
def test_what_is_no_post(value: Any, code: str) -> None:
    assert refusal("notify", value)[0] == code


# ---- log ------------------------------------------------------------------------------------


@given(values)
def test_a_line_stays_one_line(value: str) -> None:
    made = side("log", "<{{ caller_name | default('nobody') }}>", caller_name=value)
    text = made.fields["text"]
    assert text.splitlines() == [text]
    assert text == f"<{clean(value) if clean(value).strip() else 'nobody'}>"


def test_what_an_author_writes_is_cleaned_as_well() -> None:
    written = "  a\r\nb\tc\x07\x1b[31m \u202ed\u2028e  "
    assert side("log", written).fields["text"] == "a b c[31m d e"


@pytest.mark.parametrize("text", ["  ", "\u202e", "\x07", "x" * 1_001, "{{ from }}" + "x" * 1_000])
def test_what_is_no_line(text: str) -> None:
    assert refusal("log", text) == ("bad-argument", column("log", text, text))


def test_a_line_that_a_value_makes_too_long_holds_the_rule_back() -> None:
    only = held("log: '{{ caller_name }}'", caller_name="x" * 1_001)
    assert only.detail == "the line is 1,001 characters long; 1,000 is the limit"
