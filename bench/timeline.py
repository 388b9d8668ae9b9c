"""A day of calls through `callflow test`: how long a timeline of thousands of polls takes.

`.venv/bin/python bench/timeline.py [CALLS] [--coverage]`: CALLS calls (1,000) spread over a
day, each of 1 to 60 minutes, at a 10 s poll, against two examples and a flow that acts on every
inbound call. Prints the seconds that `callflow test` takes, and how many polls and acts that were.
"""

from __future__ import annotations

import io
import json
import random
import sys
import tempfile
import time
from contextlib import redirect_stdout
from pathlib import Path

from runner.cli.main import run

EXAMPLES = Path(__file__).parent.parent / "examples"
DAY = 86_400
FLOW = """\
version: 1
flow: greet
match: {direction: inbound}
rules:
  - id: once
    match: {age: {gte: 30s}}
    then: [{say: Thank you for waiting.}, {redirect: "https://voice.example.com/menu"}]
"""
HEAD = """\
version: 1
flows:
  - {folder}/runaway-calls/call-caps.yaml
  - {folder}/answering-machines/answering-machines.yaml
  - greet.yaml
poll: 10s
tests:
  - name: a day
    until: 24h
    calls:
"""


def a_day(calls: int) -> str:
    """A test file of so many calls, and what is expected: nothing, for the sake of its length."""
    chance = random.Random(1)
    lines = []
    for number in range(calls):
        appears = chance.randrange(DAY - 3600)
        ends = appears + chance.randrange(60, 3600)
        direction = chance.choice(["inbound", "outbound-api"])
        machine = ", answered_by: machine_start" if number % 10 == 0 else ""
        line = f'direction: {direction}, from: "+1415555{chance.randrange(10_000):04}"{machine}'
        lines.append(f"      - {{id: c{number}, appears: {appears}s, ends: {ends}s, {line}}}")
    return HEAD.format(folder=EXAMPLES.resolve()) + "\n".join(lines) + "\n"


def main() -> None:
    """Writes the files, plays them, prints how long that took."""
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    options = [word for word in sys.argv[1:] if not word.isdigit()]
    said = io.StringIO()
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(said):
        Path(folder, "greet.yaml").write_text(FLOW)
        path = Path(folder, "day.test.yaml")
        path.write_text(a_day(numbers[0] if numbers else 1_000))
        began, worked = time.perf_counter(), time.process_time()
        run(["test", str(path), "--format", "json", *options])
        took, work = time.perf_counter() - began, time.process_time() - worked
    (test,) = json.loads(said.getvalue())["files"][0]["tests"]
    print(f"{test['polls']} polls, {len(test['acts'])} acts: {took:.2f} s, {work:.2f} s of CPU")


if __name__ == "__main__":
    main()
