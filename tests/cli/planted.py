"""Secrets planted wherever a deployment can have them, and a net for all that a run writes."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from runner.sandbox import Sandbox

#: Calls come from and go to these; a log line never has so many digits of one.
NUMBERS = ("4155550199", *(f"415555010{digit}" for digit in range(10)))
READ_TOKEN = "planted-read-token-0001"
OPERATOR_TOKEN = "planted-operator-token-0002"
HOOK_PATH, HOOK_QUERY = "plantedhookpath0003", "plantedhookquery0004"
LOGIN = "plantedlogin0005"
CALLER = "Zebedee Quartermain"

CONFIG = """\
version: 1
api_base: {base}
accounts:
  main: {{sid: {main}, auth_token: {{env: MAIN_TOKEN}}}}
  second: {{sid: {second}, api_key: {key}, api_secret: {{file: second.secret}}}}
  third: {{sid: {third}, auth_token: {{credential: third}}}}
notifications: {{signing_secret_env: SIGNING}}
twilio: {{read_timeout: 300ms, total_timeout: 400ms}}
"""
FLOWS = """\
version: 1
flow: acts
rules:
  - id: ends
    match: {{to: "+14155550100"}}
    then:
      - notify:
          url: "{service}/{path}?key={query}"
          headers: {{Authorization: {{env: CALLFLOW_NOTIFY_TOKEN}}, X-Team: desk}}
      - hangup
  - id: posts
    match: {{to: "+14155550101"}}
    then: [{{notify: "http://127.0.0.1:1/{path}?key={query}"}}, {{log: "seen {{{{ from }}}}"}}]
  - id: moves
    match: {{to: "+14155550102"}}
    then: [{{redirect: "https://desk:{login}@example.com/next"}}]
  - id: plays
    match: {{to: "+14155550103"}}
    then:
      - play: "https://desk:{login}@example.com/a.mp3"
      - say: "from {{{{ from }}}}"
      - hangup
"""


@dataclass
class Planted:
    """A deployment in a folder, and every secret in it by what it is."""

    folder: Path
    environ: dict[str, str]
    secrets: dict[str, str]

    def write(self, name: str, text: str) -> None:
        """Writes a file of the deployment."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def plant(sandbox: Sandbox, folder: Path, service: str) -> Planted:
    """Three accounts with a secret of each kind, flows with all that is secret, and tokens."""
    second = sandbox.add_account("second", api_key=True)
    third = sandbox.add_account("third")
    secrets = {
        "auth token of a variable": sandbox.auth_token,
        "secret of an API key, from a file": second.api_secret or "",
        "auth token of a credential": third.auth_token,
        "signing secret": "planted-signing-secret-0006",
        "header of a notify": "planted-notify-header-0007",
        "path of a webhook": HOOK_PATH,
        "query of a webhook": HOOK_QUERY,
        "login in a URL": LOGIN,
        "read token": READ_TOKEN,
        "operator token": OPERATOR_TOKEN,
        "header of the traces": "planted-otlp-header-0008",
        "another variable": "planted-elsewhere-0009",
    }
    environ = {
        "MAIN_TOKEN": sandbox.auth_token,
        "CREDENTIALS_DIRECTORY": str(folder),
        "SIGNING": secrets["signing secret"],
        "CALLFLOW_NOTIFY_TOKEN": secrets["header of a notify"],
        "CALLFLOW_READ_TOKEN": READ_TOKEN,
        "CALLFLOW_OPERATOR_TOKEN": OPERATOR_TOKEN,
        "OTEL_EXPORTER_OTLP_HEADERS": f"x-key={secrets['header of the traces']}",
        "DATABASE_PASSWORD": secrets["another variable"],
    }
    planted = Planted(folder, environ, secrets)
    planted.write("second.secret", f"{second.api_secret}\n")
    planted.write("third", third.auth_token)
    named = {"main": sandbox.account_sid, "second": second.sid, "third": third.sid}
    config = CONFIG.format(base=sandbox.url, key=second.api_key, **named)
    planted.write("callflow.yaml", config)
    hook = {"path": HOOK_PATH, "query": HOOK_QUERY, "login": LOGIN, "service": service}
    planted.write("flows/acts.yaml", FLOWS.format(**hook))
    return planted


@dataclass
class Net:
    """Everything that was written, by where."""

    caught: dict[str, bytes] = field(default_factory=dict)

    def add(self, where: str, what: str | bytes) -> None:
        """Takes what was written there."""
        told = what.encode() if isinstance(what, str) else what
        self.caught[where] = self.caught.get(where, b"") + told

    def add_files(self, folder: Path, pattern: str) -> None:
        """Takes the bytes of the files."""
        for path in sorted(folder.glob(pattern)):
            self.add(path.name, path.read_bytes())

    def leaks(self, secrets: Mapping[str, str]) -> list[str]:
        """Which secret stands where, however it is written."""
        return [
            f"{where}: {name}"
            for where, told in self.caught.items()
            for name, secret in secrets.items()
            if any(spelling in told for spelling in spellings(secret))
        ]

    def numbers(self) -> list[str]:
        """Where a phone number, or the caller's name, can be read in full."""
        personal = {number: number for number in NUMBERS} | {CALLER: CALLER}
        return self.leaks(personal)


def spellings(secret: str) -> Iterator[bytes]:
    """How a secret can look: as it is, in a URL, and wherever it stands in something in base64."""
    assert len(secret) >= 8, "a secret that short is anywhere"
    yield secret.encode()
    yield quote(secret, safe="").encode()
    for shift in range(3):
        # Without the characters that depend on what stands before and behind it.
        coded = b64encode(b"\0" * shift + secret.encode()).rstrip(b"=")
        yield coded[4 if shift else 0 : -2]
