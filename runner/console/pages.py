"""Serves the console's page: its document, its style, its scripts, as they lie in `page/`.

They hold nothing of anybody's, so whoever comes gets them: they ask the API for what they show.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from aiohttp import web

#: What is served from `page/`, by how its name ends; anything else there is not.
TYPES: Mapping[str, str] = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
_FIRST = "index.html"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file. `tag` is another whenever its content is."""

    name: str
    body: bytes
    type: str
    tag: str


def assets() -> dict[str, Asset]:
    """The files of the page, by name, as the installed package has them."""
    folder = files("runner.console") / "page"
    found = {}
    for entry in folder.iterdir():
        kind = TYPES.get("." + entry.name.rpartition(".")[2])
        if kind is not None and entry.is_file():
            body = entry.read_bytes()
            found[entry.name] = Asset(entry.name, body, kind, hashlib.sha256(body).hexdigest()[:32])
    return found


def routes() -> list[web.RouteDef]:
    """The page at `/`, and what it consists of below `/page/`. They are read once."""
    kept = assets()

    async def first(request: web.Request) -> web.Response:
        return _answer(request, kept[_FIRST])

    async def other(request: web.Request) -> web.Response:
        asset = kept.get(request.match_info["name"])
        if asset is None or asset.name == _FIRST:
            raise web.HTTPNotFound
        return _answer(request, asset)

    return [web.get("/", first), web.get("/page/{name}", other)]


def _answer(request: web.Request, asset: Asset) -> web.Response:
    """The file, or 304 where the browser has it: it asks each time, so no old script stays."""
    known = request.if_none_match or ()
    headers = {"ETag": f'"{asset.tag}"', "Cache-Control": "no-cache"}
    if any(each.value in (asset.tag, "*") for each in known):
        return web.Response(status=304, headers=headers)
    return web.Response(body=asset.body, content_type=asset.type, charset="utf-8", headers=headers)
