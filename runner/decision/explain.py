"""Why each rule of a flow does to a call what it does: the same facts that the plan came from.

Nothing is decided here. The matcher says which rules are verdicts, the plan what became of them;
what is added is the tree of conditions, and what would have to change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeAlias

from runner.call import Call
from runner.decision.bounds import Bounds
from runner.decision.holds import Holds, hold_key
from runner.decision.limits import Use, limits_of
from runner.decision.matcher import Matcher, Verdict, in_cohort
from runner.decision.needs import Need, needs
from runner.decision.once import History, Turn, turn_of
from runner.decision.planner import NO_BOUNDS, Plan, Planner, Step
from runner.decision.rulebook import Rulebooks
from runner.decision.tree import Node, look
from runner.durations import format_duration
from runner.model import Flow, Millis, Moment, Rule
from runner.pauses import Pause

#: What comes of a rule on a call, as stable words. `acts`: it is carried out. `shadow`: recorded
#: only. `records`: a verdict that changes no call. `no-match`: its conditions don't hold. `hold`:
#: not for long enough yet. `taken`: an earlier rule is the flow's verdict. `unlisted`: it matches a
#: call that no poll asks for. `disabled`, `flow-disabled`, `other-account`: not in force here. The
#: others are the reasons of `runner.decision.planner.Held`.
Fate: TypeAlias = str
_Outcome: TypeAlias = tuple[Fate, str, Step | None]


@dataclass(frozen=True)  # no slots: it remembers what it has looked up
class Scene:
    """One poll as it was decided: what was listed, when, the holds after it, the plan.

    `history` should know the call that is asked about; `flows` are the names of those in force,
    None for all. `bounds` are those that the plan was made within; `live` are all live calls, where
    more are known than were listed. `books` are those of the process, where flows are in force.
    """

    calls: Sequence[Call]
    moment: Moment
    holds: Holds
    plan: Plan
    history: History = field(default_factory=History)
    flows: Collection[str] | None = None
    bounds: Bounds = NO_BOUNDS
    live: Sequence[Call] = ()
    books: Rulebooks = field(default_factory=Rulebooks)

    @cached_property
    def outcomes(self) -> dict[tuple[str, str], _Outcome]:
        """(call SID, `flow/rule`) → what the plan made of the verdict."""
        apart = "the call is outside the rule's cohort: recorded, not sent"
        found: dict[tuple[str, str], _Outcome] = {}
        for step in self.plan.steps:
            found[step.call.sid, step.rule.key] = "acts", step.why, step
        for step in self.plan.shadows:
            found[step.call.sid, step.rule.key] = "shadow", apart, step
        for held in self.plan.held:
            found[held.call.sid, held.rule.key] = held.reason, held.detail, None
        return found

    @cached_property
    def listed(self) -> frozenset[str]:
        """The SIDs of the calls that the poll saw."""
        return frozenset(call.sid for call in self.calls)

    @cached_property
    def wanted(self) -> dict[str, int]:
        """`flow/rule` → how many calls it would change in this poll, guards aside."""
        held = [each.rule.key for each in self.plan.held if each.reason == "guard"]
        changing = (step.rule.key for step in self.plan.steps if step.changes_call)
        return Counter([*changing, *held])

    def protection(self, call: Call) -> str:
        """Why the call must never be changed, or a leg that would suffer with it; else ""."""
        return self._planner.protection(call)

    @cached_property
    def _planner(self) -> Planner:
        return Planner(self.live or self.calls, self.moment, bounds=self.bounds)


@dataclass(frozen=True, slots=True)
class Explanation:
    """One rule and one call.

    `matches` says that the conditions hold and have held for long enough. `held` is for how long
    they have held, where the rule has a `for`. `behind` is the earlier rule that is the flow's
    verdict, "" where there is none. `once` is the turn that the rule would have, or why it has
    none. `needs` is what would have to change for the conditions to hold, None where no call can
    meet them. `limits` are the guards of the rule, `pause` what keeps it from acting on any call,
    `protection` why this call must never be changed. `fate` is what comes of it, `detail` why, in
    words; `step` what is sent or recorded.
    """

    call: Call
    flow: Flow
    rule: Rule
    match: Node
    matches: bool
    held: Millis | None
    behind: str
    in_cohort: bool
    once: Turn | str
    needs: tuple[Need, ...] | None
    limits: tuple[Use, ...]
    pause: Pause | None = None
    protection: str = ""
    fate: Fate = "no-match"
    detail: str = ""
    step: Step | None = None

    @property
    def would_act(self) -> bool:
        """Whether the plan has a step of this rule on this call."""
        return self.fate == "acts"


def explain(flow: Flow, call: Call, scene: Scene) -> list[Explanation]:
    """What each rule of the flow says about the call, in file order."""
    # The holds after a poll, asked again at its own moment, give what that poll saw.
    again = Holds(scene.holds.after, scene.moment.now)
    verdicts = Matcher((flow,), scene.books).verdicts(call, scene.moment, again)
    by_rule = {verdict.rule.id: verdict for verdict in verdicts}
    found, behind = [], ""
    for rule in flow.rules:
        verdict = by_rule.get(rule.id)
        found.append(_explained(verdict or Verdict(call, flow, rule, 0), scene, behind))
        if verdict is not None and not (rule.proceed or verdict.shadow):
            behind = rule.key
    return found


def explain_all(flows: Sequence[Flow], call: Call, scene: Scene) -> list[Explanation]:
    """The same for every rule of every flow."""
    return [each for flow in flows for each in explain(flow, call, scene)]


def _explained(verdict: Verdict, scene: Scene, behind: str) -> Explanation:
    call, flow, rule = verdict.call, verdict.flow, verdict.rule
    tree = look(rule.match, call, scene.moment)
    held = _held(rule, call, scene) if rule.hold else None
    cohort = in_cohort(rule, call.sid)
    asked = Verdict(call, flow, rule, verdict.order, shadow=not cohort)
    facts = Explanation(
        call,
        flow,
        rule,
        tree,
        matches=tree.truth is True and (held is None or held >= rule.hold),
        held=held,
        behind=behind,
        in_cohort=cohort,
        once=turn_of(asked, scene.history, scene.moment, ()),
        needs=needs(tree),
        limits=limits_of(
            rule, scene.bounds, live=len(scene.live or scene.calls), wanted=scene.wanted
        ),
        pause=scene.bounds.pause_of(flow.name, rule.id),
        protection=scene.protection(call),
    )
    fate, detail, step = _kept_out(facts, scene) or _planned(facts, scene)
    return replace(facts, fate=fate, detail=detail, step=step)


def _held(rule: Rule, call: Call, scene: Scene) -> Millis:
    """For how long the conditions have held; a call on which they don't has no hold."""
    since = scene.holds.after.get((call.sid, hold_key(rule)))
    return 0 if since is None else scene.moment.now - since


