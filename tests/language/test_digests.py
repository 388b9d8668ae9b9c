"""Digests of files are SHA-256, whoever works them out."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import pytest

from runner.language.digests import sha256

SAID = """
import sys
{first}
from runner.language.digests import sha256
digest = sha256(b"a" * 1000)
digest.update(b"b")
print(digest.hexdigest(), "_hashlib" in sys.modules)
"""


@pytest.mark.parametrize(("first", "openssl"), [("", False), ("import hashlib", True)])
def test_openssl_is_not_loaded_for_it_and_used_where_it_is(first: str, openssl: bool) -> None:
    script = SAID.format(first=first)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    wanted = hashlib.sha256(b"a" * 1000 + b"b").hexdigest()
    assert done.stdout.split() == [wanted, str(openssl)], done.stderr


def test_here_it_is_hashlibs() -> None:
    assert type(sha256(b"")) is type(hashlib.sha256(b""))
