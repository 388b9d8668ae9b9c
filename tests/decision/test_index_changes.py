"""No verdict outlives what it depends on: flows, the clock, calls and the account change at random.

Whatever happens, in whatever order, the matcher must say what the oracle says, which remembers
nothing. Only holds are kept from poll to poll, by both. Beside it stands the matcher of another
account, with other flows in part, which shares what is prepared.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from runner.call import Call
from runner.decision.holds import Holds
from runner.decision.matcher import Matcher
from runner.decision.rulebook import Rulebooks
from tests.decision.edits import EDITS, Edit
from tests.decision.oracle import Held, Oracle
from tests.decision.oracle_values import Scene
from tests.decision.pool import START
from tests.decision.test_index_oracle import BUDGET, crowd, moment_of, plain
from tests.decision.test_index_times import edges_of
from tests.decision.written import Written, call_of, compiled, crews, flows, folders, keys_of
from tests.decision.written import calls_of as fields

SIDS = st.sampled_from([f"CA{n}" for n in range(6)])
ACCOUNTS = st.sampled_from(["", "main", "other"])
DATA = st.data()
STEPS = st.sampled_from(
    [*(1, 500, 2_000, 5_000, 59_999, 60_000, 600_000, 36_000_000), *(-1, -2_000, -60_000, -600_000)]
)


class Changes(RuleBasedStateMachine):
    """One account's matcher, and whatever may change around it."""

    def __init__(self) -> None:
        super().__init__()
        self.files: list[Written] = []
        self.now, self.last, self.is_missed = START, START, False
        self.account = "main"
        self.calls: dict[str, Call] = {}
        self.past: list[Call] = []
        self.since: dict[tuple[str, str], int] = {}
        self.naps = 0
        self.names = 9  # of flows, so that none is used twice

    @initialize(files=folders, calls=crews)
    def begin(self, files: tuple[Written, ...], calls: tuple[Call, ...]) -> None:
        self.files = list(files)
        self.calls = {call.sid: call for call in calls}
        self.flows = [compiled(file) for file in files]
        self.books = Rulebooks()
        self._reload()
        self._reload_the_other(0)
        self.seen = self.scene

    @property
    def scene(self) -> Scene:
        return Scene(self.now, tuple(self.calls.values()), self.account)

    # ---- what changes ---------------------------------------------------------------------------

    @rule(data=DATA, edit=st.sampled_from(EDITS), is_fresh=st.booleans())
    def edits(self, data: st.DataObject, edit: Any, is_fresh: bool) -> None:
        """A flow file is edited. What isn't is kept as it is, or read once more."""
        at = data.draw(st.integers(0, len(self.files) - 1))
        edited = edit(self.files[at], data.draw)
        if edited != self.files[at]:
            self.files[at], self.flows[at] = edited, compiled(edited)
        if is_fresh:
            self.flows = [compiled(file) for file in self.files]
        self._reload()

    @rule(data=DATA)
    def adds_a_flow(self, data: st.DataObject) -> None:
        at = data.draw(st.integers(0, len(self.files)))
        self.names += 1
        file = data.draw(flows(f"f{self.names}"))
        self.files.insert(at, file)
        self.flows.insert(at, compiled(file))
        self._reload()

    @rule(data=DATA)
    def removes_or_moves_a_flow(self, data: st.DataObject) -> None:
        at = data.draw(st.integers(0, len(self.files) - 1))
        file, flow = self.files.pop(at), self.flows.pop(at)
        if not self.files or data.draw(st.booleans()):
            to = data.draw(st.integers(0, len(self.files)))
            self.files.insert(to, file)
            self.flows.insert(to, flow)
        self._reload()

    @rule(account=ACCOUNTS, is_told=st.booleans())
    def is_known_as(self, account: str, is_told: bool) -> None:
        self.account = account
        if is_told:
            self._reload()

    @rule(by=STEPS)
    def time_passes(self, by: int) -> None:
        self.now += by

    @rule(number=st.integers(0, 3), off=st.sampled_from([0, 0, 1, -1]), is_back=st.booleans())
    def time_comes_to_an_edge(self, number: int, off: int, is_back: bool) -> None:
        """To one of the next moments at which something that is written may begin, or end."""
        edges = edges_of(self.files, self.calls.values(), self.since.values())[
            :: -1 if is_back else 1
        ]
        coming = [edge for edge in edges if (edge < self.now if is_back else edge > self.now)]
        if coming:
            self.now = coming[min(number, len(coming) - 1)] + off

    @rule(data=DATA, sid=SIDS)
    def a_call_is_another(self, data: st.DataObject, sid: str) -> None:
        """It comes, or everything of it may have changed."""
        self._set(data.draw(call_of(sid)))

    @rule(data=DATA, sid=SIDS, field=st.sampled_from(sorted(fields)))
    def a_call_changes(self, data: st.DataObject, sid: str, field: str) -> None:
        if sid in self.calls:
            self._set(replace(self.calls[sid], **{field: data.draw(fields[field])}))

    @rule(data=DATA)
    def a_call_is_as_it_was(self, data: st.DataObject) -> None:
        if self.past:
            self._set(replace(data.draw(st.sampled_from(self.past))))

    @rule()
    def calls_are_read_anew(self) -> None:
        """The same values, in other objects: as every poll has them."""
        self.calls = {sid: replace(call) for sid, call in self.calls.items()}

    @rule(sid=SIDS)
    def a_call_ends(self, sid: str) -> None:
        self.calls.pop(sid, None)

    @rule(many=st.integers(1, 3))
    def nobody_asks_for_a_while(self, many: int) -> None:
        self.naps = many

    # ---- who asks -------------------------------------------------------------------------------

    @rule(part=st.integers(0, 5), frees=st.sampled_from([True, True, False]))
    def polls(self, part: int, frees: bool) -> None:
        """All calls, or those from one on; and what wasn't asked about may be forgotten."""
        self.since = self._ask(tuple(self.calls.values())[part if part < 3 else 0 :])
        self.last, self.is_missed, self.seen = self.now, False, self.scene
        if frees:
            self.matcher.next_poll()

    @rule(part=st.sampled_from([None, None, 0, 0, 1, 2]))
    def the_other_account_polls(self, part: int | None) -> None:
        """Of calls that are called the same; after it has been given flows, or before."""
        if part is not None:
            self._reload_the_other(part)
        calls = tuple(replace(call, from_=call.to, to=call.from_) for call in self.calls.values())
        scene = Scene(self.now, calls, "other")
        moment = moment_of(scene)
        for call in calls:
            said = plain(self.other.verdicts(call, moment, Holds({}, self.now)))
            assert said == self.other_oracle.verdicts(call, scene, Held({}, self.now))
        self.other.next_poll()

    @rule(part=st.integers(0, 3))
    def fails_to_poll(self, part: int) -> None:
        self._ask(tuple(self.calls.values())[:part])
        self.is_missed = True

    @rule(data=DATA, sid=SIDS, is_stale=st.booleans())
    def glances(self, data: st.DataObject, sid: str, is_stale: bool) -> None:
        """Looks at one call between polls, of which the list may not know yet."""
        scene = Scene(self.now, None, self.account)
        call = None if is_stale else self.calls.get(sid)
        self._ask((call or data.draw(call_of(sid)),), scene)

    @rule(data=DATA, sid=SIDS)
    def checks_again(self, data: st.DataObject, sid: str) -> None:
        """What is about to act asks once more about a newer row, at the moment of the poll."""
        self._ask((data.draw(call_of(sid)), *self.calls.values()), self.seen)

    @invariant()
    def looks(self) -> None:
        if self.files and not self.naps:
            self._ask(tuple(self.calls.values()))
        self.naps = max(0, self.naps - 1)

    # ---- both are asked -------------------------------------------------------------------------

    def _ask(self, calls: tuple[Call, ...], at: Scene | None = None) -> dict[tuple[str, str], int]:
        scene = at or self.scene
        moment = moment_of(scene)
        unseen = max(0, scene.now - self.last) if self.is_missed else 0
        holds = Holds(self.since, scene.now, unseen=unseen)
        held = Held(self.since, scene.now, unseen)
        for call in calls:
            said = plain(self.matcher.verdicts(call, moment, holds))
            assert said == self.oracle.verdicts(call, scene, held)
            assert self.matcher.undecided(call, moment) == self.oracle.undecided(call, scene)
        assert holds.after == held.after
        for key in keys_of(self.flows):
            assert self.matcher.acts(key, "CA1") == self.oracle.acts(key, "CA1")
        return held.after

    def _set(self, call: Call) -> None:
        self.past.append(self.calls.get(call.sid, call))
        self.calls[call.sid] = call

    def _reload(self) -> None:
        self.matcher = Matcher(self.flows, self.books)
        self.oracle = Oracle(self.files, keys_of(self.flows))

    def _reload_the_other(self, first: int) -> None:
        """Some of the flows are not for it."""
        self.other = Matcher(self.flows[first:], self.books)
        self.other_oracle = Oracle(self.files[first:], keys_of(self.flows[first:]))


TestChanges = Changes.TestCase
TestChanges.settings = settings(BUDGET, max_examples=50, stateful_step_count=30)


@settings(BUDGET, max_examples=20)
@given(crowd, crews, st.lists(st.sampled_from(EDITS), min_size=8), DATA)
def test_an_edit_is_in_force_at_once(
    file: Written, calls: tuple[Call, ...], edits: list[Edit], data: st.DataObject
) -> None:
    books, scene = Rulebooks(), Scene(START, calls, "main")
    moment, before = moment_of(scene), []
    for edit in edits:
        flow = compiled(file)
        matcher, oracle = Matcher((flow,), books), Oracle([file], keys_of([flow]))
        before.append(matcher)
        for call in calls:
            said = plain(matcher.verdicts(call, moment, Holds({}, START)))
            assert said == oracle.verdicts(call, scene, Held({}, START))
        file = edit(file, data.draw)
