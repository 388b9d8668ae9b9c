"""Where the API's resources stand: the paths that accounts begin with."""

from __future__ import annotations

from runner.sandbox.rows import API_VERSION

ROOT = f"/{API_VERSION}/Accounts/"
#: The list of accounts.
ACCOUNTS = f"/{API_VERSION}/Accounts.json"
