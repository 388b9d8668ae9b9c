"""`callflow doctor` looks at what is on this machine: configuration, credentials, flows, port."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from msgspec.structs import replace

from runner.accounts import AccountSettings
from runner.cli.checkup.accounts import Patient
from runner.cli.checkup.findings import Finding, ok, problem, warning
from runner.cli.wiring import config_path
from runner.gateway.accounts import read_accounts
from runner.gateway.credentials import BadCredentials
from runner.language.loader import Loaded, load, load_config
from runner.language.words import counted
from runner.problems import Problem
from runner.settings import BadSettings, RunSettings, settings_from
from runner.written import is_loopback

#: Problems of one file that are worth a line each; `validate` shows the rest.
_SHOWN = 5
TWILIO = "https://api.twilio.com"


def read_settings(
    config: str | None, options: Mapping[str, Any]
) -> tuple[RunSettings, list[Finding]]:
    """The settings, and what is wrong with the file; with its store alone where it can't be used.

    Raises `BadSettings` for options.
    """
    settings = settings_from({}, options)
    path = config_path(config)
    if path is None:
        return settings, [ok("config", "there is no callflow.yaml here: defaults hold")]
    loaded = load_config(path)
    if loaded.data is None:
        # Its store all the same: that is where the runner is, and what stands paused.
        settings = settings_from({"store": loaded.store or None}, options)
        return settings, _problems("config", loaded.problems, f"callflow validate {path}")
    data = dict(loaded.data)
    if data.get("flows"):
        data["flows"] = [str(path.parent / each) for each in data["flows"]]
    try:
        settings = settings_from(data, options)
    except BadSettings as error:
        return settings, [problem("config", f"{path}: {f}", "correct it") for f in error.faults]
    warnings = _problems("config", loaded.problems, f"callflow validate {path}")
    return settings, warnings or [ok("config", f"{path} is sound")]


def _problems(check: str, problems: Sequence[Problem], more: str) -> list[Finding]:
    findings = []
    for each in problems[:_SHOWN]:
        level = problem if each.is_error else warning
        fix = each.hint or f"see {more}"
        findings.append(
            level(check, f"{each.message} [{each.code}]", fix, about=f"{each.position}")
        )
    if len(problems) > _SHOWN:
        findings.append(problem(check, f"{len(problems) - _SHOWN} more like these", more))
    return findings


# ---- credentials ----------------------------------------------------------------------------


def read_patients(
    settings: RunSettings, environ: Mapping[str, str], only: str | None
) -> tuple[list[Patient], list[Finding]]:
    """The accounts that can be asked, and what is wrong with the credentials of the others."""
    patients: list[Patient] = []
    findings: list[Finding] = []
    for one in _one_by_one(settings.accounts, only):
        alias = next((each.alias for each in one if each.enabled), "")
        try:
            (account,) = read_accounts(one, environ, api_base=settings.twilio.api_base)
        except BadCredentials as error:
            for name, text in error.faults:
                findings.append(problem("credentials", f"{name} {text}", "set it", about=alias))
            continue
        name = account.alias or account.credentials.account_sid
        patients.append(Patient(name, account.credentials))
        by_key = account.credentials.username.upper().startswith("SK")
        seen = "an API key and its secret" if by_key else "an auth token"
        findings.append(ok("credentials", f"complete: {seen}", about=name))
    return patients, findings


def _one_by_one(
    accounts: Sequence[AccountSettings], only: str | None
) -> list[tuple[AccountSettings, ...]]:
    """For each enabled account all of them, with that one alone enabled; once, for none."""
    wanted = [each for each in accounts if each.enabled and only in (None, each.alias, each.sid)]
    if not accounts:
        return [()]
    return [
        tuple(replace(each, enabled=each.alias == one.alias) for each in accounts) for one in wanted
    ]


def proxy_finding(environ: Mapping[str, str], base: str) -> Finding:
    """Which way requests go. `environ` only says which variable it was."""
    parts = urlsplit(base)
    host = parts.hostname or ""
    proxy = getproxies().get(parts.scheme)
    if not proxy or is_loopback(host) or proxy_bypass(host):
        return ok("proxy", f"none on the way to {host}")
    way = urlsplit(proxy)
    try:
        known = way.scheme in ("http", "https") and bool(way.hostname) and way.port is not None
    except ValueError:
        known = False
    variable = next((n for n in environ if n.upper() == f"{parts.scheme}_proxy".upper()), "proxy")
    if not known:
        fix = "write it like http://proxy.example.com:3128"
        return problem("proxy", f"{variable} is no URL of an HTTP proxy with a port", fix)
    return ok("proxy", f"{way.hostname}:{way.port} on the way to {host} ({variable})")


# ---- flows and the port ---------------------------------------------------------------------


async def load_flows(settings: RunSettings) -> tuple[Loaded, list[Finding]]:
    """The flows that `run` would load, and how many problems they have."""
    paths = [Path(each) for each in settings.flows]
    loaded = await asyncio.to_thread(load, paths, poll=settings.interval)
    where = ", ".join(settings.flows)
    findings = _problems("flows", loaded.errors, f"callflow validate {where}")
    warnings = len(loaded.problems) - len(loaded.errors)
    if warnings:
        seen = counted(warnings, "warning")
        findings.append(warning("flows", seen, f"callflow validate {where}", about=where))
    if loaded.flow_set is not None and not findings:
        flows, rules = loaded.flow_set.flows, loaded.flow_set.rules
        count = f"{counted(len(flows), 'flow')}, {counted(len(rules), 'rule')}, no warnings"
        findings.append(ok("flows", count, about=where))
    return loaded, findings


async def examine_port(listen: str | None) -> list[Finding]:
    """Whether the runner could listen there, or does."""
    if listen is None:
        return [ok("listen", "nothing is served (no listen in the settings)")]
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    fault = await asyncio.to_thread(_bind, host, int(port))
    if not fault:
        return [ok("listen", f"{listen} is free")]
    if await is_a_runner(listen):
        return [ok("listen", f"a runner answers at {listen}")]
    fix = "stop what has the port, or name another with listen or --listen"
    return [problem("listen", f"{listen} can't be had: {fault}", fix)]


def _bind(host: str, port: int) -> str:
    """Why the address can't be had, "" where it can."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        with socket.socket(found[0][0], socket.SOCK_STREAM) as made:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind(found[0][4])
            made.listen(1)
    except OSError as error:
        return (error.strerror or str(error)).lower()
    return ""


async def is_a_runner(listen: str) -> bool:
    """Whether a runner answers at `HOST:PORT`."""
    from runner.gateway.documents import NotFetched, fetch_document

    host, _, port = listen.rpartition(":")
    shown = f"[{host}]" if ":" in host and not host.startswith("[") else host
    try:
        document = await fetch_document(f"http://{shown}:{port}/healthz", limit=2_000)
        return document.status == 200 and bool(json.loads(document.body).get("alive"))
    except (NotFetched, ValueError, AttributeError):
        return False
