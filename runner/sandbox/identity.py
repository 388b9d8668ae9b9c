"""Who the sandbox is: its accounts, their credentials, and the SIDs it makes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256

#: Credentials of a sandbox nobody configured. They open nothing but sandboxes.
ACCOUNT_SID = "AC" + "5a4db0c5" * 4
AUTH_TOKEN = "70c3" * 8
API_KEY = "SK" + "5a4db0c5" * 4
API_SECRET = "sandbox-secret"
#: The name of the account that every sandbox has.
MAIN = "main"

_REST = re.compile(r"[0-9a-f]{32}\Z")


@dataclass(frozen=True, slots=True)
class Account:
    """One account and the secrets that open it; secrets stay out of its repr.

    `parent` is the SID of the account that owns it, None for one that stands by itself; `api_key`
    is "" where it has none.
    """

    sid: str = ACCOUNT_SID
    auth_token: str = field(default=AUTH_TOKEN, repr=False)
    api_key: str = API_KEY
    api_secret: str = field(default=API_SECRET, repr=False)
    name: str = MAIN
    parent: str | None = None

    def opens(self, user: str, password: str) -> bool:
        """True for the account with its token and for the key with its secret."""
        return bool(user) and (user, password) in (
            (self.sid, self.auth_token),
            (self.api_key, self.api_secret),
        )


def derived_account(name: str, seed: int, *, parent: str | None, api_key: bool) -> Account:
    """The account of this name: the same name and seed always give the same credentials."""
    return Account(
        sid=make_sid("AC", seed, name),
        auth_token=make_sid("", seed, name, "token"),
        api_key=make_sid("SK", seed, name) if api_key else "",
        api_secret=make_sid("", seed, name, "secret") if api_key else "",
        name=name,
        parent=parent,
    )


@lru_cache(maxsize=4_096)
def number_sid(number: str) -> str:
    """The SID of the phone number itself, the same for all its calls."""
    return make_sid("PN", number)


def is_sid(text: str, prefix: str) -> bool:
    """True for the shape of a SID with this prefix."""
    return text.startswith(prefix) and _REST.match(text, len(prefix)) is not None


def make_sid(prefix: str, *seeds: object) -> str:
    """`CA` and seeds → a SID of Twilio's shape; the same seeds always give the same SID."""
    digest = sha256("\x1f".join(str(seed) for seed in seeds).encode()).hexdigest()
    return prefix + digest[:32]
