"""`callflow doctor` asks each account: do its credentials open it, what may they, is it well?

Nothing is changed: what the credentials may change is tried on a call that doesn't exist.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from msgspec.structs import replace

from runner.cli.checkup.findings import Finding, ok, problem, warning
from runner.durations import format_duration
from runner.engine.ports import AccessRefused, CallQuery, GatewayError, NoAnswer, NoSuchCall
from runner.gateway.codes import HINTS, SUSPENDED
from runner.gateway.credentials import Credentials
from runner.model import Millis, Update
from runner.settings import TwilioSettings

if TYPE_CHECKING:
    from runner.gateway.account import Standing

T = TypeVar("T")

#: Twilio makes SIDs of random digits: this is nobody's call.
NOBODY = "CA" + "0" * 32
#: An update that would leave a call as it is, even if there was one.
NOTHING = Update()
#: How far the clocks may be apart before times in the ledger are odd, and before they mislead.
CLOCK_WARNING: Millis = 2_000
CLOCK_PROBLEM: Millis = 60_000
#: Twilio's header counts whole seconds.
_HALF_A_SECOND: Millis = 500

_TRY_AGAIN = "look at the network, the API base and status.twilio.com, then try again"
_SCOPE = (
    "a restricted key needs the permissions to read and to update calls; a standard key has both"
)


@dataclass(frozen=True, slots=True)
class Patient:
    """One account to look at. `name` is its alias, or its SID where it has none."""

    name: str
    credentials: Credentials


@dataclass(frozen=True, slots=True)
class Asked(Generic[T]):
    """What came back, or the error; `at` is this machine's clock half way through `took`."""

    answer: T | None
    error: GatewayError | None
    at: Millis
    took: Millis


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What one account's answers say. `ahead` is by how much at least this machine's clock is
    ahead of Twilio's (behind where negative), None where no answer told the time.
    """

    findings: tuple[Finding, ...]
    ahead: Millis | None


def hasty(settings: TwilioSettings) -> TwilioSettings:
    """The settings with time limits that nobody minds waiting for."""
    return replace(
        settings,
        connect_timeout=min(settings.connect_timeout, 4_000),
        read_timeout=min(settings.read_timeout, 8_000),
        total_timeout=min(settings.total_timeout, 8_000),
    )


async def examine(
    patient: Patient, settings: TwilioSettings, clock: Callable[[], Millis]
) -> Diagnosis:
    """Asks everything at once."""
    from runner.gateway.account import look_up_account
    from runner.gateway.twilio import open_gateway

    gateway = open_gateway(patient.credentials, settings)
    query = CallQuery(statuses=("in-progress",), limit=1)
    try:
        listed, fetched, updated, standing = await asyncio.gather(
            _ask(gateway.list_calls(query), clock),
            _ask(gateway.fetch_call(NOBODY), clock),
            _ask(gateway.update_call(NOBODY, NOTHING), clock),
            _ask(look_up_account(patient.credentials, settings), clock),
        )
    finally:
        await gateway.close()
    name = patient.name
    found = [_access(name, listed.error, updated.error, fetched.error)]
    if listed.error is None or standing.error is None:
        found.append(_standing(name, standing))
    found.append(_place(name, patient.credentials, settings))
    told = standing.answer.server_time if standing.answer else None
    ahead = _ahead(told, standing)
    if ahead is None and listed.answer is not None:
        ahead = _ahead(listed.answer.server_time, listed)
    return Diagnosis(tuple(found), ahead)


async def _ask(question: Awaitable[T], clock: Callable[[], Millis]) -> Asked[T]:
    began = clock()
    answer, failure = None, None
    try:
        answer = await question
    except GatewayError as error:
        failure = error
    took = max(0, clock() - began)
    return Asked(answer, failure, began + took // 2, took)


def _access(
    name: str,
    listed: GatewayError | None,
    updated: GatewayError | None,
    fetched: GatewayError | None,
) -> Finding:
    """The first thing that the credentials don't do, in the order in which a poll needs them."""
    deeds = (("list calls", listed), ("read a call", fetched), ("change a call", updated))
    refused = [what for what, error in deeds if isinstance(error, AccessRefused)]
    for what, error in deeds:
        if error is None or isinstance(error, NoSuchCall):
            continue
        if isinstance(error, AccessRefused) and len(refused) < len(deeds):
            seen = f"these credentials may not {' nor '.join(refused)}: {error}"
            return problem("access", seen, _SCOPE, about=name)
        fix = _TRY_AGAIN if isinstance(error, NoAnswer) else error.hint or _TRY_AGAIN
        return problem("access", f"could not {what}: {error}", fix, about=name)
    return ok("access", "the credentials may list, read and change calls", about=name)


def _standing(name: str, asked: Asked[Standing]) -> Finding:
    standing = asked.answer
    if isinstance(asked.error, AccessRefused):
        # The list of calls was answered, so that the account is active.
        return ok("account", "active; this API key may not read more of it", about=name)
    if standing is None:
        fix = "run callflow doctor again in a minute"
        return warning("account", f"its state is not known: {asked.error}", fix, about=name)
    if standing.status not in ("active", ""):
        return problem("account", f"it is {standing.status}", HINTS[SUSPENDED], about=name)
    parent = f"subaccount of {standing.owner}" if standing.owner else "no subaccount"
    trial = "; a trial, whose calls Twilio ends after ten minutes" if standing.trial else ""
    return ok("account", f"active, {parent}{trial}", about=name)


def _place(name: str, credentials: Credentials, settings: TwilioSettings) -> Finding:
    if settings.api_base:
        return ok("region", f"asked at {settings.api_base}, not at Twilio", about=name)
    if credentials.region:
        where = f"{credentials.region} through {credentials.edge}"
        return ok("region", f"{where}; calls of other regions are not seen", about=name)
    return ok("region", "us1, Twilio's default; calls of other regions are not seen", about=name)


# ---- clocks ---------------------------------------------------------------------------------


def _ahead(told: Millis | None, asked: Asked[T]) -> Millis | None:
    """By how much at least the clocks differ, whenever in between the answer was written."""
    if told is None:
        return None
    apart = asked.at - (told + _HALF_A_SECOND)
    slack = _HALF_A_SECOND + asked.took // 2
    return max(0, apart - slack) if apart > 0 else min(0, apart + slack)


def clock_finding(ahead: Millis | None) -> Finding:
    """What a difference between the clocks means."""
    if ahead is None:
        fix = "mend what else is found here; any answer of Twilio's tells its time"
        return warning("clock", "not compared: no answer told Twilio's time", fix)
    if abs(ahead) <= CLOCK_WARNING:
        return ok("clock", "within 2s of Twilio's")
    way = "ahead of" if ahead > 0 else "behind"
    seen = f"{format_duration(abs(ahead) // 1000 * 1000)} {way} Twilio's"
    fix = (
        "set this machine's clock (NTP). Ages are measured on Twilio's clock, so rules act on "
        "time; times in the ledger and the log, and when pauses end, go by this machine's"
    )
    level = problem if abs(ahead) > CLOCK_PROBLEM else warning
    return level("clock", seen, fix)
