"""What a failed request means: each way to fail becomes one kind of `GatewayError`, in words.

The question that matters is whether Twilio can have acted on it. Messages name host and status,
never credentials or phone numbers.
"""

from __future__ import annotations

import asyncio
import math
import os
import re
from collections.abc import Mapping

import aiohttp
import msgspec

from runner.call import parse_rfc2822
from runner.durations import format_duration
from runner.engine.ports import (
    AccessRefused,
    GatewayError,
    NoAnswer,
    NoSuchCall,
    NotProcessed,
    Refused,
    Throttled,
)
from runner.gateway.codes import ACCESS_CODES, BAD_CREDENTIALS, HINTS, NO_SUCH, TOO_MANY
from runner.masking import mask_numbers
from runner.model import Millis
from runner.settings import TwilioSettings

_SECONDS = re.compile(r"[0-9]{1,300}(\.[0-9]{1,300})?")

#: No server may silence the runner for longer than this by its Retry-After.
LONGEST_PAUSE: Millis = 3_600_000


def _open_question(method: str) -> str:
    if method == "GET":
        return "nothing was asked to change; try again"
    return "whether it took effect is unknown: look at the call before sending it again"


class ErrorBody(msgspec.Struct):
    """Twilio's error document, in its old shape and in that of RFC 9457 (`title`, `detail`)."""

    code: int | str | None = None
    message: str | None = None
    title: str | None = None
    detail: str | None = None

    @property
    def number(self) -> int | None:
        """Twilio's error code; None where there is none."""
        text = str(self.code)
        return int(text) if text.isdecimal() and len(text) < 10 else None

    @property
    def text(self) -> str:
        """What it says, in one line without phone numbers; it is Twilio's text, not ours."""
        said = self.message or self.detail or self.title or ""
        line = " ".join(mask_numbers(said).split())
        return "".join(c for c in line if c.isprintable())[:300].rstrip(".")


def error_of_answer(
    status: int, headers: Mapping[str, str], body: bytes, *, host: str, method: str
) -> GatewayError | None:
    """The error that this answer is; None where it is none (2xx)."""
    if 200 <= status < 300:
        return None
    document = _document(body)
    code = document.number if document else None
    said = f"{host} answered {status}" + _quote(document)
    hint = HINTS.get(code or status, "")
    if status == 429 or code == TOO_MANY:
        return Throttled(
            f"{said}; nothing was changed",
            hint=HINTS[TOO_MANY],
            retry_after=retry_after(headers),
        )
    if status in (401, 403) or code in ACCESS_CODES:
        login = status == 401 or code == BAD_CREDENTIALS
        return AccessRefused(said, hint=hint or HINTS[status], login=login)
    if 400 <= status < 500 and status != 408:
        return _refusal(said, status, document)
    if 300 <= status < 400:
        hint = "redirects are not followed, they would carry the credentials; check the API base"
        return NoAnswer(said, hint=hint)
    return NoAnswer(said, hint=_open_question(method))


def _refusal(said: str, status: int, document: ErrorBody | None) -> GatewayError:
    if document is None:
        # A 404 page of some proxy must not pass for "this call is over".
        hint = "the answer is not Twilio's: something in between gave it; check the API base"
        return NoAnswer(f"{said} without Twilio's error document", hint=hint)
    code = document.number
    kind = NoSuchCall if status == 404 or code == NO_SUCH else Refused
    hint = HINTS[NO_SUCH] if kind is NoSuchCall else HINTS.get(code or 0, "")
    return kind(said, status=status, code=code, hint=hint)


def refused_account(error: NoSuchCall) -> Refused:
    """What a 404 is where no call was asked for: what does not exist here is the account."""
    hint = "check the account SID, and that the API base is Twilio's or a sandbox"
    text = f"the account was not found: {error}"
    return Refused(text, status=error.status, code=error.code, hint=hint)


def _document(body: bytes) -> ErrorBody | None:
    try:
        return msgspec.json.decode(body, type=ErrorBody)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _quote(document: ErrorBody | None) -> str:
    if document is None:
        return ""
    code = f" (code {document.number})" if document.number is not None else ""
    return code + (f": {document.text}" if document.text else "")


def retry_after(headers: Mapping[str, str]) -> Millis | None:
    """The pause that the server asks for: seconds, or a date measured by the server's own clock.

    None where it asks for none, or for something that can't be read: then ours grows by itself.
    """
    text = headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(text):
        # HTTP knows whole seconds only; some servers send parts of one.
        return min(math.ceil(float(text) * 1000), LONGEST_PAUSE)
    until = parse_rfc2822(text) if text else None
    now = parse_rfc2822(headers.get("Date", ""))
    if until is None or now is None:
        return None
    return min(max(0, until - now), LONGEST_PAUSE)


def error_of_failure(
    error: Exception, *, host: str, limits: TwilioSettings, method: str
) -> GatewayError:
    """The error that a broken exchange is; what aiohttp raises tells before from after sending."""
    before = _error_before_sending(error, host, limits)
    if before is not None:
        return before
    return NoAnswer(_what_broke(error, host, limits), hint=_open_question(method))


def _what_broke(error: Exception, host: str, limits: TwilioSettings) -> str:
    if isinstance(error, aiohttp.SocketTimeoutError):
        waited = format_duration(limits.read_timeout)
        return f"{host} said nothing for {waited} after the request"
    if isinstance(error, asyncio.TimeoutError):
        waited = format_duration(limits.total_timeout)
        return f"{host} did not finish its answer within {waited}"
    if isinstance(error, aiohttp.ClientPayloadError):
        return f"the answer of {host} broke off half way"
    if isinstance(error, aiohttp.ClientResponseError):
        return f"{host} answered with something that is not HTTP"
    return f"{host} closed the connection before it answered"


def _error_before_sending(
    error: Exception, host: str, limits: TwilioSettings
) -> NotProcessed | None:
    """The error where the request never left; None where it may have. The order is aiohttp's:
    the later kinds are parents of the earlier ones.
    """
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        waited = format_duration(limits.connect_timeout)
        text = f"could not connect to {host} within {waited}"
        return NotProcessed(text, hint="check the network, the firewall and the proxy")
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        hint = "if a proxy inspects TLS here, name its CA file in SSL_CERT_FILE"
        return NotProcessed(f"the certificate of {host} can't be trusted", hint=hint)
    if isinstance(error, aiohttp.ClientSSLError):
        text = f"no TLS connection to {host} came about"
        return NotProcessed(text, hint="check that the port speaks https, and the proxy")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        hint = "check the network and DNS, TWILIO_REGION and TWILIO_EDGE, or the API base"
        return NotProcessed(f"the host {host} can't be found", hint=hint)
    if isinstance(error, aiohttp.ClientProxyConnectionError | aiohttp.ClientHttpProxyError):
        hint = "check HTTPS_PROXY and NO_PROXY"
        return NotProcessed(f"the proxy gave no connection to {host}", hint=hint)
    if isinstance(error, aiohttp.ClientConnectorError):
        # asyncio's own text shows the address as a Python tuple
        reason = os.strerror(error.errno) if error.errno else "the connection failed"
        hint = "check that the server runs, the API base and the network"
        return NotProcessed(f"could not connect to {host}: {reason.lower()}", hint=hint)
    return None
