"""A small Language Server Protocol client over stdio: what an editor asks, without an editor."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

#: Real seconds within which an answer must come; they take milliseconds.
PATIENCE = 30.0

Message = dict[str, Any]

#: What the client can do; without `configuration` the server would never ask for our settings.
_CAPABILITIES: Message = {
    "workspace": {"configuration": True, "workspaceFolders": True},
    "textDocument": {
        "completion": {
            "completionItem": {"snippetSupport": True, "documentationFormat": ["markdown"]}
        },
        "hover": {"contentFormat": ["markdown"]},
        "publishDiagnostics": {},
    },
}


@dataclass(frozen=True, slots=True)
class Place:
    """A cursor: line and column, both from 0, as the protocol counts."""

    line: int
    character: int

    @classmethod
    def of(cls, text: str, offset: int) -> Place:
        """The place of a character offset."""
        before = text[:offset]
        return cls(before.count("\n"), offset - (before.rfind("\n") + 1))


class Server:
    """One running language server, and the documents that are open in it."""

    def __init__(self, process: subprocess.Popen[bytes], settings: Mapping[str, Any]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._to: IO[bytes] = process.stdin
        self._settings = settings
        self._inbox: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._next = 0
        self._versions: dict[str, int] = {}
        self._diagnostics: dict[str, list[Message]] = {}
        self.configured = False
        self.reader = threading.Thread(target=self._read, args=(process.stdout,), daemon=True)
        self.reader.start()

    def initialize(self, folder: Path) -> None:
        """Opens a folder, as an editor opens a project, and hands over the settings."""
        here = {"uri": folder.as_uri(), "name": folder.name}
        parameters = {"processId": None, "rootUri": here["uri"], "workspaceFolders": [here]}
        self.request("initialize", parameters | {"capabilities": _CAPABILITIES})
        self.notify("initialized", {})
        while not self.configured:
            self._pump()
        # It took the answer in when it answers something else: one after the other is its order.
        self.request("yaml/get/jsonSchema", folder.as_uri())

    def diagnose(self, files: Mapping[Path, str]) -> dict[Path, list[Message]]:
        """What the editor marks in each file, once the server has looked at all of them."""
        wanted = {path.as_uri(): path for path in files}
        for path, text in files.items():
            self._diagnostics.pop(path.as_uri(), None)
            self.show(path, text)
        while not self._diagnostics.keys() >= wanted.keys():
            self._pump()
        return {path: self._diagnostics[uri] for uri, path in wanted.items()}

    def complete(self, path: Path, text: str, at: Place) -> list[Message]:
        """What the editor offers at the cursor."""
        answer = self._ask_about("textDocument/completion", path, text, at=at)
        items: list[Message] = answer["items"] if answer else []
        return items

    def hover(self, path: Path, text: str, at: Place) -> Message | None:
        """What the editor shows for the word under the mouse: `contents` and `range`."""
        answer: Message | None = self._ask_about("textDocument/hover", path, text, at=at)
        return answer

    def _ask_about(self, method: str, path: Path, text: str, *, at: Place) -> Any:
        self.show(path, text)
        position = {"line": at.line, "character": at.character}
        return self.request(method, {"textDocument": {"uri": path.as_uri()}, "position": position})

    def show(self, path: Path, text: str) -> None:
        """Opens a document with this text, or replaces its text."""
        uri = path.as_uri()
        version = self._versions[uri] = self._versions.get(uri, 0) + 1
        document = {"uri": uri, "version": version}
        if version == 1:
            document |= {"languageId": "yaml", "text": text}
            self.notify("textDocument/didOpen", {"textDocument": document})
        else:
            changes = [{"text": text}]
            self.notify(
                "textDocument/didChange", {"textDocument": document, "contentChanges": changes}
            )

    def request(self, method: str, parameters: Any) -> Any:
        """Asks, and waits for the answer."""
        self._next += 1
        number = self._next
        self._send({"id": number, "method": method, "params": parameters})
        while True:
            message = self._pump()
            if message.get("id") == number and "method" not in message:
                assert "error" not in message, message
                return message["result"]

    def notify(self, method: str, parameters: Any) -> None:
        """Tells, and expects no answer."""
        self._send({"method": method, "params": parameters})

    def _pump(self) -> Message:
        """Takes the server's next message, and does what it asks for."""
        message = self._inbox.get(timeout=PATIENCE)
        assert message is not None, "the language server ended"
        parameters: Any = message.get("params")
        if message.get("method") == "textDocument/publishDiagnostics":
            self._diagnostics[parameters["uri"]] = parameters["diagnostics"]
        elif "method" in message and "id" in message:
            self._send({"id": message["id"], "result": self._answer(message)})
        return message

    def _answer(self, message: Message) -> Any:
        if message["method"] != "workspace/configuration":
            return None
        sections: Sequence[Message] = message["params"]["items"]
        self.configured = True
        return [_section(self._settings, item["section"]) for item in sections]

    def _send(self, message: Message) -> None:
        content = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._to.write(b"Content-Length: %d\r\n\r\n" % len(content) + content)
        self._to.flush()

    def _read(self, stream: IO[bytes]) -> None:
        while header := stream.readline():
            if header.lower().startswith(b"content-length:"):
                length = int(header.split(b":")[1])
            elif header == b"\r\n":
                self._inbox.put(json.loads(stream.read(length)))
        self._inbox.put(None)


def _section(settings: Mapping[str, Any], name: str) -> Any:
    """The settings `name.x.y` as the tree that editors make of them."""
    tree: Message = {}
    for key, value in settings.items():
        if key.startswith(f"{name}."):
            *holders, last = key.removeprefix(f"{name}.").split(".")
            holder = tree
            for part in holders:
                holder = holder.setdefault(part, {})
            holder[last] = value
    return tree or settings.get(name)


@contextmanager
def running(command: Sequence[str], folder: Path, settings: Mapping[str, Any]) -> Iterator[Server]:
    """A server that looks at `folder`, with settings as an editor's settings file has them."""
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    server = Server(process, settings)
    try:
        server.initialize(folder)
        yield server
        server.request("shutdown", None)
    finally:
        process.kill()  # `exit` would do; this also holds where a test has failed half way
        server.reader.join()
        process.communicate()
