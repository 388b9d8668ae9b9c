"""The table of all metrics: name, labels, what it says, and where its numbers come from.

Only this table says what is shown; `docs/operations.md` has the same one, and a test compares them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from runner import __version__
from runner.console.measuring.labels import KINDS
from runner.console.measuring.lags import TRIGGERS
from runner.console.measuring.measured import Measured
from runner.console.measuring.readings import (
    Numbers,
    at,
    by_account,
    held,
    matching,
    one,
    pauses,
    standing,
    tallied,
)
from runner.console.measuring.tallies import Histogram, Labels

Kind: TypeAlias = Literal["counter", "gauge"]


@dataclass(frozen=True, slots=True)
class Family:
    """One metric that is a number for each set of labels."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    says: str
    numbers: Callable[[Measured], Numbers]


@dataclass(frozen=True, slots=True)
class Lengths:
    """One metric that is a histogram for each value of its label, or without a label the one."""

    name: str
    labels: tuple[str, ...]
    says: str
    histograms: Callable[[Measured], Iterable[tuple[Labels, Histogram]]]


FAMILIES: tuple[Family, ...] = (
    Family(
        "callflow_build_info",
        "gauge",
        ("version",),
        "Which version runs; always 1.",
        lambda m: [((__version__,), 1.0)],
    ),
    Family(
        "callflow_leader",
        "gauge",
        (),
        "1 while this runner is the one that acts, 0 on a standby and in a dry run.",
        lambda m: one(m.role == "leading"),
    ),
    Family(
        "callflow_dry_run",
        "gauge",
        (),
        "1 where this runner decides and sends nothing.",
        lambda m: one(m.dry_run),
    ),
    Family(
        "callflow_stalled",
        "gauge",
        (),
        "1 while the store lets this runner neither renew its lease nor act.",
        lambda m: one(m.role == "stalled"),
    ),
    Family(
        "callflow_role_timestamp_seconds",
        "gauge",
        (),
        "When this runner took the role it has: leader, standby, stalled; at first its start.",
        lambda m: at(m.role_since),
    ),
    Family(
        "callflow_accounts",
        "gauge",
        (),
        "How many accounts are configured.",
        lambda m: one(len(m.accounts)),
    ),
    Family(
        "callflow_polls",
        "counter",
        ("account", "result"),
        "Polls that saw the calls (ok), and those that could not (failed).",
        lambda m: tallied(m.polls),
    ),
    Family(
        "callflow_last_poll_timestamp_seconds",
        "gauge",
        ("account",),
        "When the last good poll of the account was; 0 until the first.",
        lambda m: by_account(m, lambda each: each.polled_at / 1000, min),
    ),
    Family(
        "callflow_poll_interval_seconds",
        "gauge",
        ("account",),
        "From poll to poll, as configured.",
        lambda m: by_account(m, lambda each: each.interval / 1000, max),
    ),
    Family(
        "callflow_clock_off",
        "gauge",
        ("account",),
        "1 while this machine's clock and Twilio's differ by more than a minute.",
        lambda m: by_account(m, lambda each: each.clock_is_off, max),
    ),
    Family(
        "callflow_live_calls",
        "gauge",
        ("account",),
        "Live calls in the last good poll, as far as the rules ask for them; 0 on a standby.",
        lambda m: by_account(m, lambda each: each.calls, sum),
    ),
    Family(
        "callflow_verdicts",
        "counter",
        ("flow", "rule"),
        "Times that a poll saw the rule match a call that it had not matched in the poll before.",
        lambda m: tallied(m.verdicts),
    ),
    Family(
        "callflow_matching_calls",
        "gauge",
        ("flow", "rule"),
        "Calls that the rule matched in the last good poll, whatever came of it; 0 on a standby.",
        matching,
    ),
    Family(
        "callflow_held",
        "gauge",
        ("reason",),
        "Matches of the last good poll that led to nothing, by what held them back.",
        held,
    ),
    Family(
        "callflow_actions",
        "counter",
        ("flow", "rule", "outcome"),
        "Parts of acts that ended, by outcome; planned is what a dry run would send.",
        lambda m: tallied(m.acts),
    ),
    Family(
        "callflow_action_retries",
        "counter",
        ("flow", "rule"),
        "Times that a part of an act has to be tried or looked at again.",
        lambda m: tallied(m.retries),
    ),
    Family(
        "callflow_action_crashes",
        "counter",
        (),
        "Acts that a fault in callflow or its store broke off.",
        lambda m: one(m.crashes),
    ),
    Family(
        "callflow_guard_trips",
        "counter",
        ("flow", "rule", "guard"),
        "Times that a guard paused the rule instead of letting it act.",
        lambda m: tallied(m.trips),
    ),
    Family(
        "callflow_flows",
        "gauge",
        (),
        "How many flows are in force.",
        lambda m: one(len(m.flow_set.flows)),
    ),
    Family(
        "callflow_rules",
        "gauge",
        (),
        "How many rules are in force.",
        lambda m: one(len(m.flow_set.rules)),
    ),
    Family(
        "callflow_reload_success",
        "gauge",
        (),
        "1 while the flows in force are those on disk, 0 where these have an error.",
        lambda m: one(m.reload_ok),
    ),
    Family(
        "callflow_reload_success_timestamp_seconds",
        "gauge",
        (),
        "When flows were put in force last; at first this runner's start.",
        lambda m: at(m.reloaded_at),
    ),
    Family(
        "callflow_pauses",
        "gauge",
        ("kind",),
        "Pauses that stand, by what they pause; tripped: by a guard. 0 on a standby.",
        pauses,
    ),
    Family(
        "callflow_kill_switch",
        "gauge",
        (),
        "1 while everything is paused; 0 on a standby.",
        lambda m: one(standing(m)["everything"] > 0),
    ),
    Family(
        "callflow_api_requests",
        "counter",
        ("account", "kind", "code"),
        "Requests to Twilio's API that are over; code none is one that got no answer.",
        lambda m: tallied(m.requests),
    ),
    Family(
        "callflow_api_throttled",
        "counter",
        ("account",),
        "Requests that Twilio answered with 429.",
        lambda m: tallied(m.throttled),
    ),
    Family(
        "callflow_push",
        "counter",
        ("result",),
        "Status callbacks by what became of them.",
        lambda m: tallied(m.pushes),
    ),
)

LENGTHS: tuple[Lengths, ...] = (
    Lengths(
        "callflow_poll_duration_seconds",
        (),
        "How long good polls took, from asking for the calls to knowing what to do.",
        lambda m: [((), m.poll_durations)],
    ),
    Lengths(
        "callflow_action_lag_seconds",
        ("trigger",),
        "From the poll or push that first saw the rule match to the confirmed request of the act.",
        lambda m: [((trigger,), m.lags.by_trigger[trigger]) for trigger in TRIGGERS],
    ),
    Lengths(
        "callflow_api_request_duration_seconds",
        ("kind",),
        "How long requests to Twilio's API took.",
        lambda m: [((kind,), m.request_durations[kind]) for kind in KINDS],
    ),
    Lengths(
        "callflow_push_lag_seconds",
        (),
        "From a status callback to the end of the act that it set off.",
        lambda m: [((), m.push_lags)],
    ),
)
