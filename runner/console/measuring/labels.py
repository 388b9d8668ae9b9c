"""What may stand in a label: bounded sets, from the configuration and the flows alone.

Nothing that a caller, Twilio or a stranger says becomes a label value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runner.console.summing import Names

#: Where everything is summed that has no label of its own.
OTHER = "(other)"
OTHERS: Names = (OTHER, OTHER)
#: So many accounts, and so many rules, have labels of their own.
MOST = 1_000

#: How a part of an act can end, by the names of the log's events.
OUTCOMES = ("done", "gone", "failed", "unknown", "withdrawn", "skipped", "shadowed", "planned")
#: Those that are there from the start, as zero: a counter that appears with its first failure
#: has no increase that an alert could see.
WATCHED = ("done", "failed", "unknown")
#: Why verdicts lead to nothing, as `runner.decision.steps.Held` has them.
REASONS = (
    "once",
    "status",
    "outranked",
    "leg-group",
    "in-flight",
    "unsendable",
    "paused",
    "tripped",
    "guard",
    "protected",
)
GUARDS = ("burst", "rate")
POLLS = ("ok", "failed")
SCOPES = ("everything", "account", "flow", "rule", "tripped")
#: What a request is about, and how it was answered.
KINDS = ("list", "fetch", "update", "side", "conference", "number", "notification", "other")
CODES = ("2xx", "3xx", "4xx", "429", "5xx", "none")
#: What became of a status callback: of a look at its call, or why there was none.
PUSHES = (
    *("acted", "evaluated", "over", "waits-for-poll", "busy", "failed", "stopped", "standby"),
    *("malformed", "stranger", "unverifiable", "forged", "late", "replayed"),
)

#: By the word behind the account in a path.
_RESOURCES = {
    "Conferences": "conference",
    "IncomingPhoneNumbers": "number",
    "Applications": "number",
}
#: Below a call: what Twilio remembers of it, which is asked for and never changed.
_MEMORIES = ("Notifications", "Events")


class AccountLabels:
    """What each account is called in labels: its alias, else its SID."""

    def __init__(self, aliases: Mapping[str, str]) -> None:
        own = list(aliases)[:MOST]
        self._labels = {sid: aliases[sid] or sid for sid in own}
        rest = (OTHER,) if len(aliases) > MOST else ()
        #: Every label that there is from the start.
        self.all = tuple(dict.fromkeys((*self._labels.values(), *rest)))

    def of(self, sid: str) -> str:
        """The label of an account."""
        return self._labels.get(sid, OTHER)


class RuleLabels:
    """Which rules have labels of their own: one that has them keeps them while it is in force."""

    def __init__(self) -> None:
        self.own: frozenset[Names] = frozenset()

    def load(self, rules: Iterable[Names]) -> None:
        """Takes the rules in force, in file order."""
        names = dict.fromkeys(rules)
        kept = [each for each in names if each in self.own]
        fresh = [each for each in names if each not in self.own]
        self.own = frozenset((*kept, *fresh)[:MOST])

    def of(self, flow: str, rule: str) -> Names:
        """The labels of a rule."""
        names = (flow, rule)
        return names if names in self.own else OTHERS


def one_of(known: tuple[str, ...], value: object) -> str:
    """The value, where it is one of these words."""
    return value if isinstance(value, str) and value in known else OTHER


def kind_of(method: str, path: str) -> str:
    """What a request to Twilio's API is about, by `KINDS`."""
    _, _, below = path.partition("/Accounts/")
    resource, *rest = below.removesuffix(".json").split("/")[1:] or [""]
    if resource != "Calls":
        return _RESOURCES.get(resource, "other")
    if not rest:
        return "list" if method == "GET" else "other"
    if len(rest) == 1:
        return "fetch" if method == "GET" else "update"
    return "notification" if rest[1] in _MEMORIES else "side"


def code_of(status: int | None) -> str:
    """How a request was answered, by `CODES`."""
    if status is None:
        return "none"
    if status == 429:
        return "429"
    return f"{status // 100}xx" if 200 <= status < 600 else "none"
