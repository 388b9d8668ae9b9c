"""Table `applying`: what it costs to send 1,000 updates, 50 at once, beside the SDK and aiohttp."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.appliers import LISTED
from bench.far_side import serve
from bench.measuring import Row, Sample, Table, Target, in_process

QUICK: dict[str, Any] = {
    "calls": 40,
    "flight": 10,
    "delay": 5,
    "clients": ("callflow", "streams"),
}
CLIENTS = {
    "callflow": "**callflow**: lists, decides, claims, sends, records",
    "pace": "callflow at polls 2 s apart",
    "sequential": "the SDK, one after another (scaled)",
    "threads": "the SDK in {flight} threads",
    "async": "the SDK's asynchronous client",
    "aiohttp": "aiohttp by hand",
    "streams": "asyncio streams, bytes alone: the floor",
}
#: Turns of all clients for each run: a turn takes two seconds, and the machine's speed moves.
OFTEN = 2
#: Processor milliseconds of an update: what is wanted, and what the SDK's asynchronous client took
#: on the machine for which it is.
WANTED, ASYNC = 0.6, 0.45
WALL, CPU, MOST, READ = "seconds", "CPU, ms an update", "most in flight", "calls read again"
METHOD = """\
{calls:,} live calls are hung up. The far side takes {delay} ms for each update, and {flight} may be
under way at once, so that {ideal:.2f} s are ideal. Each client has a fresh process and a far side
of its own, which tells how many requests were open at the most; its connections stand before it is
timed, callflow's too. callflow's row is a poll of its engine with a ledger on the disk and a lease:
seconds count from the end of its last list to the last outcome on record, processor time is that of
the whole poll, lists and decisions included.
Polls are a minute apart in it, so that nothing is read again; at its usual pace, in the next row,
it reads a call again that was listed more than two seconds ago. Clients take turns. The target for
processor time is {wanted} ms where the SDK's asynchronous client takes {peer} ms, without TLS as
here: in each turn ours is taken beside its."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a client: seconds, processor seconds, updates; what the far side saw."""

    wall: float
    cpu: float
    sent: int
    most: int
    read: int


def table(
    runs: int,
    *,
    calls: int = 1_000,
    flight: int = 50,
    delay: int = 100,
    clients: Sequence[str] = tuple(CLIENTS),
) -> Table:
    """Every client with the same calls."""
    found: dict[str, list[Run]] = {client: [] for client in clients}
    for _ in range(OFTEN * runs):
        for client, told in found.items():
            told.append(_run(client, calls, flight, delay=delay))
    ideal = calls / flight * delay / 1_000
    rows = [_row(CLIENTS[client].format(flight=flight), told) for client, told in found.items()]
    return Table(
        "applying",
        "what it costs to send updates, beside the SDK and aiohttp",
        METHOD.format(
            calls=calls, flight=flight, delay=delay, ideal=ideal, wanted=WANTED, peer=ASYNC
        ),
        (WALL, CPU, MOST, READ),
        tuple(rows),
        _targets(found, ideal, flight),
        _losses(found),
    )


def _run(client: str, calls: int, flight: int, *, delay: int) -> Run:
    with serve(round(calls * LISTED), delay=delay) as far:
        wall, cpu, sent = in_process("bench.appliers", client, far.url, calls, flight)
        told = far.told()
    assert sent == calls, f"{client} had {sent} of {calls} updates done"
    return Run(wall, cpu / calls, sent, told["most"], told["gets"])


def _row(name: str, told: Sequence[Run]) -> Row:
    most, read = max(run.most for run in told), max(run.read for run in told)
    return Row(name, {WALL: _walls(told), CPU: _cpus(told), MOST: float(most), READ: float(read)})


def _walls(told: Sequence[Run]) -> Sample:
    return Sample(tuple(run.wall for run in told))


def _cpus(told: Sequence[Run]) -> Sample:
    return Sample(tuple(run.cpu for run in told)).scaled(1e3)


def _targets(found: Mapping[str, Sequence[Run]], ideal: float, flight: int) -> tuple[Target, ...]:
    ours = found["callflow"]
    most = max(run.most for told in found.values() for run in told)
    targets = [
        Target("seconds beside the ideal", 1.1, _walls(ours).median / ideal, "times"),
        Target("updates in flight at once", flight, float(most)),
    ]
    text = "CPU an update, ledger included, beside the SDK's asynchronous client"
    targets.append(Target(text, round(WANTED / ASYNC, 2), _beside(found), "times"))
    if "sequential" in found:
        slow = _walls(found["sequential"]).median
        faster = slow / _walls(ours).median
        text = "seconds of the SDK one after another beside callflow's"
        targets.append(Target(text, 40, faster, "times", at_least=True))
    return tuple(targets)


def _beside(found: Mapping[str, Sequence[Run]]) -> float | None:
    """How many times the processor time of the SDK's asynchronous client ours takes."""
    if "async" not in found:
        return None
    return _cpus(found["callflow"]).beside(_cpus(found["async"])).median


def _losses(found: Mapping[str, Sequence[Run]]) -> tuple[str, ...]:
    ours, said = found["callflow"], []
    for client in ("async", "aiohttp", "streams"):
        if client in found and (theirs := _cpus(found[client]).median) < _cpus(ours).median:
            name = CLIENTS[client].partition(":")[0]
            said.append(f"{name} spends {theirs:.2f} ms an update, and keeps no record of it.")
    if (cpu := _cpus(ours).median) > WANTED:
        said.append(f"An update takes {cpu:.2f} ms on this machine, and not {WANTED}.")
    if "pace" in found and (again := max(run.read for run in found["pace"])):
        seconds = _walls(found["pace"]).median
        said.append(
            f"At polls two seconds apart up to {again} calls are read again before they are changed"
            f": {seconds:.2f} s."
        )
    return tuple(said)
