"""Offers the browser to the tests of this folder."""

from __future__ import annotations

from tests.console.browser import browser, context, page

__all__ = ["browser", "context", "page"]
