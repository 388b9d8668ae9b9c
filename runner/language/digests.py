"""SHA-256 without OpenSSL where that is not loaded anyway.

`callflow validate` runs on every save, and to load OpenSSL takes a twentieth of it. A process that
goes on for long has it loaded, and hashes five times as fast by it.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Protocol, cast

#: What Python has built in, whether or not it was built with OpenSSL: in 3.11, and since 3.12.
_BUILT_IN = ("_sha256", "_sha2")


class Digest(Protocol):
    """What of it is used."""

    def update(self, data: bytes, /) -> None:
        """Goes on with these bytes."""

    def hexdigest(self) -> str:
        """As hexadecimal digits."""


def sha256(data: bytes) -> Digest:
    """As `hashlib.sha256`."""
    names = () if "hashlib" in sys.modules else _BUILT_IN
    for name in (*names, "hashlib"):
        try:
            return cast(Digest, import_module(name).sha256(data))
        except ImportError:
            continue
    raise AssertionError("hashlib is part of Python")
