"""The accounts of one sandbox: each with its credentials, its status and its own world of calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from runner.model import Millis
from runner.sandbox.api import Api
from runner.sandbox.identity import Account, derived_account
from runner.sandbox.rows import Order
from runner.sandbox.world import World

#: Twilio's words for an account's status.
STATUSES = ("active", "suspended", "closed")


@dataclass(slots=True)
class Tenant:
    """One account as the sandbox runs it. `order` is its place in the list of accounts."""

    account: Account
    world: World
    api: Api
    order: Order
    updated: Millis
    status: str = "active"

    @property
    def sid(self) -> str:
        """The account's SID."""
        return self.account.sid

    @property
    def created(self) -> Millis:
        """When it was added."""
        return self.order[0]


class Accounts:
    """All accounts, in the order in which they came; the first one is the main account."""

    def __init__(self, main: Account, start: Millis, *, seed: int = 0) -> None:
        self._seed = seed
        self._tenants: dict[str, Tenant] = {}
        self._names: dict[str, str] = {}
        #: SIDs of accounts by who a client says it is: the account itself, or a key of it.
        self._users: dict[str, str] = {}
        self.main = self._settle(main, start, seed)

    def __iter__(self) -> Iterator[Tenant]:
        return iter(self._tenants.values())

    def __len__(self) -> int:
        return len(self._tenants)

    def add(
        self, name: str, now: Millis, *, parent: str | None = None, api_key: bool = False
    ) -> Tenant:
        """A new account, or with `parent` (a name or SID) a subaccount. Raises ValueError."""
        if not name or self.get(name) is not None:
            raise ValueError(f"there is an account {name!r} already" if name else "name it")
        owner = None if parent is None else self._owner(parent)
        account = derived_account(name, self._seed, parent=owner, api_key=api_key)
        tenant = self._settle(account, now, f"{self._seed}/{account.sid}")
        # People and documents are the world's at large: one telephone network, one web.
        tenant.world.people = self.main.world.people
        tenant.world.documents = self.main.world.documents
        return tenant

    def _owner(self, parent: str) -> str:
        tenant = self.get(parent)
        if tenant is None:
            raise ValueError(f"there is no account {parent!r} to be the parent")
        if tenant.account.parent is not None:
            raise ValueError(f"{tenant.account.name!r} is a subaccount, and those have none")
        return tenant.sid

    def _settle(self, account: Account, now: Millis, seed: int | str) -> Tenant:
        world = World(now, account_sid=account.sid, seed=seed)
        order = (now, len(self._tenants))
        tenant = Tenant(account, world, Api(account, world), order, now)
        self._tenants[account.sid] = tenant
        self._names[account.name] = account.sid
        for user in filter(None, (account.sid, account.api_key)):
            self._users[user] = account.sid
        return tenant

    # ---- looking ----------------------------------------------------------------------------

    def get(self, name: str) -> Tenant | None:
        """An account by SID or name; None where there is none."""
        return self._tenants.get(name) or self._tenants.get(self._names.get(name, ""))

    def find(self, name: str) -> Tenant:
        """An account by SID or name, "" for the main one. Raises ValueError."""
        tenant = self.get(name) if name else self.main
        if tenant is None:
            raise ValueError(f"there is no account {name!r}; there are {self._known()}")
        return tenant

    def _known(self) -> str:
        names = list(self._names)
        return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")

    def opened_by(self, user: str, password: str) -> Tenant | None:
        """The account whose own credentials these are."""
        tenant = self._tenants.get(self._users.get(user, ""))
        return tenant if tenant is not None and tenant.account.opens(user, password) else None

    def active(self, tenant: Tenant) -> bool:
        """True for an account that is neither suspended nor closed, and nor is its parent."""
        parent = self._tenants.get(tenant.account.parent or "")
        return tenant.status == "active" and (parent is None or parent.status == "active")

    def seen_by(self, asking: Tenant) -> list[Tenant]:
        """What an account's list of accounts holds: itself and its subaccounts, oldest first."""
        return [tenant for tenant in self if asking.sid in (tenant.sid, tenant.account.parent)]

    def place(self, sid: str) -> Order | None:
        """Where an account stands in lists; None where there is none."""
        tenant = self._tenants.get(sid)
        return None if tenant is None else tenant.order

    # ---- changing ---------------------------------------------------------------------------

    def set_status(self, name: str, status: str, now: Millis) -> None:
        """Suspends, closes or revives an account. Raises ValueError."""
        if status not in STATUSES:
            raise ValueError(f"{status!r} is none of {', '.join(STATUSES)}")
        tenant = self.find(name)
        tenant.status, tenant.updated = status, now

    def told(self, tenant: Tenant) -> dict[str, Any]:
        """An account with its credentials, as the control API tells it."""
        account = tenant.account
        return {
            "sid": account.sid,
            "name": account.name,
            "parent": account.parent,
            "status": tenant.status,
            "auth_token": account.auth_token,
            "api_key": account.api_key or None,
            "api_secret": account.api_secret or None,
            "calls": len(tenant.world.shelf),
        }
