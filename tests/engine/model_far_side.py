"""What arrived at the far side of `test_model`, part by part, and what may have come of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from runner.engine.ports import Entry, HistoryQuery, Store
from runner.sandbox.faults import AFTER
from runner.sandbox.journal import Entry as Line
from tests.engine.model_rules import RULES, TELLING, part_below
from tests.gateway.raw import Request, answer


class Key(NamedTuple):
    """One part of what a rule does to a call; there is one such act a call."""

    sid: str
    rule: str
    part: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request that changes something."""

    key: Key
    refused: bool
    accepted: bool


def arrivals(journal: Iterable[Line], kinds: dict[str, str]) -> list[Arrival]:
    """Those of the journal, in order. `kinds` says which rule is for a call, "" for none."""
    return [
        Arrival(_key_of(line, kinds[line.request.sid]), _is_refused(line), _is_accepted(line))
        for line in journal
        if line.request.method == "POST" and line.request.kind in ("update", "side")
    ]


def _key_of(line: Line, rule: str) -> Key:
    request = line.request
    below = request.path.partition(f"{request.sid}")[2].removesuffix(".json")
    part = part_below(below[1:], request.form.get("Content", "")) if below else ""
    return Key(request.sid, rule, part)


def _is_refused(line: Line) -> bool:
    """Whether the runner was told beyond doubt that nothing was done."""
    return line.status is not None and 400 <= line.status < 500 and line.fault not in AFTER


def _is_accepted(line: Line) -> bool:
    """Whether the runner was told beyond doubt that it was done, if it lived to hear it."""
    return line.status in (200, 201) and line.fault not in AFTER


@dataclass
class Posts:
    """What a service received."""

    posts: list[Key] = field(default_factory=list)
    #: The ids under which it took a post in.
    taken: dict[Key, set[str]] = field(default_factory=dict)
    #: What it said of that it was taken in.
    confirmed: set[Key] = field(default_factory=set)
    #: What came before that was over which comes before it.
    too_early: list[str] = field(default_factory=list)

    def come(self, request: Request) -> Key:
        """A post is there; returns which part it is."""
        sid = json.loads(request.body)["call"]["sid"]
        key = Key(sid, request.headers["callflow-rule"], request.path[1:])
        self.posts.append(key)
        return key

    def take(self, key: Key, request: Request) -> None:
        """Keeps it; one that is there already by its id is not kept twice."""
        self.taken.setdefault(key, set()).add(request.headers["webhook-id"])


@dataclass
class Service(Posts):
    """A service that is posted to. `moods` are how it treats the next posts; then it is well."""

    store: Store | None = None
    moods: list[str] = field(default_factory=list)

    async def reply(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Takes a post in, or not, and says so, or not."""
        key = self.come(request)
        mood = self.moods.pop(0) if self.moods else "204"
        await self._look_at_the_ledger(key)
        if mood not in ("429", "400", "reset-before"):
            self.take(key, request)
        if mood == "hang":
            await asyncio.Event().wait()
        if mood.startswith("reset"):
            writer.transport.abort()
            return False
        if mood == "204":
            self.confirmed.add(key)
        writer.write(answer(int(mood)))
        await writer.drain()
        return True

    async def _look_at_the_ledger(self, key: Key) -> None:
        """Everything that comes before a post has its end at the moment at which it comes."""
        parts = RULES[key.rule].parts
        assert self.store is not None
        history = await self.store.history(HistoryQuery(call_sid=key.sid))
        # What was put off is gone on with later, and held nothing up.
        put_off = {key_of(entry) for entry in history if entry.outcome == "withdrawn"}
        for part in parts[: parts.index(key.part)]:
            before = key._replace(part=part)
            if part in TELLING or (part and before in put_off):
                continue
            found = standing(history, before)
            if found in ("intended", "retrying") or (part == "" and found != "done"):
                self.too_early.append(f"{key}: {part or 'the update'} is {found}")


def key_of(entry: Entry) -> Key:
    """Which part an entry is about."""
    return Key(entry.intent.call_sid, entry.intent.rule, entry.intent.part)


def standing(history: Sequence[Entry], key: Key) -> str:
    """How a part stands, "" where it doesn't."""
    found = [
        entry.outcome for entry in history if key_of(entry) == key and entry.outcome != "withdrawn"
    ]
    assert len(found) <= 1, f"{key} stands {len(found)} times"
    return found[0] if found else ""
