"""The environment of the peers, `.venv-bench`: kept apart from what callflow itself needs.

A peer that can't be installed here is left out, and its rows say so. Standard library only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from bench.measuring import PEERS, ROOT, peers

LOCKED = ROOT / "requirements" / "bench.txt"
#: Package to its lines in a lock file.
Blocks: TypeAlias = Mapping[str, Sequence[str]]


def prepare(
    make: Callable[[str], list[str]], install: Callable[[list[str], list[str]], str], *, of: str
) -> None:
    """Makes it hold what is locked; `of` says what that is, in order to see whether it does.

    `make` makes an environment and gives its pip, `install` says why that could not install.
    """
    stamp = PEERS / ".prepared"
    if peers() and stamp.exists() and stamp.read_text(encoding="utf-8") == of:
        return
    print("setting up .venv-bench (the peers), this takes a moment ...", flush=True)
    pip = make(str(PEERS))
    if not install(pip, ["-r", str(LOCKED)]):
        stamp.write_text(of, encoding="utf-8")
        return
    alone = PEERS / "alone.txt"
    for peer, lines in each_alone(LOCKED).items():
        alone.write_text("".join(lines), encoding="utf-8")
        if install(pip, ["-r", str(alone)]):
            print(f"{peer} can't be installed here; its rows will say that it is not there")


def each_alone(path: Path) -> dict[str, list[str]]:
    """Peer by peer, what a lock file says of it and of all that it needs."""
    blocks: dict[str, list[str]] = {}
    name = ""
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        if not line.startswith(" "):
            name = line.split("==")[0]
        blocks.setdefault(name, []).append(line)
    asked_for = [name for name, lines in blocks.items() if "-r" in _wanting(lines)]
    return {
        peer: [line for name in _needed(peer, blocks) for line in blocks[name]]
        for peer in asked_for
    }


def _needed(peer: str, blocks: Blocks) -> list[str]:
    """The names of a package and of all that it needs."""
    needed, count = {peer}, 0
    while len(needed) > count:
        count = len(needed)
        needed |= {name for name, lines in blocks.items() if needed & _wanting(lines)}
    return sorted(needed)


def _wanting(lines: Sequence[str]) -> set[str]:
    """Who wants a package, as the comments of its block tell; `-r` is the list of the peers."""
    told = (line.partition("#")[2].replace(" via ", " ").split() for line in lines if "#" in line)
    return {words[0] for words in told if words}
