"""Exit codes, and the error that ends a command with one clear message."""

from __future__ import annotations

CLEAN = 0
FINDINGS = 1
USAGE = 2
FAILURE = 3
#: Only where asked for (`plan --detailed-exitcode`), so that 0 and 4 tell nothing from something.
CHANGES = 4
INTERRUPTED = 130


class Failure(Exception):
    """Ends the command: `message` says what is wrong, `hint` how to mend it, `code` the exit."""

    def __init__(self, message: str, *, hint: str = "", code: int = FAILURE) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code
