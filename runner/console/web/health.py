"""Whether the runner lives and does its work: `/healthz` and `/readyz`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from aiohttp import web

from runner.console.answers import answer
from runner.console.picture.accounts import is_fresh
from runner.engine.clock import Clock
from runner.engine.ports import Event
from runner.model import Millis

#: So many accounts that are late are named.
_NAMED = 10


class Health:
    """Listens to the runner's events and knows from them whether it is ready.

    Every account has to have been seen lately, and the store has to take what is written.
    `intervals` are those from poll to poll, by account SID, and `names` what an account is called,
    where that is not its SID. A runner that stands by for another is ready too: there is nothing
    it should be doing.
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
        self._rules: int | None = None
        self._dry_run = False
        #: Whether the lease is still this runner's; it may have run out before anybody tells.
        self.leads: Callable[[], bool] = lambda: True

    def hear(self, event: Event) -> None:
        """Takes one event of the runner."""
        account = str(event.fields.get("account", ""))
        if event.name == "poll":
            self._polled[account] = event.at
            self._troubles.pop(account, None)
        elif event.name == "poll.failed":
            self._troubles[account] = str(event.fields.get("error", ""))
        elif event.name in ("started", "reload.ok", "reload.failed"):
            self._loaded(event)
        elif event.name in ("leading", "standby", "stalled"):
            self._role = event.name
            self._stall = str(event.fields.get("error", "")) if event.name == "stalled" else ""

    def report(self, now: Millis) -> tuple[bool, dict[str, object]]:
        """Whether the runner is ready, and the facts behind it."""
        late = [account for account in self._intervals if not self._is_fresh(account, now)]
        stall = self._stalled()
        ready = self._role == "standby" or (not late and not stall)
        oldest = [self._polled.get(account) for account in self._intervals]
        known = [at for at in oldest if at is not None]
        facts: dict[str, object] = {
            "ready": ready,
            "role": self._role,
            "accounts": len(self._intervals),
            "accounts_late": len(late),
            "last_good_poll_age_ms": max(abs(now - at) for at in known)
            if known and len(known) == len(oldest)
            else None,
            "last_reload_ok": self._reload_ok,
            "flows": {"rules": self._rules, "ok": self._reload_ok},
            "store": self._store(),
        }
        if late:
            facts["late"] = [self._names.get(account) or account for account in late[:_NAMED]]
        if stall:
            return ready, facts | {"trouble": stall}
        for account, trouble in self._troubles.items():
            name = self._names.get(account)
            facts["trouble"] = f"{name}: {trouble}" if name else trouble
            break
        return ready, facts

    def _loaded(self, event: Event) -> None:
        """Rules that were loaded stay in force when newer files can't be."""
        if event.name == "started":
            self._dry_run = bool(event.fields.get("dry_run"))
            self._role = "dry-run" if self._dry_run else self._role
        self._reload_ok = event.name != "reload.failed"
        rules = event.fields.get("rules")
        if isinstance(rules, int):
            self._rules = rules

    def _stalled(self) -> str:
        """What keeps this runner from acting although nobody else does; "" for nothing."""
        if self._role == "stalled":
            return self._stall or "the store can't be used"
        if self._role == "leading" and not self.leads():
            return "the lease could not be renewed in time: the store doesn't answer"
        return ""

    def _store(self) -> str:
        """The lease is written every other second: it shows whether the store can be."""
        if self._dry_run:
            return "not written"
        if self._stalled():
            return "not writable"
        return {"leading": "writable", "standby": "not written"}.get(self._role, "not tried")

    def _is_fresh(self, account: str, now: Millis) -> bool:
        return is_fresh(self._polled.get(account), now, self._intervals[account])


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
