"""Whether Twilio has signed a callback, by the SDK's own validator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runner.console.hooks.callbacks import Callback

#: Those that Twilio makes are 28 characters of base64.
_LONGEST = 100


class Signatures:
    """Checks what came to `url` against the auth tokens of each account.

    `url` is what Twilio was told, to the letter: it signs that, whatever stands in between.
    """

    def __init__(self, url: str, tokens: Mapping[str, Sequence[str]]) -> None:
        # Here, not above: nobody else pays for the SDK.
        from twilio.request_validator import RequestValidator

        self._url = url
        self._by_account = {
            account: tuple(RequestValidator(token) for token in known)
            for account, known in tokens.items()
        }

    def knows(self, account: str) -> bool:
        """Whether this runner looks after the account."""
        return account in self._by_account

    def can_tell(self, account: str) -> bool:
        """Whether there is a token to check with."""
        return bool(self._by_account[account])

    def signed(self, callback: Callback) -> bool:
        """Whether one of the account's tokens has signed it."""
        url = f"{self._url}?{callback.query}" if callback.query else self._url
        if not callback.signature or len(callback.signature) > _LONGEST:
            return False
        try:
            return any(
                validator.validate(url, callback.fields, callback.signature)
                for validator in self._by_account[callback.account]
            )
        except ValueError:  # a query that no URL can have
            return False
