"""The front door of the API: who asks, which account it is about, and whether that may be."""

from __future__ import annotations

import msgspec

from runner.sandbox.account_pages import list_accounts, render
from runner.sandbox.accounts import Accounts, Tenant
from runner.sandbox.errors import ApiError, not_found, suspended, unauthenticated
from runner.sandbox.exchange import Answer
from runner.sandbox.faults import Taken
from runner.sandbox.journal import Request
from runner.sandbox.paths import ACCOUNTS


class Front:
    """Lets requests in to the account they are about. Scans no account but that one."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def answer(self, request: Request, taken: Taken) -> Answer:
        """Does what is asked. Never raises `ApiError`: refusals are answers too."""
        try:
            asking = self._asking(request)
            if request.kind == "accounts":
                return self._about_accounts(request, asking)
            tenant = self._meant(request, asking)
            if not self._accounts.active(tenant):
                raise suspended()
            return tenant.api.answer(request, taken)
        except ApiError as error:
            return Answer(error.status, error.body())

    def _asking(self, request: Request) -> Tenant:
        """The account whose credentials came. Those of a suspended one open nothing."""
        asking = self._accounts.opened_by(request.user, request.password)
        if asking is None or not self._accounts.active(asking):
            raise unauthenticated()
        return asking

    def _meant(self, request: Request, asking: Tenant) -> Tenant:
        """The account that the path names: the asking one, or a subaccount of it."""
        tenant = self._accounts.get(request.account)
        if tenant is None or tenant.sid != request.account:
            raise not_found(request.path)
        if asking.sid not in (tenant.sid, tenant.account.parent):
            raise unauthenticated()
        return tenant

    def _about_accounts(self, request: Request, asking: Tenant) -> Answer:
        if request.user != asking.sid:  # a standard API key: accounts are not for those
            raise unauthenticated()
        if request.path == ACCOUNTS:
            return Answer(200, list_accounts(self._accounts, asking, request))
        return Answer(200, msgspec.json.encode(render(self._meant(request, asking))))
