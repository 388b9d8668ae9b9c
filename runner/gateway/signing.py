"""Signs what is posted to services by the public Standard Webhooks scheme, with shared secrets.

A receiver checks the signature with the secret, drops what is old by the timestamp, and knows a
repetition by the id.
"""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence

from runner.gateway.credentials import BadCredentials
from runner.model import Millis

#: Where the secret is looked for when the configuration names no variable.
DEFAULT_VARIABLE = "CALLFLOW_SIGNING_SECRET"
#: What the scheme writes before a secret in base64; any other text is the secret itself.
_PREFIX = "whsec_"


def read_secret(text: str) -> bytes:
    """The key that a secret stands for. Raises `ValueError`, which shows nothing of it."""
    text = text.strip()
    if not text:
        raise ValueError("is not set")
    if not text.startswith(_PREFIX):
        return text.encode("utf-8", "surrogateescape")
    try:
        key = b64decode(text.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ValueError(f"begins with {_PREFIX}, but what follows is not base64")
    return key


def read_secrets(names: Sequence[str], environ: Mapping[str, str]) -> tuple[bytes, ...]:
    """The keys in these variables; without names that in the usual one, if it is set.

    Raises `BadCredentials` with every variable at fault: whoever wants signatures gets no posts
    without them.
    """
    if not names:
        names = (DEFAULT_VARIABLE,) if environ.get(DEFAULT_VARIABLE, "").strip() else ()
    keys, faults = [], []
    for name in names:
        try:
            keys.append(read_secret(environ.get(name, "")))
        except ValueError as error:
            faults.append((name, str(error)))
    if faults:
        raise BadCredentials(faults)
    return tuple(keys)


def signature_headers(
    keys: Sequence[bytes], body: bytes, *, id_: str, at: Millis
) -> Mapping[str, str]:
    """The scheme's headers; `webhook-signature` only with a key, and one signature for each."""
    timestamp = str(at // 1000)
    headers = {"webhook-id": id_, "webhook-timestamp": timestamp}
    if keys:
        signed = b".".join((id_.encode(), timestamp.encode(), body))
        digests = (hmac.digest(key, signed, "sha256") for key in keys)
        signatures = (f"v1,{b64encode(digest).decode('ascii')}" for digest in digests)
        headers["webhook-signature"] = " ".join(signatures)
    return headers
