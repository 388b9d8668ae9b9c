"""Each configuration file here, and exactly what is made of it or said about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.cli import report
from runner.language.loader import load_config
from runner.settings import RunSettings, settings_from
from tests.golden.test_golden import agrees, names

HERE = Path(__file__).parent / "config"
OK = sorted(HERE.glob("ok/*.yaml"))
BAD = sorted(HERE.glob("bad/*.yaml"))


@pytest.mark.parametrize("path", OK, ids=names)
def test_a_sound_file_becomes_these_settings(path: Path, request: pytest.FixtureRequest) -> None:
    config = load_config(path)
    assert config.problems == ()
    assert config.data is not None
    text = drawn(settings_from(config.data, {})).replace(f"{path.parent}/", "")
    agrees(path, text, request)


@pytest.mark.parametrize("path", BAD, ids=names)
def test_a_faulty_file_is_told_this(path: Path, request: pytest.FixtureRequest) -> None:
    config = load_config(path)
    assert config.data is None
    text = report.as_text(config.problems, config.texts).replace(f"{path.parent}/", "")
    agrees(path, text, request)
    assert any(problem.code in path.stem for problem in config.problems)


def drawn(settings: RunSettings) -> str:
    """A line each; numbers and accounts in an order of their own."""
    lines = []
    for name in settings.__struct_fields__:
        value = getattr(settings, name)
        if name == "accounts":
            lines += [f"account {account!r}" for account in value]
        elif name == "never":
            lines += [
                f"never.{part} {shown(getattr(value, part))}" for part in value.__struct_fields__
            ]
        else:
            lines.append(f"{name} {value!r}")
    return "\n".join(lines) + "\n"


def shown(value: object) -> str:
    if isinstance(value, frozenset):
        return str(sorted(value))
    if isinstance(value, tuple):
        return str(
            [(item[0], sorted(item[1])) if isinstance(item, tuple) else item for item in value]
        )
    return repr(value)
