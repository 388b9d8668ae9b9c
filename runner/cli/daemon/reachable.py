"""Says at the start, and when flows change, what Twilio could not fetch from this runner."""

from __future__ import annotations

from runner.actions.sequence import is_fetched
from runner.cli.daemon.crew import Crew
from runner.engine.ports import Event
from runner.model import FlowSet
from runner.settings import RunSettings
from runner.written import is_open_to_view

#: Rules that are named; there may be thousands.
_NAMED = 5


def fetched_rules(flow_set: FlowSet) -> list[str]:
    """The enabled rules that need Twilio to fetch a document from the runner, as `flow/rule`."""
    return [
        rule.key
        for flow in flow_set.flows
        for rule in flow.rules
        if flow.enabled and rule.enabled and is_fetched(rule.then)
    ]


def warn_of_unreachable(crew: Crew, flow_set: FlowSet) -> None:
    """Tells which rules will fail because Twilio can't fetch what they say."""
    rules = fetched_rules(flow_set) if crew.documents is None else []
    if not rules:
        return
    fields = {"rules": len(rules), "first": rules[:_NAMED], "hint": _hint(crew.settings)}
    crew.tell(Event("unreachable", crew.clock.now(), "warning", fields))


def warn_of_open_url(crew: Crew) -> None:
    """Tells that what Twilio fetches can be read and changed on its way."""
    url = crew.settings.public_url
    if url is not None and is_open_to_view(url):
        hint = "use https: what Twilio fetches can be read and changed on its way"
        fields = {"public_url": url, "hint": hint}
        crew.tell(Event("insecure", crew.clock.now(), "warning", fields))


def _hint(settings: RunSettings) -> str:
    missing = [
        option
        for option, value in (("--listen", settings.listen), ("--public-url", settings.public_url))
        if not value
    ]
    return f"Twilio can't fetch their text from here; give {' and '.join(missing)}, or a url"
