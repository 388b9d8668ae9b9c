"""What `callflow why` found, as text that reads well at eighty columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from runner.cli.parted import part_lines, sent_lines
from runner.cli.report import Style
from runner.durations import format_duration
from runner.language.words import counted

#: Truth → the mark before a condition, and its colour.
_MARKS = {True: ("yes", "green"), False: ("no", "red"), None: ("?", "yellow")}
_GROUPS = {"all": "all of", "any": "any of", "not": "not"}
#: Fate → what stands behind the rule's name; any other matches, and is held by what it names.
_HEADS = {
    "acts": ("would act now", "green"),
    "shadow": ("matches, and only records it", "yellow"),
    "records": ("matches, and changes no call", None),
    "no-match": ("does not match", None),
    "hold": ("does not match yet", "yellow"),
    "disabled": ("is switched off", None),
    "flow-disabled": ("is switched off", None),
    "other-account": ("is for another account", None),
}
_ORIGINS = {"rule": "rule or flow", "configuration": "configuration", "default": "default"}
#: Fates of rules that send nothing, so that no guard counts them.
_IDLE = {"shadow", "taken", "unlisted", "disabled", "flow-disabled", "other-account"}
#: Outcomes of what never went out.
_NEVER_SENT = {"withdrawn", "shadowed", "skipped"}
_WIDEST = 48  # columns for a condition, before the value beside it moves away


def as_text(data: dict[str, Any], *, style: Style) -> str:
    """The call, the summary, each rule, and the ledger."""
    lines = [*_head(data, style), *_summary(data, style)]
    for rule in data["rules"]:
        lines += ["", *_rule(rule, style)]
    lines += ["", *_ledger(data)]
    return "\n".join(line.rstrip() for line in lines)


def _head(data: dict[str, Any], style: Style) -> Iterator[str]:
    sid = style.paint(data["call"], bold=True)
    if "status" not in data:
        yield sid
        return
    yield f"{sid}  {data['from'] or '-'} -> {data['to'] or '-'}"
    age = data["age_ms"]
    facts = [data["direction"], data["status"]]
    facts.append(None if age is None else f"age {format_duration(age // 1000 * 1000)}")
    said = ", ".join(fact for fact in facts if fact)
    yield f"{said}; at {data['at'][:19]}Z"
    if data["parent_call_sid"]:
        yield f"a leg that {data['parent_call_sid']} dialled"


def _summary(data: dict[str, Any], style: Style) -> Iterator[str]:
    for note in data["notes"]:
        yield f"{style.paint('note:', fg='yellow')} {note}"
    if data["rules"]:
        acting = data["would_act"]
        rules = counted(len(data["rules"]), "rule")
        yield f"{rules}: " + (f"{', '.join(acting)} would act now" if acting else "none would act")


def _rule(rule: dict[str, Any], style: Style) -> Iterator[str]:
    text, colour = _HEADS.get(rule["fate"], ("matches, and is held back", "yellow"))
    name = style.paint(f"{rule['flow']}/{rule['rule']}", bold=True)
    said = style.paint(text, fg=colour) if colour else text
    yield f"{name} {said}  {style.paint(rule['position'], dim=True)}"
    match = rule["match"]
    width = min(_WIDEST, max((len(words) for words in _widths(match, 0)), default=0))
    for item in match["items"] if match.get("group") == "all" else [match]:
        yield from _condition(item, style, indent=0, width=width)
    yield from (f"  {line}" for line in _facts(rule))


def _widths(node: dict[str, Any], indent: int) -> Iterator[str]:
    if "items" in node:
        for item in node["items"]:
            yield from _widths(item, indent + 2)
    else:
        yield " " * max(0, indent - 2) + node["words"]


def _condition(node: dict[str, Any], style: Style, *, indent: int, width: int) -> Iterator[str]:
    mark, colour = _MARKS[node["truth"]]
    start = f"  {style.paint(f'{mark:<3}', fg=colour)}  {' ' * indent}"
    if "items" in node:
        yield f"{start}{_GROUPS[node['group']]}:"
        for item in node["items"]:
            yield from _condition(item, style, indent=indent + 2, width=width)
        return
    yield f"{start}{node['words']:<{max(0, width - indent)}}  {_beside(node)}"


def _beside(node: dict[str, Any]) -> str:
    """What the call has, where the condition does not say so itself."""
    if node["missing"]:
        return str(node["missing"])
    seen = "" if node["truth"] and node["operator"] == "eq" else f"it is {node['shown']}"
    implied = "(implied)" if node["implicit"] else ""
    return " ".join(part for part in (seen, implied) if part)


def _facts(rule: dict[str, Any]) -> Iterator[str]:
    if rule["fate"] == "no-match":
        yield from _to_match(rule["needs"])
    elif rule["fate"] != "acts":
        yield f"because: {rule['detail']} [{rule['fate']}]"
    if rule["behind"] and rule["fate"] == "no-match":
        yield f"even then: {rule['behind']} stands above it and decides for the flow"
    yield from _settings(rule)
    if rule["continued"]:
        yield "rest: an earlier poll began this act; these are the parts that it lacks"
    yield from part_lines(rule["parts"], "send" if rule["fate"] == "acts" else "would send")
    if rule["effects"]:
        yield "then: " + "; ".join(effect["text"] for effect in rule["effects"])


def _settings(rule: dict[str, Any]) -> Iterator[str]:
    """Hold, mode and once, where they tell something that has not been said."""
    hold, mode, fate = rule["hold"], rule["mode"], rule["fate"]
    if hold is not None and fate != "hold":
        held, wanted = format_duration(hold["held_ms"]), format_duration(hold["wanted_ms"])
        yield f"for: {wanted}, held for {held}"
    if mode["name"] != "enforce":
        yield f"mode: {mode['name']}; this call is {'in' if mode['in_cohort'] else 'outside'} it"
    used = not rule["once"]["may_act"] or rule["once"]["number"] > 1
    if fate != "once" and (used or fate != "no-match"):
        yield f"once: {_turn(rule['once'])}"
    yield from _bounds(rule)


def _bounds(rule: dict[str, Any]) -> Iterator[str]:
    """Guards of a rule that would act, pauses of any, protection of what it would act on."""
    tells = rule["parts"] and all(part["route"] for part in rule["parts"])  # no guard counts it
    if rule["matches"] and not tells and rule["fate"] not in _IDLE:
        yield from (f"guard: {_limit(use)}" for use in rule["guards"])
    if rule["pause"] and rule["fate"] not in ("paused", "tripped"):
        yield f"pause: {rule['pause']['text']}"
    if rule["protected"] and rule["matches"] and rule["fate"] != "protected":
        yield f"protection: {rule['protected']}"


def _limit(use: dict[str, Any]) -> str:
    """`rate 3 of 30 ended in the last 1m (default)`."""
    whose = "all flows together, " if use["together"] else ""
    origin = _ORIGINS[use["from"]]
    if use["allowed"] is None:
        return f"{whose}{use['guard']} unlimited ({origin})"
    used = f"{whose}{use['guard']} {use['used']} of {use['allowed']}"
    if use["guard"] == "rate":
        return f"{used} ended in the last {format_duration(use['per_ms'])} ({origin})"
    share = f"{use['max_share'] * 100:.4g}% of live ones, once more than {use['at_least']}"
    return f"{used} changed in this poll ({origin}: {share})"


def _to_match(needed: Sequence[str] | None) -> Iterator[str]:
    if needed is None:
        yield "to match: no call can meet these conditions"
        return
    for number, need in enumerate(needed):
        yield f"{'to match' if number == 0 else '     and'}: {need}"


def _turn(once: dict[str, Any]) -> str:
    if not once["may_act"]:
        return str(once["reason"])
    whose = f" (for {once['value']})" if once["value"] else ""
    if once["number"] == 0:
        return f"not recorded for this call yet{whose}"
    if once["number"] == 1:
        return f"has not acted on this call yet{whose}"
    return f"may act on this call for time number {once['number']}{whose}"


def _ledger(data: dict[str, Any]) -> Iterator[str]:
    if not data["ledger"]:
        yield "ledger: nothing was done to this call"
        return
    yield "ledger:"
    for entry in data["ledger"]:
        if "outcome" not in entry:
            times = "shadowed" if entry["shadowed"] and not entry["count"] else ""
            yield f"  {entry['time']} {entry['rule']}: {times or counted(entry['count'], 'act')}"
            continue
        yield f"  {entry['time']} {entry['rule']} {', '.join(entry['then'])}: {entry['outcome']}"
        yield f"    why:  {entry['why']}"
        word = "not sent" if entry["outcome"] in _NEVER_SENT else "sent"
        yield from (f"    {word}: {line}" for line in sent_lines(entry))
        if entry["detail"]:
            yield f"    {entry['detail']}"
