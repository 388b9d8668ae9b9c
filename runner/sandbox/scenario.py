"""Scenario files: who calls when, read from YAML into plans, or into problems with positions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from runner.language.source import Document, parse
from runner.model import Millis
from runner.problems import Position, Problem
from runner.sandbox.entries import (
    Complaint,
    read_application,
    read_call,
    read_defaults,
    read_number,
    read_person,
)
from runner.sandbox.identity import MAIN
from runner.sandbox.numbers import ApplicationPlan, NumberPlan
from runner.sandbox.plans import CallPlan, Person
from runner.sandbox.twiml import BadTwiml
from runner.sandbox.twiml import parse as parse_twiml

if TYPE_CHECKING:
    from runner.sandbox.service import Sandbox

KEYS = ("start", "defaults", "people", "accounts", "documents", "applications", "numbers", "calls")


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a file says.

    `accounts` are the names of subaccounts; `start` is the time at which its clock begins, None for
    now.
    """

    plans: tuple[CallPlan, ...] = ()
    people: Mapping[str, Person] = field(default_factory=dict)
    documents: Mapping[str, str] = field(default_factory=dict)
    start: Millis | None = None
    accounts: tuple[str, ...] = ()
    applications: tuple[ApplicationPlan, ...] = ()
    numbers: tuple[NumberPlan, ...] = ()


def read_scenario(path: str, content: bytes) -> tuple[Scenario, list[Problem]]:
    """The content of one file. The scenario is only good where there are no problems."""
    reading = parse(path, content)
    if reading.document is None:
        return Scenario(), reading.problems
    return _Reader(reading.document).read()


def enact(sandbox: Sandbox, scenario: Scenario) -> list[str]:
    """Lets a sandbox play a scenario from now on. Returns the SIDs of its calls, in their order."""
    for name in scenario.accounts:
        if sandbox.accounts.get(name) is None:
            sandbox.add_account(name, parent=MAIN)
    sandbox.world.people.update(scenario.people)
    sandbox.world.documents.update(scenario.documents)
    for application in scenario.applications:
        sandbox.place_application(application)
    for number in scenario.numbers:
        sandbox.place_number(number)
    return sandbox.schedule(scenario.plans)


