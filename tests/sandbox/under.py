"""What hangs below one call, asked for over HTTP; every answer is held against the document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from runner.sandbox import Sandbox
from tests.sandbox import openapi
from tests.sandbox.conftest import Http, Reply

_NAMED = "/{Sid}.json"


@dataclass
class Under:
    """One call and a client."""

    sandbox: Sandbox
    http: Http
    sid: str

    async def ask(self, method: str, what: str, name: str = "", **options: Any) -> Reply:
        """`ask("POST", "Streams", "agent", data=…)`: a good answer must fit the document."""
        path = f"{self.http.calls}/{self.sid}/{what}"
        reply = await self.http.ask(
            method, f"{path}/{name}.json" if name else f"{path}.json", **options
        )
        if reply.status in (200, 201, 202) and openapi.document() is not None:
            shape = "/{CallSid}/" + what + (_NAMED if name else ".json")
            openapi.response(shape, method.lower(), reply.status).validate(reply.json)
        return reply

    async def post(self, what: str, name: str = "", **form: str) -> Reply:
        """The same with a form; `Parameter1_Name` stands for `Parameter1.Name`."""
        data = {key.replace("_", "."): value for key, value in form.items()}
        if openapi.document() is not None:
            shape = "/{CallSid}/" + what + (_NAMED if name else ".json")
            assert set(data) <= set(openapi.properties(openapi.form(shape))), shape
        return await self.ask("POST", what, name, data=data)

    async def get(self, what: str, name: str = "", **query: str) -> Reply:
        """Reads a list, or one of them."""
        params = {key.replace("_lt", "<").replace("_gt", ">"): v for key, v in query.items()}
        return await self.ask("GET", what, name, params=params)

    def lines(self, kind: str) -> list[str]:
        """What the transcript says of this kind."""
        happenings = self.sandbox.world.transcript(self.sid)
        return [line.text for line in happenings if line.kind == kind]


def refused(reply: Reply) -> tuple[int, int]:
    """Status and code of a refusal, whose body is Twilio's."""
    body = reply.json
    assert set(body) == {"code", "message", "more_info", "status"}
    assert body["status"] == reply.status
    assert body["message"]
    return reply.status, body["code"]
