"""How values in forms are checked, the same for every resource."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from runner.sandbox.errors import ApiError, invalid, missing

METHODS = ("GET", "POST")


def needed(form: Mapping[str, str], name: str) -> str:
    """A parameter that must be there. Raises `ApiError`."""
    if not form.get(name):
        raise missing(name)
    return form[name]


def one_of(
    form: Mapping[str, str], name: str, words: Collection[str], default: str | None = None
) -> str:
    """A parameter that is one of these; without a default it must be there. Raises `ApiError`."""
    value = form.get(name) or default
    if value is None:
        raise missing(name)
    if value not in words:
        raise invalid(name, f"{value} is none of {', '.join(words)}")
    return value


def method_of(form: Mapping[str, str], name: str) -> str:
    """GET or POST, which it is if unsaid. Raises `ApiError`."""
    method = form.get(name, "POST").upper()
    if method not in METHODS:
        raise ApiError(400, 21209, f"{name} must be GET or POST")
    return method


def check_callback(form: Mapping[str, str], name: str, method: str) -> None:
    """A URL to be told of what happens, if there is one, and its method. Raises `ApiError`."""
    method_of(form, method)
    if form.get(name) and not usable(form[name]):
        raise ApiError(400, 21609, f"{name} is not a valid URL: {form[name]}")


def usable(url: str, schemes: Collection[str] = ("http", "https")) -> bool:
    """True for a whole URL whose host has no underscore: Twilio takes no others."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme in schemes and bool(host) and "_" not in host
