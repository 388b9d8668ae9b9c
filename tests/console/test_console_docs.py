"""Promises of the console's documentation: each `curl` line that it shows does what it says."""

from __future__ import annotations

import asyncio
import re
import shlex
from pathlib import Path
from urllib.parse import urlsplit

from runner.console.doors.access import Access
from runner.console.doors.tokens import Tokens
from runner.console.web.connections import Bounds, Connections
from runner.console.web.server import KINDS, Site, application
from tests.console.visiting import BOTH, Visit, answer_of, request, visiting

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/operations.md"
#: For these there are tests of their own.
ELSEWHERE = {"/api/logout"}


def lines() -> list[list[str]]:
    """The arguments of each `curl` line, with the variables as a shell puts them in."""
    found = re.findall(r"^curl (.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    for name, token in BOTH.items():
        found = [line.replace(f"${name}", token) for line in found]
    return [shlex.split(line) for line in found if "/api/" in line]


def read(words: list[str]) -> tuple[str, dict[str, str], bytes]:
    """URL, headers and body."""
    headers, body, url, rest = {}, b"", "", iter(words)
    for word in rest:
        if word == "-H":
            name, _, value = next(rest).partition(": ")
            headers[name] = value
        elif word == "-d":
            body = next(rest).encode()
        elif word != "-N":
            url = word
    return url, headers, body


async def status_of(visit: Visit, words: list[str]) -> int:
    url, headers, body = read(words)
    parts = urlsplit(url)
    assert parts.netloc == "127.0.0.1:9090"
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    there = urlsplit(visit.url)
    reader, writer = await asyncio.open_connection(there.hostname, there.port)
    writer.write(request(visit.url, "POST" if body else "GET", path, headers, body))
    answer = answer_of(await reader.readuntil(b"\r\n\r\n"))  # of a stream there is no end
    writer.close()
    return answer.status


async def test_every_line_for_curl_works() -> None:
    async with visiting(BOTH) as visit:
        found = {" ".join(words): await status_of(visit, words) for words in lines()}
        assert len(found) == 15
        assert {line: status for line, status in found.items() if status != 200} == {}
        assert visit.desk.killed == []
        assert await visit.desk.store.pauses() == []
        assert [fields["action"] for fields in visit.told("operator")] == [
            "pause",
            "resume",
            "kill",
            "resume",
        ]


async def test_every_path_of_the_api_is_on_the_page_and_the_other_way_round() -> None:
    text = PAGE.read_text(encoding="utf-8")
    shown = {urlsplit(read(words)[0]).path for words in lines()}
    shown = {re.sub(r"CA[0-9a-f]{32}$", "{sid}", path) for path in shown}
    table = set(re.findall(r"^\| (?:POST )?`(/api/[a-z/{}]+)`", text, re.MULTILINE)) | {
        "/api/logout"
    }
    async with visiting(BOTH) as visit:
        site = Site(visit.health, visit.clock, board=visit.board, desk=visit.desk)
        access = Access(Tokens(), visit.clock, listen="127.0.0.1:0")
        routes = application(site, access, Connections(Bounds()))[KINDS]
    served = {route.resource.canonical for route in routes if route.resource is not None}
    assert table == shown | ELSEWHERE == {path for path in served if path.startswith("/api/")}
