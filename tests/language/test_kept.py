"""Promises: what a load takes over from the one before is what it would have made itself."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from runner.engine.reload import Reloader
from runner.language.loader import Loaded, load
from runner.model import Millis

GOLDEN = Path(__file__).parents[1] / "golden"
FLOW_FILES = ("a.yaml", "b.yml", "c.yaml", "sub/d.yaml", "../single.yaml", "../one/e.yaml")
LIST_FILES = ("known.txt", "other.txt", "sub/known.txt")
FILES = (*FLOW_FILES, *LIST_FILES, "g.test.yaml")
RULES = (
    "match: {from: {in_list: known}}, then: [hangup]",
    "match: {to: {in_list: [other]}, age: {gte: 1h}}, for: 1s, then: [hangup]",
    "then: [hangup]",
    "match: {form: '+14155550100'}, then: [hangup]",
    "match: {from: {regex: '^[+]1(415|416)'}}, then: [hangup]",
    "then: [notify: 'https://ada:secret@example.com/hook']  # callflow: ignore[loop] and a secret",
)
IGNORES = (
    "",
    "  # callflow: ignore[matches-everything, for-shorter-than-poll] we mean it",
    "  # callflow: ignore[matches-everthing] misspelt",
    "  # callflow: ignore[unused-list]",
    "  # callflow: ignore[secret-in-flow] can't be",
)
LISTED = st.sampled_from(
    ["known.txt", "other.txt", "sub/../known.txt", "missing.txt", "b.yml", "../single.yaml"]
)
LISTS = st.dictionaries(st.sampled_from(["known", "other"]), LISTED)


@st.composite
def written(draw: st.DrawFn) -> bytes:
    """One flow file of parts that share lists and names, and that are told of each in its way."""
    lists = "".join(f"  {name}: {{file: {file}}}\n" for name, file in draw(LISTS).items())
    lines = [f"version: 1\nflow: {draw(st.sampled_from('fgh'))}\n"]
    lines += [f"lists:\n{lists}"] if lists else []
    lines += ["rules:\n"]
    chosen = st.lists(st.sampled_from(RULES), min_size=1, max_size=3, unique=True)
    for number, text in enumerate(draw(chosen)):
        lines += [draw(st.sampled_from(IGNORES)), f"\n  - {{id: r{number}, {text}\n    }}\n"]
    return "".join(lines).encode()


FLOWS = written() | st.sampled_from(
    [path.read_bytes() for path in sorted(GOLDEN.glob("*/*")) if path.suffix in (".yaml", ".bin")]
)
NUMBERS = st.sampled_from(
    [
        b"",
        b"+14155550100\n",
        b"+14155550100\n+14155550101 # callflow: ignore[not-e164] no\n",
        b"not a number # callflow: ignore[not-e164] yes\n",
        b"not a number\n",
        b"\xff",
        b"a\0b",
    ]
)


class Folder(RuleBasedStateMachine):
    """Files that people, editors and machines change in any way, and who loads them again."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.flows = self.root / "flows"
        (self.flows / "sub").mkdir(parents=True)
        for release in ("one", "two"):
            (self.root / release).mkdir()
        (self.root / "current").symlink_to("one")
        self.paths = [self.flows, self.root / "single.yaml", self.root / "current"]
        self.poll: Millis | None = None
        self.last = load(self.paths)
        self.made_of = self.contents(self.last)
        self.reloader = Reloader(self.paths, self.last)

    def teardown(self) -> None:
        shutil.rmtree(self.root)

    def contents(self, loaded: Loaded) -> dict[str, object]:
        """What each flow file depends on: all that was read for it, and the time between polls."""
        return {
            path: (self.poll, [(n, n in loaded.kept.made, read(n)) for n, _ in made.read_as])
            for path, made in loaded.kept.made.items()
        }

    @initialize(texts=st.lists(FLOWS, min_size=3, max_size=3), numbers=NUMBERS)
    def begin(self, texts: Sequence[bytes], numbers: bytes) -> None:
        for name, text in zip(FLOW_FILES, texts, strict=False):
            self.write(name, text)
        self.write("known.txt", numbers)

    @rule(name=st.sampled_from(FLOW_FILES), text=FLOWS)
    def write_flow(self, name: str, text: bytes) -> None:
        self.write(name, text)

    @rule(name=st.sampled_from(LIST_FILES), text=NUMBERS)
    def write_list(self, name: str, text: bytes) -> None:
        self.write(name, text)

    @rule(name=st.sampled_from(FLOW_FILES), old=st.sampled_from("fgh"), new=st.sampled_from("fgh"))
    def edit(self, name: str, old: str, new: str) -> None:
        """A flow gets another name, which others may have, too, or no longer."""
        text = read(str(self.flows / name))
        if isinstance(text, bytes):
            self.write(name, text.replace(b"flow: " + old.encode(), b"flow: " + new.encode()))

    @rule(name=st.sampled_from(FILES))
    def delete(self, name: str) -> None:
        path = self.flows / name
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)

    @rule(name=st.sampled_from(FILES), to=st.sampled_from(FILES))
    def rename(self, name: str, to: str) -> None:
        if name != to and os.path.lexists(self.flows / name):
            self.delete(to)
            (self.flows / name).rename(self.flows / to)

    @rule(name=st.sampled_from(FILES), to=st.sampled_from(FILES))
    def link(self, name: str, to: str) -> None:
        """One becomes another one, or points nowhere, or at itself."""
        self.delete(name)
        (self.flows / name).symlink_to(self.flows / to)

    @rule(name=st.sampled_from(FILES))
    def become_a_folder(self, name: str) -> None:
        self.delete(name)
        (self.flows / name).mkdir()

    @rule(release=st.sampled_from(["one", "two"]))
    def swap(self, release: str) -> None:
        """As Kubernetes does: a link to the folder is replaced in one step."""
        (self.root / "new").symlink_to(release)
        (self.root / "new").rename(self.root / "current")

    @rule(poll=st.sampled_from([None, 500, 60_000]))
    def start_again(self, poll: Millis | None) -> None:
        """The poll interval changes; what was loaded by another one is of no use."""
        self.poll = poll
        self.reloader = Reloader(self.paths, self.last, poll=poll)

    @invariant()
    def loading_again_is_loading_afresh(self) -> None:
        fresh = load(self.paths, poll=self.poll)
        seen = self.reloader.look()
        reading = self.reloader.load(seen)
        assert told(reading.loaded) == told(fresh)
        self.nothing_else_was_parsed(reading.loaded)
        if not self.reloader.differ(seen) and self.last.kept.poll == fresh.kept.poll:
            assert told(fresh) == told(self.last)
        self.reloader.accept(reading)
        self.last = reading.loaded

    def nothing_else_was_parsed(self, loaded: Loaded) -> None:
        now, before = self.contents(loaded), self.made_of
        changed = {path for path in now if path not in before or now[path] != before[path]}
        assert set(loaded.kept.anew) == changed
        for path in now.keys() - changed:
            assert loaded.kept.made[path] is self.last.kept.made[path]
        self.made_of = now

    def write(self, name: str, text: bytes) -> None:
        path = self.flows / name
        self.delete(name)
        path.write_bytes(text)


def told(loaded: Loaded) -> Sequence[object]:
    """All that a load gives, in its order; what can't be compared is written out."""
    kept, made = loaded.kept, loaded.kept.made.items()
    flows = [repr((path, each.flow, each.problems, each.read_as)) for path, each in made]
    shown = [*loaded.texts.items(), *loaded.files.items(), *kept.texts.items()]
    return repr(loaded.flow_set), loaded.problems, shown, flows, kept.poll


def read(path: str) -> object:
    """What the file holds, or why it can't be read."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        return type(error).__name__


TestFolder = Folder.TestCase
TestFolder.settings = settings(
    max_examples=30,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