def _kept_out(facts: Explanation, scene: Scene) -> _Outcome | None:
    """Why the rule is no verdict on the call; None where it is one."""
    flow, rule = facts.flow, facts.rule
    if scene.flows is not None and flow.name not in scene.flows:
        return "other-account", "the flow is for " + ", ".join(flow.accounts), None
    if not flow.enabled:
        return "flow-disabled", "the flow is switched off", None
    if not rule.enabled:
        return "disabled", "the rule is switched off", None
    if facts.match.truth is not True:
        return "no-match", _missing(facts.needs), None
    if not facts.matches:
        held, wanted = format_duration(facts.held or 0), format_duration(rule.hold)
        return "hold", f"its conditions have held for {held}; it wants {wanted}", None
    if facts.behind:
        return "taken", f"{facts.behind} stands above it and decides for the flow", None
    return None


def _missing(needed: tuple[Need, ...] | None) -> str:
    if needed is None:
        return "no call can meet these conditions"
    return "; ".join(map(str, needed))


def _planned(facts: Explanation, scene: Scene) -> _Outcome:
    """What the plan made of the verdict."""
    known = scene.outcomes.get((facts.call.sid, facts.rule.key))
    if known is not None:
        return known
    if facts.call.sid not in scene.listed:
        return "unlisted", "no poll sees this call: only live ones are asked for", None
    return "records", "none of its actions changes the call", None
