"""Promises: an act of several parts is sent in order, each part recorded, none of them twice."""

from __future__ import annotations

import asyncio

import pytest

from runner.engine.brakes import Safety
from runner.engine.ports import Entry
from runner.sandbox.plans import Person
from tests.actions.beside import SERVICE, Beside, open_beside
from tests.engine.test_rules import flow, rule
from tests.site import SECOND, Site

STREAM = "{stream: {start: {url: 'wss://media.example/in', name: agent}}}"
PROTECTED = "+14155550100"
NOTIFY = f"{{notify: '{SERVICE}/told'}}"


def sent(site: Site) -> list[str]:
    """What changed something at the far side, in the order in which it arrived."""
    kinds = ("update", "side", "participant")
    found = [entry for entry in site.sandbox.journal if entry.request.kind in kinds]
    return [_path(entry.request.path, site) for entry in found if entry.request.method == "POST"]


def _path(path: str, site: Site) -> str:
    below = path.partition(f"{site.sandbox.account_sid}/")[2].removesuffix(".json")
    return "/".join("*" if part[:2] == "CA" else part for part in below.split("/"))


async def parts(site: Site) -> list[tuple[str, str]]:
    """(part, outcome) of every ledger entry, oldest first; the update is `update`."""
    return [(e.intent.part or "update", e.outcome) for e in await site.history()]


async def entry_of(site: Site, part: str) -> Entry:
    """The newest entry of a part."""
    return [entry for entry in await site.history() if entry.intent.part == part][-1]


def play(site: Site, then: str, keys: str = "") -> str:
    """One rule on one call; returns the call's SID."""
    site.flows(flow(rule("r", keys, then)))
    return site.sandbox.add_call(id="a").sid


# ---- order --------------------------------------------------------------------------------------


async def test_parts_go_out_as_written_and_each_has_its_entry(site: Site) -> None:
    play(site, "[{log: seen}, {record: start}, {say: hi}, {pause: 9m}, {message: {a: b}}]")
    await site.poll()
    # A recording would not outlive what is said in its stead, so it is started after that.
    assert sent(site) == ["Calls/*", "Calls/*/Recordings", "Calls/*/UserDefinedMessages"]
    assert await parts(site) == [
        ("log", "done"),
        ("update", "done"),
        ("record", "done"),
        ("message", "done"),
    ]
    then = [entry.intent.then for entry in await site.history()]
    assert then == [("log",), ("say", "pause"), ("record",), ("message",)]


async def test_what_the_update_does_not_undo_stays_before_it(site: Site) -> None:
    site.sandbox.add_call(id="b")
    play(site, "[{record: start}, {limit: 30m}, {record: pause}]", "match: {from: '+14155550199'}")
    await site.poll()
    first = ["Calls/*/Recordings", "Calls/*", "Calls/*/Recordings/Twilio.CURRENT"]
    assert sent(site) == first * 2 or sorted(sent(site)) == sorted(first * 2)
    forms = [dict(e.request.form) for e in site.sandbox.journal.of("update")]
    assert forms == [{"TimeLimit": "1800"}] * 2


async def test_the_same_action_twice_is_two_parts(site: Site) -> None:
    play(site, "[{log: one}, {log: two}]", "continue: true")
    await site.poll()
    await site.poll(after=2 * SECOND)
    texts = [entry.intent.request["text"] for entry in await site.history()]
    assert texts == ["one", "two"]
    assert await parts(site) == [("log", "done"), ("log.2", "done")]


# ---- what a failure means for the rest ----------------------------------------------------------


async def test_a_side_that_fails_keeps_no_call_from_its_hang_up(site: Site) -> None:
    sid = play(site, "[{record: stop}, hangup]")
    await site.poll()
    assert await parts(site) == [("record", "failed"), ("update", "done")]
    assert site.sandbox.world.call(sid).status == "completed"


