"""Streams, SIPREC and transcriptions as the API has them: each is started and stopped by a POST."""

from __future__ import annotations

from runner.sandbox import forks
from runner.sandbox.below import Fork
from runner.sandbox.dates import rfc2822
from runner.sandbox.exchange import Answer, Deed, Exchange, shown
from runner.sandbox.forms import one_of


def create(kind: str) -> Deed:
    """What starts one of this kind (of `forks.KINDS`)."""

    def deed(exchange: Exchange) -> Answer:
        leg = exchange.spoken()
        return _answer(exchange, forks.start(exchange.world, leg, kind, exchange.form))

    return deed


def update(kind: str) -> Deed:
    """What stops one of this kind, by its SID or its name."""

    def deed(exchange: Exchange) -> Answer:
        leg = exchange.spoken()
        fork = forks.find(leg, kind, exchange.request.below)
        one_of(exchange.form, "Status", ("stopped",))
        return _answer(exchange, forks.stop(exchange.world, leg, fork))

    return deed


def _answer(exchange: Exchange, fork: Fork) -> Answer:
    call = exchange.request.sid
    path = f"{exchange.base}/Calls/{call}/{forks.KINDS[fork.kind].path}"
    return shown(
        {
            "sid": fork.sid,
            "account_sid": exchange.world.account_sid,
            "call_sid": call,
            "name": fork.name,
            "status": fork.status,
            "date_updated": rfc2822(fork.updated),
            "uri": f"{path}/{fork.sid}.json",
        }
    )
