"""A long day in little time: calls come and go, flows are edited every minute, and nothing grows.

`python -m tests.soak` plays 24 hours with 50,000 calls on a virtual clock and prints a line an
hour; `--hours` and `--calls` play less. It ends with 1 where a call was not treated as it should
have been, or where memory grew.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import random
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from runner.engine.reload import Reloader
from runner.engine.retention import Retention
from runner.language.loader import load
from runner.sandbox.plans import CallPlan, Person
from tests.site import SECOND, Site, open_site

MINUTE, HOUR = 60 * SECOND, 3_600 * SECOND
INTERVAL = 10 * SECOND
LIMIT = 5 * MINUTE
GREETED = 30 * SECOND
#: How long acts are kept: far less than a day, so that forgetting is played too.
KEPT = 2 * HOUR
CACHE = type(lru_cache(len))
FLOW = """\
version: 1
flow: day
description: edit {edit}
rules:
  - id: limit
    match: {{age: {{gte: 5m}}, to: "+14155550101"}}
    for: 20s
    then: [hangup]
  - id: greet
    match: {{age: {{gte: 30s}}, to: "+14155550102"}}
    then: [{{say: hello}}, {{pause: 2h}}, {{record: start}}, {{log: greeted}}]
{other}"""
OTHER = '  - id: other{edit}\n    match: {{to: "+19005550100"}}\n    then: [hangup]\n'


@dataclass
class Hour:
    """How things stood at the end of one hour. Memory in bytes; objects of the runner's kinds."""

    hour: int
    live: int
    sent: int
    memory: int
    objects: int
    files: int
    rows: int

    def __str__(self) -> str:
        return (
            f"hour {self.hour:2}: {self.live:4} live, {self.sent:6} sent, "
            f"{self.memory / 2**20:6.1f} MiB, {self.objects:7} objects, {self.files:3} open files, "
            f"{self.rows:6} acts kept"
        )


