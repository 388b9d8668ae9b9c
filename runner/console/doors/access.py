"""Who may do what on the runner's server, and what every request has to show for it.

Without tokens this machine alone may look and act, and only where nothing stands between. With
tokens each request has to bring one, or a session that one has opened.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, TypeAlias

from aiohttp import web

from runner.console.answers import Fault
from runner.console.doors.limits import Attempts
from runner.console.doors.origins import (
    Names,
    cookies_of,
    host_of,
    is_local,
    is_same_site,
    was_forwarded,
)
from runner.console.doors.sessions import LIFETIME, Session, Sessions
from runner.console.doors.tokens import Role, Tokens
from runner.console.doors.visitors import Visitor
from runner.engine.clock import Clock
from runner.engine.ports import Event, Listener
from runner.written import is_loopback

#: What a path asks for: nothing; a login; any role; a look; an operator.
Kind: TypeAlias = Literal["public", "login", "any", "read", "operate"]

_TOKENS = "set CALLFLOW_READ_TOKEN and CALLFLOW_OPERATOR_TOKEN for the runner"


def is_open_here(listen: str, public_url: str | None) -> bool:
    """Whether without tokens everybody on this machine may come in, else nobody.

    What a public URL leads to may be reached by way of this machine from anywhere.
    """
    return is_loopback(listen.rpartition(":")[0].strip("[]")) and public_url is None


class Access:
    """Decides on each request. `listen` is `HOST:PORT`; `names` are further names of the server."""

    def __init__(
        self,
        tokens: Tokens,
        clock: Clock,
        *,
        listen: str,
        public_url: str | None = None,
        names: Collection[str] = (),
    ) -> None:
        host = listen.rpartition(":")[0].strip("[]")
        self.sessions = Sessions(clock)
        self._tokens = tokens
        self._clock = clock
        self._attempts = Attempts(clock)
        self._names = Names(public_url, {*names, host})
        self._is_open = is_open_here(listen, public_url)
        self._public_url = public_url
        self.tell: Listener = ignore

    # ---- each request -----------------------------------------------------------------------

    def admit(self, request: web.Request, kind: Kind) -> Visitor | None:
        """Who asks; None where that doesn't matter. Raises `Fault` where they may not."""
        if kind == "public":
            return None
        if request.method not in ("GET", "HEAD"):
            self._check_page(request)
        if kind == "login":
            return None
        visitor = self.visitor(request)
        if kind == "operate" and visitor.role != "operator":
            hint = "log in with the operator's token, CALLFLOW_OPERATOR_TOKEN of the runner"
            raise Fault(403, "a reader may look and change nothing", hint=hint)
        return visitor

    def visitor(self, request: web.Request) -> Visitor:
        """Who asks. Raises `Fault` where nobody knows them."""
        if not self._tokens:
            return self._neighbour(request)
        given = request.headers.getall("Authorization", [])
        if given:
            return self._bearer(request, given)
        session = self.session(request)
        if session is None:
            hint = "send `Authorization: Bearer TOKEN`, or open the console's page and log in"
            raise _unknown("no token came with the request", hint)
        if not is_same_site(request):
            raise _foreign()
        return Visitor(session.role, peer_of(request), session)

    def may_read(self, request: web.Request) -> bool:
        """Whether what only readers may know can be shown."""
        try:
            self.visitor(request)
        except Fault:
            return False
        return True

    # ---- sessions ---------------------------------------------------------------------------

    def session(self, request: web.Request) -> Session | None:
        """The session that the browser's cookie names."""
        found = map(self.sessions.find, cookies_of(request, self._cookie(request)))
        return next((session for session in found if session is not None), None)

    def log_in(self, request: web.Request, token: str, response: web.StreamResponse) -> Role:
        """Opens a session and puts its cookie into the answer. Raises `Fault`."""
        if not self._tokens:
            hint = f"the console needs no login on this machine; to have one, {_TOKENS}"
            raise Fault(409, "no tokens are set", hint=hint)
        peer = peer_of(request)
        role = self._tokens.role_of(token)
        if role is None:
            self._check_attempts(peer)
            raise self._missed(peer)
        secure = self._names.is_secure(request)
        response.set_cookie(
            self._cookie(request),
            self.sessions.open(role),
            max_age=LIFETIME // 1000,
            httponly=True,
            secure=secure,
            samesite="Strict",
        )
        self._told("console.login", "info", role=role, peer=peer)
        return role

    def log_out(self, request: web.Request, response: web.StreamResponse) -> None:
        """Ends the session of the browser's cookie, and takes the cookie back."""
        name = self._cookie(request)
        for id_ in cookies_of(request, name):
            self.sessions.close(id_)
        secure = self._names.is_secure(request)
        response.set_cookie(name, "", max_age=0, httponly=True, secure=secure, samesite="Strict")

    def _cookie(self, request: web.Request) -> str:
        """Cookies are kept by host without its port: two runners must not take each other's."""
        _, port = host_of(request)
        prefix = "__Host-" if self._names.is_secure(request) else ""
        return f"{prefix}callflow{'-' if port else ''}{port}"

    # ---- the rules --------------------------------------------------------------------------

    def _neighbour(self, request: web.Request) -> Visitor:
        """Without tokens: somebody on this machine, with nothing in between."""
        if not self._is_open:
            where = (
                "has a public URL" if self._public_url else "listens beyond the loopback interface"
            )
            raise Fault(403, f"no token is set, and the runner {where}", hint=_TOKENS)
        host, _ = host_of(request)
        if not is_local(request) or was_forwarded(request):
            raise Fault(403, "the request came through a proxy, and no token is set", hint=_TOKENS)
        if not is_loopback(host):
            hint = f"use http://127.0.0.1 or http://localhost with the runner's port, or {_TOKENS}"
            raise Fault(403, "the request names another host than this machine", hint=hint)
        if not is_same_site(request):
            raise _foreign()
        return Visitor("operator", peer_of(request))

    def _bearer(self, request: web.Request, given: list[str]) -> Visitor:
        """With a token. One that is right is never kept waiting for those that were wrong."""
        peer = peer_of(request)
        scheme, _, token = given[0].partition(" ")
        if len(given) > 1 or scheme.lower() != "bearer" or not token.strip():
            raise _unknown(
                "this Authorization can't be used", "write `Authorization: Bearer TOKEN`"
            )
        role = self._tokens.role_of(token.strip())
        if role is None:
            self._check_attempts(peer)
            raise self._missed(peer)
        return Visitor(role, peer)

    def _check_page(self, request: web.Request) -> None:
        """That no other site's page makes the browser send this."""
        host, _ = host_of(request)
        if not self._names.has(host):
            hint = "use the runner's address, localhost, or the host of its --public-url"
            raise Fault(403, "the request names a host that is not the runner's", hint=hint)
        if not self._names.is_ours(request):
            hint = "open the console's own page; a proxy before it must pass the Host on as it is"
            raise Fault(403, "a page of another origin sent this", hint=hint)
        if not is_same_site(request):
            raise _foreign()
        if request.content_type != "application/json" or len(_types(request)) != 1:
            hint = "send JSON with `Content-Type: application/json`"
            raise Fault(415, "this is not said to be JSON", hint=hint)
        if "Content-Encoding" in request.headers:
            raise Fault(415, "the body is compressed", hint="send it as it is")

    def _check_attempts(self, peer: str) -> None:
        wait = self._attempts.wait(peer)
        if wait > 0:
            seconds = -(-wait // 1000)
            hint = f"try again in {seconds} s; a right token never waits"
            raise Fault(
                429, "too many wrong tokens", hint=hint, headers={"Retry-After": str(seconds)}
            )

    def _missed(self, peer: str) -> Fault:
        self._attempts.missed(peer)
        self._told("console.refused", "warning", peer=peer, error="a wrong token")
        return _unknown("the token is wrong", "it is the value of the runner's variable, whole")

    def _told(self, name: str, level: Literal["info", "warning"], **fields: object) -> None:
        self.tell(Event(name, self._clock.now(), level, fields))


def peer_of(request: web.Request) -> str:
    """The address that the connection comes from: whatever headers say of it, anybody can say."""
    return str(request.remote or "unknown")


def _types(request: web.Request) -> list[str]:
    return request.headers.getall("Content-Type", [])


def _unknown(message: str, hint: str) -> Fault:
    return Fault(401, message, hint=hint, headers={"WWW-Authenticate": 'Bearer realm="callflow"'})


def _foreign() -> Fault:
    hint = "open the console's own page, or type its address"
    return Fault(403, "a page of another site sent this", hint=hint)


def ignore(_event: Event) -> None:
    """Tells nobody."""
