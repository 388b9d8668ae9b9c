"""A site whose runner is traced."""

from __future__ import annotations

from runner.cli.daemon.logs import tee
from runner.console.tracing.traces import Traces, open_traces
from runner.engine.loop import Engine
from tests.site import Site


def traced(site: Site) -> Traces:
    """Traces that hear what the site's engine tells, and what it asks of the far side."""
    traces = open_traces(site.time)
    account = site.sandbox.account_sid
    site.engine = Engine(
        account,
        site.gateway,
        store=site.store,
        clock=site.time,
        tell=tee(site.events.append, traces.hear),
    )
    site.gateway.listen(lambda request: traces.answered(account, request))
    return traces