@dataclass
class Soak:
    """One day under way. `lives` says for each call its number and how long it lives."""

    site: Site
    hours: int
    lives: dict[str, tuple[str, int]] = field(default_factory=dict)
    changed: Counter[str] = field(default_factory=Counter)
    recorded: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)
    seen: list[Hour] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    async def play(self) -> None:
        """Polls through the day, with an edit a minute, and counts every hour."""
        site = self.site
        reloader = self._reloader()
        retention = Retention(site.store, keep_for=KEPT, clock=site.time, tell=site.events.append)
        for step in range(self.hours * HOUR // INTERVAL):
            if step % (MINUTE // INTERVAL) == 0:
                self._edit(step)
                self._reload(reloader)
            await site.poll(after=INTERVAL)
            if (step + 1) % (HOUR // INTERVAL) == 0:
                await retention.trim([site.engine])
                await self._count((step + 1) * INTERVAL // HOUR)

    def _reloader(self) -> Reloader:
        self._edit(0)
        paths = [self.site.folder / "flows"]
        loaded = load(paths)
        assert loaded.flow_set is not None
        self.site.engine.load(loaded.flow_set)
        return Reloader(paths, loaded)

    def _edit(self, edit: int) -> None:
        """A rule comes and goes, the revision changes, and every tenth edit is a broken one."""
        folder = self.site.folder / "flows"
        folder.mkdir(exist_ok=True)
        other = OTHER.format(edit=edit) if edit % 2 else ""
        text = FLOW.format(edit=edit, other=other)
        (folder / "day.yaml").write_text(text if edit % 60 else text + "  - id: broken\n")
        if edit == 0:
            (folder / "day.yaml").write_text(text)

    def _reload(self, reloader: Reloader) -> None:
        seen = reloader.look()
        if not reloader.differ(seen):
            return
        loaded = reloader.accept(reloader.load(seen))
        if loaded is not None and loaded.flow_set is not None:
            self.site.engine.load(loaded.flow_set)

    async def _count(self, hour: int) -> None:
        """Takes stock, and forgets what only the far side and the test itself would remember."""
        sandbox = self.site.sandbox
        self.changed.update(entry.request.sid for entry in sandbox.journal.of("update"))
        self.recorded.update(entry.request.sid for entry in sandbox.journal.of("side"))
        sandbox.journal.clear()
        self.told.update(event.name for event in self.site.events)
        self.site.events.clear()
        live = 0
        for sid in self.lives:
            if sandbox.world.has(sid):
                if sandbox.world.call(sid).live:
                    live += 1
                else:
                    sandbox.world.forget(sid)
        objects, files = of_the_runner(), len(os.listdir("/proc/self/fd"))
        sent, rows = self.changed.total(), len(await self.site.history())
        self.seen.append(Hour(hour, live, sent, resident(), objects, files, rows))

    @property
    def entries(self) -> int:
        """How many entries the ledger got: a greeting has three parts."""
        return self.changed.total() + 2 * self.recorded.total()

    def judge(self) -> list[str]:
        """What was not as it should be, in words."""
        wrong = [
            f"{sid} ({number}, lives {life} ms) was changed {self.changed[sid]} times"
            for sid, (number, life) in self.lives.items()
            if not least(number, life) <= self.changed[sid] <= most(number, life)
        ]
        wrong += [
            f"{sid} was greeted {self.changed[sid]} times and recorded {self.recorded[sid]}"
            for sid, (number, _) in self.lives.items()
            if self.recorded[sid] != self.changed[sid] * number.endswith("102")
        ]
        for name in ("rule.tripped", "action.failed", "action.crashed", "poll.failed"):
            if self.told[name]:
                wrong.append(f"{name} was told {self.told[name]} times")
        return wrong + grown(self.seen)


def least(number: str, life: int) -> int:
    """How often a call must have been changed at least; two polls may pass before it is."""
    needed = LIMIT + 20 * SECOND if number.endswith("101") else GREETED
    return int(number[-1] in "12" and life >= needed + 2 * INTERVAL)


def most(number: str, life: int) -> int:
    """How often at most. Dates count whole seconds, so a call may seem older by up to one."""
    needed = LIMIT + 20 * SECOND if number.endswith("101") else GREETED
    return int(number[-1] in "12" and life >= needed - SECOND)


def grown(seen: list[Hour]) -> list[str]:
    """What grew from the middle of the time to its end."""
    middle, end = seen[len(seen) // 2 - 1], seen[-1]
    wrong = []
    if end.objects > middle.objects * 1.05 + 1_000:  # caches that fill up to their size
        wrong.append(f"objects grew from {middle.objects} to {end.objects}")
    if end.memory > middle.memory * 1.05 + 2 * 2**20:
        wrong.append(f"memory grew from {middle.memory} to {end.memory} bytes")
    if end.files > middle.files + 2:
        wrong.append(f"open files grew from {middle.files} to {end.files}")
    return wrong


def of_the_runner() -> int:
    """How many objects of the runner's own kinds there are, those of the far side left out.

    What a cache of a fixed size keeps is not counted: it fills up for hours, and then no more.
    """
    for cache in [each for each in gc.get_objects() if isinstance(each, CACHE)]:
        if cache.__module__.startswith("runner.") and cache.cache_info().maxsize is not None:
            cache.cache_clear()
    gc.collect()
    kinds = Counter(str(type(each).__module__) for each in gc.get_objects())
    return sum(
        number
        for module, number in kinds.items()
        if module.startswith("runner.") and not module.startswith("runner.sandbox")
    )


def resident() -> int:
    """Bytes of memory that this process has."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def plans(calls: int, hours: int) -> list[CallPlan]:
    """So many calls over so long, of ten seconds to twenty minutes, the last hour left to end."""
    dice = random.Random(1)
    found = []
    for _ in range(calls):
        number = dice.choice(["+14155550101", "+14155550102", "+14155550103"])
        life = round(10 * SECOND * 120 ** dice.random())
        at = dice.randrange(max(1, hours * HOUR - HOUR // 2))
        found.append(CallPlan(to=number, at=at, person=Person(talk=life)))
    return found


async def soak(folder: Path, *, hours: int, calls: int) -> Soak:
    """Plays the day in this folder."""
    async with open_site(folder) as site:
        day = Soak(site, hours)
        coming = plans(calls, hours)
        sids = site.sandbox.world.schedule(coming)
        for sid, plan in zip(sids, coming, strict=True):
            day.lives[sid] = (plan.to, plan.person.talk or 0)
        await day.play()
        fault = (await site.store.verify()).fault
        if fault:
            day.wrong.append(fault)
        day.wrong += day.judge()
        return day


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--calls", type=int, default=50_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="callflow-soak-") as folder:
        day = asyncio.run(soak(Path(folder), hours=asked.hours, calls=asked.calls))
    for line in [*map(str, day.seen), *day.wrong[:20]]:
        sys.stdout.write(line + "\n")
    sys.stdout.write(f"{len(day.wrong)} faults; {dict(day.told)}\n")
    return 1 if day.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
