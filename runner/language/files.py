"""Reading files once: what was read, its SHA-256, its text; and why one could not be read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

_REASONS = {
    FileNotFoundError: "it does not exist",
    PermissionError: "reading it is not permitted",
    IsADirectoryError: "it is a folder",
    NotADirectoryError: "a part of its path is not a folder",
}


@dataclass(slots=True)
class Files:
    """What was read while loading: `digests` (SHA-256) and `texts`, both by path."""

    digests: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    def read(self, path: str, *, largest: int) -> bytes | str:
        """The file's bytes, at most one more than `largest`; or the reason why not, as text."""
        try:
            with Path(path).open("rb") as file:
                content = file.read(largest + 1)
        except (OSError, ValueError) as error:
            return reason(error)
        self.digests[path] = hashlib.sha256(content).hexdigest()
        return content


def reason(error: OSError | ValueError) -> str:
    """Why a file can't be read, in words."""
    for kind, words in _REASONS.items():
        if isinstance(error, kind):
            return words
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error)