async def test_after_an_update_that_fails_nothing_is_sent(site: Site) -> None:
    play(site, f"[{{redirect: 'https://example.com/x'}}, {STREAM}, {{log: redirected}}]")
    site.sandbox.set_fault("403", on=("update",), times=1)
    await site.poll()
    await site.poll(after=2 * SECOND)
    assert sent(site) == ["Calls/*"]
    assert await parts(site) == [("update", "failed"), ("stream", "skipped"), ("log", "skipped")]
    assert "redirect before it came to 'failed'" in (await entry_of(site, "log")).detail


async def test_after_an_update_that_is_withdrawn_the_rest_waits_with_it(site: Site) -> None:
    sid = play(site, f"[{{log: about to}}, {{redirect: 'https://example.com/x'}}, {STREAM}]")
    site.sandbox.set_fault("429", on=("update",), times=1, retry_after=1)
    await site.poll()
    assert await parts(site) == [("log", "done"), ("update", "withdrawn"), ("stream", "withdrawn")]
    await site.poll(after=3 * SECOND)
    # The line was written, and is not again.
    assert (await parts(site))[3:] == [("update", "done"), ("stream", "done")]
    assert sent(site) == ["Calls/*", "Calls/*", "Calls/*/Streams"]
    assert site.sandbox.world.has(sid)


async def test_an_act_is_gone_on_with_once_and_then_never_again(site: Site) -> None:
    play(site, "[{say: hi}, {pause: 9m}, {record: start}]")
    site.sandbox.set_fault("429", on=("side",), times=1, retry_after=1)
    await site.poll()
    assert await parts(site) == [("update", "done"), ("record", "withdrawn")]
    for _ in range(3):
        await site.poll(after=3 * SECOND)
    assert sent(site) == ["Calls/*", "Calls/*/Recordings", "Calls/*/Recordings"]
    assert (await parts(site))[2:] == [("record", "done")]


async def test_an_edited_rule_does_not_repeat_what_it_did_under_the_same_name(site: Site) -> None:
    play(site, "[{log: one}, {say: hi}, {pause: 9m}]")
    site.sandbox.set_fault("429", on=("update",), times=1, retry_after=1)
    await site.poll()
    site.flows(flow(rule("r", "", "[{record: start}, {log: other words}, {say: ho}, {pause: 9m}]")))
    await site.poll(after=3 * SECOND)
    assert await parts(site) == [("log", "done"), ("update", "withdrawn"), ("update", "done")]
    assert sent(site)[-1] == "Calls/*"


# ---- lost answers, crashes, stops ---------------------------------------------------------------


async def test_a_recording_whose_answer_is_lost_is_not_started_twice(site: Site) -> None:
    sid = play(site, "[{limit: 30m}, {record: start}]")
    site.sandbox.set_fault("reset-after", on=("side",), times=1)
    await site.poll()
    await site.poll(after=2 * SECOND)
    assert await parts(site) == [("update", "done"), ("record", "unknown")]
    assert sent(site) == ["Calls/*", "Calls/*/Recordings"]
    assert site.sandbox.world.call(sid).live


async def test_a_message_whose_answer_is_lost_is_sent_again_under_the_same_key(site: Site) -> None:
    play(site, "[{message: {a: b}}]")
    site.sandbox.set_fault("reset-after", on=("side",), times=1)
    await site.poll()
    keys = [e.request.form["IdempotencyKey"] for e in site.sandbox.journal.of("side")]
    assert len(keys) == 2
    assert keys[0] == keys[1]
    assert await parts(site) == [("message", "done")]


async def test_after_a_crash_the_first_is_settled_and_the_rest_follows(site: Site) -> None:
    sid = play(site, "[{say: hi}, {pause: 9m}, {record: start}]")
    site.sandbox.set_fault("hang", on=("side",), times=1)
    await site.engine.tick(site.time.now())
    for _ in range(500):
        if len(sent(site)) == 2:
            break
        await asyncio.sleep(0.01)
    await site.engine.abandon()  # as a crash would, while nobody answers
    assert await parts(site) == [("update", "done"), ("record", "intended")]
    restart(site)
    await site.poll(after=2 * SECOND)
    # It may have been started: that is not known, and it is not done a second time.
    assert await parts(site) == [("update", "done"), ("record", "unknown")]
    assert site.sandbox.world.call(sid).live


