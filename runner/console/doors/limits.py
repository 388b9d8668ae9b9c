"""How often a wrong token may be tried: so often by one peer, and so often by all together."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from runner.engine.clock import Clock
from runner.model import Millis


@dataclass(frozen=True, slots=True)
class Rate:
    """So many at once, and then one each `every`."""

    burst: int
    every: Millis


#: Somebody who mistypes has ten tries; a program that guesses has fourteen thousand a day.
ONE = Rate(10, 6_000)
#: Ten times as much: no single peer can use it up.
ALL = Rate(100, 600)
#: Peers that are told apart; of more, the one that was heard of longest ago is forgotten.
PEERS = 1_000


class Bucket:
    """What is left of a rate. It fills up while nobody takes from it."""

    def __init__(self, rate: Rate, now: Millis) -> None:
        self._rate = rate
        self._full_at = now

    def wait(self, now: Millis) -> Millis:
        """How long until one can be taken; 0 is now."""
        owed = max(0, self._full_at - now) + self._rate.every
        return max(0, owed - self._rate.burst * self._rate.every)

    def take(self, now: Millis) -> None:
        """Takes one."""
        self._full_at = max(self._full_at, now) + self._rate.every


class Attempts:
    """Wrong tokens by peer. An IPv6 peer is its /64: whoever has one address there has them all."""

    def __init__(self, clock: Clock, *, one: Rate = ONE, all_: Rate = ALL) -> None:
        self._clock = clock
        self._one = one
        self._all = Bucket(all_, clock.monotonic())
        self._peers: dict[str, Bucket] = {}

    def wait(self, peer: str) -> Millis:
        """How long this peer has to wait before its next try; 0 is not at all."""
        now, bucket = self._clock.monotonic(), self._peers.get(_site(peer))
        return max(self._all.wait(now), bucket.wait(now) if bucket is not None else 0)

    def missed(self, peer: str) -> None:
        """A wrong token came from there."""
        now, site = self._clock.monotonic(), _site(peer)
        bucket = self._peers.pop(site, None) or Bucket(self._one, now)
        bucket.take(now)
        self._peers[site] = bucket  # at the end: heard of last
        self._all.take(now)
        if len(self._peers) > PEERS:
            del self._peers[next(iter(self._peers))]


def _site(peer: str) -> str:
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return peer
    mapped = getattr(address, "ipv4_mapped", None)
    if address.version == 4 or mapped is not None:
        return str(mapped or address)
    return str(ip_network(f"{address}/64", strict=False))
