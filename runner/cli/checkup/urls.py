"""`callflow doctor` looks at what flows lead calls to: documents and sounds that must be there.

One GET each, without credentials. What Twilio would make of the answer is known from its content
type: it takes XML and HTML for TwiML, reads plain text out, and plays audio.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

from runner.actions import ACTIONS
from runner.actions.base import Verb
from runner.actions.templates import Template
from runner.cli.checkup.findings import Finding, in_time, ok, problem, warning
from runner.gateway.documents import LARGEST_TWIML, Document, NotFetched, fetch_document
from runner.language.words import counted
from runner.model import Action, FlowSet, Millis
from runner.written import is_loopback

#: One document; Twilio gives a web server 15 s, and a caller hangs up before that.
LIMIT: Millis = 6_000
_AT_ONCE = 20
_TWIML_TYPES = ("text/xml", "application/xml", "application/rss+xml", "text/html")
#: TwiML's verb for sounds; every other URL in a document is for more TwiML.
_SOUND = "Play"


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that rules lead calls to, and which; `sound` says that it is to be played."""

    url: str
    sound: bool
    rules: tuple[str, ...]

    @property
    def shown(self) -> str:
        """The URL without what may be secret or personal: login, parameters."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def targets_of(flow_set: FlowSet) -> tuple[list[Target], int]:
    """The URLs of all enabled rules, each once, and how many depend on the call."""
    found: dict[tuple[str, bool], list[str]] = {}
    depend = set()
    for flow in flow_set.flows:
        for rule in flow.rules:
            for action in rule.then if flow.enabled and rule.enabled else ():
                for url, sound in _urls(action):
                    if isinstance(url, Template):
                        depend.add(url.written)
                    else:
                        found.setdefault((url, sound), []).append(rule.key)
    targets = [Target(url, sound, tuple(dict.fromkeys(r))) for (url, sound), r in found.items()]
    return targets, len(depend)


def _urls(action: Action) -> Iterator[tuple[str | Template, bool]]:
    kind = ACTIONS[action.name]
    for verb in kind.verbs(action.arguments) if kind.verbs else ():
        yield from _urls_of_verb(verb)
    for name in kind.only_alone:
        value = action.arguments.get(name)
        if value is not None and _is_url(value):
            yield value, False


def _urls_of_verb(verb: Verb) -> Iterator[tuple[str | Template, bool]]:
    for value in (verb.text, *verb.attributes.values()):
        if _is_url(value) and verb.name != "Say":
            yield value, verb.name == _SOUND
    for child in verb.children:
        yield from _urls_of_verb(child)


def _is_url(value: Any) -> bool:
    text = value.written if isinstance(value, Template) else value
    return isinstance(text, str) and text.lower().startswith(("http://", "https://"))


# ---- looking --------------------------------------------------------------------------------


async def examine(flow_set: FlowSet, api_base: str | None) -> list[Finding]:
    """Every URL at once, each in its time. `api_base`: where Twilio's API is taken to be."""
    targets, depend = targets_of(flow_set)
    turns = asyncio.Semaphore(_AT_ONCE)
    local = is_loopback(urlsplit(api_base or "").hostname or "")

    async def look(target: Target) -> Sequence[Finding]:
        async with turns:
            return [await _examine(target, local)]

    found = await asyncio.gather(*(in_time(look(each), _late(each)) for each in targets))
    findings = [finding for each in found for finding in each]
    if depend:
        seen = f"{counted(depend, 'URL')} with placeholders: known only for a call, not asked for"
        findings.append(ok("url", seen))
    return findings or [ok("url", "the flows lead to none")]


def _late(target: Target) -> Finding:
    seen = "not asked for: others took all the time"
    return warning("url", seen, "mend those, then run callflow doctor again", about=target.shown)


async def _examine(target: Target, local: bool) -> Finding:
    parts = urlsplit(target.url)
    about = target.shown
    if is_loopback(parts.hostname or "") and not local:
        fix = f"name a host that the internet can reach, in {_used(target)}"
        return problem("url", "Twilio can't reach this machine by that name", fix, about=about)
    try:
        document = await fetch_document(target.url, limit=LIMIT)
    except NotFetched as error:
        fix = f"look at that server, or correct {_used(target)}"
        return problem("url", str(error), fix, about=about)
    fault = (_fault_of_sound if target.sound else _fault_of_twiml)(document)
    if fault:
        return problem("url", *fault, about=about)
    if not document.secure and not local:
        fix = f"use https in {_used(target)}, so that nobody in between reads or changes it"
        return warning("url", "asked for in clear (http)", fix, about=about)
    return ok("url", _seen(target, document), about=about)


def _used(target: Target) -> str:
    return ", ".join(target.rules[:3]) + (" and others" if len(target.rules) > 3 else "")


def _seen(target: Target, document: Document) -> str:
    if document.status == 405:
        return "it is there, and answers only POST; what it answers was not looked at"
    if document.status in (401, 403):
        return (
            f"it is there, and answered a stranger {document.status}: it seems to check signatures"
        )
    return f"sound of type {document.content_type}" if target.sound else "answers with TwiML"


#: What is wrong, and the fix.
_Fault = tuple[str, str]


def _fault_of_sound(document: Document) -> _Fault | None:
    if not 200 <= document.status < 300:
        return f"answered {document.status}", "put the sound there, or correct the URL"
    if not document.content_type.startswith("audio/"):
        seen = f"content type {document.content_type or 'missing'}, which Twilio does not play"
        return seen, "serve it as audio/mpeg or audio/wav"
    return None


def _fault_of_twiml(document: Document) -> _Fault | None:
    """TwiML is asked for with POST, signed; a server may rightly refuse anything else."""
    if document.status in (401, 403, 405):
        return None
    if not 200 <= document.status < 300:
        return f"answered {document.status}", "callers would hear an error: look at that server"
    if document.content_type.startswith("audio/"):
        return None
    if document.content_type not in _TWIML_TYPES:
        seen = f"content type {document.content_type or 'missing'}, which is no TwiML for Twilio"
        return seen, "serve it as text/xml"
    if len(document.body) > LARGEST_TWIML:
        return "longer than 64 kB, which Twilio refuses", "serve a shorter document"
    return _fault_of_xml(document.body)


def _fault_of_xml(body: bytes) -> _Fault | None:
    fix = "serve a document that begins with <Response>"
    try:
        root = ElementTree.fromstring(body)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        return f"not well-formed XML: {error}", fix
    if root.tag != "Response":
        return f"its root is <{root.tag[:40]}>, not <Response>", fix
    return None
