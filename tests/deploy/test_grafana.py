"""Promises: the dashboard can be imported anywhere, and each of its queries finds something."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.scraped import DASHBOARD, expressions, families, panels, promtool, samples
from tests.tools import needs


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


def test_every_query_of_the_dashboard_finds_something(tmp_path: Path) -> None:
    """With two runners, of which one leads: no query matches many with many."""
    series = [
        {
            "series": f"{name}{{{','.join((*map(_matcher, of.items()), at))}}}",
            "values": f"{value}x8",
        }
        for at, leads in (('job="callflow",instance="a"', 1), ('job="callflow",instance="b"', 0))
        for name, of, number in samples()
        for value in [leads if name == "callflow_leader" else number]
    ]
    queries = [
        re.sub(r"\$__rate_interval", "1m", re.sub(r"\$(job|account)", ".*", target["expr"]))
        for panel in panels()
        for target in panel.get("targets", ())
    ]
    checks = [{"expr": each, "eval_time": "2m", "exp_samples": []} for each in queries]
    test = {"interval": "15s", "input_series": series, "promql_expr_test": checks}
    path = tmp_path / "queries.yml"
    path.write_text(yaml.safe_dump({"rule_files": [], "tests": [test]}))
    command = [needs("promtool"), "test", "rules", str(path)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    # What finds something differs from the nothing that is expected; what can't be asked is told.
    assert "err:" not in said.stdout + said.stderr
    found = re.findall(r'^ *expr: "(.*)", time: 2m,', said.stderr + said.stdout, re.MULTILINE)
    quiet = [each for each in queries if each.endswith("> 0")]  # they show troubles alone
    assert sorted({json.loads(f'"{each}"') for each in found}) == sorted(set(queries) - set(quiet))


def _matcher(label: tuple[str, str]) -> str:
    return f'{label[0]}="{label[1]}"'
