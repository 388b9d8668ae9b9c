"""Promises of the console's tables in an incident: hundreds of pauses, told apart at once."""

from __future__ import annotations

import random

from runner.console.picture.tables import Page, rules_of
from runner.pauses import Pause
from tests.console.picture import board_of
from tests.site import Site

RULES = "rules: [{id: a, then: [hangup]}, {id: b, then: [hangup]}]"
ACCOUNTS, FLOWS, KEYS = ("", "AC1", "AC2"), ("", "f", "g"), ("", "a", "b")


def some_pauses(chance: random.Random) -> list[Pause]:
    found = []
    for at in range(chance.randrange(8)):
        flow = chance.choice(FLOWS)
        rule = chance.choice(KEYS) if flow else ""
        tripped = bool(rule) and chance.random() < 0.4
        found.append(Pause(chance.choice(ACCOUNTS), flow, rule, at=at, tripped=tripped))
    return found


async def test_of_all_pauses_on_a_rule_the_one_that_says_most_is_shown(site: Site) -> None:
    """A trip before what people did, then what names the rule itself, then its flow."""
    board = board_of(site)
    site.flows(*(f"version: 1\nflow: {name}\n{RULES}\n" for name in "fg"))
    chance = random.Random(6)
    for _ in range(300):
        pauses = some_pauses(chance)
        board.pauses = lambda pauses=pauses: pauses  # type: ignore[misc]
        for row in rules_of(board, Page())["rules"]:
            on_it = [p for p in pauses if p.covers(p.account, row["flow"], row["rule"])]
            if not on_it:
                assert row["paused"] is None
                continue
            most = max(on_it, key=lambda p: (p.tripped, bool(p.rule), bool(p.flow)))
            assert (row["paused"]["scope"], row["paused"]["tripped"]) == (most.scope, most.tripped)
