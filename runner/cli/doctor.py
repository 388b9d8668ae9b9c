"""`callflow doctor`: looks at everything that a runner needs, and says for each fault the fix.

Everything is looked at at the same time and within limits, so that it ends soon also where the
far side, a disk or a name server hangs. Nothing is changed anywhere.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from runner.cli.checkup import accounts as doctor_accounts
from runner.cli.checkup import store as doctor_store
from runner.cli.checkup.accounts import Patient
from runner.cli.checkup.findings import (
    Finding,
    as_json,
    as_text,
    in_time,
    ok,
    run_bounded,
    summary,
    warning,
)
from runner.cli.checkup.local import (
    TWILIO,
    examine_port,
    load_flows,
    proxy_finding,
    read_patients,
    read_settings,
)
from runner.cli.checkup.public import console_findings, examine_public, signing_findings
from runner.cli.exits import CLEAN, FINDINGS, USAGE, Failure
from runner.cli.options import option
from runner.engine.clock import SystemClock
from runner.language.words import shown, suggestion
from runner.settings import BadSettings, RunSettings

_AGAIN = "mend what else is found, then run callflow doctor again"
#: Accounts that are asked at the same time.
_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Visit:
    """What is to be looked at. `fetch`: also the URLs that flows lead calls to."""

    settings: RunSettings
    patients: Sequence[Patient]
    fetch: bool
    environ: Mapping[str, str]


@click.command(
    "doctor",
    epilog="\b\nExamples:\n  callflow doctor\n"
    "  callflow doctor --config /etc/callflow/callflow.yaml --no-fetch --format json",
    short_help="Look at everything that a runner needs, and say what to mend.",
)
@option("--config", metavar="FILE", help="Configuration file (default: callflow.yaml, if there).")
@option("--store", metavar="URL", help="The ledger (default: sqlite:///callflow.db).")
@option("--account", metavar="ALIAS|SID", help="Only this account (default: all).")
@option("--api-base", metavar="URL", help="Another server than Twilio's, such as the sandbox.")
@option("--no-fetch", is_flag=True, help="Don't ask for the URLs that flows lead calls to.")
@option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="Default: text."
)
def command(
    config: str | None, account: str | None, no_fetch: bool, form: str, **options: Any
) -> int:
    """Look at everything that a runner needs, and say what to mend.

    Configuration, credentials and what they permit, clocks, flows and the URLs in them, the store,
    who acts on it, pauses, the port, the public URL, the console's tokens, signing secrets. It
    changes nothing; what a key may change is tried on a call that doesn't exist. Ends with 0 where
    all is well, with 1 where there is anything to look at.
    """
    try:
        settings, findings = read_settings(config, options)
    except BadSettings as error:
        hint = "\n  ".join(error.faults)
        raise Failure("these settings can't be used", hint=hint, code=USAGE) from None
    _check_account(account, settings)
    patients, credentials = read_patients(settings, os.environ, account)
    visit = Visit(settings, patients, not no_fetch, os.environ)
    findings = [*findings, *credentials, *run_bounded(lambda: examine(visit))]
    click.echo(as_json(findings) if form == "json" else as_text(findings), nl=False)
    click.echo(summary(findings), err=True)
    return CLEAN if all(each.level == "ok" for each in findings) else FINDINGS


def _check_account(named: str | None, settings: RunSettings) -> None:
    known = [each.alias for each in settings.accounts]
    sids = [each.sid for each in settings.accounts] or [os.environ.get("TWILIO_ACCOUNT_SID", "")]
    if named is None or named in (*known, *sids):
        return
    hint = suggestion(named, known, "accounts") if known else "the configuration names none"
    raise Failure(f"there is no account {shown(named)}", hint=hint, code=USAGE)


async def examine(visit: Visit) -> list[Finding]:
    """Everything at once, in the order in which people mend it."""
    settings = visit.settings
    parts: tuple[Awaitable[Sequence[Finding]], ...] = (
        _accounts(visit),
        _flows(visit),
        _timed("store", doctor_store.examine_file(settings.store)),
        _timed("runner", doctor_store.examine_state(settings)),
        _timed("listen", examine_port(settings.listen)),
        _timed("public", examine_public(settings, fetch=visit.fetch)),
    )
    found = await asyncio.gather(*parts)
    console = console_findings(settings, visit.environ)
    signing = signing_findings(settings, visit.environ)
    return [finding for each in (*found, console, signing) for finding in each]


def _timed(check: str, work: Awaitable[Sequence[Finding]]) -> Awaitable[Sequence[Finding]]:
    return in_time(work, warning(check, "no answer in time", _AGAIN))


async def _accounts(visit: Visit) -> list[Finding]:
    settings = doctor_accounts.hasty(visit.settings.twilio)
    findings = [proxy_finding(visit.environ, settings.api_base or TWILIO)]
    turns = asyncio.Semaphore(_AT_ONCE)
    ahead: list[int] = []

    async def look(patient: Patient) -> Sequence[Finding]:
        async with turns:
            diagnosis = await doctor_accounts.examine(patient, settings, SystemClock().now)
        if diagnosis.ahead is not None:
            ahead.append(diagnosis.ahead)
        return diagnosis.findings

    late = "no answer in time"
    found = await asyncio.gather(
        *(
            in_time(look(each), warning("access", late, _AGAIN, about=each.name))
            for each in visit.patients
        )
    )
    findings += [finding for each in found for finding in each]
    if visit.patients:
        # Of several answers the one that came with the least doubt.
        findings.append(doctor_accounts.clock_finding(min(ahead, key=abs, default=None)))
    return findings


async def _flows(visit: Visit) -> list[Finding]:
    """The flows, then what they lead to: the second needs the first."""
    from runner.cli.checkup import urls as doctor_urls

    flow_set = None

    async def look() -> Sequence[Finding]:
        nonlocal flow_set
        loaded, findings = await load_flows(visit.settings)
        flow_set = loaded.flow_set
        return findings

    findings = list(
        await in_time(look(), warning("flows", "not loaded in time", _AGAIN), seconds=4)
    )
    if flow_set is None:
        return findings
    if not visit.fetch:
        return [*findings, ok("url", "not asked for (--no-fetch)")]
    return findings + await doctor_urls.examine(flow_set, visit.settings.twilio.api_base)
