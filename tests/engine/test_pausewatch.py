"""Promises about what a runner tells of pauses, whoever makes and lifts them."""

from __future__ import annotations

from runner.engine.killswitch import NAME, KillSwitch
from runner.engine.pausewatch import PauseWatch
from runner.engine.ports import Event, Pause
from tests.site import SECOND, Site


async def test_a_pause_that_ends_by_itself_is_told_of_twice_with_its_end_as_a_time(
    site: Site,
) -> None:
    events: list[Event] = []
    watch = PauseWatch(site.store, KillSwitch(), clock=site.time, tell=events.append)
    pause = Pause("", "f", "r", reason="why", by="me", at=site.time.now(), until=10**14)
    await site.store.pause(pause)
    await watch.look()
    await watch.look()
    (told,) = events
    assert (told.name, told.level) == ("rule.paused", "warning")
    assert told.fields == {
        "scope": "rule f/r",
        "flow": "f",
        "rule": "r",
        "reason": "why",
        "by": "me",
        "until": "5138-11-16T09:46:40.000Z",
        "tripped": False,
    }
    await site.store.pause(Pause("", "f", "r", at=pause.at, until=site.time.now() + SECOND))
    await site.time.sleep(2 * SECOND)
    await watch.look()
    assert [event.name for event in events] == ["rule.paused", "rule.resumed"]


async def test_a_pause_that_ends_beside_a_trip_does_not_say_that_the_rule_acts_again(
    site: Site,
) -> None:
    events: list[Event] = []
    watch = PauseWatch(site.store, KillSwitch(), clock=site.time, tell=events.append)
    now = site.time.now()
    await site.store.pause(Pause("AC1", "f", "r", reason="too many", at=now, tripped=True))
    await site.store.pause(Pause("AC1", "f", "r", reason="a look", at=now, until=now + SECOND))
    await watch.look()
    await site.time.sleep(2 * SECOND)
    await watch.look()
    await watch.look()
    told = [(event.name, event.fields["reason"]) for event in events[2:]]
    assert told == [("rule.paused", "too many")]
    await site.store.resume(account="AC1", flow="f", rule="r", by="me", at=now)
    await watch.look()
    assert events[-1].name == "rule.resumed"


async def test_a_pause_that_is_replaced_is_told_of_as_it_is_now(site: Site) -> None:
    events: list[Event] = []
    watch = PauseWatch(site.store, KillSwitch(), clock=site.time, tell=events.append)
    await site.store.pause(Pause("", "f", "", reason="first", at=1))
    await watch.look()
    await site.store.pause(Pause("", "f", "", reason="second", at=2))
    await watch.look()
    assert [(e.name, e.fields["reason"]) for e in events] == [
        ("rule.paused", "first"),
        ("rule.paused", "second"),
    ]


async def test_the_kill_switch_is_told_of_while_the_store_can_not_be_read(site: Site) -> None:
    """It works without the store; who looks for it then must see that it does."""
    events: list[Event] = []
    kill = KillSwitch(site.folder / NAME)
    watch = PauseWatch(site.store, kill, clock=site.time, tell=events.append)
    await site.store.pause(Pause("", "f", "r", reason="why", at=1))
    await watch.look()
    (site.folder / "store.db").rename(site.folder / "elsewhere.db")
    kill.throw(Pause(reason="enough", by="ann", at=2))
    await watch.look()
    assert [pause.scope for pause in watch.standing] == ["everything", "rule f/r"]
    kill.lift()
    await watch.look()
    await watch.look()
    assert [(event.name, event.fields["scope"]) for event in events] == [
        ("rule.paused", "rule f/r"),
        ("rule.paused", "everything"),
        ("rule.resumed", "everything"),
    ]
