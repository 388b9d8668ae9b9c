"""What is shipped for Prometheus and Grafana, and what a runner shows them, for tests."""

from __future__ import annotations

import json
import re
import subprocess
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.metrics_core import Metric

from runner.console.measuring.metrics import Metrics
from runner.engine.clock import SystemClock
from runner.model import AllOf, Flow, FlowSet, Rule
from runner.problems import Position
from tests.tools import needs

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "deploy" / "prometheus"
RULES, RULES_TEST = FOLDER / "callflow.rules.yml", FOLDER / "callflow.rules.test.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "callflow.json"
OPERATIONS = ROOT / "docs" / "operations.md"


def samples() -> list[tuple[str, dict[str, str], float]]:
    """All that a runner shows from its start, sample by sample."""
    here = Position("flows/caps.yaml", 1, 1)
    rule = Rule("cut", "caps", AllOf((), here), (), here)
    metrics = Metrics({"AC" + "0" * 32: ("shop", 2_000)}, SystemClock())
    metrics.load(FlowSet((Flow("caps", (rule,), here, ""),)))
    return [
        (sample.name, dict(sample.labels), sample.value)
        for family in metrics.registry.collect()
        for sample in family.samples
    ]


@cache
def shown() -> dict[str, dict[str, set[str]]]:
    """What a runner shows from its start: by sample, and label, the values."""
    found: dict[str, dict[str, set[str]]] = {}
    for name, labels, _ in samples():
        values = found.setdefault(name, defaultdict(set))
        for label, value in labels.items():
            values[label].add(value)
    return found


def families() -> list[Metric]:
    return list(Metrics({}, SystemClock()).families())


def alerts() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return list(group["rules"])


def panels() -> list[dict[str, Any]]:
    return list(json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"])


def expressions() -> list[str]:
    """Of the alerts, and of the dashboard with its variables chosen."""
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    queries = [v["definition"] for v in dashboard["templating"]["list"] if v["type"] == "query"]
    targets = [target["expr"] for panel in panels() for target in panel.get("targets", ())]
    chosen = (re.sub(r"\$(job|account)", ".*", text) for text in (*queries, *targets))
    return [alert["expr"] for alert in alerts()] + list(chosen)


def promtool(*arguments: str | Path) -> str:
    """Runs it where its test files lie."""
    command = [needs("promtool"), *map(str, arguments)]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
