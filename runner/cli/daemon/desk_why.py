"""Looks a call up for the console: in what the runner saw last, else at Twilio, else in the ledger.

What `callflow why` says of a call is said here by the same functions; only where the facts come
from differs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec

from runner.call import Call
from runner.cli.daemon.crew import Crew, Post
from runner.cli.daemon.desk_scene import Books, knows_all, scene_now
from runner.cli.looking.cases import (
    NO_LONGER,
    Asked,
    Inquiry,
    asked_case,
    ledger_case,
    over,
    unread,
)
from runner.cli.looking.explained import Case, as_data, check_rule, narrowed
from runner.cli.looking.planned import Report
from runner.cli.looking.recorded import blank_of
from runner.console.desk import Refusal
from runner.console.picture.board import Board
from runner.decision.effects import legs_of
from runner.decision.explain import explain_all
from runner.engine.brain import Sight
from runner.engine.ports import Entry, GatewayError, HistoryQuery, NoAnswer, NoSuchCall, Store
from runner.gateway.rows import is_call_sid
from runner.language.words import counted, shown
from runner.model import FlowSet

#: Seconds that Twilio may take in all to tell of one call: somebody waits before a page.
PATIENCE = 10.0
#: So many accounts are asked for a call that nobody has seen; each costs a request.
ACCOUNTS = 20
#: So many questions of the console's are before Twilio at once: the engine has the right of way.
AT_ONCE = 2

_PART = "of other live calls only those that rules ask for are known here: guards count these"


class Explainer:
    """Says of any call what each rule makes of it. Changes nothing."""

    def __init__(self, crew: Crew, store: Store, board: Board) -> None:
        self._crew = crew
        self._store = store
        self._board = board
        self._far = asyncio.Semaphore(AT_ONCE)
        # Ten thousand calls are planned anew on a thread, and read of in the store: many of these
        # at once would keep acts and brakes waiting.
        self._one_plans = asyncio.Lock()

    async def document(self, sid: str, rule: str, *, show_numbers: bool) -> dict[str, Any]:
        """As `callflow why --format json`. Raises `Refusal`, `Failure` and `StoreError`."""
        if not is_call_sid(sid):
            hint = "it is CA and 32 characters of 0-9 and a-f"
            raise Refusal(f"{shown(sid)} is not a call SID", hint=hint)
        case, flow_set = await self._case(sid)
        check_rule(rule or None, flow_set)

        def written() -> dict[str, Any]:
            report = Report(legs_of(case.live), show_numbers, case.conferences)
            return as_data(narrowed(case, rule or None), report)

        return await asyncio.to_thread(written)

    async def _case(self, sid: str) -> tuple[Case, FlowSet]:
        entries = await self._store.history(HistoryQuery(call_sid=sid))
        for post in self._crew.posts:
            sight = self._sight(post)
            call = _find(sight, sid)
            if sight is not None and call is not None:
                return await self._seen(post, sight, call, entries), sight.flow_set
        return await self._asked(sid, entries)

    # ---- what the last poll saw -------------------------------------------------------------

    def _sight(self, post: Post) -> Sight | None:
        account = self._board.accounts.get(post.account.credentials.account_sid)
        return None if account is None else account.look.sight

    async def _seen(self, post: Post, sight: Sight, call: Call, entries: Sequence[Entry]) -> Case:
        books = Books(self._crew, post, self._store)
        flows = sight.flow_set.flows
        async with self._one_plans:
            scene = await scene_now(books, sight, call)
            found = await asyncio.to_thread(explain_all, flows, call, scene)
        notes = [] if knows_all(books, sight) else [_PART]
        known = {each.sid for each in scene.live}
        live = (*scene.live, *(() if call.sid in known else (call,)))
        case = Case(call.sid, "live", scene.moment.now, call, found, entries, notes=notes)
        return over(replace(case, live=live))

    # ---- what Twilio says -------------------------------------------------------------------

    async def _asked(self, sid: str, entries: Sequence[Entry]) -> tuple[Case, FlowSet]:
        """Of a call that no poll has seen, or that is over."""
        try:
            async with asyncio.timeout(PATIENCE), self._far:
                return await self._far_case(sid, entries)
        except NoSuchCall:
            note, trouble = NO_LONGER, self._nowhere(sid)
        except TimeoutError:
            late = NoAnswer(f"Twilio did not answer within {PATIENCE:.0f}s")
            note, trouble = unread(late), Refusal(str(late), hint="try again", status=503)
        except GatewayError as error:
            note, trouble = unread(error), Refusal(str(error), hint=error.hint, status=503)
        if not entries:
            raise trouble
        return ledger_case(sid, entries, note), self._board.flows().flow_set

    async def _far_case(self, sid: str, entries: Sequence[Entry]) -> tuple[Case, FlowSet]:
        post, call = await self._found(sid, self._candidates(entries))
        sight = self._sight(post)
        if sight is not None:
            return await self._seen(post, sight, call, entries), sight.flow_set
        flow_set, crew = self._board.flows().flow_set, self._crew
        settings = msgspec.structs.replace(crew.settings, never=crew.never())
        inquiry = Inquiry(sid, flow_set, settings)
        blank = msgspec.structs.replace(blank_of(post.account, settings), now=crew.clock.now())
        asked = Asked(post.gateway, self._store, blank, crew.kill, sparing=True)
        return await asked_case(inquiry, asked, entries), flow_set

    def _candidates(self, entries: Sequence[Entry]) -> Sequence[Post]:
        """Whose call it may be; of one that was acted on the ledger knows it."""
        if not entries:
            return self._crew.posts[:ACCOUNTS]
        whose = entries[-1].intent.account
        return [p for p in self._crew.posts if p.account.credentials.account_sid == whose]

    async def _found(self, sid: str, posts: Sequence[Post]) -> tuple[Post, Call]:
        """The account that has the call. Raises `GatewayError` where none says that it has."""
        asked = (post.gateway.fetch_call(sid) for post in posts)
        answers = await asyncio.gather(*asked, return_exceptions=True)
        for post, answer in zip(posts, answers, strict=True):
            if isinstance(answer, Call):
                return post, answer
        missing = NoSuchCall(f"Twilio has no call {sid}", status=404, code=None)
        others = [e for e in answers if isinstance(e, BaseException)]
        raise next((e for e in others if not isinstance(e, NoSuchCall)), missing)

    def _nowhere(self, sid: str) -> Refusal:
        many = len(self._crew.posts)
        where = "this account" if many == 1 else f"these {counted(many, 'account')}"
        unasked = f"; only the first {ACCOUNTS} were asked" if many > ACCOUNTS else ""
        return Refusal(
            f"nobody knows a call {sid}: no poll has seen it, Twilio has none in {where}{unasked}, "
            "and the ledger has nothing on it",
            hint="check the SID; a subaccount's calls are its own, and old ones are deleted",
            status=404,
        )


def _find(sight: Sight | None, sid: str) -> Call | None:
    """The call among those that the poll listed, whatever the case of its letters."""
    if sight is None:
        return None
    wanted = sid.lower()
    return next((call for call in sight.calls if call.sid.lower() == wanted), None)
