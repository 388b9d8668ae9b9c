"""An action is added by the five steps of CONTRIBUTING, to a copy of this checkout, and it works.

The copy's own commands and tests are asked about it. What it sends reaches a sandbox of this
checkout, which has never heard of it.
"""

from __future__ import annotations

import json
import re
import shlex
import sys
import time
from pathlib import Path

import pytest

from runner.sandbox import ManualClock, Sandbox
from tests.contributing.checkout import Checkout, checkout, furnish
from tests.contributing.examples import BEEP, EXAMPLES, SUBSCRIBE, Example
from tests.contributing.steps import PIECES, Piece, steps
from tests.process import callflow

#: The tests of the copy that look at actions. Those of golden files have run in step 4, and changed
#: only what is new; those that change files at random would say no more here.
SUITES = (
    *("tests/test_reference.py", "tests/test_architecture.py", "tests/timeline/test_sides.py"),
    *("tests/editors/test_completion.py", "tests/editors/test_hover.py"),
    "tests/contributing/test_pieces.py",
    "tests/test_docs.py::test_the_tutorial_names_every_word_of_a_flow",
)
QUIET = ("-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist")
HEAD = """\
version: 1
flow: new
rules:
  - id: act
    match: {from: "+14155550199"}
    then:
"""


def names(example: Example) -> str:
    return example.name


def test_there_are_five() -> None:
    assert [step.number for step in steps()] == [1, 2, 3, 4, 5]
    assert [len(step.commands) for step in steps()] == [0, 0, 0, 1, 1]


@pytest.mark.parametrize("example", EXAMPLES, ids=names)
async def test_by_these_steps_an_action_is_added(example: Example, tmp_path: Path) -> None:
    made = checkout(tmp_path)
    furnish(made)
    changed: set[str] = set()
    for step in steps():
        lay(made, example, step=step.number)
        for command in step.commands:
            made.succeed(sys.executable, *shlex.split(command)[1:])
        more = made.changed() - changed
        assert [path for path in sorted(more) if not step.names(path, example.name)] == []
        changed |= more
    assert changed == touched(example)
    made.succeed(sys.executable, "-m", "ruff", "check", "--no-cache", "runner/actions")
    made.succeed(sys.executable, "-m", "ruff", "format", "--no-cache", "--check", "runner/actions")
    await told_and_sent(made, example, tmp_path / "project")
    made.python("-m", "pytest", *QUIET, *SUITES)
    assert made.changed() == changed


def lay(made: Checkout, example: Example, *, step: int = 0, but: Piece | None = None) -> None:
    """Writes the pieces of a step, or of all; one may be left out."""
    for piece in PIECES:
        asked = step in (0, piece.step) and piece is not but
        if asked and piece.lay is not None and not (piece.beside and example is BEEP):
            piece.lay(made.root / piece.path.replace("NAME", example.name), example)


def touched(example: Example) -> set[str]:
    """All that differs afterwards: what is laid, and what the commands write."""
    laid = {piece.path.replace("NAME", example.name) for piece in PIECES}
    # The one lists what is known, where something isn't; the other shows every action's arguments.
    written = {"bad/wide-and-long-lines-unknown-action.out", "ok/every-action.out"}
    bad = {f"bad/{name}{suffix}" for name in example.bad for suffix in (".yaml", ".out")}
    return laid - {"tests/golden/bad/"} | {f"tests/golden/{name}" for name in written | bad}


async def told_and_sent(made: Checkout, example: Example, project: Path) -> None:
    """Its flow is valid, planned and explained; a runner of the copy does it to a call."""
    (project / "flows").mkdir(parents=True)
    (project / "flows" / "new.yaml").write_text(f"{HEAD}{example.line}      - hangup\n", "utf-8")
    async with Sandbox(clock=ManualClock(time.time_ns() // 1_000_000)) as sandbox:
        row = sandbox.add_call(id="ada")

        async def tell(*words: str) -> str:
            done = await callflow(*words, at=sandbox, cwd=project, PYTHONPATH=str(made.root))
            assert done.code == 0, done
            return done.out

        assert example.told in await tell("validate", "--effects", "flows")
        assert f"then.{example.name}\n" in await tell("explain", example.name)
        planned = await tell("plan")
        assert "new/act" in planned
        assert example.sent in planned
        await tell("run", "--once")
        kept = json.loads(await tell("history", "--format", "json"))
        assert {part["outcome"] for part in kept} == {"done"}
        assert example.name in [word for part in kept for word in part["then"]]
        await sandbox.advance(5_000)
        lines = sandbox.world.transcript("ada")
        assert example.heard in [(line.kind, line.text) for line in lines]
        assert sandbox.world.call(row.sid).status == "completed"


def missing() -> list[object]:
    """Each piece, with the action that needs it; pieces that no command writes stay unwritten."""
    return [
        pytest.param(example, piece, id=f"{piece.step}-{piece.path}-{example.name}")
        for piece in PIECES
        for example in ([SUBSCRIBE] if piece.beside else [BEEP])
        if piece.path != "tests/golden/bad/"
    ]


@pytest.mark.parametrize(("example", "piece"), missing())
def test_a_step_that_is_left_out_is_named(example: Example, piece: Piece, tmp_path: Path) -> None:
    made = checkout(tmp_path)
    lay(made, example, but=piece)
    guard = "tests/contributing/test_pieces.py"
    asked = (*QUIET, "--tb=line", "-rN", guard, "-k", f"step_{piece.step}")
    done = made.run(sys.executable, "-m", "pytest", *asked)
    assert done.returncode == 1, done.stdout
    (told,) = re.findall(r"^E +AssertionError: (step \d of CONTRIBUTING: .*)", done.stdout, re.M)
    assert told.startswith(f"step {piece.step} ")
    assert piece.path.replace("NAME", example.name) in told
    assert example.name in told
