"""Accounts as the API shows them: one as JSON, and the list with its filters and pages."""

from __future__ import annotations

from typing import Any

import msgspec

from runner.sandbox.accounts import STATUSES, Accounts, Tenant
from runner.sandbox.dates import rfc2822
from runner.sandbox.errors import invalid
from runner.sandbox.journal import Request
from runner.sandbox.listing import envelope, find_page, paged
from runner.sandbox.paths import ROOT

_SUBRESOURCES = {
    "addresses": "Addresses",
    "applications": "Applications",
    "authorized_connect_apps": "AuthorizedConnectApps",
    "available_phone_numbers": "AvailablePhoneNumbers",
    "balance": "Balance",
    "calls": "Calls",
    "conferences": "Conferences",
    "connect_apps": "ConnectApps",
    "incoming_phone_numbers": "IncomingPhoneNumbers",
    "keys": "Keys",
    "messages": "Messages",
    "notifications": "Notifications",
    "outgoing_caller_ids": "OutgoingCallerIds",
    "queues": "Queues",
    "recordings": "Recordings",
    "short_codes": "SMS/ShortCodes",
    "signing_keys": "SigningKeys",
    "sip": "SIP",
    "transcriptions": "Transcriptions",
    "usage": "Usage",
}


def render(tenant: Tenant) -> dict[str, Any]:
    """One account, auth token included: Twilio shows it to whoever may see the account."""
    account = tenant.account
    base = ROOT + account.sid
    return {
        "auth_token": account.auth_token,
        "date_created": rfc2822(tenant.created),
        "date_updated": rfc2822(tenant.updated),
        "friendly_name": account.name,
        "owner_account_sid": account.parent or account.sid,
        "sid": account.sid,
        "status": tenant.status,
        "subresource_uris": {key: f"{base}/{name}.json" for key, name in _SUBRESOURCES.items()},
        "type": "Full",
        "uri": f"{base}.json",
    }


def list_accounts(accounts: Accounts, asking: Tenant, request: Request) -> bytes:
    """A page of the accounts that this one sees, the newest first. Raises `ApiError`."""
    given = request.query
    kept = {name: given[name] for name in ("FriendlyName", "Status") if given.get(name)}
    if kept.get("Status", "active") not in STATUSES:
        raise invalid("Status", f"{kept['Status']} is none of {', '.join(STATUSES)}")

    def wanted(tenant: Tenant) -> bool:
        named = kept.get("FriendlyName") in (None, tenant.account.name)
        return named and kept.get("Status") in (None, tenant.status)

    query = paged(given, kept, status=None, tests=(wanted,))
    page = find_page(accounts, accounts.seen_by(asking), query)
    whole = envelope(request.path, query, page)
    return msgspec.json.encode(whole | {"accounts": list(map(render, page.rows))})
