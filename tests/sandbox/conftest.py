"""A sandbox on a manual clock, and a plain HTTP client for it."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from yarl import URL

from runner.sandbox import ManualClock, Sandbox


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


def basic(user: str, password: str) -> str:
    """The Authorization header."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


@dataclass
class Http:
    """Asks one sandbox, with its credentials unless told otherwise."""

    sandbox: Sandbox
    session: aiohttp.ClientSession
    auth: tuple[str, str] | None = field(default=None)

    @property
    def calls(self) -> str:
        return f"/2010-04-01/Accounts/{self.sandbox.account_sid}/Calls"

    async def ask(self, method: str, path: str, **options: Any) -> Reply:
        login = self.auth or (self.sandbox.account_sid, self.sandbox.auth_token)
        headers = options.pop("headers", {"Authorization": basic(*login)})
        url = URL(self.sandbox.url + path, encoded=True)
        asked = self.session.request(method, url, headers=headers, **options)
        async with asked as response:
            return Reply(response.status, response.headers.copy(), await response.text())

    async def page(self, **query: Any) -> Reply:
        named = {key.replace("_lt", "<").replace("_gt", ">"): str(v) for key, v in query.items()}
        return await self.ask("GET", f"{self.calls}.json", params=named)

    async def fetch(self, sid: str) -> Reply:
        return await self.ask("GET", f"{self.calls}/{sid}.json")

    async def update(self, sid: str, **form: str) -> Reply:
        return await self.ask("POST", f"{self.calls}/{sid}.json", data=form)

    async def create(self, **form: str) -> Reply:
        return await self.ask("POST", f"{self.calls}.json", data=form)

    async def walk(self, **query: Any) -> list[dict[str, Any]]:
        """Every page, following next_page_uri as given; all their calls."""
        page = (await self.page(**query)).json
        calls = list(page["calls"])
        while page["next_page_uri"] is not None:
            page = (await self.ask("GET", page["next_page_uri"])).json
            calls += page["calls"]
        return calls


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(clock=ManualClock()) as opened:
        yield opened


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[Http]:
    async with aiohttp.ClientSession() as session:
        yield Http(sandbox, session)
