"""Reading files once: what was read, its SHA-256, its text; and why one could not be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import FileIO
from typing import TypeAlias

from msgspec import Struct, field

from runner.language.digests import sha256

_REASONS = {
    FileNotFoundError: "it does not exist",
    PermissionError: "reading it is not permitted",
    IsADirectoryError: "it is a folder",
    NotADirectoryError: "a part of its path is not a folder",
}

_PART = 64 * 1024  # bytes that are read at once

#: A file, and how many bytes of it are of use at most.
Asked: TypeAlias = tuple[str, int]


class Content(Struct, frozen=True):
    """What a file held: its bytes, at most one more than are of use, or as text why not.

    `stamp` tells it from any other: it is the SHA-256 of the bytes, or again the reason.
    """

    held: bytes | str
    stamp: str

    @property
    def digest(self) -> str:
        """The SHA-256 of the bytes, "" where there are none."""
        return self.stamp if isinstance(self.held, bytes) else ""


class Disk(Struct):
    """The files as each was when it was first asked for: whoever asks again reads the same."""

    _contents: dict[Asked, Content] = field(default_factory=dict)

    def read(self, path: str, *, largest: int) -> Content:
        """What the file holds."""
        asked = (path, largest)
        content = self._contents.get(asked)
        if content is None:
            self._contents[asked] = content = _content(path, largest)
        return content

    def agrees(self, read_as: Mapping[Asked, str]) -> bool:
        """Whether all these files read as they did when they had these stamps."""
        for (path, largest), stamp in read_as.items():
            if self.read(path, largest=largest).stamp != stamp:
                return False
        return True


class Files(Struct):
    """What was read while loading: `digests` (SHA-256) and `texts`, both by path.

    `read_as` has the stamp of everything that was asked for, what can't be read among it.
    """

    digests: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    disk: Disk = field(default_factory=Disk)
    read_as: dict[Asked, str] = field(default_factory=dict)

    def read(self, path: str, *, largest: int) -> bytes | str:
        """The file's bytes, at most one more than `largest`; or the reason why not, as text."""
        content = self.disk.read(path, largest=largest)
        self.read_as[path, largest] = content.stamp
        if isinstance(content.held, bytes):
            self.digests[path] = content.stamp
        return content.held

    def take_up(self, earlier: Files) -> bool:
        """Takes up what was read earlier, if all of it reads the same now."""
        if not self.disk.agrees(earlier.read_as):
            return False
        self.read_as |= earlier.read_as
        self.digests |= earlier.digests
        self.texts |= earlier.texts
        return True


def reason(error: OSError | ValueError) -> str:
    """Why a file can't be read, in words."""
    for kind, words in _REASONS.items():
        if isinstance(error, kind):
            return words
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error)


def _content(path: str, largest: int) -> Content:
    try:
        with FileIO(path) as file:
            held = b"".join(_parts(file, largest + 1))
    except (OSError, ValueError) as error:
        why = reason(error)
        return Content(why, why)
    return Content(held, sha256(held).hexdigest())


def _parts(file: FileIO, wanted: int) -> Iterator[bytes]:
    # Room for all that is wanted, made for every small file, costs more than reading it.
    while wanted and (part := file.read(min(wanted, _PART))):
        wanted -= len(part)
        yield part
