"""Says for people what stands in records for machines: accounts by alias, processes by number."""

from __future__ import annotations

from runner.pauses import Pause
from runner.settings import RunSettings


def process_of(holder: str) -> str:
    """`process 4711 on web-1`; the rest of a holder's name is for machines."""
    host, process, *_ = [*holder.split(":"), ""]
    return f"process {process} on {host}" if process else holder


def alias_of(sid: str, settings: RunSettings) -> str:
    """What the configuration calls an account, "" where it doesn't name it."""
    return next((each.alias for each in settings.accounts if each.sid == sid), "")


def scope_of(pause: Pause, settings: RunSettings) -> str:
    """What is paused, with the account by its alias."""
    return with_alias(pause.scope, pause.account, alias_of(pause.account, settings))


def with_alias(scope: str, sid: str, alias: str) -> str:
    """The words of a scope with the alias in place of the SID, where there is one."""
    return scope.replace(f"account {sid}", f"account {alias}") if sid and alias else scope


def resuming(pause: Pause, settings: RunSettings) -> str:
    """The command that lifts it."""
    named = f" {pause.flow}/{pause.rule}" if pause.rule else f" {pause.flow}" if pause.flow else ""
    account = alias_of(pause.account, settings) or pause.account
    where = f" --account {account}" if account else ""
    return f"callflow resume{named}{where}" if named or where else "callflow resume --all"
