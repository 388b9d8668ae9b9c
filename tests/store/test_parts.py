"""Acts of several parts, in every store: claimed once each, told of and forgotten together."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from runner.decision.once import Past
from runner.engine.ports import Entry, HistoryQuery, Outcome, Store, StoreError
from tests.store.intents import ENDING

FAR = 10**12

UPDATE = replace(ENDING, then=("say", "hangup"))
STREAM = replace(
    ENDING,
    then=("stream",),
    request={"Name": "agent", "Url": "wss://example.com/ä"},
    ends=False,
    part="stream",
    route="call",
    target="Streams/a%20b",
)
LOG = replace(
    STREAM,
    then=("log",),
    request={"text": "cut"},
    part="log.2",
    route="history",
    target="",
    repeatable=True,
)
ACT = (UPDATE, STREAM, LOG)


async def ended(store: Store, *outcomes: Outcome) -> Sequence[Entry]:
    """The act, its parts with these outcomes."""
    entries = await store.claim(ACT)
    pairs = zip(entries, outcomes, strict=True)
    return [await store.record(entry, said, at=2_000, attempt=1) for entry, said in pairs]


async def past(store: Store) -> Past:
    return (await store.acts("AC1", {"CA1"}))["CA1"]["caps/cut"]


async def test_each_part_is_claimed_once(store: Store) -> None:
    assert [entry.intent for entry in await store.claim(ACT)] == list(ACT)
    assert await store.claim(ACT) == []
    (another,) = await store.claim([*ACT, replace(LOG, part="log.3")])
    assert another.intent.part == "log.3"


async def test_what_a_part_is_can_be_read_again(store: Store) -> None:
    entries = await store.claim(ACT)
    assert await store.history(HistoryQuery()) == entries
    assert await store.unfinished("AC1") == entries
    assert (await store.verify()).fault == ""


async def test_only_the_part_that_was_withdrawn_has_room(store: Store) -> None:
    await ended(store, "done", "withdrawn", "skipped")
    assert [entry.intent for entry in await store.claim(ACT)] == [STREAM]
    assert (await store.verify()).fault == ""


async def test_an_act_counts_once_however_many_its_parts(store: Store) -> None:
    await ended(store, "done", "failed", "done")
    await store.claim([replace(part, number=2, at=5_000) for part in ACT])
    assert await past(store) == Past(2, 5_000)
    assert await store.ended("AC1", 0) == {"caps/cut": [5_000]}


async def test_what_is_missing_of_an_act_is_told(store: Store) -> None:
    await ended(store, "done", "withdrawn", "withdrawn")
    assert await past(store) == Past(1, 1_000, open=1, missing=frozenset({"stream", "log.2"}))
    await store.claim([replace(LOG, at=7_000)])
    assert await past(store) == Past(1, 7_000, open=1, missing=frozenset({"stream"}))
    await store.claim([replace(STREAM, at=8_000)])
    assert await past(store) == Past(1, 8_000)


async def test_the_update_can_be_what_is_missing(store: Store) -> None:
    await ended(store, "withdrawn", "done", "done")
    assert await past(store) == Past(1, 1_000, open=1, missing=frozenset({""}))


async def test_the_first_of_several_open_acts_is_told(store: Store) -> None:
    for number in (3, 2, 1):
        entries = await store.claim([replace(part, number=number) for part in ACT])
        await store.record(entries[number - 1], "withdrawn", at=2_000, attempt=1)
    assert await past(store) == Past(3, 1_000, open=1, missing=frozenset({""}))
    await store.claim([UPDATE])
    assert await past(store) == Past(3, 1_000, open=2, missing=frozenset({"stream"}))


async def test_an_act_that_was_withdrawn_whole_is_no_act(store: Store) -> None:
    await ended(store, "withdrawn", "withdrawn", "withdrawn")
    assert await store.acts("AC1", {"CA1"}) == {}
    assert len(await store.claim(ACT)) == 3
    assert await past(store) == Past(1, 1_000)


async def test_tries_that_were_withdrawn_before_are_not_missing(store: Store) -> None:
    for _ in range(3):
        await ended(store, "withdrawn", "withdrawn", "withdrawn")
    await ended(store, "done", "withdrawn", "done")
    assert await past(store) == Past(1, 1_000, open=1, missing=frozenset({"stream"}))


async def test_other_calls_rules_and_accounts_are_other_acts(store: Store) -> None:
    await ended(store, "done", "withdrawn", "done")
    for other in (
        replace(STREAM, call_sid="CA2"),
        replace(STREAM, rule="warn"),
        replace(STREAM, flow="vip"),
        replace(STREAM, account="AC2"),
        replace(STREAM, number=2),
    ):
        await store.claim([other])
    assert await past(store) == Past(2, 1_000, open=1, missing=frozenset({"stream"}))


async def test_a_shadow_has_parts_and_is_never_open(store: Store) -> None:
    shadow = [replace(part, number=0) for part in ACT]
    assert {entry.outcome for entry in await store.claim(shadow)} == {"shadowed"}
    assert await store.claim(shadow) == []
    assert await past(store) == Past(0, 0, True)
    await ended(store, "done", "withdrawn", "done")
    assert await past(store) == Past(1, 1_000, True, 1, frozenset({"stream"}))
    assert (await store.verify()).fault == ""


async def test_a_part_counts_for_its_value(store: Store) -> None:
    await store.claim([replace(part, value="+1") for part in ACT])
    key = ("caps/cut", "+1", False)
    assert await store.values("AC1", {key}) == {key: 1_000}


# ---- outcomes ---------------------------------------------------------------------------------


async def test_what_was_skipped_is_over_and_makes_no_room(store: Store) -> None:
    await ended(store, "failed", "skipped", "skipped")
    assert await store.unfinished("AC1") == []
    assert await store.claim(ACT) == []
    assert await past(store) == Past(1, 1_000)
    assert len(await store.history(HistoryQuery(outcome="skipped"))) == 2


async def test_what_was_done_may_turn_out_to_have_failed(store: Store) -> None:
    update, *_ = await ended(store, "done", "done", "done")
    failed = await store.record(update, "failed", at=9_000, attempt=1, detail="12100: bad TwiML")
    assert (await store.history(HistoryQuery(outcome="failed"))) == [failed]
    assert await store.claim(ACT) == []
    assert await store.trim(before=9_000, keep=[]) == 0
    assert (await store.verify()).fault == ""


async def test_what_may_be_carried_out_after_all_is_unfinished_again(store: Store) -> None:
    update, stream, log = await ended(store, "unknown", "done", "done")
    await store.record(log, "retrying", at=3_000, attempt=2)
    await store.record(update, "retrying", at=3_000, attempt=2)
    assert [entry.id for entry in await store.unfinished("AC1")] == [update.id, log.id]
    assert update.id < stream.id < log.id


async def test_what_was_withdrawn_cant_come_back_beside_another(store: Store) -> None:
    _, stream, log = await ended(store, "done", "withdrawn", "withdrawn")
    await store.claim([STREAM])
    with pytest.raises(StoreError, match="was withdrawn, and claimed afresh since"):
        await store.record(stream, "failed", at=3_000, attempt=1)
    await store.record(log, "failed", at=3_000, attempt=1)
    assert await store.claim([LOG]) == []
    assert (await store.verify()).fault == ""


async def test_what_is_withdrawn_twice_makes_room_once(store: Store) -> None:
    _, stream, _ = await ended(store, "done", "withdrawn", "withdrawn")
    (afresh,) = await store.claim([STREAM])
    await store.record(stream, "withdrawn", at=3_000, attempt=1)
    assert await store.claim([STREAM]) == []
    await store.record(afresh, "done", at=4_000, attempt=1)
    assert (await store.verify()).fault == ""