class _Reader:
    """Goes through one document and collects what is wrong."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._problems: list[Problem] = []

    def read(self) -> tuple[Scenario, list[Problem]]:
        data = self._document.data
        if not isinstance(data, dict):
            self._add(self._document.start(), "wrong-type", "a scenario must be keys and values")
            return Scenario(), self._problems
        for key in data:
            if key not in KEYS:
                hint = f"there are {', '.join(KEYS)}"
                message = f"there is no key {key!r}"
                self._add(self._document.key(data, key), "unknown-key", message, hint)
        accounts = self._accounts(data)
        applications = self._applications(data, accounts)
        scenario = Scenario(
            applications=applications,
            numbers=self._numbers(data, accounts, applications),
            plans=self._plans(data, accounts),
            accounts=accounts,
            people=self._people(data),
            documents=self._documents(data),
            start=self._start(data),
        )
        return scenario, sorted(self._problems)

    def _accounts(self, data: dict[str, Any]) -> tuple[str, ...]:
        section = self._section(data, "accounts", list)
        names: list[str] = []
        for index, name in enumerate(section):
            place = self._document.value(section, index)
            if not isinstance(name, str) or not name:
                self._add(place, "bad-value", f"an account's name must be text, not {name!r}")
            elif name in (MAIN, *names):
                self._add(place, "duplicate-id", f"there is an account {name!r} already")
            else:
                names.append(name)
        return tuple(names)

    def _plans(self, data: dict[str, Any], accounts: tuple[str, ...]) -> tuple[CallPlan, ...]:
        calls = self._section(data, "calls", list)
        defaults = self._defaults(data)
        seen: dict[str, CallPlan] = {}
        plans = []
        for index, entry in enumerate(calls):
            plan, complaints = read_call(entry, defaults)
            if plan.id and plan.id in seen:
                complaints.append(
                    Complaint("id", "duplicate-id", f"there is a call {plan.id!r} above")
                )
            complaints += _about_parent(plan, seen) + _about_account(plan.account, accounts)
            self._complain(calls, index, complaints)
            if plan.twiml is not None:
                self._check_twiml(entry, "twiml", plan.twiml)
            seen[plan.id] = plan
            plans.append(plan)
        return tuple(plans)

    def _defaults(self, data: dict[str, Any]) -> dict[str, Any]:
        section = self._section(data, "defaults", dict)
        defaults, complaints = read_defaults(section)
        if section:
            self._complain(data, "defaults", complaints)
        return defaults

    def _people(self, data: dict[str, Any]) -> dict[str, Person]:
        section = self._section(data, "people", dict)
        people = {}
        for address, entry in section.items():
            people[str(address)], complaints = read_person(entry)
            self._complain(section, address, complaints)
        return people

    def _applications(
        self, data: dict[str, Any], accounts: tuple[str, ...]
    ) -> tuple[ApplicationPlan, ...]:
        section = self._section(data, "applications", dict)
        plans = []
        for name, entry in section.items():
            plan, complaints = read_application(str(name), entry)
            if plan is not None:
                complaints = _about_account(plan.account, accounts)
                plans.append(plan)
            self._complain(section, name, complaints)
        return tuple(plans)

    def _numbers(
        self,
        data: dict[str, Any],
        accounts: tuple[str, ...],
        applications: tuple[ApplicationPlan, ...],
    ) -> tuple[NumberPlan, ...]:
        section = self._section(data, "numbers", dict)
        plans = []
        for number, entry in section.items():
            plan, complaints = read_number(str(number), entry)
            if plan is not None:
                complaints = _about_account(plan.account, accounts)
                complaints += _about_application(plan, applications)
                plans.append(plan)
            self._complain(section, number, complaints)
        return tuple(plans)

    def _documents(self, data: dict[str, Any]) -> dict[str, str]:
        section = self._section(data, "documents", dict)
        for url, text in section.items():
            if isinstance(text, str):
                self._check_twiml(section, url, text)
            else:
                place = self._document.value(section, url)
                self._add(place, "wrong-type", "a document must be TwiML text")
        return {str(url): str(text) for url, text in section.items()}

    def _start(self, data: dict[str, Any]) -> Millis | None:
        if "start" not in data:
            return None
        try:
            moment = datetime.fromisoformat(data["start"])
        except (TypeError, ValueError):
            message = "start must be a time like 2026-01-05T09:00:00Z"
            self._add(self._document.value(data, "start"), "bad-value", message)
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return round(moment.timestamp() * 1000)

    def _section(self, data: dict[str, Any], key: str, kind: type) -> Any:
        """The value of a top-level key, or an empty one."""
        value = data.get(key)
        if value is None or isinstance(value, kind):
            return value or kind()
        wanted = "a list" if kind is list else "keys and values"
        self._add(self._document.value(data, key), "wrong-type", f"{key} must be {wanted}")
        return kind()

    def _check_twiml(self, holder: Any, key: str, text: str) -> None:
        try:
            parse_twiml(text)
        except BadTwiml as bad:
            # Left to play, so that a scenario can show what bad TwiML does.
            place = self._document.value(holder, key)
            self._problems.append(Problem(place, "bad-twiml", str(bad), severity="warning"))

    def _complain(self, holder: Any, key: Any, complaints: list[Complaint]) -> None:
        for complaint in complaints:
            place = self._place(holder, key, complaint)
            self._add(place, complaint.code, complaint.message, complaint.hint)

    def _place(self, holder: Any, key: Any, complaint: Complaint) -> Position:
        entry = holder[key]
        if not complaint.key or not isinstance(entry, dict) or complaint.key not in entry:
            return self._document.value(holder, key)
        if complaint.code == "unknown-key":
            return self._document.key(entry, complaint.key)
        return self._document.value(entry, complaint.key)

    def _add(self, position: Position, code: str, message: str, hint: str = "") -> None:
        self._problems.append(Problem(position, code, message, hint))


def _about_parent(plan: CallPlan, above: Mapping[str, CallPlan]) -> list[Complaint]:
    if not plan.parent:
        return []
    parent = above.get(plan.parent)
    if parent is None:
        hint = "a parent is named by its id and stands above its children"
        return [Complaint("parent", "no-parent", f"no call above has id {plan.parent!r}", hint)]
    if parent.at > plan.at:
        return [Complaint("parent", "no-parent", f"{plan.parent!r} appears later than this call")]
    if parent.account != plan.account:
        hint = "both legs of a call are of one account"
        return [Complaint("parent", "no-parent", f"{plan.parent!r} is of another account", hint)]
    return []


def _about_account(account: str, accounts: Sequence[str]) -> list[Complaint]:
    if account in ("", MAIN, *accounts):
        return []
    near = get_close_matches(account, accounts, 1)
    hint = f"did you mean {near[0]}?" if near else "name it in the list `accounts` above"
    return [Complaint("account", "no-account", f"there is no account {account!r}", hint)]


def _about_application(
    plan: NumberPlan, applications: Sequence[ApplicationPlan]
) -> list[Complaint]:
    homes = ("", MAIN) if plan.account in ("", MAIN) else (plan.account,)
    names = [each.name for each in applications if each.account in homes]
    if plan.application in ("", *names):
        return []
    near = get_close_matches(plan.application, names, 1)
    hint = f"did you mean {near[0]}?" if near else "name it under `applications`"
    message = f"the number's account has no application {plan.application!r}"
    return [Complaint("application", "no-application", message, hint)]
