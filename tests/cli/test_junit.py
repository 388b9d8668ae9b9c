"""Promises of the JUnit writer: sound XML whatever the text, counts that add up, stable bytes."""

from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from runner.cli.results.junit import Case, Failure, Suite, as_xml

SUITES = [
    Suite(
        "a.yaml", (Case("warns", took_ms=1042), Case("cuts", Failure("no call", "missing", "x")))
    ),
    Suite("b.yaml", (Case("sound", line=3, output="looked at"),)),
]


def test_a_document() -> None:
    assert as_xml("callflow test", SUITES) == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<testsuites name="callflow test" tests="3" failures="1" errors="0" skipped="0" '
        'time="1.042">\n'
        '  <testsuite name="a.yaml" tests="2" failures="1" errors="0" skipped="0" time="1.042">\n'
        '    <testcase name="warns" classname="a.yaml" file="a.yaml" time="1.042" />\n'
        '    <testcase name="cuts" classname="a.yaml" file="a.yaml">\n'
        '      <failure message="no call" type="missing">x</failure>\n'
        "    </testcase>\n"
        "  </testsuite>\n"
        '  <testsuite name="b.yaml" tests="1" failures="0" errors="0" skipped="0">\n'
        '    <testcase name="sound" classname="b.yaml" file="b.yaml" line="3">\n'
        "      <system-out>looked at</system-out>\n"
        "    </testcase>\n"
        "  </testsuite>\n"
        "</testsuites>\n"
    )


def test_nothing_to_tell_is_a_document_too() -> None:
    assert ElementTree.fromstring(as_xml("callflow", [])).attrib["tests"] == "0"


@given(st.text(), st.text(), st.text())
def test_any_text_makes_sound_xml(name: str, message: str, output: str) -> None:
    suite = Suite(name, (Case(name, Failure(message, message, output), output),))
    root = ElementTree.fromstring(as_xml(name, [suite]).encode("utf-8"))
    assert len(root.findall("./testsuite/testcase/failure")) == 1
