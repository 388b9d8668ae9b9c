"""Reads what deploys a runner: the Dockerfile, `.dockerignore` and the systemd unit."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
UNIT = ROOT / "deploy" / "callflow.service"
CONFIG = ROOT / "deploy" / "callflow.yaml"

# ---- the unit -------------------------------------------------------------------------------

_SERVICE = """
    Type NotifyAccess WatchdogSec TimeoutStartSec ExecStart KillSignal KillMode TimeoutStopSec
    Restart RestartSec RestartPreventExitStatus EnvironmentFile LoadCredential Environment
    DynamicUser StateDirectory StateDirectoryMode WorkingDirectory UMask LimitCORE
    NoNewPrivileges CapabilityBoundingSet AmbientCapabilities ProtectSystem ProtectHome
    PrivateTmp PrivateDevices PrivateMounts PrivateUsers ProtectProc ProcSubset ProtectClock
    ProtectControlGroups ProtectHostname ProtectKernelLogs ProtectKernelModules
    ProtectKernelTunables LockPersonality MemoryDenyWriteExecute RemoveIPC RestrictNamespaces
    RestrictRealtime RestrictSUIDSGID RestrictAddressFamilies SystemCallArchitectures
    SystemCallFilter SystemCallErrorNumber
"""
#: What may stand in it, by section, and whether more than once: systemd passes over the rest
#: with nothing but a line in its log.
KNOWN = {
    "Unit": {"Description", "Documentation", "Wants", "After", "StartLimitIntervalSec"},
    "Service": set(_SERVICE.split()),
    "Install": {"WantedBy"},
}
REPEATED = {"Environment", "SystemCallFilter"}


def unit() -> dict[str, dict[str, list[str]]]:
    """The unit by section and directive, read as strictly as systemd.syntax(7) can be."""
    read: dict[str, dict[str, list[str]]] = {}
    section = ""
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if heading := re.fullmatch(r"\[(\w+)\]", line):
            section = heading[1]
            assert section not in read
            read[section] = {}
            continue
        name, equals, value = line.partition("=")
        assert equals, line
        assert name == name.strip(), line
        assert name in KNOWN[section], line
        assert name in REPEATED or name not in read[section], line
        read[section].setdefault(name, []).append(value)
    return read


def service() -> dict[str, str]:
    return {name: values[-1] for name, values in unit()["Service"].items()}


# ---- the Dockerfile -------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """One instruction: `COPY`, its `--flags`, and the rest of the line."""

    stage: int
    name: str
    flags: dict[str, str]
    value: str


def steps() -> list[Step]:
    """The Dockerfile's instructions, continued lines joined."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    found: list[Step] = []
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        name, _, rest = line.partition(" ")
        flags = {}
        while match := re.match(r"\s*--([a-z-]+)=(\S+)\s+", rest):
            flags[match[1]] = match[2]
            rest = rest[match.end() :]
        stage = sum(each.name == "FROM" for each in found) + (name == "FROM")
        found.append(Step(stage, name, flags, rest.strip()))
    return found


def one(name: str) -> Step:
    (found,) = [step for step in steps() if step.name == name]
    return found


def ignored(path: str) -> bool:
    """Whether `.dockerignore` keeps a path out: the last pattern that fits it or a folder above."""
    kept_out = False
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.removeprefix("!")
        if not pattern or line.startswith("#"):
            continue
        parts = path.split("/")
        above = ["/".join(parts[: n + 1]) for n in range(len(parts))]
        if any(fits(each, pattern) for each in above):
            kept_out = not line.startswith("!")
    return kept_out


def fits(path: str, pattern: str) -> bool:
    """`**/` is any folders, also none; `*` stays within one."""
    if pattern.startswith("**/"):
        return any(fits(path.split("/", n)[-1], pattern[3:]) for n in range(path.count("/") + 1))
    names, patterns = path.split("/"), pattern.split("/")
    return len(names) == len(patterns) and all(map(fnmatch.fnmatchcase, names, patterns))


def copied() -> list[tuple[list[str], str]]:
    """Sources and target of each COPY from this repository."""
    rows = [s.value.split() for s in steps() if s.name == "COPY" and "from" not in s.flags]
    return [(words[:-1], words[-1]) for words in rows]
