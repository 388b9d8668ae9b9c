"""For tests that listen: a rule acts on a call, and its transcript says what became of it."""

from __future__ import annotations

import json
from typing import Any

from runner.sandbox.rows import Row
from tests.sandbox.lines import SITE, Line, lines
from tests.site import Site

NUMBER = "+14155550100"
CALLER = "+14155550199"


def pages(site: Site, **bodies: str) -> None:
    """Puts documents on `SITE`, by name."""
    for name, body in bodies.items():
        site.sandbox.world.documents[SITE + name] = f"<Response>{body}</Response>"


async def acted(site: Site, *then: Any, name: str = "ada", **fields: Any) -> Row:
    """A call to `NUMBER` on which a rule has acted."""
    rule = {"id": "a", "match": {"to": NUMBER}, "then": list(then)}
    row = site.sandbox.add_call(id=name, **fields)
    site.flows(json.dumps({"version": 1, "flow": "f", "rules": [rule]}))
    await site.poll()
    outcomes = await site.outcomes()
    assert outcomes == [("f/a", "done")] * len(outcomes) != []
    await site.sandbox.advance(1_000)  # it follows a moment later
    return row


async def became(site: Site, seconds: int, name: str = "ada") -> list[Line]:
    """What happened to a call, with times from when it followed; so many seconds from now.

    What was asked of it, what that broke off and what it fetched is left out.
    """
    await site.sandbox.advance(seconds * 1_000)
    found = lines(site.sandbox.world, name)
    told = [kind for _, kind, _ in found].index("told")
    happened = [line for line in found[told:] if line[1] not in ("fetches", "told", "cut")]
    return [(at - happened[0][0], kind, text) for at, kind, text in happened]


def legs(site: Site, name: str = "ada") -> list[tuple[str, str, str]]:
    """Whom a call has called: to, from, status."""
    world = site.sandbox.world
    sid = world.sid_of(name)
    return [(r.to, r.from_, r.status) for r in world.shelf if r.parent_call_sid == sid]


__all__ = ["CALLER", "NUMBER", "SITE", "acted", "became", "legs", "pages"]
