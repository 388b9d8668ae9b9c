"""Has everything of `callflow` loaded and forks when asked: a process a request, ready in no time.

`tests/warm.py` starts one for the tests of a module's worker, as `python -m tests.warm_server FD`.
Through the socket FD come requests: JSON with the arguments, the environment and the folder, and
with it three open files, for output, for errors, and for the news of the process: its id, then how
it ended. The forked process goes on as `python -m runner` would, and ends as that would.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import runner

#: What commands load at the moment that they need it.
LATER = ("jsonschema", "holidays", "phonenumbers", "tzdata", "asyncio.subprocess", "twilio.rest")
#: Of a request and of the news.
SIZE = struct.Struct("!i")


@dataclass
class Server:
    """The socket, a pipe that wakes when a process ends, and where each process' news go."""

    control: socket.socket
    woken: int
    wakes: int
    news: dict[int, int]

    def next_process(self) -> dict[str, Any] | None:
        """Returns in each forked process, with its request; None when nobody will ask any more."""
        while True:
            ready, _, _ = select.select([self.control, self.woken], [], [])
            if self.woken in ready:
                os.read(self.woken, 4096)
                self.reap()
            if self.control in ready:
                request = self.receive()
                if request is None or self.forked(request):
                    return request

    def receive(self) -> dict[str, Any] | None:
        """The next request, its files among it."""
        head, files, _, _ = socket.recv_fds(self.control, SIZE.size, 3)
        if len(head) < SIZE.size:
            return None
        (length,) = SIZE.unpack(head)
        body = self.control.recv(length, socket.MSG_WAITALL)
        return {"files": files, **json.loads(body)}

    def forked(self, request: dict[str, Any]) -> bool:
        """Whether this is the new process. The old one tells its id and goes on."""
        process = os.fork()
        out, err, news = request["files"]
        if process == 0:
            for number in (self.woken, self.wakes, news, *self.news.values()):
                os.close(number)
            self.control.close()
            return True
        os.close(out)
        os.close(err)
        self.news[process] = news
        self.tell(news, process)
        return False

    def reap(self) -> None:
        """Tells how processes ended."""
        while self.news:
            process, status = os.waitpid(-1, os.WNOHANG)
            if not process:
                return
            news = self.news.pop(process)
            self.tell(news, os.waitstatus_to_exitcode(status))
            os.close(news)

    def tell(self, news: int, number: int) -> None:
        # Whoever asked may have gone.
        with contextlib.suppress(BrokenPipeError):
            os.write(news, SIZE.pack(number))


def load() -> None:
    """Imports every module of `callflow`, and what those import later."""
    ours = (module.name for module in pkgutil.walk_packages(runner.__path__, "runner."))
    for name in (*ours, *LATER):
        # What can't be loaded is for the process to complain about that needs it.
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def serve(descriptor: int) -> dict[str, Any] | None:
    """Forks until the socket ends; see `Server.next_process`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    woken, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=descriptor) as control:
        request = Server(control, woken, wakes, {}).next_process()
        signal.set_wakeup_fd(-1)
        return request


def become(request: dict[str, Any]) -> None:
    """Makes of this the process that was asked for."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    out, err, _news = request["files"]
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.close(out)
    os.close(err)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.path[0] = request["folder"]
    sys.argv = [str(Path(runner.__path__[0]) / "__main__.py"), *request["arguments"]]


def main() -> None:
    """Serves; in a forked process runs `callflow`, which ends it."""
    from runner.cli.main import main as callflow

    load()
    request = serve(int(sys.argv[1]))
    if request is not None:
        become(request)
        callflow()


if __name__ == "__main__":
    main()
