"""`callflow plan`: what a poll would do now, call by call, exactly; nothing is sent or written."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import click

from runner.cli.exits import CLEAN, Failure
from runner.cli.options import option
from runner.cli.wiring import credentials_of, flow_paths, flows_of, settings_of
from runner.decision.planner import Held, Plan, Step
from runner.engine.clock import SystemClock
from runner.engine.loop import Engine, Poll
from runner.engine.ports import Event, StoreError
from runner.gateway.credentials import Credentials
from runner.masking import mask_numbers
from runner.model import FlowSet
from runner.settings import RunSettings


@click.command(
    "plan",
    epilog="Example: callflow plan flows/ --format json",
    short_help="Show what a poll would do now, sending nothing.",
)
@click.argument("paths", nargs=-1)
@option("--config", metavar="FILE", help="Configuration file (default: callflow.yaml, if there).")
@option("--store", metavar="URL", help="The ledger, read only (default: sqlite:///callflow.db).")
@option("--api-base", metavar="URL", help="Another server than Twilio's, such as the sandbox.")
@option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="Default: text."
)
@option("--show-numbers", is_flag=True, default=None, help="Don't mask phone numbers.")
def command(paths: tuple[str, ...], form: str, **options: Any) -> int:
    """Show what a poll would do now, sending nothing.

    PATHS are flow files and folders (default: flows/). Each call that would be changed is shown
    with the rule, the reason and the exact request; calls held back are shown with what holds them.
    """
    settings = settings_of(options.pop("config"), options)
    flow_set, _ = flows_of(flow_paths(paths, settings))
    credentials = credentials_of(settings)
    try:
        poll = asyncio.run(_look(settings, credentials, flow_set))
    except StoreError as error:
        raise Failure(str(error), hint=error.hint) from None
    if poll.error is not None or poll.plan is None:
        hint = poll.error.hint if poll.error is not None else ""
        raise Failure(str(poll.error), hint=hint)
    shown = report(poll.plan, poll.calls, show_numbers=settings.show_numbers)
    click.echo(json.dumps(shown, indent=2, ensure_ascii=False) if form == "json" else _text(shown))
    return CLEAN


async def _look(settings: RunSettings, credentials: Credentials, flow_set: FlowSet) -> Poll:
    from runner.gateway.twilio import open_gateway
    from runner.store.url import open_store_to_read

    clock = SystemClock()
    store = await open_store_to_read(settings.store)
    gateway = open_gateway(credentials, settings.twilio)
    try:
        engine = Engine(
            credentials.account_sid, gateway, store=store, clock=clock, tell=_told_by_the_report
        )
        engine.load(flow_set)
        return await engine.preview(clock.now())
    finally:
        await gateway.close()
        await store.close()


def _told_by_the_report(_event: Event) -> None:
    """The report says it all."""


def report(plan: Plan, calls: int, *, show_numbers: bool) -> dict[str, Any]:
    """A plan as plain data: `calls` (how many were listed), `steps`, `held`."""
    hide = str if show_numbers else mask_numbers

    def of(act: Step | Held) -> dict[str, Any]:
        call = act.call
        return {
            "call": call.sid,
            "from": hide(call.from_ or ""),
            "to": hide(call.to or ""),
            "status": call.status,
            "direction": call.direction,
            "flow": act.flow.name,
            "rule": act.rule.id,
            "then": [action.name for action in act.rule.then],
        }

    steps = [
        {
            **of(step),
            "request": {name: hide(v) for name, v in step.update.parameters().items()},
            "why": hide(step.why),
        }
        for step in plan.steps
    ]
    held = [{**of(held), "reason": held.reason, "detail": hide(held.detail)} for held in plan.held]
    return {"calls": calls, "steps": steps, "held": held}


def _text(shown: dict[str, Any]) -> str:
    lines = []
    for step in shown["steps"]:
        lines.append(_head(step))
        lines.append(f"    why:  {step['why']}")
        lines += [f"    send: {name}={value}" for name, value in step["request"].items()]
    for held in shown["held"]:
        lines.append(f"{_head(held)}  [held: {held['reason']}]")
        lines.append(f"    {held['detail']}")
    counts = f"{len(shown['steps'])} to change, {len(shown['held'])} held back"
    lines.append(f"{shown['calls']} calls listed: {counts}")
    return "\n".join(lines)


def _head(act: dict[str, Any]) -> str:
    return (
        f"{act['call']} {act['from'] or '-'} -> {act['to'] or '-'}  "
        f"{act['flow']}/{act['rule']}: {', '.join(act['then'])}"
    )
