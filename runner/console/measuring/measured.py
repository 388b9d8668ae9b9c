"""The numbers behind the metrics: what one runner has heard, seen and asked for.

Adding to them costs next to nothing; what can be worked out when somebody asks waits until then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from runner.console.measuring.labels import (
    CODES,
    GUARDS,
    KINDS,
    MOST,
    OTHERS,
    OUTCOMES,
    POLLS,
    PUSHES,
    WATCHED,
    AccountLabels,
    RuleLabels,
    code_of,
    kind_of,
    one_of,
)
from runner.console.measuring.lags import Lags
from runner.console.measuring.tallies import Histogram, Labels, Tally
from runner.console.summing import Matches, Names, Summing, fresh
from runner.decision.steps import Held, Step
from runner.decision.turns import Turns
from runner.engine.clock import Clock
from runner.engine.far_side import Request
from runner.engine.poll import Poll, Show, nothing_to_show
from runner.engine.ports import Event, Pause
from runner.model import FlowSet, Millis

#: What an account's lists come to, whose first appearance must not go unseen.
_LISTS = ("2xx", "4xx", "5xx", "none")


@dataclass(slots=True)
class Watched:
    """One account, as its last good poll saw it."""

    label: str
    interval: Millis
    polled_at: Millis = 0
    clock_is_off: bool = False
    calls: int = 0
    matches: Matches = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)  # what was held back, by reason

    def clear(self) -> None:
        """What was seen is no longer this runner's to tell."""
        self.calls, self.matches, self.reasons = 0, {}, Counter()


