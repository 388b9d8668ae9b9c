"""Where a call can be beside its own document, and how it is taken out of there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.sandbox import bridges, conferencing, connecting, playing, queueing
from runner.sandbox.bridges import Bridge
from runner.sandbox.conferences import Seat
from runner.sandbox.connections import Connection
from runner.sandbox.legs import Leg
from runner.sandbox.queues import Ticket, Wanting

if TYPE_CHECKING:
    from runner.sandbox.world import World


def leave(world: World, leg: Leg, *, redirected: bool) -> None:
    """Takes a call out of wherever it is: it is over, or was told to do something else."""
    stay = leg.stay
    if isinstance(stay, Seat):
        conferencing.leave(world, stay, redirected=redirected)
    elif isinstance(stay, Ticket):
        queueing.leave(world, stay, redirected=redirected)
    elif isinstance(stay, Bridge):
        bridges.leave(world, stay, leg, redirected=redirected)
    elif isinstance(stay, Connection):
        connecting.leave(world, leg, stay)
    elif isinstance(stay, Wanting):
        bridges.give_up(stay)
        if redirected:
            playing.tell(world, leg, stay.verb, {"DialCallStatus": "canceled"})
