"""Promises: whatever a caller is called, a placeholder brings text into the call and nothing else.

What comes out is read back by other parsers than made it: XML by expat, URLs by urllib.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runner.actions import twiml
from runner.actions.templates import FILTERS, clean
from runner.call import CallQuery
from runner.sandbox.twiml import parse as play
from tests.actions.rendering import made, said, url
from tests.site import Site, open_site

HOSTILE = [
    "</Say><Dial>+19005550100</Dial><Say>",
    "]]></Say><Hangup/>",
    "<![CDATA[<Dial>1</Dial>]]>",
    '"/><Redirect>https://evil.example</Redirect>',
    "<!DOCTYPE x [<!ENTITY a 'b'>]>&a;",
    "<?xml version='1.0'?><Response/>",
    "{{ 7*7 }}",
    "{{ from }}",
    "{% for x in y %}{{ x }}{% endfor %}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "&amp;",
    "&#60;Dial&#62;&lt;",
    "a\x00b\x07\x1b[31mred",
    "line\r\nX-Header: evil\nmore",
    "\u202egnp.exe\u202c \u2066x\u2069",
    "\ud800 lone \udfff",
    "x\ufffe\uffff\ufdd0",
    "👩‍👩‍👧 ünï ﷽ \u0627\u200c\u0628",
    "javascript:alert(1)",
    "//evil.example/x",
    "https://evil.example/",
    "\\\\evil.example\\x",
    "@evil.example",
    "?a=b&c=d#e;f=g",
    "%0d%0aSet-Cookie: x",
    "%2e%2e%2f",
    "../../admin",
    "a/b/c",
    "+1 415 555 0199",
    "100% of $1 \\1 \\g<0>",
    "None",
    "  padded  ",
]
#: What makes a value a path segment of its own that clients take out again.
DOTTED = [".", "..", "\x00..", "\u202e."]

values = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(max_size=200),
    st.text(alphabet="<>&\"'{}%/.?#=:;@\\ \t\r\n\x00\x1b\u202e\ud800aZ9+", max_size=60),
)


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_values_are_heard_as_text(value: str) -> None:
    assert said("Hello {{ caller_name }}.", caller_name=value) == f"Hello {clean(value)}."
    assert said("Hello {{ from }}.", from_=value) == f"Hello {clean(value)}."


@given(values)
def test_any_value_is_text_to_whoever_reads_the_document(value: str) -> None:
    expected = clean(value)
    if not expected.strip():
        with pytest.raises(ValueError, match="caller_name is empty"):
            said("'{{ caller_name }}'", caller_name=value)
        return
    lines = ("say: '{{ caller_name }}'", "redirect: https://a.example/?n={{ caller_name }}")
    update = made(*lines, caller_name=value)
    assert update.twiml is not None
    assert twiml.fault_of(update.twiml) == ""
    say, redirect = ElementTree.fromstring(update.twiml)
    assert (say.tag, say.text, list(say), say.attrib) == ("Say", expected.strip(), [], {})
    assert (redirect.tag, list(redirect)) == ("Redirect", [])
    assert parse_qsl(urlsplit(redirect.text or "").query) == [("n", expected)]
    assert [verb.name for verb in play(update.twiml)] == ["Say", "Redirect"]


PLACES = (
    "https://a.example:8443/one/{{ caller_name }}/x{{ caller_name }}"
    "?k=1&n={{ caller_name }}&l=2#f{{ caller_name }}"
)


@given(values)
@example("..")
def test_any_value_leaves_a_url_the_shape_it_was_written_in(value: str) -> None:
    expected = clean(value)
    if not expected.strip() or expected in (".", ".."):
        with pytest.raises(ValueError, match=r"empty on this call|change the path"):
            url(PLACES, caller_name=value)
        return
    sent = url(PLACES, caller_name=value)
    assert re.fullmatch(r"[A-Za-z0-9\-._~%:/?#=&]+", sent)
    parts = urlsplit(sent)
    assert (parts.scheme, parts.netloc) == ("https", "a.example:8443")
    assert [unquote(part) for part in parts.path.split("/")] == [
        "",
        "one",
        expected,
        "x" + expected,
    ]
    assert parse_qsl(parts.query, separator="&") == [("k", "1"), ("n", expected), ("l", "2")]
    assert unquote(parts.fragment) == "f" + expected


@pytest.mark.parametrize("value", DOTTED)
@pytest.mark.parametrize(
    "written",
    [
        "https://a.example/a/{{ caller_name }}",
        "https://a.example/{{ caller_name }}/../b?c={{ to }}",
    ],
)
def test_a_value_cannot_walk_up_a_path(value: str, written: str) -> None:
    with pytest.raises(ValueError, match="would change the path"):
        url(written, caller_name=value, to="x")


def test_dots_that_change_no_path_are_fine() -> None:
    assert url("https://a.example/v{{ caller_name }}?x={{ to }}", caller_name="..", to="..")
    with pytest.raises(ValueError, match="would change the path"):
        url("https://a.example/%2e{{ caller_name }}/x", caller_name=".")


@given(values, st.sampled_from(sorted(FILTERS)))
def test_no_filter_lets_anything_through(value: str, name: str) -> None:
    argument = '("</Say><Dial>1")' if FILTERS[name].arguments else ""
    field = "age" if FILTERS[name].durations else "caller_name"
    written = f"say: 'x{{{{ {field} | {name}{argument} | default(\"y\") }}}}'"
    update = made(
        written, "hangup", caller_name=value, start_time="Mon, 02 Nov 2026 14:28:56 +0000"
    )
    say, hangup = ElementTree.fromstring(update.twiml or "")
    assert (say.tag, hangup.tag, list(say)) == ("Say", "Hangup", [])


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with open_site(tmp_path) as opened:
        yield opened


FLOW = """
version: 1
flow: greet
guard: unlimited
rules:
  - id: speak
    match: {to: "+14155550100"}
    then:
      - say: Hello {{ caller_name }}.
      - hangup
  - id: send
    match: {to: "+14155550111"}
    then: [redirect: "https://a.example/call/{{ caller_name }}?n={{ caller_name }}"]
