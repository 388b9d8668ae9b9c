"""Promises of the line to systemd: what arrives on a real datagram socket, and when nothing may."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.console.notify import Notifier
from runner.engine.ports import Event

ACCOUNT = "AC" + "1" * 32
OTHER = "AC" + "2" * 32


class Manager:
    """What systemd holds: a datagram socket, read without waiting."""

    def __init__(self, address: str) -> None:
        self.name = address
        self.line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.line.bind("\0" + address[1:] if address.startswith("@") else address)
        self.line.setblocking(False)

    def hears(self) -> list[list[str]]:
        """The datagrams since the last look, each as its lines."""
        heard = []
        while True:
            try:
                heard.append(self.line.recv(4096).decode().split("\n"))
            except BlockingIOError:
                return heard

    def notifier(self, **more: str) -> Notifier:
        return Notifier({"NOTIFY_SOCKET": self.name} | more)


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    address = f"@callflow-{os.getpid()}" if request.param == "abstract" else f"{tmp_path}/notify"
    made = Manager(address)
    yield made
    made.line.close()


def poll(account: str, calls: int) -> Event:
    return Event("poll", 0, fields={"account": account, "calls": calls})


def failed(account: str, error: str) -> Event:
    return Event("poll.failed", 0, "error", fields={"account": account, "error": error})


def test_each_word_arrives_as_one_datagram(manager: Manager) -> None:
    line = manager.notifier()
    line.status("starting")
    line.ready("3 live calls")
    line.watchdog()
    line.stopping()
    assert manager.hears() == [
        ["STATUS=starting"],
        ["READY=1", "STATUS=3 live calls"],
        ["WATCHDOG=1"],
        ["STOPPING=1", "STATUS=stopping"],
    ]


def test_a_run_from_its_first_event_to_its_last(manager: Manager) -> None:
    line = manager.notifier()
    line.hear(Event("started", 0))
    line.hear(failed(ACCOUNT, "api.twilio.com answered 503"))
    assert manager.hears() == [
        ["STATUS=started; waiting for the first poll"],
        ["STATUS=failed polls: api.twilio.com answered 503"],
    ]
    line.hear(poll(ACCOUNT, 1))
    line.hear(poll(ACCOUNT, 1))  # nothing new, so nothing said
    line.hear(poll(ACCOUNT, 2))
    assert manager.hears() == [
        ["READY=1", "STATUS=1 live call"],
        ["STATUS=2 live calls"],
    ]
    line.hear(Event("stopped", 0))
    line.hear(poll(ACCOUNT, 5))  # an outcome that was still under way
    assert manager.hears() == [["STOPPING=1", "STATUS=stopping"]]


def test_one_ill_account_beside_a_sound_one_is_named(manager: Manager) -> None:
    line = manager.notifier()
    line.hear(poll(ACCOUNT, 4))
    line.hear(failed(OTHER, "the login was refused"))
    assert manager.hears()[-1] == [
        f"STATUS=4 live calls in 1 account; failed polls in 1 account, {OTHER}: "
        "the login was refused"
    ]


def test_a_standby_is_ready_and_says_when_it_takes_over(manager: Manager) -> None:
    line = manager.notifier()
    line.hear(Event("standby", 0))
    line.hear(Event("leading", 0))
    line.hear(poll(ACCOUNT, 0))
    line.hear(Event("standby", 0))
    assert manager.hears() == [
        ["READY=1", "STATUS=standby: another runner acts on this store"],
        ["STATUS=leading; waiting for the first poll"],
        ["STATUS=leading; 0 live calls"],
        ["STATUS=standby: another runner acts on this store"],
    ]


def test_text_from_outside_can_neither_assign_nor_show_numbers(manager: Manager) -> None:
    line = manager.notifier()
    line.status("no\nREADY=1\r\nMAINPID=1 \x1b[2J from +14155550199 " + "x" * 500)
    ((said,),) = manager.hears()
    assert said.startswith("STATUS=no READY=1 MAINPID=1 [2J from +1415***0199 x")
    assert len(said) <= 207


def test_ready_is_said_again_where_it_could_not_be_delivered(tmp_path: Path) -> None:
    line = Notifier({"NOTIFY_SOCKET": f"{tmp_path}/notify"})
    line.hear(poll(ACCOUNT, 1))
    late = Manager(f"{tmp_path}/notify")
    line.hear(poll(ACCOUNT, 1))
    assert late.hears() == [["READY=1", "STATUS=1 live call"]]
    late.line.close()


def test_a_manager_that_does_not_read_never_blocks_the_runner(tmp_path: Path) -> None:
    deaf = Manager(f"{tmp_path}/notify")
    line = deaf.notifier()
    for _ in range(5_000):
        line.watchdog()
    assert 0 < len(deaf.hears()) < 5_000
    deaf.line.close()


@pytest.mark.parametrize(
    "address", ["", "@", "relative", "vsock:2:1234", "/nowhere/notify", "/" + "x" * 300, "\udcff"]
)
def test_without_a_socket_everything_is_silent(address: str) -> None:
    line = Notifier({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000000"})
    for event in (
        Event("started", 0),
        poll(ACCOUNT, 1),
        failed(ACCOUNT, "no"),
        Event("stopped", 0),
    ):
        line.hear(event)
    line.watchdog()
    line.status("x")


@pytest.mark.parametrize(
    ("variables", "interval"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 15_000),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 15_000),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "1000"}, 1),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_fed_twice_as_often_as_asked(
    variables: dict[str, str], interval: int | None
) -> None:
    assert Notifier({"NOTIFY_SOCKET": "/run/notify"} | variables).watchdog_interval == interval


def test_no_watch_without_a_socket_to_answer_on() -> None:
    assert Notifier({"WATCHDOG_USEC": "30000000"}).watchdog_interval is None
