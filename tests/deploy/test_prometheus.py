"""Promises: alerts name what the runner shows, fire when they should, and are explained."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest
import yaml

from runner.console.hooks import push
from runner.console.measuring import labels
from runner.console.measuring.catalogue import FAMILIES, LENGTHS
from tests.deploy.scraped import (
    OPERATIONS,
    ROOT,
    RULES,
    RULES_TEST,
    alerts,
    expressions,
    families,
    promtool,
    shown,
)

#: A metric with its matchers, in an expression.
SELECTOR = re.compile(r"\b((?:callflow|process|python)_\w+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r"(\w+)\s*(=~|=|!=|!~)\s*\"([^\"]*)\"")
#: What Prometheus adds to everything that it scrapes.
ADDED = {"job", "instance"}


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
