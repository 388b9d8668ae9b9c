"""What the audience of `callflow demo` sees: what calls and rules do, as it happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from runner.engine.ports import Event
from runner.model import FlowSet, Millis
from runner.sandbox import Sandbox
from runner.sandbox.legs import Happening

#: What people see of a call: its life, what is said, who listens, and what others do to it.
_SHOWN = frozenset({"status", "says", "fetches", "told", "fault", "waits", "joins", "leaves"})
_SHOWN |= {"records", "streams", "siprec", "transcribes", "message"}
_FAILED = frozenset({"poll.failed", "action.failed", "action.unknown", "action.crashed"})


@dataclass
class Stage:
    """Tells the audience what happens to each call, in the order in which it happens.

    `names` are the calls' names by SID.
    """

    sandbox: Sandbox
    names: dict[str, str]
    say: Callable[[str], None]
    failures: list[Event] = field(default_factory=list)
    _seen: dict[str, int] = field(default_factory=dict)
    _intent: tuple[str, str, str] = ("", "", "")
    _actions: list[str] = field(default_factory=list)
    _began: Millis = 0

    def introduce(self, folder: Path, flow_set: FlowSet, speed: float) -> None:
        """Who is on the phone, and which rules will look at them."""
        self._began = self.sandbox.clock.now()
        rules = ", ".join(rule.key for rule in flow_set.rules)
        self.say(f"Twilio's live calls, played on this machine at {self.sandbox.url}")
        self.say(f"flows in {folder}")
        self.say(f"rules: {rules}")
        self.say(f"one second here is {speed:g} seconds there\n")

    def hear(self, event: Event) -> None:
        """Takes the runner's events."""
        if event.name == "action.intended":
            self._intend(event)
            return
        self.look()
        if event.name in _FAILED:
            self.failures.append(event)
            why = event.fields.get("error") or event.fields.get("detail", "")
            self._line("callflow", f"{event.name}: {_what(event)}{why}")
        elif event.name == "action.skipped":
            self._line(
                self._name(event), f"<- {_what(event)}not sent: {event.fields.get('detail', '')}"
            )

    def posted(self, url: str, body: str) -> None:
        """Takes what a rule posts to a service."""
        self.look()
        self._line("callflow", f"posts to {url}: {body}")

    def look(self) -> None:
        """Tells what happened since the last look."""
        self._tell_intent()
        new: list[tuple[Millis, str, Happening]] = []
        for sid, name in self.names.items():
            if self.sandbox.world.has(sid):
                happenings = self.sandbox.world.transcript(sid)
                new += [(h.at, name, h) for h in happenings[self._seen.get(sid, 0) :]]
                self._seen[sid] = len(happenings)
        for at, name, happening in sorted(new, key=lambda item: item[0]):
            if happening.kind in _SHOWN:
                self._line(name, f"{happening.kind}: {happening.text}", at)

    def summarise(self) -> None:
        """How it ended for each call, and what to try next."""
        self.say("\nwhat became of the calls:")
        for sid, name in self.names.items():
            if not self.sandbox.world.has(sid):
                continue
            heard = " / ".join(self.sandbox.world.heard(sid)) or "nothing"
            status = self.sandbox.world.call(sid).status
            self.say(f"  {name:<{self._width}} {status:<12} heard: {heard}")
        self.say(
            "\nnext: callflow init my-flows, then callflow validate, plan and run (see README)"
        )

    def _intend(self, event: Event) -> None:
        """Gathers the parts of an act, which come one by one, for one line."""
        intent = (self._name(event), f"{event.fields['flow']}/{event.fields['rule']}")
        if self._intent[:2] != intent:
            self.look()
            self._intent = (*intent, str(event.fields["why"]))
        self._actions.append(_actions(event))

    def _tell_intent(self) -> None:
        if self._actions:
            name, rule, why = self._intent
            self._line(name, f"<- {rule}: {', '.join(self._actions)}   ({why})")
            self._actions.clear()
            self._intent = ("", "", "")

    def _name(self, event: Event) -> str:
        return self.names.get(str(event.fields["call"]), str(event.fields["call"]))

    @property
    def _width(self) -> int:
        return max(12, *(len(name) for name in self.names.values()))

    def _line(self, name: str, text: str, at: Millis | None = None) -> None:
        at = self.sandbox.clock.now() if at is None else at
        seconds = max(0, at - self._began) // 1000
        self.say(f"{seconds // 60:02d}:{seconds % 60:02d}  {name:<{self._width}} {text}")


def _actions(event: Event) -> str:
    then = event.fields.get("then", ())
    return ", ".join(then) if isinstance(then, list) else ""


def _what(event: Event) -> str:
    """`surveys/cut: record: `, of events about a rule."""
    if "rule" not in event.fields:
        return ""
    return f"{event.fields['flow']}/{event.fields['rule']}: {_actions(event)}: "
