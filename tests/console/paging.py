"""The console's page in a real browser, with server, desk and engine in the process of the test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from runner.console import pages
from runner.console.doors.access import Access
from runner.console.doors.tokens import Tokens
from runner.console.web.health import Health
from runner.console.web.server import Site, serve
from runner.engine.ports import Event
from runner.model import Millis
from tests.cli.desking import Desking, open_desk
from tests.console.browser import complaints

if TYPE_CHECKING:
    from playwright.async_api import Page, Response

#: Milliseconds after which something should have been shown.
PATIENCE = 10_000
FLOW = """\
version: 1
flow: ends
description: Ends calls to two lines.
rules:
  - {id: cut, description: One line, match: {to: "+14155550101"}, then: [hangup]}
  - {id: talk, match: {to: "+14155550102"}, mode: shadow, then: [say: Goodbye., hangup]}
"""


@dataclass
class Paging:
    """What a test holds in its hands."""

    here: Desking
    url: str = ""
    tokens: Tokens = field(default_factory=Tokens)

    async def poll(self, after: Millis = 0) -> None:
        """Polls, and says so as a round does."""
        poll = await self.here.poll(after)
        fields: dict[str, object] = {"account": self.here.account, "took_ms": 4, "requests": 1}
        fields["calls"] = 0 if poll.sight is None else len(poll.sight.calls)
        self.here.board.hear(Event("poll", self.here.site.time.now(), fields=fields))

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Serves; a second time at the same address."""
        listen = urlsplit(self.url).netloc or "127.0.0.1:0"
        here = self.here
        clock = here.site.time
        health = Health({here.account: 2_000})
        access = Access(self.tokens, clock, listen=listen)
        site = Site(
            health,
            clock,
            access=access,
            board=here.board,
            desk=here.desk,
            tell=here.crew.tell,
            public_routes=pages.routes(),
        )
        async with serve(site, listen) as self.url:
            yield self.url


@asynccontextmanager
async def open_console(
    folder: Path, *flows: str, tokens: Tokens | None = None, alias: str = "shop"
) -> AsyncIterator[Paging]:
    """An installation that leads, with these flows in force; nothing is served yet."""
    async with open_desk(folder, alias=alias) as here:
        here.flows(*(flows or (FLOW,)))
        here.board.hear(Event("leading", here.site.time.now(), fields={"holder": "here:1"}))
        yield Paging(here, tokens=tokens or Tokens())


@dataclass
class Watched:
    """What a page complains about, and whom it asks."""

    page: Page
    heard: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.heard = complaints(self.page)
        self.page.on("response", self._refused)
        self.page.on("request", lambda request: self.asked.append(request.url))

    def _refused(self, response: Response) -> None:
        """The browser's own words for it do not say what it was."""
        if response.status >= 400:
            self.heard.append(f"{response.status} {response.url}")

    def is_content(self, url: str, *but: str) -> None:
        """No error of a script or of the policy, and no request to anybody else than `url`."""
        heard = [each for each in self.heard if not any(known in each for known in but)]
        assert heard == []
        assert self.asked
        strangers = [each for each in self.asked if not each.startswith(f"{url}/")]
        assert strangers == []


async def text_of(page: Page, selector: str) -> str:
    """The text of one element on one line."""
    return " ".join((await page.inner_text(selector)).split())


async def see(page: Page, selector: str, text: str) -> None:
    """Waits until an element that can be seen has this text in it."""
    from playwright.async_api import TimeoutError

    try:
        await page.wait_for_function(_HAS, arg=[selector, text], timeout=PATIENCE)
    except TimeoutError:
        found = [" ".join(each.split()) for each in await page.locator(selector).all_inner_texts()]
        raise AssertionError(f"{selector} has no {text!r}: {found}") from None


_HAS = """([where, what]) => [...document.querySelectorAll(where)].some(
    each => each.checkVisibility() && each.innerText.replace(/\\s+/g, " ").includes(what))"""
