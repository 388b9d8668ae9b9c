"""What to do about Twilio's error codes that a poller of calls meets, in plain words.

Twilio's own texts stand at https://www.twilio.com/docs/errors/CODE. Statuses without a code of
Twilio's (401, 403) have a line of their own.
"""

from __future__ import annotations

from typing import Final

BAD_CREDENTIALS: Final = 20003
SUSPENDED: Final = 20403
NO_PERMISSION: Final = 70051
NO_SUCH: Final = 20404
TOO_MANY: Final = 20429
WRONG_STATE: Final = 21220

#: Codes that mean "these credentials do not open this", whatever the HTTP status.
ACCESS_CODES: Final = frozenset({BAD_CREDENTIALS, SUSPENDED, NO_PERMISSION})

_LOGIN = (
    "check the account SID and its token or key; Twilio says the same of another region's key, "
    "of a subaccount's key on its parent, and of a suspended account"
)

HINTS: Final[dict[int, str]] = {
    BAD_CREDENTIALS: _LOGIN,
    SUSPENDED: "the account is suspended or closed; its state stands at console.twilio.com",
    NO_PERMISSION: (
        "this restricted API key may not do that; allow it to read and update calls, and what "
        "actions need beside that: recordings, streams, conferences, phone numbers"
    ),
    NO_SUCH: "check the SID; calls of other accounts, subaccounts and regions can't be seen here",
    TOO_MANY: "too many requests at once for this account; poll less often or lower concurrency",
    WRONG_STATE: "the call is over already, or was answered a moment ago and is not ready yet",
    20001: "Twilio does not know one of the parameters",
    20007: "the page size is above what this server allows",
    21205: "Twilio needs an absolute URL that it can reach from the internet",
    21209: "the method must be GET or POST",
    21609: "Twilio needs an absolute status callback URL, of at most 4,000 characters",
    32018: "TwiML in an update may have 4,000 characters; serve longer documents from a URL",
    401: _LOGIN,
    403: "these credentials may not do that; a proxy in between can answer the same",
}