async def test_what_tells_of_an_update_waits_until_it_is_known(site: Site) -> None:
    async with open_beside(site) as beside:
        sid = await posting(site, beside, f"[hangup, {{log: cut}}, {NOTIFY}]")
        site.sandbox.set_fault("hang", on=("update",), times=1)
        await site.engine.tick(site.time.now())
        await site.until_sent(1)
        await site.engine.abandon()
        begun = [("update", "intended"), ("log", "intended"), ("notify", "intended")]
        assert await parts(site) == begun
        restart(site)
        site.sandbox.set_fault("500", on=("fetch",), times=1)
        await site.poll(after=2 * SECOND)
        assert await parts(site) == begun  # nobody knows whether the call was hung up
        assert beside.service.requests == []
        restart(site, beside)
        await site.poll(after=2 * SECOND)
        assert await parts(site) == [("update", "done"), ("log", "done"), ("notify", "done")]
        assert site.sandbox.world.call(sid).status == "completed"
        assert len(beside.service.requests) == 1


async def test_a_post_that_a_stop_cut_short_goes_out_after_the_next_start(site: Site) -> None:
    async with open_beside(site) as beside:
        await posting(site, beside, f"[hangup, {NOTIFY}]")
        site.sandbox.set_fault("slow", on=("update",), seconds=0.2, times=1)
        await site.engine.tick(site.time.now())
        await site.until_sent(1)
        await site.engine.stop(5 * SECOND)
        assert await parts(site) == [("update", "done"), ("notify", "intended")]
        restart(site, beside)
        await site.poll(after=2 * SECOND)
        assert await parts(site) == [("update", "done"), ("notify", "done")]


def restart(site: Site, beside: Beside | None = None) -> None:
    """A new process on the same store, with the same flows."""
    flows = site.engine.flow_set
    site.restart()
    site.engine.load(flows)
    if beside is not None:
        site.engine.reach(web=beside.poster)


# ---- brakes -------------------------------------------------------------------------------------


async def test_a_protected_call_may_be_told_of_and_not_touched(site: Site) -> None:
    site.engine.obey(Safety(protects=lambda call: "said so" if call.to == PROTECTED else ""))
    tell = rule("tell", "continue: true", "[{log: seen}]")
    site.flows(flow(tell, rule("r", "", "[{record: start}]")))
    site.sandbox.add_call(id="a")
    poll = await site.poll()
    assert await parts(site) == [("log", "done")]
    assert sent(site) == []
    assert poll.plan is not None
    assert [(held.rule.id, held.reason) for held in poll.plan.held] == [("r", "protected")]


async def test_what_only_tells_is_no_part_of_a_burst(site: Site) -> None:
    site.flows(flow(rule("tell", "continue: true", "[{log: seen}]")))
    for number in range(40):
        site.sandbox.add_call(id=f"c{number}")
    poll = await site.poll()
    assert poll.plan is not None
    assert not poll.plan.trips
    assert len(await site.history()) == 40


@pytest.mark.parametrize(("limit", "counted"), [("10m", 1), ("3h", 0)])
async def test_a_limit_that_is_passed_already_counts_as_a_hang_up(
    site: Site, limit: str, counted: int
) -> None:
    site.flows(flow(rule("r", "", f"[{{limit: {limit}}}]")))
    site.sandbox.add_call(id="a", age=3_600 * SECOND)
    await site.poll()
    ended = await site.store.ended(site.sandbox.account_sid, 0)
    assert sum(len(times) for times in ended.values()) == counted


async def test_a_shadow_records_each_part_and_sends_none(site: Site) -> None:
    play(site, f"[{{log: seen}}, {{say: hi}}, {{pause: 9m}}, {STREAM}]", "mode: shadow")
    await site.poll()
    await site.poll(after=2 * SECOND)
    assert await parts(site) == [
        ("log", "shadowed"),
        ("update", "shadowed"),
        ("stream", "shadowed"),
    ]
    assert sent(site) == []


