"""Whose public holidays a window leaves out: a country, and perhaps a part of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from runner.language.bench import Bench
from runner.language.source import Place
from runner.language.words import listed, nearest, shown

_SHOWN = 12  # more subdivisions than this are not listed in a message


def holiday_region(bench: Bench, place: Place) -> tuple[str, str]:
    """Country and subdivision, "" where there is none, or none of use and the problem is noted."""
    holidays = place[0][place[1]]
    if isinstance(holidays, dict):
        country = _country(bench, (holidays, "country")) if "country" in holidays else ""
        part = _subdivision(bench, holidays, country) if country else ""
        return country, part
    return _country(bench, place), ""


def _country(bench: Bench, place: Place) -> str:
    code = place[0][place[1]]
    if not isinstance(code, str) or not code:
        return ""
    names = _countries()
    if code in names.values():
        return code
    near = names.get(code.upper()) or names.get(nearest(code, names) or "")
    bench.error(
        bench.at(*place),
        "unknown-country",
        f"no holidays are known for a country {shown(code)}",
        hint=f"did you mean {shown(near)}?" if near else "write two letters (ISO 3166): US, DE",
    )
    return ""


@cache
def _countries() -> dict[str, str]:
    """Every name and code of a country with known holidays → its ISO 3166 code of two letters."""
    from holidays.registry import COUNTRIES  # a window without holidays need not load it

    return {
        name: codes[1]
        for module, codes in COUNTRIES.items()
        for name in (codes[1], *codes[2:], module.replace("_", " "))
    }


def _subdivision(bench: Bench, holidays: Mapping[str, Any], country: str) -> str:
    name = holidays.get("subdivision")
    if not isinstance(name, str) or not name:
        return ""
    from holidays import country_holidays

    calendar = country_holidays(country)
    aliases = {str(alias): str(code) for alias, code in calendar.subdivisions_aliases.items()}
    known = {str(code): str(code) for code in calendar.subdivisions} | aliases
    if name in known:
        return name
    bench.error(
        bench.at(holidays, "subdivision"),
        "unknown-subdivision",
        f"{country} has no subdivision {shown(name)} with holidays of its own",
        hint=_subdivision_hint(name, known),
    )
    return ""


def _subdivision_hint(name: str, known: Mapping[str, str]) -> str:
    near = nearest(name, known)
    if near is not None:
        return f"did you mean {shown(known[near])}?"
    codes = sorted(set(known.values()))
    if not codes:
        return "name the country alone"
    if len(codes) > _SHOWN:
        return f"known ones are {', '.join(codes[:_SHOWN])}, …"
    return f"known ones are {listed(codes, 'and')}"
