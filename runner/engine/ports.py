"""What the engine needs from the outside: the `Gateway` and `Store` protocols and their records.

Nothing above these protocols may know Twilio's SDK or SQLite.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Literal, Protocol, TypeAlias

from msgspec import Struct, field

from runner.call import Call, CallQuery
from runner.decision.once import Past
from runner.engine.far_side import Listing, Notice
from runner.engine.ledger import (
    Entry,
    HistoryQuery,
    Intent,
    Lease,
    LeaseLost,
    Note,
    NoteKind,
    Outcome,
    StoreError,
    Verification,
    first_outcome,
)
from runner.engine.mishaps import (
    AccessRefused,
    GatewayError,
    NoAnswer,
    NoSuchCall,
    NothingThere,
    NotProcessed,
    Refused,
    Throttled,
)
from runner.model import Millis, Update
from runner.pauses import Pause

__all__ = [
    "AccessRefused",
    "CallQuery",
    "Entry",
    "Event",
    "Gateway",
    "GatewayError",
    "HistoryQuery",
    "Intent",
    "Lease",
    "LeaseLost",
    "Listener",
    "Listing",
    "NoAnswer",
    "NoSuchCall",
    "NotProcessed",
    "Note",
    "NoteKind",
    "NothingThere",
    "Notice",
    "Outcome",
    "Pause",
    "Publish",
    "Refused",
    "Store",
    "StoreError",
    "Throttled",
    "Verification",
    "Web",
    "first_outcome",
]


# ---- the far side ---------------------------------------------------------------------------


class Gateway(Protocol):
    """The calls of one account. Every method may raise a `GatewayError`."""

    @property
    def concurrency(self) -> int:
        """How many requests it sends at once; more would wait."""
        ...

    async def list_calls(self, query: CallQuery) -> Listing:
        """Every call that the query asks for, or an error: never a part of them."""
        ...

    async def fetch_call(self, sid: str) -> Call:
        """One call as it is now. Raises `NoSuchCall`."""
        ...

    async def update_call(self, sid: str, update: Update) -> Call:
        """Sends one update and returns the call as Twilio answered. Never sends it twice."""
        ...

    async def post_below(self, sid: str, target: str, fields: Mapping[str, str]) -> None:
        """Sends one form to `…/Calls/{sid}/{target}.json`, once.

        Raises `NoSuchCall` where there is nothing, which may be the call or what is below it.
        """
        ...

    async def announce(self, sid: str, fields: Mapping[str, str]) -> None:
        """Sends one form to the call's place in its conference, once.

        Raises `NothingThere` where the call is in no conference.
        """
        ...

    async def conference_of(self, sid: str) -> str | None:
        """The name of the conference that the call is in, None for none."""
        ...

    async def voice_of(self, call: Call) -> Mapping[str, str]:
        """How a call to the number that was called begins.

        By `url`, `method`, `fallback_url` and `fallback_method`, unset ones left out. Raises
        `NothingThere` where it begins with no URL that a live call can be sent to.
        """
        ...

    async def notices(self, sid: str) -> Sequence[Notice]:
        """What Twilio's debugger says of the call, oldest first."""
        ...

    async def close(self) -> None:
        """Gives up every connection."""
        ...


class Web(Protocol):
    """Services of the user's own, which are told what rules do."""

    async def post(self, url: str, fields: Mapping[str, str], *, id_: str, at: Millis) -> None:
        """Sends one JSON document, once: `body`, with `headers` (see `runner.sides`).

        `id_` is the same for every try, so that the receiver knows a repetition; `at` is now.
        Raises a `GatewayError` unless the answer is 2xx: `Refused` where another try is pointless.
        """
        ...


#: Puts a TwiML document where Twilio can fetch it, and returns its URL. Raises `NothingThere`
#: where this runner can't be reached from outside.
Publish: TypeAlias = Callable[[str], str]


# ---- memory ---------------------------------------------------------------------------------


