"""What a request is about: its kind, its account and its call, read from method and path."""

from __future__ import annotations

from typing import NamedTuple

from runner.sandbox.rows import API_VERSION

ROOT = f"/{API_VERSION}/Accounts/"
#: The list of accounts.
ACCOUNTS = f"/{API_VERSION}/Accounts.json"

_CALLS = {"GET": "list", "POST": "create"}
_CALL = {"GET": "fetch", "POST": "update", "DELETE": "delete"}


class Target(NamedTuple):
    """`kind` is one of `faults.KINDS`, "" for any other; SIDs are "" where there are none."""

    kind: str = ""
    account: str = ""
    sid: str = ""


def classify(method: str, path: str) -> Target:
    """What this request is about, whether or not there is such an account or call."""
    if path == ACCOUNTS:
        return Target("accounts" if method == "GET" else "")
    parts = path.removeprefix(ROOT).split("/")
    if not path.startswith(ROOT) or not all(parts):
        return Target()
    if len(parts) == 1:
        account = parts[0].removesuffix(".json")
        known = method == "GET" and parts[0].endswith(".json")
        return Target("accounts" if known else "", account)
    if parts[1:] == ["Calls.json"]:
        return Target(_CALLS.get(method, ""), parts[0])
    if len(parts) == 3 and parts[1] == "Calls" and parts[2].endswith(".json"):
        return Target(_CALL.get(method, ""), parts[0], parts[2].removesuffix(".json"))
    return Target("", parts[0])
