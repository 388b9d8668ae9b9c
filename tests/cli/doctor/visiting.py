"""Runs `callflow doctor` for its tests: without a process of its own, against a real sandbox."""

from __future__ import annotations

import time

from runner.cli.checkup.findings import Finding
from runner.cli.checkup.local import read_patients, read_settings
from runner.cli.doctor import Visit, examine
from runner.sandbox import Sandbox
from tests.process import environment

FLOW = """\
version: 1
flow: ends
rules:
  - id: end
    match: {from: "+14155550199"}
    then: [hangup]
"""


def now() -> int:
    return time.time_ns() // 1_000_000


async def diagnose(
    sandbox: Sandbox, *, only: str | None = None, fetch: bool = True, **variables: str
) -> list[Finding]:
    """What the command prints, in the working directory, without a process of its own."""
    environ = environment(sandbox, **variables)
    settings, findings = read_settings(None, {"api_base": sandbox.url})
    patients, more = read_patients(settings, environ, only)
    return [*findings, *more, *await examine(Visit(settings, patients, fetch, environ))]


def of(check: str, findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.check == check]


def the(check: str, findings: list[Finding]) -> Finding:
    (found,) = of(check, findings)
    return found


def bad(findings: list[Finding]) -> list[tuple[str, str]]:
    """Level and check of everything that is not ok; each must say how to mend it."""
    assert all(finding.fix for finding in findings if finding.level != "ok")
    return [(finding.level, finding.check) for finding in findings if finding.level != "ok"]
