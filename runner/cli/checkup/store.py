"""`callflow doctor` looks at the store: the file, its disk, who acts on it, and what is paused."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from runner.cli.checkup.findings import Finding, ok, problem, warning
from runner.cli.naming import process_of, resuming
from runner.cli.paused import told
from runner.durations import format_duration
from runner.engine.holder import is_gone
from runner.engine.killswitch import NAME, KillSwitch
from runner.engine.ports import Lease, Pause, StoreError
from runner.language.words import counted
from runner.model import Millis
from runner.settings import RunSettings
from runner.store.checkup import Checkup, examine
from runner.store.url import beside, open_store_to_read, store_path

#: Seconds for each of the looks that grow with the store.
LOOK = 3.5
#: A store with a day's acts of a busy account; and what SQLite needs to write at all.
LITTLE_SPACE = 500 * 1024 * 1024
NO_SPACE = 20 * 1024 * 1024
#: How long between two looks at the lease: runners that take it from each other do it at once.
BETWEEN_LOOKS = 0.7
#: File systems on which SQLite's locks may not hold between machines.
_NETWORK = re.compile(
    r"9p|afs|beegfs|(fuse\.)?(ceph|glusterfs|lustre|s3fs|sshfs)|cifs|nfs4?|smb3|smbfs|virtiofs"
)


async def examine_file(url: str) -> list[Finding]:
    """The file and the disk that it is on."""
    try:
        path = store_path(url)
        checkup = await asyncio.to_thread(examine, path, seconds=LOOK)
    except StoreError as error:
        return [problem("store", str(error), error.hint or "name another with --store")]
    where = path.parent
    space = await asyncio.to_thread(lambda: shutil.disk_usage(where).free)
    kind = await asyncio.to_thread(file_system, where)
    return [*_file(path, checkup), disk_finding(space), network_finding(kind)]


def _file(path: Path, checkup: Checkup) -> list[Finding]:
    fault = checkup.not_written
    if not checkup.exists:
        if fault is not None:
            return [problem("store", str(fault), fault.hint)]
        return [ok("store", f"{path} is not there yet; callflow run makes it")]
    findings = []
    if checkup.damage:
        fix = "stop the runner, and restore the file from a backup"
        findings.append(problem("store", f"{path} is damaged: {checkup.damage}", fix))
    elif fault is not None:
        findings.append(problem("store", str(fault), fault.hint))
    else:
        findings.append(ok("store", f"{path} can be read and written"))
    if checkup.version < checkup.newest:
        seen = f"written by an older callflow (version {checkup.version}, now {checkup.newest})"
        fix = "back the file up; the next callflow run brings it up to date"
        findings.append(warning("store", seen, fix))
    return [*findings, *_journal(checkup)]


def _journal(checkup: Checkup) -> list[Finding]:
    if checkup.unfinished:
        seen = f"large: {' and '.join(checkup.unfinished)} did not end in {LOOK:g}s"
        return [warning("journal", seen, "run it by itself, callflow history --verify")]
    if checkup.tampered:
        fix = "callflow history --verify; find out who changed the file, or restore a backup"
        return [problem("journal", checkup.tampered, fix)]
    if checkup.damage:
        return []
    return [ok("journal", f"{counted(checkup.rows, 'row')}, all as they were written")]


def disk_finding(free: int) -> Finding:
    """Whether there is room for the ledger: what can't be recorded isn't sent."""
    seen = f"{free // (1024 * 1024)} MiB free beside the store"
    fix = "free some disk space; without any, nothing acts"
    if free < NO_SPACE:
        return problem("disk", seen, fix)
    return warning("disk", seen, fix) if free < LITTLE_SPACE else ok("disk", seen)


def network_finding(kind: str) -> Finding:
    """Whether two machines could write the store at once."""
    if _NETWORK.fullmatch(kind):
        fix = "move the store to a local disk: SQLite's locks may not hold there"
        return problem("disk", f"the store is on a network file system ({kind})", fix)
    return ok("disk", f"the store is on a local file system ({kind})" if kind else "not a share")


def file_system(folder: Path, mounts: Path = Path("/proc/self/mounts")) -> str:
    """`ext4`: the type of the file system that a folder is on; "" where the system doesn't say."""
    try:
        lines = mounts.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    inside = os.path.realpath(folder)
    best, kind = "", ""
    for line in lines:
        point, type_ = [*line.split(" "), "", "", ""][1:3]
        point = point.replace("\\040", " ").replace("\\134", "\\")
        under = inside == point or inside.startswith(point.rstrip("/") + "/")
        if under and len(point) >= len(best):  # the last of two on one point covers the first
            best, kind = point, type_
    return kind


# ---- who acts, and what may not -------------------------------------------------------------


async def examine_state(settings: RunSettings) -> list[Finding]:
    """The lease, and every pause."""
    try:
        store = await open_store_to_read(settings.store)
    except StoreError:
        return _paused([], settings)  # the file's own findings say why
    try:
        first = await store.lease()
        if first is not None:
            await asyncio.sleep(BETWEEN_LOOKS)
        second = await store.lease()
        pauses = await store.pauses()
    except StoreError as error:
        return [problem("runner", str(error), error.hint or "look at the store")]
    finally:
        await store.close()
    return [lease_finding(first, second, settings.lease), *_paused(pauses, settings)]


def lease_finding(first: Lease | None, second: Lease | None, period: Millis) -> Finding:
    """Who acts on this store, by two looks at its lease."""
    if first is not None and second is not None and second.fence - first.fence > 1:
        both = " and ".join(process_of(each.holder) for each in (first, second))
        seen = f"{both} take the lease from each other"
        fix = "stop one of them, and compare the clocks and the versions of both"
        return problem("runner", seen, fix)
    if second is None:
        return ok("runner", "none has the lease: nothing acts on this store now")
    named = process_of(second.holder)
    age = max(0, time.time_ns() // 1_000_000 - second.at)
    since = f"{format_duration(age // 1000 * 1000)} ago"
    if first is not None and second.beat == first.beat and is_gone(second.holder):
        fix = "start callflow run; it takes over at once"
        return warning("runner", f"{named} died with the lease, renewed {since}", fix)
    if age > 3 * period:
        fix = "start callflow run, which takes over; or look why that one hangs"
        return warning("runner", f"{named} last renewed its lease {since}", fix)
    return ok("runner", f"{named} acts on this store; renewed its lease {since}")


def _paused(pauses: Sequence[Pause], settings: RunSettings) -> list[Finding]:
    now = time.time_ns() // 1_000_000
    try:
        killed = KillSwitch(beside(settings.store, NAME)).standing(now)
    except StoreError:
        killed = None
    findings = [
        warning("paused", told(each, settings), f"if it is over: {resuming(each, settings)}")
        for each in (*([killed] if killed else []), *pauses)
        if each.stands(now)
    ]
    return findings or [ok("paused", "nothing is")]