class Measured:
    """All numbers of one runner. `pauses` is asked whenever somebody looks."""

    def __init__(
        self, accounts: Mapping[str, tuple[str, Millis]], clock: Clock, summing: Summing
    ) -> None:
        """`accounts`: by SID the alias ("" for none) and the interval of its polls."""
        self.clock = clock
        self._summing = summing
        self.labels = AccountLabels({sid: alias for sid, (alias, _) in accounts.items()})
        self.rules = RuleLabels()
        self.accounts = {
            sid: Watched(self.labels.of(sid), interval) for sid, (_, interval) in accounts.items()
        }
        self.lags = Lags(clock)
        self.pauses: Callable[[], Sequence[Pause]] = tuple
        self._count_polls_and_requests()
        self._count_rules()
        self.role, self.role_since, self.dry_run = "starting", clock.now(), False
        self.flow_set = FlowSet()
        self.reload_ok, self.reloaded_at = True, clock.now()
        self.crashes = 0

    def _count_polls_and_requests(self) -> None:
        each = self.labels.all
        self.polls = Tally((label, result) for label in each for result in POLLS)
        self.poll_durations = Histogram()
        self.requests = Tally((label, "list", code) for label in each for code in _LISTS)
        self.request_durations = {kind: Histogram() for kind in KINDS}
        self.throttled = Tally((label,) for label in each)
        self.pushes = Tally((result,) for result in PUSHES)
        self.push_lags = Histogram()

    def _count_rules(self) -> None:
        self.verdicts, self.acts, self.retries, self.trips = Tally(), Tally(), Tally(), Tally()

    # ---- what it is told --------------------------------------------------------------------

    def hear(self, event: Event) -> None:
        """Takes one event of the runner."""
        name = event.name
        if name == "action.crashed":
            self.crashes += 1
        elif name.startswith("action."):
            self._act(event, name.removeprefix("action."))
        elif name in ("leading", "standby", "stalled"):
            self._change_role(name, event.at)
        elif name in _HEARD:
            _HEARD[name](self, event)

    def see(self, sid: str, poll: Poll) -> Turns[Show]:
        """Takes one poll that saw the calls of an account; told when what it returns is called."""
        account, sight = self.accounts.get(sid), poll.sight
        if account is None or sight is None:
            return (yield from nothing_to_show())
        summary = yield from self._summing.of(sid, sight)
        new = yield from fresh(summary.matches, account.matches)
        to_do: Sequence[Step | Held] = (*sight.plan.steps, *sight.plan.shadows, *summary.held)
        show_lags = yield from self.lags.see(sid, to_do, asked=poll.asked)

        def show() -> None:
            for names, times in new:
                self.verdicts.add(*self.rules.of(*names), times=times)
            show_lags()
            account.calls, account.matches = len(sight.calls), summary.matches
            account.reasons = summary.reasons

        return show

    def answered(self, sid: str, request: Request) -> None:
        """Takes one request to Twilio's API that is over."""
        label, kind = self.labels.of(sid), kind_of(request.method, request.path)
        self.requests.add(label, one_of(KINDS, kind), one_of(CODES, code_of(request.status)))
        self.request_durations[kind].observe(request.took)
        if request.status == 429:
            self.throttled.add(label)

    def pushed(self, result: str, lag: Millis | None) -> None:
        """Takes what became of one status callback, and how long that took where it was acted."""
        self.pushes.add(one_of(PUSHES, result))
        if lag is not None:
            self.push_lags.observe(lag)

    def load(self, flow_set: FlowSet) -> None:
        """Takes the flows in force. What was counted of rules that are gone is forgotten."""
        self.flow_set = flow_set
        self.rules.load((rule.flow, rule.id) for rule in flow_set.rules)
        kept = self.rules.own | {OTHERS}
        shown: list[Names] = sorted(self.rules.own)
        if len(flow_set.rules) > MOST:
            shown.append(OTHERS)
        for tally, words in self._by_rule():
            tally.drop(lambda labels: labels[:2] not in kept)
            tally.promise(_each(shown, words))

    def _by_rule(self) -> tuple[tuple[Tally, tuple[Labels, ...]], ...]:
        """The tallies by rule, with the further labels that they show from the start."""
        none: tuple[Labels, ...] = ((),)
        return (
            (self.verdicts, none),
            (self.retries, none),
            (self.acts, tuple((word,) for word in WATCHED)),
            (self.trips, tuple((word,) for word in GUARDS)),
        )

    # ---- events -----------------------------------------------------------------------------

    def _act(self, event: Event, outcome: str) -> None:
        names = self._names(event)
        if outcome == "retrying":
            self.retries.add(*names)
        elif outcome != "intended":
            self.acts.add(*names, one_of(OUTCOMES, outcome))
        self.lags.hear(event, outcome)

    def _polled(self, event: Event) -> None:
        sid = str(event.fields.get("account", ""))
        self.polls.add(self.labels.of(sid), "ok")
        took = event.fields.get("took_ms")
        self.poll_durations.observe(took if isinstance(took, int) else 0)
        if sid in self.accounts:
            self.accounts[sid].polled_at = event.at

    def _poll_failed(self, event: Event) -> None:
        self.polls.add(self.labels.of(str(event.fields.get("account", ""))), "failed")

    def _change_role(self, role: str, at: Millis) -> None:
        self.role, self.role_since = role, at
        self.lags.forget()
        if role != "leading":
            for account in self.accounts.values():
                account.clear()

    def _started(self, event: Event) -> None:
        self.dry_run = bool(event.fields.get("dry_run"))

    def _tripped(self, event: Event) -> None:
        self.trips.add(*self._names(event), one_of(GUARDS, event.fields.get("guard")))

    def _reloaded(self, event: Event) -> None:
        self.reload_ok = event.name == "reload.ok"
        if self.reload_ok:
            self.reloaded_at = event.at

    def _compare_clocks(self, event: Event) -> None:
        account = self.accounts.get(str(event.fields.get("account", "")))
        if account is not None:
            account.clock_is_off = event.name == "clock.off"

    def _names(self, event: Event) -> Names:
        return self.rules.of(str(event.fields.get("flow")), str(event.fields.get("rule")))


def _each(names: Iterable[Names], further: Iterable[Labels]) -> list[Labels]:
    further = tuple(further)
    return [(*pair, *words) for pair in names for words in further]


_HEARD: Mapping[str, Callable[[Measured, Event], None]] = {
    "started": Measured._started,
    "poll": Measured._polled,
    "poll.failed": Measured._poll_failed,
    "rule.tripped": Measured._tripped,
    "reload.ok": Measured._reloaded,
    "reload.failed": Measured._reloaded,
    "clock.off": Measured._compare_clocks,
    "clock.ok": Measured._compare_clocks,
}
