"""A folder of flow files to measure with: eight rules and some sixty lines each, no two alike.

    python -m bench.corpus FOLDER FILES

The same number gives the same file on every machine. All are sound and warn of nothing, so what
is measured is a file as people keep it: a comment, a list, texts, nested conditions, times, and
one or two patterns. Needs the standard library alone.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from pathlib import Path

RULES = 8  # in a file

#: Chance, the name of the shop and of the rule in URLs, and the rule's number in its file.
Make = Callable[[random.Random, str, int], str]


def write_corpus(folder: Path, files: int) -> None:
    """Writes so many flow files into a folder, which is made where it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(files):
        (folder / f"shop-{number:05}.yaml").write_text(flow(number), encoding="utf-8")


def flow(number: int) -> str:
    """The text of one file."""
    dice = random.Random(number)
    parts = [_head(dice, number)]
    for at in range(RULES):
        make = _KINDS[(number + at) % len(_KINDS)]
        parts.append(make(dice, f"{number}-{at}", at))
    return "".join(parts)


def _head(dice: random.Random, number: int) -> str:
    return f"""\
# Shop {number}: written by bench/corpus.py.
version: 1
flow: shop-{number:05}
description: What shop {number} wants done with calls that wait, ask, or never end.
priority: {number % 100}
defaults: {{language: en-GB}}
lists:
  staff: ["{_phone(dice)}", "{_phone(dice)}"]
rules:
"""


def _welcome(dice: random.Random, name: str, at: int) -> str:
    return f"""\
  - id: welcome-{at}
    match: {{to: "{_phone(dice)}", direction: inbound}}
    once: per call
    then:
      - say: Shop {name} is glad that you call. One moment, please.
      - redirect: {{url: 'https://voice.example.com/{name}/welcome', method: POST}}
"""


def _limit(dice: random.Random, name: str, at: int) -> str:
    return f"""\
  - id: limit-{at}
    match:
      from: {{prefix: "+1{_area(dice)}{at}"}}
      age: {{gte: {dice.randrange(30, 240)}m}}
    then:
      - say: {{text: "The line {name} is needed by others, goodbye.", loop: 2}}
      - hangup
"""


def _unheard(dice: random.Random, _name: str, at: int) -> str:
    return f"""\
  - id: unheard-{at}
    match:
      status: [queued, ringing]
      to: {{prefix: "+44{dice.randrange(20, 29)}{_area(dice)}{at}"}}
      age: {{gte: {dice.randrange(60, 180)}s}}
    for: 10s
    then: [cancel]
"""


def _machine(dice: random.Random, name: str, at: int) -> str:
    return f"""\
  - id: machine-{at}
    match:
      any:
        - forwarded_from: "{_phone(dice)}"
        - all:
            - answered_by: {{prefix: machine}}
            - from: "{_phone(dice)}"
            - not: {{direction: outbound-dial}}
    then: [redirect: 'https://voice.example.com/{name}/mailbox']
"""


def _staff(dice: random.Random, name: str, at: int) -> str:
    return f"""\
  - id: staff-{at}
    description: The staff hears a word every now and then, and keeps its call.
    match:
      from: {{in_list: staff}}
      to: ["{_phone(dice)}", "{_phone(dice)}"]
    once: {{every: {dice.randrange(5, 30)}m, max: 3}}
    then: [redirect: 'https://voice.example.com/{name}/staff']
"""


def _device(_dice: random.Random, name: str, at: int) -> str:
    return f"""\
  - id: device-{at}
    match: {{from: {{glob: "client:{name}-*"}}, not: {{status: queued}}}}
    then:
      - log: '{{{{ from }}}} asks for {{{{ to }}}}'
      - hangup
"""


_KINDS: tuple[Make, ...] = (_welcome, _limit, _unheard, _machine, _staff, _device)


def _area(dice: random.Random) -> int:
    return dice.randrange(201, 989)


def _phone(dice: random.Random) -> str:
    return f"+1{_area(dice)}{dice.randrange(2_000_000, 9_999_999)}"


if __name__ == "__main__":
    write_corpus(Path(sys.argv[1]), int(sys.argv[2]))
