"""Signatures of callbacks: made by the sandbox, checked by Twilio's SDK, whatever is in them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from runner.sandbox import AUTH_TOKEN, Sandbox
from runner.sandbox.fetching import signature
from tests.sandbox.listener import Fields, Listener, listening

HOSTILE = [
    "+14155550100",
    "",
    " ",
    "a+b c",
    "100%",
    "%2B%00",
    "a&b=c;d",
    "client:Zoë Ω 東京 \U0001f4de",
    "sip:bob@example.com;transport=tls?x=1&y=2",
    "é",
    "line\nbreak\r\n\ttab",
    '"><script>',
    "\\u0000\x7f",
]


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    async with listening() as opened:
        yield opened


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_hostile_values_arrive_whole_and_signed(
    sandbox: Sandbox, listener: Listener, method: str
) -> None:
    for value in HOSTILE:
        told = {"status_callback": listener.url, "status_callback_method": method}
        sandbox.add_call(from_=value, to=value, status="completed", **told)
    await sandbox.delivered()
    assert len(listener.requests) == len(HOSTILE)
    arrived = set()
    for request in listener.requests:
        assert listener.signed(request, AUTH_TOKEN), request.target
        assert not listener.signed(request, AUTH_TOKEN[::-1])
        form = request.form if method == "POST" else pairs(request.target)
        arrived.add((form["From"], form["Called"]))
    assert arrived == {(value, value) for value in HOSTILE}


def pairs(target: str) -> dict[str, str]:
    """What a URL carries."""
    return dict(parse_qsl(urlsplit(target).query, keep_blank_values=True))


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize(
    "query",
    [
        "?a=1&a=2",
        "?a=&b",
        "?x=%2B1%20%26+y",
        "?name=Zoë Ω",
        "/päth with space/%7Euser",
        "?From=forged&From=twice",
        "?a=1#fragment",
        "?%zz=1",
    ],
)
async def test_hostile_urls_are_signed_as_they_are_sent(
    sandbox: Sandbox, listener: Listener, query: str, method: str
) -> None:
    told = {"status_callback": listener.url + query, "status_callback_method": method}
    sandbox.add_call(status="completed", **told)
    await sandbox.delivered()
    (request,) = listener.requests
    assert listener.signed(request, AUTH_TOKEN), request.target


async def test_a_changed_field_no_longer_fits(sandbox: Sandbox, listener: Listener) -> None:
    sandbox.add_call(status="completed", status_callback=listener.url)
    await sandbox.delivered()
    (request,) = listener.requests
    signed = request.headers["x-twilio-signature"]
    check = RequestValidator(AUTH_TOKEN)
    assert check.validate(listener.url, request.form, signed)
    for name in request.form:
        assert not check.validate(listener.url, request.form | {name: "other"}, signed)
    assert not check.validate(listener.url + "?x", request.form, signed)


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(st.lists(st.tuples(text.filter(bool), text), max_size=8))
def test_any_form_with_fields_sent_twice(form: list[tuple[str, str]]) -> None:
    url = "http://127.0.0.1:8080/twilio/status?a=1&a=1"
    made = signature(AUTH_TOKEN, url, form)
    assert RequestValidator(AUTH_TOKEN).validate(url, Fields(form), made)
