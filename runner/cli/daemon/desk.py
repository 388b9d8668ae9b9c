"""The desk of a running daemon: what its console asks of the ledger, the brakes and the engine.

It has a connection to the store of its own, so that a long look into the history keeps no act
waiting. What it changes is told of at once by `changed`, and obeyed before the next act.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, get_args

from runner.cli.daemon.crew import Crew
from runner.cli.daemon.desk_why import Explainer
from runner.cli.entries import entry_data
from runner.cli.exits import FINDINGS, USAGE, Failure
from runner.cli.paused import end_of, lift, misnamed
from runner.console.desk import Order, Refusal, Scope
from runner.console.picture.board import Board
from runner.engine.ports import HistoryQuery, NoteKind, Pause, Store, StoreError
from runner.language.words import shown, suggestion

#: So many entries of the ledger are given at once, at most.
ENTRIES = 1_000
#: Longer reasons are not reasons.
LONGEST = 500
#: Where nobody says who asks.
NOBODY = "somebody"
#: So long an order of the kill switch waits for the store, in seconds: the switch needs none.
BRIEFLY = 1.0
_KINDS: tuple[NoteKind, ...] = get_args(NoteKind)


class RunningDesk:
    """Implements `runner.console.desk.Desk`.

    `store` is opened to be read alone for a dry run. `changed` is awaited after each change of what
    is paused.
    """

    def __init__(
        self,
        crew: Crew,
        store: Store,
        board: Board,
        *,
        changed: Callable[[], Awaitable[None]],
        dry_run: bool = False,
    ) -> None:
        self._crew = crew
        self._store = store
        self._board = board
        self._changed = changed
        self._dry_run = dry_run
        self._explainer = Explainer(crew, store, board)
        # The store does one thing after the other: who brakes waits for one who reads, at most.
        self._one_reads = asyncio.Lock()
        self._late: set[asyncio.Task[None]] = set()

    # ---- looking ----------------------------------------------------------------------------

    async def history(self, query: HistoryQuery, *, show_numbers: bool) -> list[dict[str, Any]]:
        """At most `ENTRIES`, whatever the query asks for."""
        limit = ENTRIES if query.limit is None else max(0, min(query.limit, ENTRIES))
        with _refusing():
            async with self._one_reads:
                entries = await self._store.history(replace(query, limit=limit))

        names = {e.intent.call_sid: self._board.names.get(e.intent.call_sid, "") for e in entries}

        def rows() -> list[dict[str, Any]]:
            return [
                entry_data(e, show_numbers=show_numbers, name=names[e.intent.call_sid])
                for e in entries
            ]

        return await asyncio.to_thread(rows)

    async def why(self, sid: str, *, rule: str, show_numbers: bool) -> dict[str, Any]:
        with _refusing():
            return await self._explainer.document(sid, rule, show_numbers=show_numbers)

    # ---- braking ----------------------------------------------------------------------------

    async def pause(self, scope: Scope, order: Order) -> Pause:
        self._check_writing("a pause")
        scope = self._checked(scope)
        wrong = misnamed(scope, self._board.flows().flow_set)
        if wrong is not None:
            raise Refusal(wrong[0], hint=wrong[1])
        pause = self._made(order, scope)
        with _refusing():
            await self._store.pause(pause)
        await self._changed()
        return pause

    async def resume(self, scope: Scope, *, by: str) -> Sequence[Pause]:
        self._check_writing("resuming")
        scope, at = self._checked(scope), self._crew.clock.now()
        with _refusing():
            lifted = await lift(self._store, [scope], by=by or NOBODY, at=at)
        wrong = misnamed(scope, self._board.flows().flow_set)
        if not lifted and wrong is not None:
            raise Refusal(wrong[0], hint=wrong[1])
        await self._changed()
        return lifted

    async def kill(self, order: Order) -> Pause:
        pause, kill = self._made(order, Scope()), self._crew.kill
        trouble = None
        try:
            kill.throw(pause)
        except OSError as error:
            trouble = error
        await self._briefly(self._noted("killed", by=pause.by, detail=pause.reason))
        if trouble is not None:
            said = "this process is stopped, but the kill switch can't be written"
            hint = "a restart would act again, and so would others on this store: mend the folder"
            why = f"{kill.path}: {trouble.strerror}"
            raise Refusal(f"{said}: {why}", hint=hint, status=503)
        return pause

    async def lift(self, *, by: str) -> Sequence[Pause]:
        kill, now = self._crew.kill, self._crew.clock.now()
        before = kill.standing(now)
        try:
            lifted = kill.lift()
        except OSError as error:
            hint = "remove the file by hand, or mend its folder; until then nothing acts"
            said = f"can't remove {kill.path}: {error.strerror}"
            raise Refusal(said, hint=hint, status=503) from None
        if not lifted or before is None:
            return ()
        await self._briefly(self._noted("lifted", by=by or NOBODY, detail=before.reason))
        return (before,)

    async def note(self, what: str, *, by: str, detail: str) -> None:
        self._check_writing("a note")
        for kind in _KINDS:
            if kind == what:
                with _refusing():
                    at = self._crew.clock.now()
                    await self._store.note(kind, by=by, at=at, detail=detail)
                return
        raise ValueError(f"{what!r} is no kind of note")

    async def _briefly(self, noted: Coroutine[Any, Any, None]) -> None:
        """Has it shown and noted; while the store hangs that goes on by itself."""

        async def told() -> None:
            await self._changed()
            await noted

        task = asyncio.ensure_future(told())
        self._late.add(task)
        task.add_done_callback(self._late.discard)
        await asyncio.wait({task}, timeout=BRIEFLY)
        if task.done():
            task.result()

    async def _noted(self, what: NoteKind, *, by: str, detail: str) -> None:
        """The kill switch works without the store too: then the log alone tells of it."""
        if not self._dry_run:
            with suppress(StoreError):
                at = self._crew.clock.now()
                await self._store.note(what, by=by, at=at, detail=detail)

    # ---- checks -----------------------------------------------------------------------------

    def _check_writing(self, what: str) -> None:
        if self._dry_run:
            hint = "a dry run writes nothing and sends nothing: use the console of the real runner"
            raise Refusal(f"{what} can't be recorded by a dry run", hint=hint, status=409)

    def _checked(self, scope: Scope) -> Scope:
        """The scope with its account by SID."""
        if scope.rule and not scope.flow:
            raise Refusal("a rule is named without its flow", hint="name both: flow and rule")
        if not (scope.flow or scope.account):
            hint = "name a flow, a rule of it, or an account; the kill switch stops everything"
            raise Refusal("nothing is named", hint=hint)
        return replace(scope, account=self._account(scope.account))

    def _account(self, named: str) -> str:
        accounts = [post.account for post in self._crew.posts]
        for each in accounts:
            if named and named in (each.alias, each.credentials.account_sid):
                return each.credentials.account_sid
        if named:
            known = [each.alias for each in accounts if each.alias]
            hint = suggestion(named, known, "accounts") or "write its SID, AC…"
            raise Refusal(f"there is no account {shown(named)}", hint=hint)
        return ""

    def _made(self, order: Order, scope: Scope) -> Pause:
        reason, now = order.reason.strip(), self._crew.clock.now()
        if not reason:
            hint = "say why, for whoever finds it paused"
            raise Refusal("the reason is missing", hint=hint)
        if len(reason) > LONGEST:
            raise Refusal(f"the reason is longer than {LONGEST} characters")
        try:
            until = end_of(order.lasting, now)
        except ValueError as error:
            raise Refusal(str(error), hint="without a time it lasts until it is resumed") from None
        by = order.by or NOBODY
        return Pause(scope.account, scope.flow, scope.rule, reason, by, now, until=until)


@contextmanager
def _refusing() -> Iterator[None]:
    """Turns what commands end with into what the console answers."""
    try:
        yield
    except Failure as failure:
        status = {USAGE: 400, FINDINGS: 404}.get(failure.code, 503)
        raise Refusal(failure.message, hint=failure.hint, status=status) from None
    except StoreError as error:
        raise Refusal(str(error), hint=error.hint, status=503) from None