class Store(Protocol):
    """The durable ledger. Every method may raise a `StoreError`.

    Durable means: when the method returns, a power cut does not undo it. Once `take` gave it a
    lease and until `release`, `claim`, `record`, `keep_holds`, `pause` and `pauses` raise
    `LeaseLost` where another holder has taken over since, and write nothing.
    """

    async def acts(
        self, account: str, call_sids: Collection[str]
    ) -> Mapping[str, Mapping[str, Past]]:
        """For each of these calls what each rule (`flow/rule`) has done to it."""
        ...

    async def values(
        self, account: str, keys: Collection[tuple[str, str, bool]]
    ) -> Mapping[tuple[str, str, bool], Millis]:
        """For each of these (`flow/rule`, value, as a shadow?) when the rule last acted for it."""
        ...

    async def claim(self, intents: Sequence[Intent]) -> Sequence[Entry]:
        """Makes the intents durable in one commit, before anything is sent.

        Returns the entries that are new. An intent whose (account, call, rule, number, part)
        stands in the ledger already, unless as withdrawn, is left out: somebody has acted, or is
        acting. A shadow's intent (number 0) is `shadowed` from the start.
        """
        ...

    async def record(
        self, entry: Entry, outcome: Outcome, *, at: Millis, attempt: int, detail: str = ""
    ) -> Entry:
        """Makes how an act stands durable."""
        ...

    async def unfinished(self, account: str) -> Sequence[Entry]:
        """Entries of this account that are `intended` or `retrying`: nobody saw them end."""
        ...

    async def holds(self, account: str) -> tuple[Mapping[tuple[str, str], Millis], Millis | None]:
        """The holds that were kept last, and when the poll was that kept them (None: never)."""
        ...

    async def keep_holds(
        self, account: str, holds: Mapping[tuple[str, str], Millis], *, at: Millis
    ) -> None:
        """Makes these the holds of the account, as of the poll at `at`."""
        ...

    async def ended(self, account: str, since: Millis) -> Mapping[str, Sequence[Millis]]:
        """For each rule (`flow/rule`) when it ended calls of this account after `since`.

        Oldest first; one time a call. Withdrawn acts, and what a shadow would have done, are not
        in it.
        """
        ...

    async def pauses(self) -> Sequence[Pause]:
        """All pauses that nobody lifted, oldest first; some may have passed by themselves."""
        ...

    async def pause(self, pause: Pause) -> None:
        """Makes a pause durable. One of the same scope and kind (tripped or not) is replaced."""
        ...

    async def resume(
        self, *, account: str = "", flow: str = "", rule: str = "", by: str, at: Millis
    ) -> Sequence[Pause]:
        """Lifts the pauses of exactly this scope, tripped ones included; returns them."""
        ...

    async def note(self, what: NoteKind, *, by: str, at: Millis, detail: str = "") -> None:
        """Makes durable what somebody did that is neither an act nor a pause."""
        ...

    async def notes(self, *, since: Millis | None = None, limit: int | None = None) -> list[Note]:
        """What was noted, paused, tripped and resumed, newest last."""
        ...

    async def lease(self) -> Lease | None:
        """Who has the lease; None where nobody ever had, or the last holder gave it back."""
        ...

    async def take(self, holder: str, *, over: Lease | None, at: Millis) -> Lease | None:
        """Takes the lease where it is still as `over` says; None where it has changed since."""
        ...

    async def renew(self, at: Millis) -> Lease:
        """Shows that the holder of the lease that this store took lives. Raises `LeaseLost`."""
        ...

    async def release(self) -> None:
        """Gives the lease back, so that a waiting runner need not wait; harmless without one."""
        ...

    async def trim(self, *, before: Millis, keep: Collection[tuple[str, str]]) -> int:
        """Forgets what was over before then; returns how many acts were forgotten.

        Acts on the calls of `keep` (account, call SID), and acts that have no outcome yet, stay,
        and the journal can still be verified from the first row that is left.
        """
        ...

    async def history(self, query: HistoryQuery) -> Sequence[Entry]:
        """The ledger, newest last."""
        ...

    async def verify(self) -> Verification:
        """Whether everything is still as it was written."""
        ...

    async def close(self) -> None:
        """Finishes what is being written."""
        ...


# ---- what happens, told to whoever listens --------------------------------------------------


class Event(Struct, frozen=True, gc=False):
    """One thing that happened, by the names of the command line's contract (`poll`, …)."""

    name: str
    at: Millis
    level: Literal["debug", "info", "warning", "error"] = "info"
    fields: Mapping[str, object] = field(default_factory=dict)


#: Takes events: the log, and whatever else watches.
Listener: TypeAlias = Callable[[Event], None]