# ---- telling ------------------------------------------------------------------------------------


async def posting(site: Site, beside: Beside, then: str) -> str:
    site.flows(beside.flow(flow(rule("r", "", then))))
    return site.sandbox.add_call(id="a").sid


async def test_a_post_is_under_one_id_and_says_whose_it_is(site: Site) -> None:
    async with open_beside(site) as beside:
        sid = await posting(site, beside, f"[{NOTIFY}, {{say: hi}}, {{pause: 9m}}]")
        await site.poll()
        (post,) = beside.service.requests
        assert post.headers["callflow-flow"] == "f"
        assert post.headers["callflow-rule"] == "r"
        assert post.headers["callflow-attempt"] == "1"
        assert sid.encode() in post.body
    assert dict(await parts(site)) == {"notify": "done", "update": "done"}


async def test_without_anywhere_to_post_it_fails_and_says_so(site: Site) -> None:
    play(site, "[{notify: 'https://service.example/x'}]")
    await site.poll()
    assert await parts(site) == [("notify", "failed")]
    assert (await entry_of(site, "notify")).detail == "this runner sends nothing to other services"


# ---- what Twilio finds out afterwards -----------------------------------------------------------


async def test_a_document_that_cannot_be_had_is_recorded_against_the_act(site: Site) -> None:
    site.engine.check_notifications()
    play(site, "[{redirect: 'https://nowhere.example/x'}]")
    await site.poll()
    await site.engine.look_on(60 * SECOND)
    entry = await entry_of(site, "")
    assert entry.outcome == "failed"
    assert "11200" in entry.detail
    assert [event.name for event in site.events][-1] == "action.failed"


async def test_a_document_that_was_played_stays_done(site: Site) -> None:
    site.engine.check_notifications()
    play(site, "[{say: hi}, {pause: 9m}]")
    await site.poll()
    await site.engine.look_on(60 * SECOND)
    assert await parts(site) == [("update", "done")]
    assert len(site.sandbox.journal.of("read")) == 2


async def test_unasked_nobody_looks_afterwards(site: Site) -> None:
    play(site, "[{redirect: 'https://nowhere.example/x'}]")
    await site.poll(after=60 * SECOND)
    await site.poll(after=60 * SECOND)
    assert site.sandbox.journal.of("read") == []


async def test_an_announcement_into_no_conference_fails_and_to_nobody_is_gone(site: Site) -> None:
    then = "[{announce: {url: 'https://example.com/notice'}}]"
    site.flows(flow(rule("r", "", then)))
    site.sandbox.add_call(id="a")
    site.sandbox.add_call(id="b", person=Person(talk=SECOND))
    site.sandbox.set_fault("slow", on=("conference",), seconds=0.1)
    await site.engine.tick(site.time.now())
    await site.sandbox.advance(2 * SECOND)
    await site.engine.settle()
    outcomes = {e.intent.call_sid: (e.outcome, e.detail) for e in await site.history()}
    assert outcomes[site.sandbox.world.sid_of("a")] == ("failed", "the call is in no conference")
    assert outcomes[site.sandbox.world.sid_of("b")][0] == "gone"


async def test_a_look_up_that_is_not_permitted_says_so_and_is_not_asked_each_poll(
    site: Site,
) -> None:
    site.sandbox.add_number("+14155550100", voice_url="https://app.example/voice")
    site.flows(flow(rule("r", "", "[restart]")))
    site.sandbox.add_call(id="a", twiml="<Response><Pause length='600'/></Response>")
    site.sandbox.set_fault("403", on=("number",), times=1)
    for _ in range(5):
        poll = await site.poll(after=10 * SECOND)
        assert poll.plan is not None
        (held,) = poll.plan.held
        assert held.reason == "unsendable"
        assert "403" in held.detail
    assert len(site.sandbox.journal.of("number")) == 1
    await site.poll(after=20 * SECOND)
    assert [form["Url"] for form in site.updates()] == ["https://app.example/voice"]
