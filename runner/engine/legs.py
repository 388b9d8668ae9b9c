"""The other legs of one call, asked for when what the last list said of them is too old."""

from __future__ import annotations

from runner.call import Call, CallQuery
from runner.engine.brakes import Brakes
from runner.engine.ports import Gateway, NoSuchCall
from runner.model import LIVE_STATUSES


async def protected_leg(gateway: Gateway, brakes: Brakes, call: Call) -> str:
    """Why a leg that would suffer with this call must not be changed; "" where none forbids it.

    Raises `GatewayError`.
    """
    if not brakes.protects_any or call.status not in LIVE_STATUSES:
        return ""
    for leg in await legs_of(gateway, call):
        if why := brakes.protection(leg):
            return f"its leg {leg.sid}: {why}"
    return ""


async def legs_of(gateway: Gateway, call: Call) -> list[Call]:
    """The live calls that would suffer with this one: all above and below it, not itself.

    Raises `GatewayError`.
    """
    top = await _top(gateway, call)
    found, ahead = {top.sid: top}, [top.sid]
    while ahead:
        parent = ahead.pop()
        # Of every status in one request: in lists of one each, a leg that is just answered could
        # be missed in both.
        listing = await gateway.list_calls(CallQuery(parent_call_sid=parent))
        new = [leg for leg in listing.calls if leg.sid not in found]
        found.update((leg.sid, leg) for leg in new)
        ahead += [leg.sid for leg in new if leg.status in LIVE_STATUSES]
    return [leg for leg in found.values() if leg.status in LIVE_STATUSES and leg.sid != call.sid]


async def _top(gateway: Gateway, call: Call) -> Call:
    """The call from which all of them were dialled, as far up as there is one."""
    seen = {call.sid}
    while call.parent_call_sid and call.parent_call_sid not in seen:
        seen.add(call.parent_call_sid)
        try:
            call = await gateway.fetch_call(call.parent_call_sid)
        except NoSuchCall:
            break
    return call
