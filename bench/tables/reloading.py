"""Table `reloading`: an edit among many flow files, beside reading and hashing all of them."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from bench.corpus import RULES, write_corpus
from bench.far_side import ACCOUNT_SID, AUTH_TOKEN
from bench.measuring import Row, Sample, Table, Target
from runner.engine.clock import SystemClock
from runner.engine.loop import Engine
from runner.engine.reload import Reloader
from runner.gateway.credentials import Credentials
from runner.gateway.twilio import open_gateway
from runner.language.loader import Loaded, load
from runner.settings import TwilioSettings
from runner.store.memory import MemoryStore

QUICK: dict[str, Any] = {"files": 30, "sharing": 5}
#: Rounds of each run: one takes a third of a second, and the machine's speed moves.
OFTEN = 3
#: Milliseconds: what is wanted after one edit, and what it took to read and hash all on the machine
#: for which it is.
WANTED, READING = 60, 13
READ, FIRST, SAME = "read and hash all", "load from nothing", "look again, nothing changed"
EDIT, LIST = "reload after one edit", "reload after an edit of a list that {sharing} flows name"
TIME, PARSED = "whole, ms", "files parsed"
PHASES = {"look": "look, ms", "load": "load, ms", "force": "put in force, ms"}
METHOD = """\
Processor milliseconds over {files:,} flow files of {rules} rules each, of which {sharing} name one
list file. After an edit the runner looks, which is to read and to hash every file and to compare;
it loads what differs, and puts the flows in force in an engine that has those of before. It looks
twice, a tenth of a second apart, to see that the files rest: here the first look is left out. As in
`callflow run`, what was loaded at the start is out of the garbage collector's sight. The target is
{wanted} ms where it takes {reading} ms to read and to hash all: one edit is taken beside that."""

Done = TypeVar("Done")


def table(runs: int, *, files: int = 1_000, sharing: int = 10) -> Table:
    """Edits one after another, each row once in every round."""
    with tempfile.TemporaryDirectory() as name, frozen():
        folder = Path(name)
        paths = written(folder, files, sharing)
        found = asyncio.run(measured(folder, paths, OFTEN * runs))
    rows = tuple(_row(name.format(sharing=sharing), spent) for name, spent in found.items())
    return Table(
        "reloading",
        "an edit among many files",
        METHOD.format(files=files, rules=RULES, sharing=sharing, wanted=WANTED, reading=READING),
        (TIME, *PHASES.values(), PARSED),
        rows,
        tuple(_targets(found, sharing)),
        tuple(_losses(found)),
    )


def written(folder: Path, files: int, sharing: int) -> list[Path]:
    """The corpus, of which the first files have a list in common."""
    write_corpus(folder, files)
    (folder / "staff.txt").write_text("".join(f"+1415555{n:04}\n" for n in range(100)))
    paths = sorted(folder.glob("*.yaml"))
    for path in paths[:sharing]:
        path.write_text(re.sub(r"staff: \[.*\]", "staff: {file: staff.txt}", path.read_text()))
    return paths


class Times(defaultdict[str, list[float]]):
    """Processor seconds of each phase, run after run; and how many files were parsed."""

    def __init__(self) -> None:
        super().__init__(list)

    def of(self, phase: str, work: Callable[[], Done]) -> Done:
        """Does it, and takes the time."""
        began = time.process_time()
        done = work()
        self[phase].append(time.process_time() - began)
        return done


async def measured(folder: Path, paths: Sequence[Path], runs: int) -> dict[str, Times]:
    """Every row's times."""
    found = {name: Times() for name in (READ, FIRST, SAME, EDIT, LIST)}
    loaded = found[FIRST].of("load", lambda: load([folder]))
    found[FIRST][PARSED].append(len(loaded.kept.anew))
    gateway = open_gateway(Credentials(ACCOUNT_SID, ACCOUNT_SID, AUTH_TOKEN), TwilioSettings())
    store, clock = MemoryStore(), SystemClock()
    engine = Engine(ACCOUNT_SID, gateway, store=store, clock=clock, tell=lambda _: None)
    runner = Reloading(folder, loaded, engine)
    gc.freeze()
    for number in range(runs):
        found[READ].of("look", lambda: hashed(folder))
        runner.take(found[SAME])
        edit(paths[-1 - number % len(paths)])
        runner.take(found[EDIT])
        edit(folder / "staff.txt")
        runner.take(found[LIST])
    await gateway.close()
    return found


class Reloading:
    """What a runner keeps: what was loaded last, and the engine that goes by it."""

    def __init__(self, folder: Path, loaded: Loaded, engine: Engine) -> None:
        self._reloader = Reloader([folder], loaded)
        self._engine = engine
        self._put_in_force(loaded)

    def take(self, times: Times) -> None:
        """Looks, and puts in force what has changed."""
        gc.collect()
        reloader = self._reloader
        seen = times.of("look", reloader.look)
        if not times.of("compare", lambda: reloader.differ(seen)):
            times[PARSED].append(0)
            return
        reading = times.of("load", lambda: reloader.load(seen))
        reloader.accept(reading)
        times.of("force", lambda: self._put_in_force(reading.loaded))
        times[PARSED].append(len(reading.loaded.kept.anew))

    def _put_in_force(self, loaded: Loaded) -> None:
        assert loaded.flow_set is not None, loaded.errors
        self._engine.load(loaded.flow_set)


def hashed(folder: Path) -> list[str]:
    """The least that must be done to know that nothing has changed."""
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()]


def edit(path: Path) -> None:
    """Adds a comment, so that the file is another and says the same."""
    path.write_text(path.read_text() + "# edited\n")


@contextmanager
def frozen() -> Iterator[None]:
    """What is frozen within is given back to the garbage collector at the end."""
    try:
        yield
    finally:
        gc.unfreeze()


def _whole(times: Times) -> Sequence[float]:
    """The phases of each run together."""
    phases = [spent for phase, spent in times.items() if phase != PARSED]
    return [sum(each) for each in zip(*phases, strict=True)]


def _row(name: str, times: Times) -> Row:
    cells: dict[str, Any] = {TIME: Sample(tuple(_whole(times))).scaled(1000)}
    if len(times) > 2:
        cells |= {
            title: Sample(tuple(times[phase])).scaled(1000)
            for phase, title in PHASES.items()
            if phase in times
        }
    if PARSED in times:
        cells[PARSED] = Sample(tuple(times[PARSED]))
    return Row(name, cells)


def _medians(found: dict[str, Times]) -> dict[str, float]:
    """The whole of each row, in seconds."""
    return {name: Sample(tuple(_whole(times))).median for name, times in found.items()}


def _losses(found: dict[str, Times]) -> Iterator[str]:
    if (took := 1000 * _medians(found)[EDIT]) > WANTED:
        yield f"One edit takes {took:.0f} ms on this machine, and not {WANTED}."


def _targets(found: dict[str, Times], sharing: int) -> Iterator[Target]:
    whole = _medians(found)
    yield Target(
        "one edit, to reading and hashing all",
        round(WANTED / READING, 2),
        whole[EDIT] / whole[READ],
        "times",
    )
    yield Target("files parsed after one edit", 1, max(found[EDIT][PARSED]))
    yield Target("files parsed after an edit of the list", sharing, max(found[LIST][PARSED]))
    yield Target(
        "nothing changed, to reading and hashing all", 1.5, whole[SAME] / whole[READ], "times"
    )
