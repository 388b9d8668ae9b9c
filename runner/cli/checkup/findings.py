"""What `callflow doctor` finds: one record a line, as text or JSON, and the time it may take."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from threading import Thread
from typing import Any, Literal, TypeVar

from runner.cli.terminal import printable
from runner.language.words import counted
from runner.masking import mask_numbers

T = TypeVar("T")

#: Seconds for everything that goes on at once, so that all of it ends within fifteen.
PATIENCE = 9.0

Level = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what was seen there, and where that is not well, the fix.

    `check` is one of a few stable words; `about` says which of several it is, "" where there is
    one: an account's alias, a URL.
    """

    level: Level
    check: str
    seen: str
    fix: str = ""
    about: str = ""


def ok(check: str, seen: str, *, about: str = "") -> Finding:
    """Nothing to do."""
    return Finding("ok", check, seen, about=about)


def warning(check: str, seen: str, fix: str, *, about: str = "") -> Finding:
    """It works; look at it."""
    return Finding("warning", check, seen, fix, about)


def problem(check: str, seen: str, fix: str, *, about: str = "") -> Finding:
    """It doesn't work, or not safely."""
    return Finding("problem", check, seen, fix, about)


async def in_time(
    work: Awaitable[Sequence[Finding]], late: Finding, *, seconds: float = PATIENCE
) -> Sequence[Finding]:
    """What the work finds; `late` where it takes longer."""
    try:
        return await asyncio.wait_for(work, seconds)
    except TimeoutError:
        return [late]


def as_text(findings: Sequence[Finding]) -> str:
    """A line a finding, its fix below it; phone numbers masked."""
    lines = []
    for each in findings:
        about = f"{each.about}: " if each.about else ""
        lines.append(f"{each.level:<8} {each.check:<12} {about}{each.seen}")
        lines += [f"{'':<8} {'':<12} fix: {each.fix}"] if each.fix else []
    return "".join(f"{printable(mask_numbers(line))}\n" for line in lines)


def as_json(findings: Sequence[Finding]) -> str:
    """A list of objects; phone numbers masked."""
    rows = [{k: mask_numbers(v) for k, v in asdict(each).items()} for each in findings]
    return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"


def summary(findings: Sequence[Finding]) -> str:
    """`2 problems, 1 warning, 9 ok`."""
    count = {level: sum(f.level == level for f in findings) for level in ("problem", "warning")}
    well = len(findings) - sum(count.values())
    return (
        f"{counted(count['problem'], 'problem')}, {counted(count['warning'], 'warning')}, {well} ok"
    )


class Abandonable(ThreadPoolExecutor):
    """Runs each piece of work on a thread that nobody has to wait for.

    A look-up of a dead name server, or a folder on a network share that hangs, would otherwise
    hold up the end of the process for as long as it likes.
    """

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """As a pool does, on a new daemon thread."""
        future: Future[T] = Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)

        Thread(target=work, name="doctor", daemon=True).start()
        return future


def run_bounded(work: Callable[[], Awaitable[T]]) -> T:
    """Runs it on a loop whose threads are abandonable."""

    async def bounded() -> T:
        asyncio.get_running_loop().set_default_executor(Abandonable(1))
        return await work()

    return asyncio.run(bounded())
