"""`POST /twilio/status`: takes Twilio's status callbacks and has the call looked at, at once.

A callback is a hint and nothing more: that the call has changed, and not how. What is done is
decided by what Twilio's API says of the call. So a forged one could cost a request, and would do
nothing else; all the same only what Twilio has signed is listened to, while it is new, and once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeAlias

from aiohttp import web

from runner.console.hooks.callbacks import Callback, Misshapen, read_callback
from runner.console.hooks.seen import Complaints, Seen
from runner.console.hooks.signatures import Signatures
from runner.engine.clock import Clock
from runner.engine.loop import Engine
from runner.engine.ports import Listener
from runner.model import Millis
from runner.written import prefixes_of

PATH = "/twilio/status"
#: How far a callback's time may be from Twilio's: it is sent when the call changes.
WINDOW: Millis = 300_000
#: What a call has come to of which nothing more can be decided.
OVER = ("completed", "busy", "failed", "no-answer", "canceled")

#: What can come of a callback. The first seven are a look's (`runner.engine.crowd.Looked`); then
#: that nobody here looks after calls now; then why one is refused.
RESULTS = (
    *("acted", "evaluated", "over", "waits-for-poll", "busy", "failed", "stopped"),
    "standby",
    *("malformed", "stranger", "unverifiable", "forged", "late", "replayed"),
)
#: Takes what came of one callback, and after how long an act that it led to was over.
Pushed: TypeAlias = Callable[[str, Millis | None], None]

_HINTS = {
    "malformed": "Twilio posts forms of a call's changes; look at what else is pointed at this URL",
    "stranger": "it names an account that this runner doesn't look after: somebody else posts "
    "here, or an account is missing under `accounts`",
    "unverifiable": "only the account's own auth token shows that Twilio sent it: give it as "
    "`callback_token` of the account, or as TWILIO_AUTH_TOKEN",
    "forged": "Twilio didn't sign it for this URL and with this token: if it came from Twilio, "
    "--public-url must be what StatusCallback says before /twilio/status, and the token the "
    "account's present one",
    "late": "it is more than five minutes from Twilio's time: this machine's clock, or what holds "
    "requests back on their way",
    "replayed": "the same callback came twice: Twilio repeated it, or somebody has recorded it",
}


class Refused(Exception):
    """A callback that is not listened to: the answer to it, and the result."""

    def __init__(self, status: int, result: str, detail: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.result = result


class Push:
    """Takes callbacks for the accounts of `tokens`, each with the auth tokens that may sign them.

    `engine_of` gives what looks after an account now, None where nobody here does. `pushed` hears
    of every callback, `tell` now and then of those that are refused.
    """

    def __init__(
        self,
        public_url: str,
        tokens: Mapping[str, Sequence[str]],
        engine_of: Callable[[str], Engine | None],
        *,
        clock: Clock,
        tell: Listener,
    ) -> None:
        self._public_url = public_url
        self._signatures = Signatures(public_url + PATH, tokens)
        self._engine_of = engine_of
        self._clock = clock
        self._complaints = Complaints(tell, clock)
        # A callback is taken from one window before its time until one after.
        self._seen = Seen(2 * WINDOW)
        self._looks: set[asyncio.Task[None]] = set()
        self.pushed: Pushed = _nobody

    @property
    def prefixes(self) -> tuple[str, ...]:
        """What may stand before the path: a proxy takes that of the public URL off, or not."""
        return prefixes_of(self._public_url)

    async def take(self, request: web.Request) -> int:
        """Takes what was posted and returns the HTTP status that answers it."""
        came = self._clock.monotonic()
        account = ""
        try:
            callback = await read_callback(request)
            account = callback.account if self._signatures.knows(callback.account) else ""
            engine = self._check(callback)
        except Misshapen as error:
            return self._refused(Refused(error.status, "malformed", str(error)), account)
        except Refused as refused:
            return self._refused(refused, account)
        if engine is None:
            self.pushed("standby", None)
        elif callback.status in OVER:
            self.pushed("over", None)
        else:
            # Twilio is answered first: it waits for nothing that comes of this.
            self._start(self._look(engine, callback.call(), came))
        return 204

    async def close(self) -> None:
        """Waits for no look any more; what they have begun goes on."""
        for task in self._looks:
            task.cancel()
        await asyncio.gather(*self._looks, return_exceptions=True)

    def _check(self, callback: Callback) -> Engine | None:
        """Who looks after the call, None for nobody. Raises `Refused` and `Misshapen`."""
        if not self._signatures.knows(callback.account):
            raise Refused(403, "stranger")
        if not self._signatures.can_tell(callback.account):
            raise Refused(403, "unverifiable")
        if not self._signatures.signed(callback):
            raise Refused(403, "forged")
        engine = self._engine_of(callback.account)
        ahead = 0 if engine is None else engine.server_ahead
        if abs(callback.at() - self._clock.now() - ahead) > WINDOW:
            raise Refused(403, "late")
        callback.call()
        if not self._seen.is_new(callback.signature, self._clock.monotonic()):
            raise Refused(409, "replayed")
        return engine

    def _refused(self, refused: Refused, account: str) -> int:
        detail = {"error": str(refused)} if str(refused) else {}
        hint = _HINTS[refused.result]
        self._complaints.make(refused.result, account, **detail, hint=hint)
        self.pushed(refused.result, None)
        return refused.status

    def _start(self, look: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(look)
        self._looks.add(task)
        task.add_done_callback(self._looks.discard)

    async def _look(self, engine: Engine, sid: str, came: Millis) -> None:
        looked = await engine.look_at(sid)
        lag = self._clock.monotonic() - came if looked == "acted" else None
        self.pushed(looked, lag)


def routes(push: Push) -> list[web.RouteDef]:
    """Where Twilio posts to. Answers have no body: it tells a stranger nothing."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=await push.take(request))

    return [web.post(f"{prefix}{PATH}", answer) for prefix in push.prefixes]


def _nobody(_result: str, _lag: Millis | None) -> None:
    """Nobody counts."""
