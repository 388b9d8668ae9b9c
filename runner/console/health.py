"""Whether the runner lives and does its work: `/healthz` and `/readyz`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from aiohttp import web

from runner.console.answers import answer
from runner.engine.clock import Clock
from runner.engine.ports import Event
from runner.model import Millis

#: A runner is ready while its last good poll is no older than this many intervals.
INTERVALS = 3
#: So many accounts that are late are named.
_NAMED = 10


class Health:
    """Listens to the runner's events and knows from them whether it is ready.

    Every account has to have been seen lately; `intervals` are those from poll to poll, by account
    SID, and `names` what an account is called, where that is not its SID. A runner that stands by
    for another is ready too: there is nothing it should be doing.
    """

    def __init__(
        self, intervals: Mapping[str, Millis], names: Mapping[str, str] | None = None
    ) -> None:
        self._intervals = intervals
        self._names = names or {}
        self._polled: dict[str, Millis] = {}
        self._troubles: dict[str, str] = dict.fromkeys(intervals, "no poll yet")
        self._role = "starting"
        self._stall = ""
        self._reload_ok = True

    def hear(self, event: Event) -> None:
        """Takes one event of the runner."""
        account = str(event.fields.get("account", ""))
        if event.name == "poll":
            self._polled[account] = event.at
            self._troubles.pop(account, None)
        elif event.name == "poll.failed":
            self._troubles[account] = str(event.fields.get("error", ""))
        elif event.name in ("reload.ok", "reload.failed"):
            self._reload_ok = event.name == "reload.ok"
        elif event.name in ("leading", "standby", "stalled"):
            self._role = event.name
            self._stall = str(event.fields.get("error", "")) if event.name == "stalled" else ""

    def report(self, now: Millis) -> tuple[bool, dict[str, object]]:
        """Whether the runner is ready, and the facts behind it."""
        late = [account for account in self._intervals if not self._is_fresh(account, now)]
        ready = self._role == "standby" or (not late and self._role != "stalled")
        oldest = [self._polled.get(account) for account in self._intervals]
        known = [at for at in oldest if at is not None]
        facts: dict[str, object] = {
            "ready": ready,
            "role": self._role,
            "accounts": len(self._intervals),
            "accounts_late": len(late),
            "last_good_poll_age_ms": now - min(known)
            if known and len(known) == len(oldest)
            else None,
            "last_reload_ok": self._reload_ok,
        }
        if late:
            facts["late"] = [self._names.get(account) or account for account in late[:_NAMED]]
        if self._stall:
            return ready, facts | {"trouble": self._stall}
        for account, trouble in self._troubles.items():
            name = self._names.get(account)
            facts["trouble"] = f"{name}: {trouble}" if name else trouble
            break
        return ready, facts

    def _is_fresh(self, account: str, now: Millis) -> bool:
        at = self._polled.get(account)
        return at is not None and now - at <= INTERVALS * self._intervals[account]


def routes(
    health: Health,
    clock: Clock,
    prefixes: Sequence[str],
    may_read: Callable[[web.Request], bool],
) -> list[web.RouteDef]:
    """`/healthz`, with each prefix, and `/readyz`: the facts for who may read, else the result."""

    async def healthz(_request: web.Request) -> web.Response:
        return answer({"alive": True})

    async def readyz(request: web.Request) -> web.Response:
        ready, facts = health.report(clock.now())
        if not may_read(request):
            facts = {name: facts[name] for name in ("ready", "role")}
        return answer(facts, status=200 if ready else 503)

    alive = [web.get(f"{prefix}/healthz", healthz) for prefix in prefixes]
    return [*alive, web.get("/readyz", readyz)]
