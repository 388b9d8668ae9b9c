"""How a request can fail: what matters is whether the far side can have acted on it."""

from __future__ import annotations

from runner.model import Millis


class GatewayError(Exception):
    """A request that brought no usable answer. `hint` says what to do about it."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class AccessRefused(GatewayError):
    """401 or 403: the credentials do not open this account. Retrying soon is pointless.

    `login` says that they open nothing at all (401), not only that they don't permit this.
    """

    def __init__(self, message: str, *, hint: str = "", login: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.login = login


class NotProcessed(GatewayError):
    """The far side surely did nothing (429, connection refused): sending again is safe.

    `retry_after` is the pause it asked for in milliseconds, None where it named none.
    """

    def __init__(self, message: str, *, hint: str = "", retry_after: Millis | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class Throttled(NotProcessed):
    """429: the far side wants fewer requests for a while."""


class NoAnswer(GatewayError):
    """Nobody knows whether it was processed (time-out, reset, 5xx, an answer that is garbage)."""


class Refused(GatewayError):
    """Twilio read the request and said no. `code` is Twilio's error code, `status` HTTP's."""

    def __init__(self, message: str, *, status: int, code: int | None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.code = code


class NoSuchCall(Refused):
    """404, or Twilio's 20404: this account has no call by that SID, or nothing there below it."""


class NothingThere(GatewayError):
    """What was asked for does not exist: a conference with the call in it, a voice URL."""
