"""What each key does in `callflow top`: moving about, asking why, and braking."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any

from runner.cli.looking.why_text import as_text
from runner.cli.report import Style
from runner.cli.screen.cells import cut, safe
from runner.cli.screen.news import News
from runner.cli.screen.view import Document, Picture, Question, View, call_of, rule_of, wanted_rows
from runner.console.web.client import Client, Denied, Unreached
from runner.durations import parse_duration

HELP = """\
tab, back-tab      the next list, the one before
j k, arrows        the next row, the one before
space, page keys   a page of rows; g and G, home and end: the first row and the last
/                  show only what fits a text; empty: everything again
w or enter         why: what each rule makes of the call of this row
p                  pause the rule of this row; asks why, and for how long
r                  resume the rule of this row, after a guard tripped too
K                  stop everything (the kill switch); where it is thrown: lift it
esc                back
q or ctrl-c        end

p, r and K need the operator's role: the token in CALLFLOW_OPERATOR_TOKEN, or a runner on
this machine that has no tokens."""

#: Rows that a page key moves.
_PAGE = 10


class Hands:
    """Does what keys say. `ended` is called to end."""

    def __init__(
        self, client: Client, news: News, view: View, *, ended: Callable[[], None]
    ) -> None:
        self._client = client
        self._news = news
        self._view = view
        self._ended = ended
        self.busy: set[asyncio.Task[None]] = set()
        up, down = partial(self._move, -1), partial(self._move, 1)
        self._keys: Mapping[str, Callable[[], None]] = {
            "q": ended,
            "?": lambda: view.show("keys", HELP.splitlines()),
            "escape": view.uncover,
            "tab": partial(view.turn, 1),
            "back-tab": partial(view.turn, -1),
            "right": partial(view.turn, 1),
            "left": partial(view.turn, -1),
            **dict.fromkeys(("k", "up"), up),
            **dict.fromkeys(("j", "down"), down),
            **dict.fromkeys((" ", "page-down"), partial(self._move, _PAGE)),
            "page-up": partial(self._move, -_PAGE),
            **dict.fromkeys(("g", "home"), partial(self._move, -(10**9))),
            **dict.fromkeys(("G", "end"), partial(self._move, 10**9)),
            "/": self._filter,
            **dict.fromkeys(("w", "enter"), self._why),
            "p": self._pause,
            "r": self._resume,
            "K": self._kill,
        }

    def take(self, key: str) -> None:
        """One key, or what was pasted: pasted text is no keys."""
        view = self._view
        if view.question is not None:
            self._type(view.question, key)
            return
        view.tell("")
        if key in self._keys:
            self._keys[key]()

    # ---- questions --------------------------------------------------------------------------

    def _ask(self, question: Question) -> None:
        self._view.question, self._view.typed = question, ""

    def _type(self, question: Question, key: str) -> None:
        view = self._view
        if key == "escape":
            view.question = None
        elif key == "enter":
            answer = question.then(view.typed.strip())
            if isinstance(answer, str):
                view.question = Question(answer, question.then)
            else:
                view.question, view.typed = answer, ""
        elif key == "backspace":
            view.typed = view.typed[:-1]
        elif key == "clear":
            view.typed = ""
        elif len(key) == 1:
            view.typed += key
        elif key.startswith("paste:"):
            view.typed += " ".join(key.removeprefix("paste:").split())

    # ---- moving about -----------------------------------------------------------------------

    def _move(self, by: int) -> None:
        view = self._view
        if view.page:
            view.scrolled += by
        else:
            view.move(wanted_rows(self._picture, view, view.pane), by)

    def _filter(self) -> None:
        def then(text: str) -> None:
            self._view.filters[self._view.pane] = text
            self._news.ask_again()

        self._ask(Question(f"show only {self._view.pane} with:", then))

    # ---- asking -----------------------------------------------------------------------------

    def _why(self) -> None:
        row = self._view.row(self._picture)
        sid = call_of(self._view.pane, row) if row else ""
        if not sid:
            self._view.tell("no call in this row: go to another list with tab", alarming=True)
            return

        async def ask() -> None:
            document = await self._client.get(f"/api/why/{sid}", **self._news.numbers)
            self._view.show(f"why {sid}", as_text(document, style=Style()).splitlines())

        self._begin(ask())

    # ---- braking ----------------------------------------------------------------------------

    def _pause(self) -> None:
        flow, rule = self._rule()
        if not rule:
            return

        def reason(text: str) -> Question | str:
            if not text:
                return f"pause {flow}/{rule}: a reason is needed:"
            return Question("for how long, such as 30m (empty: until resumed):", until(text))

        def until(why: str) -> Callable[[str], str | None]:
            def then(text: str) -> str | None:
                body: dict[str, Any] = {"flow": flow, "rule": rule, "reason": why}
                if text:
                    try:
                        parse_duration(text)
                    except ValueError as error:
                        return f"{error}:"
                    body["for"] = text
                self._order("/api/pause", body, f"paused {flow}/{rule}")
                return None

            return then

        self._ask(Question(f"pause {flow}/{rule}, because:", reason))

    def _resume(self) -> None:
        flow, rule = self._rule()
        if not rule:
            return
        standing = self._standing(flow, rule)
        if standing:
            self._ask(self._to_resume(flow, rule, standing))
        else:
            wide = "; what its flow or account is kept from, `callflow resume` lifts"
            said = f"{flow}/{rule} is not paused by itself{wide}"
            self._view.tell(said, alarming=True)

    def _to_resume(self, flow: str, rule: str, standing: list[Document]) -> Question:
        """Asks whether what is shown may go on. What stands by then may be another's."""
        how = "tripped" if standing[0].get("tripped") else "paused"
        about = cut(safe(f"{how}: {standing[0].get('reason', '')}"), 40)
        text = f"resume {flow}/{rule}? yes, or esc ({about}):"

        def then(typed: str) -> Question | str | None:
            now = self._standing(flow, rule)
            if typed not in ("yes", "y"):
                return text
            if now and now != standing:
                question = self._to_resume(flow, rule, now)
                return Question(f"it is another pause by now: {question.text}", question.then)
            self._order("/api/resume", {"flow": flow, "rule": rule}, f"resumed {flow}/{rule}")
            return None

        return Question(text, then)

    def _standing(self, flow: str, rule: str) -> list[Document]:
        """What is paused by this name, in whatever account."""
        pauses = self._picture.status.get("pauses", ())
        return [p for p in pauses if (p.get("flow"), p.get("rule")) == (flow, rule)]

    def _kill(self) -> None:
        if not self._may():
            return
        if self._picture.status.get("kill"):
            self._ask(Question("everything is stopped: let it act again? yes, or esc:", self._lift))
        else:
            self._ask(Question("STOP EVERYTHING, because:", self._throw))

    def _throw(self, text: str) -> str | None:
        if not text:
            return "STOP EVERYTHING: a reason is needed:"
        self._order("/api/kill", {"reason": text}, "everything is stopped")
        return None

    def _lift(self, text: str) -> str | None:
        if text not in ("yes", "y"):
            return "let everything act again? yes, or esc:"
        self._order("/api/resume", {"all": True}, "everything may act again")
        return None

    def _rule(self) -> tuple[str, str]:
        """The rule of the chosen row, where it may be braked."""
        row = self._view.row(self._picture)
        if not self._may() or row is None:
            return "", ""
        flow, rule = rule_of(self._view.pane, row)
        if not rule:
            self._view.tell("no rule in this row", alarming=True)
        return flow, rule

    def _may(self) -> bool:
        if not self._picture.may_operate:
            hint = "set CALLFLOW_OPERATOR_TOKEN to the operator's token"
            self._view.tell(f"a reader may look and change nothing: {hint}", alarming=True)
        return self._picture.may_operate

    def _order(self, path: str, body: dict[str, Any], done: str) -> None:
        async def give() -> None:
            answer = await self._client.post(path, body)
            lifted = answer.get("resumed")
            nothing = lifted is not None and not lifted
            self._view.tell("nothing was paused by that name" if nothing else done)

        self._begin(give())

    # ---- helpers ----------------------------------------------------------------------------

    @property
    def _picture(self) -> Picture:
        return self._news.picture

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        async def told() -> None:
            try:
                await work
            except (Unreached, Denied) as error:
                text = f"{error}: {error.hint}" if error.hint else str(error)
                self._view.tell(text, alarming=True)
            except Exception as error:
                text = f"a fault in callflow; please report it: {type(error).__name__}: {error}"
                self._view.tell(text, alarming=True)
            self._news.ask_again()
            self._news.moved()

        task = asyncio.ensure_future(told())
        self.busy.add(task)
        task.add_done_callback(self.busy.discard)
