"""Golden pairs: each rule of a flow in `wire/`, and exactly what is sent for it.

A rule stands for one form of an action. Each is played on its own by the real engine, against the
sandbox, on one call; what the sandbox's journal then holds stands in the `.wire` file, with the
parts of the ledger and how each came out. `--update-golden` writes them anew.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from runner.actions import ACTIONS
from runner.language.loader import load
from runner.language.source import parse
from runner.sandbox.journal import Request
from tests.actions.beside import PUBLIC, open_beside, unsent
from tests.golden.test_golden import agrees, names
from tests.site import Site, open_site

HERE = Path(__file__).parent / "wire"
FLOWS = sorted(HERE.glob("*.yaml"))

#: What a flow's call is doing when it is acted on, where it matters: fields of `CallPlan`.
SCENES: Mapping[str, Mapping[str, Any]] = {
    "announce": {"twiml": "<Response><Dial><Conference>room</Conference></Dial></Response>"},
}
#: The number that is called unless the rule asks for another, and how calls to it begin.
NUMBER = "+14155550100"
VOICE = {
    "voice_url": "https://example.com/voice?a=1&b=2",
    "voice_method": "GET",
    "voice_fallback_url": "https://example.com/sorry",
}
#: What differs from run to run: the names of documents that are served, and ports.
_VARYING = {
    "{token}": re.compile(rf"(?<={PUBLIC}/twiml/)[\w-]+"),
    "{host}": re.compile(r"127\.0\.0\.1:\d+"),
}
#: Requests that only read the calls that there are.
READS = {"list", "fetch"}


@pytest.mark.parametrize("path", FLOWS, ids=names)
async def test_each_form_is_sent_as_this(
    path: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    loaded = load([path])
    assert loaded.errors == ()
    document = parse(str(path), path.read_bytes()).document
    assert document is not None
    played = []
    for number, rule in enumerate(document.data["rules"]):
        folder = tmp_path / str(number)
        folder.mkdir()
        async with open_site(folder) as site:
            played.append(await play(site, path.stem, document.data | {"rules": [rule]}))
    agrees(path, "\n".join(played), request, suffix=".wire")


def test_each_action_has_its_pair() -> None:
    assert {path.stem for path in FLOWS} == set(ACTIONS)
    assert {path.stem for path in HERE.glob("*.wire")} == set(ACTIONS)


async def play(site: Site, scene: str, flow: Mapping[str, Any]) -> str:
    """What one rule leads to, as text: its name, the requests, the ledger."""
    rule = flow["rules"][0]
    status = rule.get("match", {}).get("status", "in-progress")
    around = SCENES.get(scene, {})
    called = rule.get("match", {}).get("to", NUMBER)
    site.sandbox.add_number(NUMBER, **VOICE)
    row = site.sandbox.add_call(id="caller", status=status, to=called, **around)
    if around:
        site.sandbox.add_call(id="other", from_="+14155550111", **around)
        await site.sandbox.advance(1_000)
    site.sandbox.journal.clear()
    lines = [rule["id"]]
    async with open_beside(site) as beside:
        site.flows(beside.flow(json.dumps(flow)))
        await site.poll()
        for entry in site.sandbox.journal:
            if entry.request.kind not in READS:
                lines += drawn(entry.request, row.sid)
        lines += beside.posts()
    for part in await site.history():
        told = f": {part.detail}" if part.detail else ""
        lines.append(f"  {part.intent.part or 'update'} {part.outcome}{told}")
        lines += unsent(part)
    text = "\n".join(lines).replace(row.sid, "{CallSid}")
    for name, pattern in _VARYING.items():
        text = pattern.sub(name, text)
    return f"{text}\n"


def drawn(request: Request, sid: str) -> Iterator[str]:
    """One request: its path below the account, and a line for each field."""
    path = request.path.partition(f"/Accounts/{request.account}/")[2]
    yield f"  {request.method} {path.replace(sid, '{CallSid}')}"
    for fields in (request.query, request.form):
        for name, value in fields.items():
            shown = value if value.isprintable() else json.dumps(value)
            yield f"    {name}: {shown.replace(sid, '{CallSid}')}"
