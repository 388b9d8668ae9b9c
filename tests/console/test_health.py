"""Promises of `/healthz` and `/readyz`: ready means that calls are seen and can be acted on."""

from __future__ import annotations

import pytest

from runner.console.web.health import Health
from runner.engine.ports import Event
from tests.console.visiting import BOTH, READ, bearer, visiting

SECOND = 1_000
MAIN, OTHER = "AC1", "AC2"


def told(health: Health, name: str, at: int = 0, **fields: object) -> None:
    health.hear(Event(name, at, fields=fields))


def leading(at: int = 0) -> Health:
    """A runner of two accounts that has seen both."""
    health = Health({MAIN: 2 * SECOND, OTHER: 5 * SECOND}, {MAIN: "main"})
    told(health, "started", at, rules=3, flows=1, dry_run=False)
    told(health, "leading", at)
    for account in (MAIN, OTHER):
        told(health, "poll", at, account=account)
    return health


def test_a_runner_that_sees_every_account_and_leads_is_ready() -> None:
    assert leading().report(SECOND) == (
        True,
        {
            "ready": True,
            "role": "leading",
            "accounts": 2,
            "accounts_late": 0,
            "last_good_poll_age_ms": SECOND,
            "last_reload_ok": True,
            "flows": {"rules": 3, "ok": True},
            "store": "writable",
        },
    )


def test_it_is_not_before_its_first_polls() -> None:
    health = Health({MAIN: SECOND})
    ready, facts = health.report(0)
    assert (ready, facts["role"], facts["trouble"]) == (False, "starting", "no poll yet")
    assert (facts["store"], facts["flows"]) == ("not tried", {"rules": None, "ok": True})


@pytest.mark.parametrize(("age", "ready"), [(6 * SECOND, True), (6 * SECOND + 1, False)])
def test_a_poll_counts_for_three_intervals(age: int, ready: bool) -> None:
    found, facts = leading().report(age)
    assert (found, facts.get("late")) == (ready, None if ready else ["main"])


def test_files_that_can_t_be_loaded_leave_the_rules_in_force() -> None:
    health = leading()
    told(health, "reload.failed", errors=1)
    ready, facts = health.report(SECOND)
    assert (ready, facts["flows"]) == (True, {"rules": 3, "ok": False})
    assert facts["last_reload_ok"] is False
    told(health, "reload.ok", rules=5, flows=2)
    assert health.report(SECOND)[1]["flows"] == {"rules": 5, "ok": True}


def test_a_store_that_takes_nothing_makes_it_unready() -> None:
    health = leading()
    told(health, "stalled", error="can't write the store: disk full")
    ready, facts = health.report(SECOND)
    assert (ready, facts["store"], facts["role"]) == (False, "not writable", "stalled")
    assert facts["trouble"] == "can't write the store: disk full"
    told(health, "leading")
    assert health.report(SECOND)[0] is True


def test_a_lease_that_ran_out_makes_it_unready_before_anybody_tells() -> None:
    """The store may hang: then nobody comes back to say that the lease is lost."""
    health = leading()
    health.leads = lambda: False
    ready, facts = health.report(SECOND)
    assert (ready, facts["store"]) == (False, "not writable")
    assert "lease" in str(facts["trouble"])


def test_a_standby_is_ready_and_writes_nothing() -> None:
    health = Health({MAIN: SECOND})
    told(health, "standby")
    health.leads = lambda: False
    ready, facts = health.report(99 * SECOND)
    assert (ready, facts["role"], facts["store"]) == (True, "standby", "not written")


def test_a_dry_run_is_ready_when_it_sees_the_calls() -> None:
    health = Health({MAIN: SECOND})
    told(health, "started", rules=1, dry_run=True)
    assert health.report(0)[0] is False
    told(health, "poll", account=MAIN)
    ready, facts = health.report(SECOND)
    assert (ready, facts["role"], facts["store"]) == (True, "dry-run", "not written")


async def test_strangers_learn_the_result_alone() -> None:
    health = leading()
    async with visiting(BOTH, health=health) as visit:
        told(health, "poll", visit.clock.now(), account=MAIN)
        told(health, "poll", visit.clock.now(), account=OTHER)
        for headers in ({}, bearer("not-the-token-at-all")):
            answer = await visit.get("/readyz", headers)
            assert (answer.status, answer.document) == (200, {"ready": True, "role": "leading"})
        assert (await visit.get("/readyz", bearer(READ))).document["flows"]["rules"] == 3
        visit.clock.at += 60 * SECOND
        answer = await visit.get("/readyz")
        assert (answer.status, answer.document) == (503, {"ready": False, "role": "leading"})
        assert (await visit.get("/readyz", bearer(READ))).document["late"] == ["main", OTHER]
        assert (await visit.get("/healthz")).document == {"alive": True}
