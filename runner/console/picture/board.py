"""The runner's live picture in memory: what is live, which rules match and act, what is held back.

It takes the runner's events and its polls as they come, keeps references to what a poll saw, and
leaves all work that grows with the calls to those who ask (`runner.console.picture.pictures`).
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, TypeAlias

from runner.console.picture.accounts import Account, Act, Look
from runner.console.picture.ring import Ring
from runner.console.summing import Fresh, Summary, Summing, fresh
from runner.decision.turns import Turns
from runner.engine.brain import Sight
from runner.engine.clock import Clock
from runner.engine.poll import Poll, Show, nothing_to_show
from runner.engine.ports import Event, Pause
from runner.model import FlowSet, Millis
from runner.problems import Problem

#: What can change by itself; the page asks anew for what it shows and has changed.
Part: TypeAlias = Literal["calls", "rules", "held", "acts", "pauses", "flows"]
PARTS: tuple[Part, ...] = ("calls", "rules", "held", "acts", "pauses", "flows")
#: The newest ends of acts that are kept to be shown.
ACTS = 500
#: Of so many calls that are over the last act is still known.
OVER = 2_000
#: Of so many calls that were acted on the caller's name is known, to be hidden in the history.
NAMES = 20_000


@dataclass(frozen=True, slots=True)
class Flows:
    """The flows in force. Unless `ok` newer files could not take their place: for `problems`, or
    because they could not even be read, for `trouble`.
    """

    flow_set: FlowSet = field(default_factory=FlowSet)
    ok: bool = True
    problems: tuple[Problem, ...] = ()
    trouble: str = ""


class Board:
    """What is known of one runner. `pauses` and `flows` are asked whenever somebody looks."""

    def __init__(
        self,
        accounts: Mapping[str, tuple[str, Millis]],
        clock: Clock,
        *,
        over: int = OVER,
        summing: Summing | None = None,
    ) -> None:
        """`accounts`: by SID the alias ("" for none) and the interval of its polls.

        Of calls that are over `over` acts are kept. `summing` may be shared with who counts too.
        """
        self._summing = summing or Summing()
        self.clock = clock
        self._over = over
        self.accounts = {s: Account(s, alias, each) for s, (alias, each) in accounts.items()}
        self.started_at = clock.now()
        self.role = "starting"
        self.holder = ""
        self.stall = ""
        self.dry_run = False
        self.reloaded_at = self.started_at
        self.hour = Ring(clock)
        self.acts: deque[Act] = deque(maxlen=ACTS)
        self.last: dict[str, Act] = {}  # by call SID
        self.names: dict[str, str] = {}  # of callers, by call SID: of calls that were acted on
        self.matched: Counter[str] = Counter()  # by rule, since the start
        self.outcomes: dict[str, Counter[str]] = {}  # by rule, since the start
        self.trips: Counter[str] = Counter()  # by rule, since the start
        self.pauses: Callable[[], Sequence[Pause]] = tuple
        self.flows: Callable[[], Flows] = Flows
        self.revisions: dict[Part, int] = dict.fromkeys(PARTS, 0)
        self.version = 0
        self._moved = asyncio.Event()

    # ---- what it is told --------------------------------------------------------------------

    def hear(self, event: Event) -> None:
        """Takes one event of the runner."""
        name = event.name
        if name.startswith("action.") and name != "action.crashed":
            self._act(event, name.removeprefix("action."))
        elif name == "poll":
            self._polled(event)
        elif name == "poll.failed":
            self._poll_failed(event)
        elif name in ("leading", "standby", "stalled"):
            self._changed_role(event)
        elif name in _MOVES:
            self._other(event)

    def see(self, sid: str, poll: Poll) -> Turns[Show]:
        """Takes one poll that saw the calls of an account; shown when what it returns is called."""
        account, sight = self.accounts.get(sid), poll.sight
        if account is None or sight is None:
            return (yield from nothing_to_show())
        summary = yield from self._summing.of(sid, sight)
        new = yield from fresh(summary.matches, account.look.matches)
        return partial(self._show, account, sight, summary, new)

    def _show(self, account: Account, sight: Sight, summary: Summary, new: Fresh) -> None:
        for (flow, rule), times in new:
            self.matched[f"{flow}/{rule}"] += times
        account.look, account.calls = Look(sight, summary), len(sight.calls)
        self._note_names(sight)
        self._forget()
        self._sample()
        self._bump("calls", "rules", "held")

    # ---- what it knows ----------------------------------------------------------------------

    @property
    def calls(self) -> int:
        """How many calls are live, as far as the rules ask for them."""
        return sum(account.calls for account in self.accounts.values())

    @property
    def held(self) -> int:
        """How many verdicts are held back."""
        return sum(len(account.look.held) for account in self.accounts.values())

    @property
    def spent(self) -> int:
        """How many calls have a rule that has acted on them as often as it may."""
        return sum(len(account.look.spent) for account in self.accounts.values())

    def name_of(self, sid: str) -> str:
        """What an account is called here: its alias, else its SID."""
        account = self.accounts.get(sid)
        return (account.alias if account else "") or sid

    async def moved(self, since: int) -> int:
        """Waits until something has changed since that version; returns the newest."""
        while self.version <= since:
            await self._moved.wait()
        return self.version

    # ---- events -----------------------------------------------------------------------------

    def _act(self, event: Event, outcome: str) -> None:
        act = _act_of(event, outcome)
        self.last[act.call] = act
        if outcome not in ("intended", "retrying"):
            self.acts.append(act)
            self.hour.count(outcome)
            self.outcomes.setdefault(act.rule_key, Counter())[outcome] += 1
        self._bump("acts", "rules", "calls")

    def _polled(self, event: Event) -> None:
        account = self._account(event)
        if account is None:
            return
        account.polled_at, account.error = event.at, ""
        account.took, account.requests = _number(event, "took_ms"), _number(event, "requests")
        account.calls = _number(event, "calls")
        if self.dry_run:
            self.role = "dry-run"
        self._bump("calls")

    def _poll_failed(self, event: Event) -> None:
        account = self._account(event)
        if account is not None:
            account.error = str(event.fields.get("error", "")) or "no reason was given"
            self._bump("calls")

    def _changed_role(self, event: Event) -> None:
        """What was seen before is another term's, or another runner's by now."""
        self.role = event.name
        self.holder = str(event.fields.get("holder", ""))
        self.stall = str(event.fields.get("error", "")) if event.name == "stalled" else ""
        if event.name != "leading":
            self._summing.forget()
            for account in self.accounts.values():
                account.forget()
        self._bump("calls", "rules", "held")

    def _other(self, event: Event) -> None:
        if event.name == "started":
            self.dry_run = bool(event.fields.get("dry_run"))
        elif event.name == "rule.tripped":
            self.trips[f"{event.fields.get('flow')}/{event.fields.get('rule')}"] += 1
        elif event.name == "reload.ok":
            self.reloaded_at = event.at
            self._keep_rules_in_force()
        self._bump(*_MOVES[event.name])

    # ---- bounds -----------------------------------------------------------------------------

    def _keep_rules_in_force(self) -> None:
        """Counts of rules that are gone are forgotten: files may be edited for years."""
        known = {rule.key for rule in self.flows().flow_set.rules}
        counts: Sequence[dict[str, int]] = (self.matched, self.trips)
        for each in counts:
            for key in each.keys() - known:
                del each[key]
        for key in self.outcomes.keys() - known:
            del self.outcomes[key]

    def _forget(self) -> None:
        """Forgets the acts on calls that are over, the oldest first."""
        many = len(self.last) - self.calls - self._over
        if many <= 0:
            return
        sights = (account.look.sight for account in self.accounts.values())
        live = {call.sid for sight in sights if sight is not None for call in sight.calls}
        for sid in [sid for sid in self.last if sid not in live][:many]:
            del self.last[sid]

    def _note_names(self, sight: Sight) -> None:
        """The ledger keeps what was said to a call, and not who its caller was."""
        for step in (*sight.plan.steps, *sight.plan.shadows):
            if step.call.caller_name:
                self.names[step.call.sid] = step.call.caller_name
        while len(self.names) > NAMES:
            del self.names[next(iter(self.names))]

    def _sample(self) -> None:
        self.hour.sample(calls=self.calls, held=self.held)

    def _account(self, event: Event) -> Account | None:
        return self.accounts.get(str(event.fields.get("account", "")))

    def _bump(self, *parts: Part) -> None:
        for part in parts:
            self.revisions[part] += 1
        self.version += 1
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()


#: Events that change no more than what is shown of these parts.
_MOVES: Mapping[str, tuple[Part, ...]] = {
    "started": (),
    "rule.tripped": ("rules", "held"),
    "rule.paused": ("pauses", "rules"),
    "rule.resumed": ("pauses", "rules"),
    "reload.ok": ("flows", "rules"),
    "reload.failed": ("flows",),
    "stopped": (),
}


def _act_of(event: Event, outcome: str) -> Act:
    fields = event.fields
    then = fields.get("then")
    texts = (str(fields.get(name, "")) for name in ("account", "call", "flow", "rule"))
    account, call, flow, rule = texts
    return Act(
        event.at,
        account,
        call,
        flow,
        rule,
        tuple(map(str, then)) if isinstance(then, (list, tuple)) else (),
        str(fields.get("part", "")),
        outcome,
        str(fields.get("detail") or fields.get("why") or ""),
    )


def _number(event: Event, name: str) -> int:
    value = event.fields.get(name)
    return value if isinstance(value, int) else 0
