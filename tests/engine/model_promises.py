"""The promises that `test_model` and the chaos test hold the engine to, each as one function."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from runner.engine.ports import Entry
from runner.sandbox.legs import Happening
from tests.engine.model_far_side import Arrival, Key, Posts, key_of, standing
from tests.engine.model_rules import REPEATABLE, RULES


def nothing_is_left_lying(history: Iterable[Entry], old: set[int]) -> None:
    """What was begun in this poll was tried, unless something before it has no end yet.

    `old` are the ids of the entries that were there before.
    """
    waiting: set[str] = set()
    for entry in history:
        sid = entry.intent.call_sid
        if entry.outcome == "retrying":
            waiting.add(sid)
        tried = entry.outcome != "intended" or entry.id in old
        assert tried or sid in waiting, f"{key_of(entry)} was not tried"


def nothing_is_done_twice_by_guess(sent: Iterable[Arrival]) -> None:
    """What may have been carried out isn't sent again, but where a second time does no more."""
    perhaps_done: set[Key] = set()
    for each in sent:
        key = each.key
        if key.part.startswith("message") or (not key.part and key.rule in REPEATABLE):
            continue
        assert key not in perhaps_done, f"{key} was sent again"
        if not each.refused:
            perhaps_done.add(key)


def nothing_is_told_twice(service: Posts, heard: Iterable[Sequence[Happening]]) -> None:
    """A message comes again under its key only, and a post under its id."""
    for transcript in heard:
        told = [each.text for each in transcript if each.kind == "message"]
        assert len(told) == len(set(told)), told
    twice = {key: ids for key, ids in service.taken.items() if len(ids) > 1}
    assert not twice, "the same was posted under two ids"


def parts_come_in_their_order(
    service: Posts, sent: Iterable[Arrival], history: Iterable[Entry]
) -> None:
    """As planned, but for what was put off; a post only after the end of what is before it."""
    assert not service.too_early, service.too_early
    put_off = {key_of(entry) for entry in history if entry.outcome == "withdrawn"}
    latest: dict[str, int] = {}
    for key in [each.key for each in sent]:
        place = RULES[key.rule].parts.index(key.part)
        assert place >= latest.get(key.sid, 0) or key in put_off, f"{key} is late"
        latest[key.sid] = max(place, latest.get(key.sid, 0))


def nothing_follows_an_update_that_did_not_come_about(
    service: Posts, sent: Iterable[Arrival], history: Sequence[Entry]
) -> None:
    """What is written after an update is sent only once that is done."""
    for key in {each.key for each in sent} | set(service.posts):
        parts = RULES[key.rule].parts
        if "" in parts and parts.index("") < parts.index(key.part):
            update = standing(history, key._replace(part=""))
            assert update == "done", f"{key} was sent, and the update is {update!r}"


def the_ledger_is_true(service: Posts, sent: Sequence[Arrival], history: Sequence[Entry]) -> None:
    """What is done is done, what is skipped was never sent, and no part stands twice."""
    found = [key_of(entry) for entry in history if entry.outcome != "withdrawn"]
    assert len(found) == len(set(found)), "a part stands twice"
    tried = {each.key for each in sent} | set(service.posts)
    accepted = {each.key for each in sent if each.accepted} | service.confirmed
    for entry in history:
        key = key_of(entry)
        if entry.outcome == "done" and key.part != "log":
            assert key in accepted, f"{key} is on record as done, and was not"
        assert entry.outcome != "skipped" or key not in tried, f"{key} was sent"
    assert accepted <= set(found), f"done, and not on record: {accepted - set(found)}"
