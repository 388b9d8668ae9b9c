"""Promises: alerts and dashboard name what the runner shows, and the documents explain each."""

from __future__ import annotations

import json
import re
import subprocess
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.metrics_core import Metric

from runner.console import labels, push
from runner.console.catalogue import FAMILIES, LENGTHS
from runner.console.metrics import Metrics
from runner.engine.clock import SystemClock
from runner.model import AllOf, Flow, FlowSet, Rule
from runner.problems import Position
from tests.tools import needs

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "deploy" / "prometheus"
RULES, RULES_TEST = FOLDER / "callflow.rules.yml", FOLDER / "callflow.rules.test.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "callflow.json"
OPERATIONS = ROOT / "docs" / "operations.md"

#: A metric with its matchers, in an expression.
SELECTOR = re.compile(r"\b((?:callflow|process|python)_\w+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r"(\w+)\s*(=~|=|!=|!~)\s*\"([^\"]*)\"")
#: What Prometheus adds to everything that it scrapes.
ADDED = {"job", "instance"}


@cache
def shown() -> dict[str, dict[str, set[str]]]:
    """What a runner shows from its start: by sample, and label, the values."""
    here = Position("flows/caps.yaml", 1, 1)
    rule = Rule("cut", "caps", AllOf((), here), (), here)
    metrics = Metrics({"AC" + "0" * 32: ("shop", 2_000)}, SystemClock())
    metrics.load(FlowSet((Flow("caps", (rule,), here, ""),)))
    found: dict[str, dict[str, set[str]]] = {}
    for family in metrics.registry.collect():
        for sample in family.samples:
            values = found.setdefault(sample.name, defaultdict(set))
            for label, value in sample.labels.items():
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


# ---- what they name -------------------------------------------------------------------------


@pytest.mark.parametrize("expression", expressions())
def test_an_expression_names_metrics_and_labels_that_there_are(expression: str) -> None:
    selectors = SELECTOR.findall(expression)
    assert selectors or "up{" in expression
    for name, matchers in selectors:
        assert name in shown(), name
        for label, operator, value in MATCHER.findall(matchers):
            assert label in shown()[name].keys() | ADDED
            if label in ADDED or value == ".*" or name == "callflow_api_requests_total":
                continue
            # Each word that is asked for is there from the start, so that a rise is seen.
            words = value.split("|") if operator in ("=~", "!~") else [value]
            assert set(words) <= shown()[name][label], (name, label)


def test_alerts_on_lists_see_the_first_refusal() -> None:
    kinds = shown()["callflow_api_requests_total"]
    assert kinds["kind"] == {"list"}
    assert "4xx" in kinds["code"]


def test_every_result_of_a_callback_is_counted() -> None:
    assert set(labels.PUSHES) == set(push.RESULTS)


# ---- alerts ---------------------------------------------------------------------------------


def test_promtool_takes_the_rules_and_their_tests() -> None:
    assert f"SUCCESS: {len(alerts())} rules found" in promtool("check", "rules", RULES)
    assert "SUCCESS" in promtool("test", "rules", RULES_TEST)


def test_each_alert_is_tested_to_fire_and_not_to() -> None:
    tried: dict[str, set[bool]] = defaultdict(set)
    for group in yaml.safe_load(RULES_TEST.read_text(encoding="utf-8"))["tests"]:
        for check in group["alert_rule_test"]:
            tried[check["alertname"]].add(bool(check["exp_alerts"]))
    assert dict(tried) == {alert["alert"]: {True, False} for alert in alerts()}


def test_each_alert_says_how_bad_it_is_and_where_to_read_on() -> None:
    for alert in alerts():
        name, notes = alert["alert"], alert["annotations"]
        assert alert["labels"]["severity"] in ("critical", "warning")
        assert notes["runbook_url"].endswith(f"/docs/operations.md#{name.lower()}")
        assert set(notes) == {"summary", "description", "runbook_url"}


