"""The editor's help with `callflow.yaml` and with tests of flows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from runner.language.loader import load_config
from runner.language.schema import SchemaName, check
from runner.language.source import parse
from tests.editors.editing import CURSOR, accept, is_complete, marked
from tests.editors.lsp import Place, Server
from tests.editors.test_check_jsonschema import CONFIG, TEST, mutants
from tests.editors.test_hover import merged, schema_of, unescaped

FILES: dict[SchemaName, tuple[str, str]] = {
    "config": ("callflow.yaml", CONFIG),
    "test": ("flows/new.test.yaml", TEST),
}
IN_TESTS = "version: 1\nflows: [flows]\ntests:\n  - name: a\n"
IN_CALL = IN_TESTS + "    calls:\n      - id: ann\n"
IN_EXPECT = IN_CALL + "    expect:\n      - at: 1m\n"


def offered(server: Server, path: Path, text: str) -> dict[str, dict[str, Any]]:
    where = marked(text)
    return {item["label"]: item for item in server.complete(path, where.text, where.at)}


@pytest.mark.parametrize("name", FILES)
def test_top_level_keys(server: Server, project: Path, name: SchemaName) -> None:
    items = offered(server, project / FILES[name][0], CURSOR + "\n")
    known = schema_of(name)["properties"]
    assert set(known) <= set(items)
    assert all(items[key].get("documentation") for key in known)


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("config", f"version: 1\nlog_format: {CURSOR}\n", {"text", "json"}),
        ("config", f"version: 1\ntwilio:\n  {CURSOR}\n", {"read_timeout", "concurrency"}),
        ("config", f"version: 1\nshow_numbers: {CURSOR}\n", {"true", "false"}),
        ("test", IN_TESTS + f"    {CURSOR}\n", {"calls", "expect", "until"}),
        ("test", IN_CALL + f"        {CURSOR}\n", {"from", "appears", "ends", "then_at"}),
        ("test", IN_CALL + f"        direction: {CURSOR}\n", {"inbound", "outbound-api"}),
        ("test", IN_CALL + f"        answers: {CURSOR}\n", {"lost", "dropped", "accepted"}),
        ("test", IN_EXPECT + f"        {CURSOR}\n", {"call", "rule", "then", "twiml"}),
    ],
)
def test_keys_and_values(
    server: Server, project: Path, name: SchemaName, text: str, wanted: set[str]
) -> None:
    assert wanted <= set(offered(server, project / FILES[name][0], text))


def test_what_is_inserted_into_a_configuration_is_right(server: Server, project: Path) -> None:
    path = project / "callflow.yaml"
    where = marked(f"version: 1\n{CURSOR}\n")
    for item in server.complete(path, where.text, where.at):
        text = accept(where, item)
        assert parse("callflow.yaml", text.encode()).problems == [], text
        if is_complete(item):
            changed = project / "other.yaml"
            changed.write_text(text, encoding="utf-8")
            assert load_config(changed).problems == (), text
            changed.unlink()


def test_what_is_inserted_into_a_test_is_sound(server: Server, project: Path) -> None:
    path = project / "flows" / "new.test.yaml"
    for before in (IN_TESTS + "    ", IN_CALL + "        ", IN_EXPECT + "        "):
        where = marked(f"{before}{CURSOR}\n")
        items = server.complete(path, where.text, where.at)
        assert items
        for item in items:
            text = accept(where, item)
            assert parse("new.test.yaml", text.encode()).problems == [], text


@pytest.mark.parametrize("name", FILES)
def test_hover_explains_each_key(server: Server, project: Path, name: SchemaName) -> None:
    path, text = project / FILES[name][0], FILES[name][1]
    schema = schema_of(name)
    for key, part in schema["properties"].items():
        if f"\n{key}:" in text:
            at = Place.of(text, text.index(f"\n{key}:") + 2)
            shown = server.hover(path, text, at)
            part = merged(part, schema)
            assert shown is not None
            explained = part.get("markdownDescription") or part["description"]
            assert explained in unescaped(shown["contents"]["value"])


@pytest.mark.parametrize("name", FILES)
def test_mistakes_are_marked_where_validate_names_them(
    server: Server, project: Path, name: SchemaName
) -> None:
    """Mutants, one key a line, so that a line says which key is meant."""
    where, text = FILES[name]
    sound = parse(where, text.encode()).document
    assert sound is not None
    texts = [block(mutant) for mutant in mutants(sound.data, 29)]
    folder = (project / where).parent
    suffix = ".test.yaml" if name == "test" else ""
    files = {
        (folder / f"m{number}{suffix}" if suffix else folder / f"m{number}" / "callflow.yaml"): one
        for number, one in enumerate([text, *texts])
    }
    for path, found in server.diagnose(files).items():
        document = parse(str(path), files[path].encode()).document
        assert document is not None
        wanted = {misfit.problem.position.line for misfit in check(document, name)}
        have = {one["range"]["start"]["line"] + 1 for one in found}
        assert have == wanted, files[path]


def block(data: Any) -> str:
    text: str = yaml.safe_dump(data, sort_keys=False)
    return text
