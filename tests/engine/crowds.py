"""Flows that end calls, crowds of calls for them, and a runner that starts anew."""

from __future__ import annotations

from runner.engine.brakes import Safety
from runner.model import FlowSet
from tests.site import Site

HANG_UP = """
version: 1
flow: f
rules:
  - id: r
    then: [hangup]
"""
OTHER = HANG_UP.replace("flow: f", "flow: g").replace("    then", "    match: {to: X}\n    then")


def crowd(site: Site, number: int, **fields: str) -> None:
    for _ in range(number):
        site.sandbox.add_call(**fields)


def reborn(site: Site, flows: FlowSet, safety: Safety | None = None) -> None:
    """As after a restart."""
    site.restart()
    if safety is not None:
        site.engine.obey(safety)
    site.engine.load(flows)