def test_each_alert_has_its_lines_in_the_runbook_and_no_other_has() -> None:
    text = OPERATIONS.read_text(encoding="utf-8")
    section = text.partition("\n## Alerts\n")[2].partition("\n## ")[0]
    lines = dict(re.findall(r"^### (\w+)\n((?s:.*?))(?=^###|\Z)", section, re.MULTILINE))
    assert list(lines) == [alert["alert"] for alert in alerts()]
    for name, says in lines.items():
        assert re.fullmatch(r"\n\S(?s:.+)\n- \*\*Look:\*\* (?s:.+)\n- \*\*Do:\*\* (?s:.+)", says), (
            name
        )


# ---- metrics --------------------------------------------------------------------------------


def test_the_table_of_metrics_is_the_registrys() -> None:
    by_name = {each.name: each.labels for each in (*FAMILIES, *LENGTHS)}
    real = [
        (
            f"{family.name}_total" if family.type == "counter" else family.name,
            family.type,
            ", ".join(f"`{label}`" for label in by_name.get(family.name, ())),
            family.documentation,
        )
        for family in families()
    ]
    text = OPERATIONS.read_text(encoding="utf-8")
    section = text.partition("\n## Metrics\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) ?\| (.+) \|$", section, re.MULTILINE)
    assert rows == real


def test_the_scrape_configuration_is_one(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```yml\n((?s:.*?))^```$", page, re.MULTILINE)
    (tmp_path / "callflow-token").write_text("a-token-of-this-test")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / RULES.name).write_bytes(RULES.read_bytes())
    config = tmp_path / "prometheus.yml"
    config.write_text(block.replace("/etc/prometheus/", f"{tmp_path}/"))
    assert "SUCCESS" in promtool("check", "config", config)
    (job,) = yaml.safe_load(block)["scrape_configs"]
    assert re.match("callflow.*", job["job_name"])


# ---- dashboard ------------------------------------------------------------------------------


def test_the_dashboard_asks_which_source_job_and_account() -> None:
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    kinds = [(each["name"], each["type"]) for each in dashboard["templating"]["list"]]
    assert kinds == [("datasource", "datasource"), ("job", "query"), ("account", "query")]
    assert (dashboard["uid"], dashboard.get("id")) == ("callflow", None)  # its own on import
    sources = {json.dumps(source) for source in _values(dashboard, "datasource")}
    assert sources == {json.dumps({"type": "prometheus", "uid": "${datasource}"})}


def test_every_panel_says_what_it_shows_and_has_room_of_its_own() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells
        assert at["x"] + at["w"] <= 24
        if panel["type"] != "row":
            assert panel["title"]
            assert panel["description"].endswith(".")
            assert all('job=~"$job"' in target["expr"] for target in panel["targets"])
    ids = [panel["id"] for panel in panels()]
    assert len(ids) == len(set(ids))


def test_the_dashboard_shows_every_metric_that_an_operator_looks_for() -> None:
    text = DASHBOARD.read_text(encoding="utf-8")
    silent = {"callflow_accounts", "callflow_stalled", "callflow_clock_off"}
    silent |= {"callflow_role_timestamp_seconds", "callflow_flows"}
    silent |= {"callflow_api_request_duration_seconds"}
    names = {f.name + ("_total" if f.type == "counter" else "") for f in families()}
    unseen = {name for name in names if not re.search(rf"\b{name}(_bucket)?\b", text)}
    assert unseen == silent


def test_promtool_takes_every_expression_of_the_dashboard(tmp_path: Path) -> None:
    chosen = [re.sub(r"\$__rate_interval", "1m", each) for each in expressions()]
    rules = [
        {"record": f"probe:{number}", "expr": text}
        for number, text in enumerate(chosen)
        if not text.startswith("label_values")
    ]
    path = tmp_path / "probes.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "probes", "rules": rules}]}))
    assert f"SUCCESS: {len(rules)} rules found" in promtool("check", "rules", path)


def _values(node: Any, key: str) -> list[Any]:
    """All values of this key, however deep."""
    if isinstance(node, list):
        return [value for each in node for value in _values(each, key)]
    if not isinstance(node, dict):
        return []
    own = [value for name, value in node.items() if name == key]
    return own + [value for each in node.values() for value in _values(each, key)]
