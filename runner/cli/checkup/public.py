"""`callflow doctor` looks at the ways out and in: signing secrets, the console, the public URL."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import urlsplit

from runner.cli.checkup.findings import Finding, ok, problem, warning
from runner.cli.checkup.local import is_a_runner
from runner.gateway.credentials import BadCredentials
from runner.language.words import counted
from runner.model import Millis
from runner.settings import RunSettings
from runner.written import is_loopback, is_open_to_view

LIMIT: Millis = 5_000
#: Who may see the console, in a word and in full.
_WHO = {
    "tokens": "open for who has a token",
    "this machine": "open for everybody on this machine, and for nobody else",
    "closed": "open for nobody: neither CALLFLOW_READ_TOKEN nor CALLFLOW_OPERATOR_TOKEN is set",
}


def signing_findings(settings: RunSettings, environ: Mapping[str, str]) -> list[Finding]:
    """Whether what signs the posts of rules is there; nothing where nobody wants signatures."""
    from runner.gateway.signing import DEFAULT_VARIABLE, read_secrets

    names = settings.notifications.signing_secret_env
    try:
        keys = read_secrets(names, environ)
    except BadCredentials as error:
        fix = "set it for the runner, or take it out of notifications.signing_secret_env"
        return [problem("signing", f"{name} {text}", fix) for name, text in error.faults]
    if not keys:
        return []
    named = ", ".join(names or (DEFAULT_VARIABLE,))
    return [ok("signing", f"posts are signed with {counted(len(keys), 'secret')} ({named})")]


def console_findings(settings: RunSettings, environ: Mapping[str, str]) -> list[Finding]:
    """Whether the console's tokens can be used, and who may see it; nothing without a console."""
    from runner.cli.daemon.console import access_of
    from runner.console.doors.tokens import BadTokens, read_tokens

    if not settings.listen:
        return []
    named = settings.console
    try:
        tokens = read_tokens(
            environ, read_env=named.read_token_env, operator_env=named.operator_token_env
        )
    except BadTokens as error:
        fix = "make tokens with `openssl rand -hex 24`, one for each; the runner won't start so"
        return [problem("console", fault, fix) for fault in error.faults]
    return [ok("console", _WHO[access_of(settings, tokens)])]


async def examine_public(settings: RunSettings, *, fetch: bool) -> list[Finding]:
    """Whether the public URL leads to the runner, as far as can be seen from here."""
    url = settings.public_url
    if url is None:
        return []
    findings = _by_looking(url, settings)
    if not any(each.level == "problem" for each in findings):
        findings.append(await _by_asking(url, settings) if fetch else _not_asked(url))
    return findings


def _by_looking(url: str, settings: RunSettings) -> list[Finding]:
    if not settings.listen:
        fix = "set listen, where the runner serves what Twilio fetches"
        return [problem("public", "nothing is served there without listen", fix, about=url)]
    local = is_loopback(urlsplit(settings.twilio.api_base or "").hostname or "")
    if is_loopback(urlsplit(url).hostname or "") and not local:
        fix = "name a host that the internet can reach"
        return [problem("public", "Twilio can't reach this machine by that name", fix, about=url)]
    if is_open_to_view(url):
        fix = "use https, so that nobody in between reads or changes what Twilio fetches"
        return [warning("public", "it isn't https", fix, about=url)]
    return []


def _not_asked(url: str) -> Finding:
    return ok("public", "not asked for (--no-fetch)", about=url)


async def _by_asking(url: str, settings: RunSettings) -> Finding:
    trouble = await _trouble(url)
    if not trouble:
        return ok("public", "a runner answers there", about=url)
    if not await is_a_runner(settings.listen or ""):
        seen = f"{trouble}; nor does a runner at {settings.listen}"
        return warning("public", seen, "start callflow run, then run doctor again", about=url)
    fix = f"pass it on to {settings.listen}, with its path or without; look at the proxy and DNS"
    return problem("public", trouble, fix, about=url)


async def _trouble(url: str) -> str:
    """Why no runner answers there, as seen from here; "" where one does."""
    from runner.gateway.documents import NotFetched, fetch_document

    try:
        document = await fetch_document(f"{url}/healthz", limit=LIMIT)
    except NotFetched as error:
        return str(error)
    if document.status != 200:
        return f"/healthz below it answered {document.status}"
    try:
        alive = bool(json.loads(document.body).get("alive"))
    except (ValueError, AttributeError):
        alive = False
    return "" if alive else "what answers there is no runner"
