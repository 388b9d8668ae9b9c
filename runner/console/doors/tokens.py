"""The console's tokens: read from the environment, kept as hashes, compared in constant time."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Literal, TypeAlias

from runner.language.words import counted
from runner.secret_files import read_secret

#: What somebody may do: a reader looks, an operator also stops and sees numbers.
Role: TypeAlias = Literal["reader", "operator"]

READ_ENV = "CALLFLOW_READ_TOKEN"
OPERATOR_ENV = "CALLFLOW_OPERATOR_TOKEN"
#: Guesses are slowed down, but what really keeps a stranger out is the token's length.
LEAST = 16
MOST = 512

_MAKE = "make one with `openssl rand -hex 24`"


class BadTokens(ValueError):
    """Tokens that can't be used: `faults` lists every one."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Tokens:
    """SHA-256 of the token of each role; None where there is none."""

    read: bytes | None = field(default=None, repr=False)
    operator: bytes | None = field(default=None, repr=False)

    def __bool__(self) -> bool:
        """Whether there is any."""
        return self.read is not None or self.operator is not None

    def role_of(self, token: str) -> Role | None:
        """Whose token it is; every token takes the same time."""
        given = hashed(token)
        operates = hmac.compare_digest(given, self.operator or b"")
        reads = hmac.compare_digest(given, self.read or b"")
        return "operator" if operates else "reader" if reads else None


def hashed(text: str) -> bytes:
    """What is kept and compared in place of a secret."""
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def read_tokens(
    environ: Mapping[str, str], *, read_env: str | None = None, operator_env: str | None = None
) -> Tokens:
    """The tokens in these variables; None is the usual one, which may be unset.

    `NAME_FILE` names a file that holds it, for those who keep secrets in files. Raises `BadTokens`;
    no fault shows anything of a token.
    """
    faults: list[str] = []
    read = _token(environ, read_env, READ_ENV, faults)
    operator = _token(environ, operator_env, OPERATOR_ENV, faults)
    if read is not None and read == operator:
        names = f"{read_env or READ_ENV} and {operator_env or OPERATOR_ENV}"
        faults.append(f"{names} hold the same token: whoever may read could stop everything")
    if faults:
        raise BadTokens(faults)
    return Tokens(
        None if read is None else hashed(read), None if operator is None else hashed(operator)
    )


def _token(
    environ: Mapping[str, str], named: str | None, usual: str, faults: list[str]
) -> str | None:
    name = named or usual
    token, path = environ.get(name), environ.get(f"{name}_FILE")
    fault = ""
    if token is not None and path is not None:
        fault = f"and {name}_FILE are both set; unset one of them"
    elif path is not None:
        name = f"{name}_FILE"
        token, fault = read_secret(Path(path))
    elif token is None and named:
        fault = "is not set"
    if not fault and token is not None:
        fault = _fault(token)
    if fault:
        faults.append(f"{name} {fault}")
        return None
    return token


def _fault(token: str) -> str:
    if not token:
        return "is empty; unset it where no token is meant"
    if not (token.isascii() and token.isprintable()) or " " in token:
        return f"holds what no HTTP header can carry, such as a space or a line's end; {_MAKE}"
    if len(token) < LEAST:
        return f"has {counted(len(token), 'character')}, at least {LEAST} are needed; {_MAKE}"
    if len(token) > MOST:
        return f"has {len(token)} characters, at most {MOST} can be used; {_MAKE}"
    return ""
