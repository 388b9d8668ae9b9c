"""Reads secrets that container platforms and systemd hand out as files."""

from __future__ import annotations

from pathlib import Path

_LARGEST = 4_096  # bytes; Twilio's secrets have 32


def read_secret(path: Path) -> tuple[str, str]:
    """What the file holds, and why that can't be a secret; "" where it can."""
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST + 1).decode("utf-8")
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, or a path with a zero byte
        return "", f"can't be read: {getattr(error, 'strerror', None) or 'not text'}"
    if len(text) > _LARGEST:
        return "", "is too large to be a secret"
    # Editors and `echo` end a file with a newline that is no part of the secret.
    value = text.removesuffix("\n").removesuffix("\r")
    return value, "" if value else "is an empty file"
