"""Twilio's OpenAPI document, where it is on this machine, as schemas that jsonschema can use."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

PREFIX = "/2010-04-01/Accounts/{AccountSid}/Calls"
_BESIDE = Path(__file__).parents[2].parent / "shared" / "twilio" / "twilio_api_v2010.json"


@cache
def document() -> dict[str, Any] | None:
    """The document; None where there is none."""
    path = Path(os.environ.get("CALLFLOW_TWILIO_OPENAPI") or _BESIDE)
    if not path.is_file():
        return None
    loaded: dict[str, Any] = json.loads(path.read_text())
    return loaded


def operation(path: str, method: str) -> dict[str, Any]:
    """One operation of the Calls API."""
    found = document()
    assert found is not None
    operation: dict[str, Any] = found["paths"][PREFIX + path][method]
    return operation


def response(path: str, method: str, status: int) -> Draft202012Validator:
    """A validator of one answer."""
    answer = operation(path, method)["responses"][str(status)]
    return _validator(answer["content"]["application/json"]["schema"])


def beside(path: str, method: str) -> tuple[set[str], Draft202012Validator]:
    """What a form or a query may hold, and a validator of the answer; `path` below the account."""
    found = document()
    assert found is not None
    told = found["paths"][f"/2010-04-01/Accounts/{{AccountSid}}{path}"][method]
    if "requestBody" in told:
        content = told["requestBody"]["content"]["application/x-www-form-urlencoded"]
        names = set(content["schema"].get("properties", ()))
    else:
        names = {given["name"] for given in told.get("parameters", ()) if given["in"] == "query"}
    answer = told["responses"]["200"]["content"]["application/json"]["schema"]
    return names, _validator(answer)


def account_response(path: str) -> Draft202012Validator:
    """A validator of what is answered to reading accounts; `path` from `/Accounts` on."""
    found = document()
    assert found is not None
    answer = found["paths"][f"/2010-04-01{path}"]["get"]["responses"]["200"]
    return _validator(answer["content"]["application/json"]["schema"])


def form(path: str) -> Draft202012Validator:
    """A validator of what a POST may send."""
    content = operation(path, "post")["requestBody"]["content"]
    return _validator(content["application/x-www-form-urlencoded"]["schema"])


def properties(validator: Draft202012Validator) -> dict[str, Any]:
    """What an object may hold, by name."""
    schema = validator.schema
    assert isinstance(schema, dict)
    found: dict[str, Any] = schema["properties"]
    return found


def query(name: str) -> Draft202012Validator:
    """A validator of one parameter of the list."""
    parameters = operation(".json", "get")["parameters"]
    return _validator(next(p["schema"] for p in parameters if p["name"] == name))


def _validator(schema: dict[str, Any]) -> Draft202012Validator:
    # No format checker: the document's own examples break `uri` (host-relative paths) and
    # `date-time` (plain dates).
    return Draft202012Validator(_resolved(schema))


def _resolved(schema: Any) -> Any:
    """The schema with references followed, and OpenAPI 3.0's `nullable` as JSON Schema says it."""
    if isinstance(schema, list):
        return [_resolved(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        target: Any = document()
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return _resolved(target)
    inner = {key: _resolved(value) for key, value in schema.items() if key != "nullable"}
    return {"anyOf": [inner, {"type": "null"}]} if schema.get("nullable") is True else inner
