"""Snapshot files: live calls and what the ledger knows of them, to plan with elsewhere.

A snapshot holds phone numbers in full, because rules match them: it is written for its owner
alone. Everything that a plan can depend on beside the flows and the configuration is in it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from runner.call import Call
from runner.cli.exits import USAGE, Failure
from runner.decision.once import Past
from runner.model import Millis
from runner.pauses import Pause

#: Since 2 it knows pauses, what rules ended lately, and what is under way; since 3 what acts still
#: lack, how calls begin, and conferences.
VERSION = 3


class Act(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a rule has done to a call. `open` and `missing` are as in `Past`."""

    call: str
    rule: str
    count: int
    last: Millis
    shadowed: bool = False
    open: int = 0
    missing: tuple[str, ...] = ()

    @property
    def past(self) -> Past:
        """As the decision reads it."""
        return Past(self.count, self.last, self.shadowed, self.open, frozenset(self.missing))


class Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a rule last acted for a value of the field that its `once: {per: …}` names."""

    rule: str
    value: str
    shadow: bool
    last: Millis


class Hold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Since when a rule's conditions hold on a call. `rule` is a hold key."""

    call: str
    rule: str
    since: Millis


class Ledger(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The part of the ledger that bears on plans.

    `polled` is when the holds were kept. `pauses` are those that stand for this account, the kill
    switch first; `ended` is when each rule (`flow/rule`) ended calls since `ended_since`, which is
    None where nobody asked for pauses and these. `busy` are calls with a change under way.
    """

    acts: tuple[Act, ...] = ()
    values: tuple[Value, ...] = ()
    holds: tuple[Hold, ...] = ()
    polled: Millis | None = None
    pauses: tuple[Pause, ...] = ()
    ended: Mapping[str, tuple[Millis, ...]] = {}
    ended_since: Millis | None = None
    busy: tuple[str, ...] = ()


class Snapshot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All live calls of one account at one moment.

    `now` is the clock of the machine that took it, `server_time` Twilio's, None where it sent
    none; `interval` is the time from poll to poll. `alias` is what flows call the account, "" where
    it has no name. `per` names the rules whose values the ledger was asked for, and by which field.
    `voices` is how calls begin, by the number that was `called`; a text says why not.
    `conferences` are those that calls are in which a plan takes away from there, None for none.
    """

    account: str
    now: Millis
    server_time: Millis | None
    calls: tuple[Call, ...]
    interval: Millis = 2_000
    ledger: Ledger = Ledger()
    per: Mapping[str, str] = {}
    alias: str = ""
    voices: Mapping[str, Mapping[str, str] | str] = {}
    conferences: Mapping[str, str | None] = {}

    @property
    def moment(self) -> Millis:
        """The far side's time, by which ages are measured."""
        return self.now if self.server_time is None else self.server_time

    def at(self, moment: Millis) -> Snapshot:
        """The same calls at another time, as if the runner had gone on polling until then."""
        ledger = self.ledger
        if ledger.polled is not None:
            ledger = msgspec.structs.replace(ledger, polled=moment)
        now = self.now + moment - self.moment
        return msgspec.structs.replace(self, now=now, server_time=moment, ledger=ledger)

    def call(self, sid: str) -> Call | None:
        """The call of this SID, whatever the case of its letters."""
        return next((call for call in self.calls if call.sid.lower() == sid.lower()), None)


def called(call: Call) -> str:
    """What was called: a number by its SID where it has one."""
    return call.phone_number_sid or call.to or ""


def write_snapshot(path: Path, snapshot: Snapshot) -> None:
    """Writes the file, readable by its owner alone. Raises `Failure`."""
    document = {"callflow_snapshot": VERSION} | msgspec.to_builtins(snapshot)
    document["calls"] = [_filled(call) for call in document["calls"]]
    text = msgspec.json.format(msgspec.json.encode(document), indent=1)
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(file, "wb") as stream:
            os.fchmod(file, 0o600)  # it may have been there before, open to others
            stream.write(text + b"\n")
    except OSError as error:
        raise Failure(f"can't write the snapshot {path}: {error.strerror}") from None


def read_snapshot(path: Path) -> Snapshot:
    """Reads a file that `write_snapshot` wrote, here or elsewhere. Raises `Failure`."""
    document = read_json(path, "the snapshot")
    version = document.pop("callflow_snapshot", None) if isinstance(document, dict) else None
    if not isinstance(version, int):
        hint = "a snapshot is what `callflow plan --save-snapshot FILE` writes"
        raise Failure(f"{path} is not a snapshot", hint=hint, code=USAGE)
    if version > VERSION:
        hint = f"it has version {version}, this callflow reads up to {VERSION}: use a newer one"
        raise Failure(f"{path} was written by a newer callflow", hint=hint, code=USAGE)
    try:
        return msgspec.convert(document, Snapshot)
    except msgspec.ValidationError as error:
        raise Failure(f"{path} is not a sound snapshot: {error}", code=USAGE) from None


def read_json(path: Path, what: str, *, text: bytes | None = None) -> Any:
    """The JSON document in a file, or in `text`. Raises `Failure`."""
    try:
        return msgspec.json.decode(path.read_bytes() if text is None else text)
    except OSError as error:
        raise Failure(f"can't read {what} {path}: {error.strerror}", code=USAGE) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Failure(f"{what} {path} is not JSON: {error}", code=USAGE) from None


def _filled(call: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in call.items() if value is not None}
