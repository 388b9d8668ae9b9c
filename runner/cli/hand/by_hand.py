"""Whether a call that somebody changes by hand is one that no flow may change.

The same question as in a poll, asked of one call: the calls that dialled it and the live legs
below them suffer with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from runner.call import Call, CallQuery
from runner.engine.ports import Gateway, NoSuchCall
from runner.model import LIVE_STATUSES


async def protection_of(gateway: Gateway, sid: str, protects: Callable[[Call], str]) -> str:
    """Why this call, or a leg that would suffer with it, is protected; "" where none is.

    Raises a `GatewayError`, `NoSuchCall` among them, where that can't be found out.
    """
    call = await gateway.fetch_call(sid)
    own = protects(call)
    if own:
        return own
    for leg in await _family(gateway, call):
        why = protects(leg)
        if why:
            return f"its leg {leg.sid}: {why}"
    return ""


async def _family(gateway: Gateway, call: Call) -> list[Call]:
    """The live calls above and below it, itself left out."""
    found = {call.sid: call}
    top = call
    while top.parent_call_sid and top.parent_call_sid not in found:
        try:
            top = await gateway.fetch_call(top.parent_call_sid)
        except NoSuchCall:
            break
        found[top.sid] = top
    level = list(found)
    while level:
        legs = await asyncio.gather(*(_legs(gateway, sid) for sid in level))
        new = {leg.sid: leg for each in legs for leg in each if leg.sid not in found}
        found |= new
        level = list(new)
    del found[call.sid]
    return [each for each in found.values() if each.status in LIVE_STATUSES]


async def _legs(gateway: Gateway, sid: str) -> tuple[Call, ...]:
    query = CallQuery(statuses=LIVE_STATUSES, parent_call_sid=sid)
    return (await gateway.list_calls(query)).calls