"""


async def test_a_call_hears_the_hostile_name_and_nothing_is_dialled(site: Site) -> None:
    site.flows(FLOW)
    heard = [name for name in HOSTILE if "\ud800" not in name]  # JSON can't carry those
    rows = [site.sandbox.add_call(id=f"c{n}", caller_name=name) for n, name in enumerate(heard)]
    poll = await site.poll()
    assert poll.calls == len(heard)
    await site.sandbox.advance(60_000)
    for number, name in enumerate(heard):
        spoken = " ".join(f"Hello {clean(name)}.".split())
        assert site.sandbox.world.heard(f"c{number}") == [spoken]
    assert {outcome for _, outcome in await site.outcomes()} == {"done"}
    everybody = (await site.gateway.list_calls(CallQuery())).calls
    assert {row.sid for row in everybody} == {row.sid for row in rows}
    assert {row.status for row in everybody} == {"completed"}


async def test_a_call_goes_to_the_written_host_whatever_its_name(site: Site) -> None:
    site.flows(FLOW)
    for number, name in enumerate(
        ["//evil.example", "?a=b#c", "%0d%0a", "x/../..", "@evil.example"]
    ):
        site.sandbox.add_call(id=f"c{number}", to="+14155550111", caller_name=name)
    await site.poll()
    sent = [urlsplit(update["Url"]) for update in site.updates()]
    assert len(sent) == 5
    assert {(parts.scheme, parts.netloc, parts.path.count("/")) for parts in sent} == {
        ("https", "a.example", 2)
    }


async def test_a_name_that_is_missing_or_too_long_is_never_guessed_at(site: Site) -> None:
    site.flows(FLOW)
    site.sandbox.add_call(id="none")
    site.sandbox.add_call(id="long", caller_name="x" * 10_000)
    site.sandbox.add_call(id="up", to="+14155550111", caller_name="..")
    await site.poll()
    assert site.updates() == []
    assert await site.history() == []
