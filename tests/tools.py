"""Tools of the machine that some tests need: their path, or why a test can't run without them.

Where the machine lacks one, its tests are skipped and say how to get it. `.ci/run` installs them,
and then names them in CALLFLOW_TEST_REQUIRE (`chromium,promtool`): from there on a test fails
where a tool is missing, so that nothing is left out unseen.
"""

from __future__ import annotations

import os
import shutil

import pytest

#: The Debian package that brings each tool.
TOOLS = {"chromium": "chromium", "promtool": "prometheus"}
REQUIRED = "CALLFLOW_TEST_REQUIRE"


def needs(tool: str) -> str:
    """The path of the tool; without one the test is skipped, or fails where it is required."""
    if path := shutil.which(tool):
        return path
    reason = f"no {tool} on this machine; the Debian package {TOOLS[tool]} has it"
    if tool in required():
        pytest.fail(f"{reason}, and {REQUIRED} requires it")
    pytest.skip(reason)


def required() -> set[str]:
    """The tools that must be there."""
    names = {name.strip() for name in os.environ.get(REQUIRED, "").split(",")} - {""}
    unknown = names - TOOLS.keys()
    assert not unknown, f"{REQUIRED} names {sorted(unknown)}; there are {sorted(TOOLS)}"
    return names
