"""`callflow schema` prints the files that ship."""

from __future__ import annotations

import pytest

from runner import resources
from tests.cli.test_validate import callflow


@pytest.mark.parametrize(
    ("arguments", "name"),
    [([], "flow"), (["flow"], "flow"), (["test"], "test"), (["config"], "config")],
)
def test_printing(arguments: list[str], name: str) -> None:
    done = callflow("schema", *arguments, cwd=resources.schemas())
    expected = (resources.schemas() / f"{name}.schema.json").read_text(encoding="utf-8")
    assert (done.returncode, done.stdout, done.stderr) == (0, expected, "")


def test_an_unknown_schema_is_a_usage_error() -> None:
    assert callflow("schema", "flwo", cwd=resources.schemas()).returncode == 2
