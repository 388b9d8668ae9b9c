"""Where the actions beside the update lead: a service that is posted to, documents that are served.

Both are the product's own: the poster over a real socket, and the documents of `run --listen`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from runner.console.web.served import Documents
from runner.engine.ports import Entry
from runner.gateway.web import WebPoster
from runner.settings import NotificationSettings
from runner.sides import SERVED
from tests.gateway.raw import RawServer, Reply, Request, always, answer, raw_server
from tests.site import Site

#: What stands in a flow for the service, whose port is known when it is up.
SERVICE = "https://service.example"
#: Where Twilio would reach the runner.
PUBLIC = "https://runner.example"
ENVIRON = {"CALLFLOW_NOTIFY_TOKEN": "planted-token", "TWILIO_AUTH_TOKEN": "planted-account-token"}
KEY = b"planted-key"
#: What every client of HTTP sends, and what differs from run to run.
_USUAL = {"host", "accept", "accept-encoding", "content-length", "user-agent"}


@dataclass(frozen=True)
class Beside:
    """The two of them, for one site."""

    service: RawServer
    documents: Documents
    poster: WebPoster

    def flow(self, text: str) -> str:
        """A flow that posts to the service which is up."""
        return text.replace(SERVICE, self.service.base)

    def served(self, url: str) -> str:
        """The document that Twilio would get at this URL."""
        body = self.documents.fetch(url.removeprefix(f"{PUBLIC}/twiml/"))
        assert body is not None
        return body.decode()

    def posts(self) -> Iterator[str]:
        """Lines that show what the service received."""
        for request in self.service.requests:
            yield from drawn(request)


@asynccontextmanager
async def open_beside(site: Site, reply: Reply | None = None) -> AsyncIterator[Beside]:
    """Opens both, and has the site's engine use them. `reply` is how the service answers."""
    documents = Documents(PUBLIC, site.time)
    poster = WebPoster(NotificationSettings(), ENVIRON, keys=(KEY,))
    async with raw_server(reply or always(answer(204))) as service:
        site.engine.reach(web=poster, publish=documents.publish)
        try:
            yield Beside(service, documents, poster)
        finally:
            await poster.close()


def drawn(request: Request) -> Iterator[str]:
    """One post: its path, the headers that are not usual ones, the body."""
    yield f"  {request.method} {request.target}"
    for name, value in request.headers.items():
        if name not in _USUAL:
            yield f"    {name}: {value}"
    yield f"    {request.body.decode()}"


def unsent(entry: Entry) -> Iterator[str]:
    """What stands in the ledger and goes over no wire: a line, and a document that is served."""
    for name, value in entry.intent.request.items():
        if entry.intent.route == "history" or (entry.intent.route and name == SERVED):
            yield f"    {name}: {value}"
