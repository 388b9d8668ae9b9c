"""How calls begin, asked of Twilio when a snapshot is taken: one question a number."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from runner.actions.sequence import lookups_of
from runner.beginnings import reason_not_to_ask
from runner.call import Call
from runner.cli.looking.snapshot import called
from runner.engine.ports import Gateway, GatewayError, NothingThere
from runner.model import Rule


def askable(calls: Iterable[Call], rules: Sequence[Rule]) -> dict[str, Call]:
    """A call for each number that these rules may have to know of, by what was `called`."""
    if not any(lookups_of(rule.then) for rule in rules):
        return {}
    return {called(call): call for call in calls if not reason_not_to_ask(call)}


async def voices_of(
    gateway: Gateway, calls: Iterable[Call], rules: Sequence[Rule]
) -> dict[str, Mapping[str, str] | str]:
    """How calls to each of these numbers begin, or why not. What nobody can tell now is left out.

    Flows are tried out on a snapshot, so all numbers are asked for, whatever rule fits which call.
    """
    wanted = askable(calls, rules)
    found = await asyncio.gather(*(_ask(gateway, call) for call in wanted.values()))
    return {key: voice for key, voice in zip(wanted, found, strict=True) if voice is not None}


async def _ask(gateway: Gateway, call: Call) -> Mapping[str, str] | str | None:
    try:
        return await gateway.voice_of(call)
    except NothingThere as error:
        return str(error)
    except GatewayError:
        return None
