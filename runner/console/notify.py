"""Tells systemd how the runner is: ready, what it does, that it lives, that it stops.

These are the datagrams of `sd_notify`: behind `Type=notify`, the status line of `systemctl status`
and the watchdog.

Where nobody listens (no `NOTIFY_SOCKET`) everything here does nothing. Nothing here raises: a
service manager that has gone must not stop a runner. See sd_notify(3).
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Mapping

from runner.engine.ports import Event
from runner.language.words import counted
from runner.masking import mask_numbers
from runner.model import Millis

#: `systemctl status` shows one line.
_LONGEST_STATUS = 200


class Notifier:
    """One runner's line to its service manager. `hear` takes the runner's events.

    `watchdog_interval` is how often `watchdog` is to be called, half of what the manager allows;
    None where it keeps no watch, or keeps it on another process.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))
        self._is_ready = False
        self._is_stopping = False
        self._status = ""
        self._polls: dict[str, int | str] = {}  # account → its live calls, or what went wrong
        self._role = ""
        self.watchdog_interval = _watchdog_interval(environ) if self._address else None

    # ---- what a service manager is told -----------------------------------------------------

    def ready(self, status: str) -> None:
        """The runner does its work; said once, and again only where it could not be delivered."""
        if self._is_ready:
            self.status(status)
        elif self._send("READY=1", _status_line(status)):
            self._is_ready, self._status = True, status

    def status(self, text: str) -> None:
        """What the runner does, in one line; phone numbers are masked."""
        if text != self._status and self._send(_status_line(text)):
            self._status = text

    def stopping(self) -> None:
        """The runner ends: no new polls. Outcomes that still come in don't change the status."""
        if not self._is_stopping:
            self._is_stopping = self._send("STOPPING=1", _status_line("stopping"))

    def watchdog(self) -> None:
        """A sign of life. Send it from the event loop that polls, or it shows nothing."""
        self._send("WATCHDOG=1")

    def hear(self, event: Event) -> None:
        """Takes one event of the runner."""
        account = str(event.fields.get("account", ""))
        if self._is_stopping:
            return
        if event.name == "started":
            self.status("started; waiting for the first poll")
        elif event.name == "poll":
            calls = event.fields.get("calls")
            self._polls[account] = calls if isinstance(calls, int) else 0
            self.ready(self._summary())
        elif event.name == "poll.failed":
            self._polls[account] = str(event.fields.get("error", "")) or "no reason was given"
            self.status(self._summary())
        elif event.name in ("standby", "leading", "stalled"):
            self._hear_role(event)
        elif event.name == "stopped":
            self.stopping()

    def _hear_role(self, event: Event) -> None:
        """`standby`: another runner acts on this store; `leading`: this one does; `stalled`: it
        would, and its store doesn't let it.
        """
        self._role = event.name
        self._polls.clear()
        if event.name == "standby":
            # As ready as it will be while the other one lives, which may be for ever.
            self.ready("standby: another runner acts on this store")
        elif event.name == "stalled":
            self.status(f"stalled: {event.fields.get('error', '')}")
        else:
            self.status("leading; waiting for the first poll")

    def _summary(self) -> str:
        good = [calls for calls in self._polls.values() if isinstance(calls, int)]
        bad = {who: why for who, why in self._polls.items() if isinstance(why, str)}
        many = f" in {counted(len(good), 'account')}" if len(self._polls) > 1 else ""
        parts = [f"{counted(sum(good), 'live call')}{many}"] if good else []
        if bad:
            who, why = next(iter(bad.items()))
            named = f" in {counted(len(bad), 'account')}, {who}" if len(self._polls) > 1 else ""
            parts.append(f"failed polls{named}: {why}")
        role = ["leading"] if self._role == "leading" else []
        return "; ".join([*role, *parts])

    # ---- the datagram -----------------------------------------------------------------------

    def _send(self, *lines: str) -> bool:
        """One datagram, delivered or not; never waits for a manager that doesn't read."""
        if self._address is None:
            return True
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
                line.setblocking(False)
                line.sendto("\n".join(lines).encode("utf-8", "replace"), self._address)
        except OSError:
            return False
        return True


def _address(text: str) -> bytes | None:
    """A path, or `@name` for Linux's abstract sockets; None for anything else, and nothing."""
    if text.startswith("@") and len(text) > 1:
        return b"\0" + os.fsencode(text[1:])
    return os.fsencode(text) if text.startswith("/") else None


def _watchdog_interval(environ: Mapping[str, str]) -> Millis | None:
    """Half of `WATCHDOG_USEC`, where it is meant for this process (`WATCHDOG_PID`)."""
    allowed, process = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not re.fullmatch("[0-9]{1,18}", allowed) or int(allowed) == 0:
        return None
    if process and process != str(os.getpid()):
        return None
    return max(1, int(allowed) // 2_000)


def _status_line(text: str) -> str:
    """`STATUS=…`, in which no text can begin a line, and so an assignment, of its own."""
    line = " ".join(mask_numbers(text).split())
    shown = "".join(character for character in line if character.isprintable())
    if len(shown) > _LONGEST_STATUS:
        shown = shown[: _LONGEST_STATUS - 1] + "…"
    return f"STATUS={shown}"
