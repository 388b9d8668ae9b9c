"""The `callflow` command: a table of subcommands, each imported only when it is called."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from typing import Any

import click

from runner import __version__
from runner.cli.exits import FAILURE, INTERRUPTED, Failure

#: Subcommand → (module, one line of help). The help stands here so that `--help` imports nothing.
COMMANDS = {
    "demo": ("runner.cli.demo", "Watch it all work in one minute, without an account."),
    "init": ("runner.cli.init", "Start a project: flows, configuration, editor settings."),
    "validate": ("runner.cli.validate", "Check flow files; every problem at once."),
    "test": ("runner.cli.test", "Play the timeline tests of flows, in no time."),
    "plan": ("runner.cli.plan", "Show what a poll would do now, sending nothing."),
    "why": ("runner.cli.why", "Say what each rule makes of one call, and why."),
    "run": ("runner.cli.run", "Apply the flows to live calls until stopped."),
    "calls": ("runner.cli.calls", "List, show and change calls by hand."),
    "top": ("runner.cli.top", "Watch a running daemon in the terminal, and brake it."),
    "history": ("runner.cli.history", "Show what was done to which call, and why."),
    "pause": ("runner.cli.pause", "Keep a rule, a flow, an account or everything from acting."),
    "resume": ("runner.cli.resume", "Let act again what was paused, by hand or by a guard."),
    "doctor": ("runner.cli.doctor", "Look at everything a runner needs; say what to mend."),
    "sandbox": ("runner.cli.sandbox", "Serve Twilio's live calls on this machine."),
    "schema": ("runner.cli.schema", "Print a JSON Schema."),
    "explain": ("runner.cli.explain", "Explain a word of the language, with an example."),
}


class Commands(click.Group):
    """Looks a subcommand up in `COMMANDS` and imports its module at that moment."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name][0]).command
        if not gc.isenabled():  # the process began a moment ago, see `runner.__main__`
            gc.freeze()
            gc.enable()
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches  # most people name a command that there is

            near = get_close_matches(args[0], COMMANDS, 1)
            if near:
                ctx.fail(f"No such command {args[0]!r}. Did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Try it now: callflow demo",
)
@click.version_option(__version__, prog_name="callflow")
def callflow() -> None:
    """Prometheus-style rules for live phone calls.

    YAML flows say what happens to which Twilio call in progress: say, redirect, hang up.
    """


def main(argv: list[str] | None = None) -> None:
    """Runs the command line and ends the process with its exit code (see `runner.cli.exits`)."""
    code = run(argv)
    gc.freeze()  # all that is left goes with the process: nobody has to look through it once more
    sys.exit(code)


def run(argv: list[str] | None = None) -> int:
    """Runs the command line and returns its exit code; messages go to standard error."""
    try:
        result: Any = callflow.main(args=argv, prog_name="callflow", standalone_mode=False)
    except Failure as failure:
        click.echo(f"error: {failure.message}", err=True)
        if failure.hint:
            click.echo(f"  {failure.hint}", err=True)
        return failure.code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILURE
    except Exception as error:
        if os.environ.get("CALLFLOW_DEBUG"):
            raise
        click.echo(f"error: unexpected {_where(error)}", err=True)
        click.echo("  this is a mistake in callflow; CALLFLOW_DEBUG=1 shows where", err=True)
        return FAILURE
    return result if isinstance(result, int) else 0


def _where(error: Exception) -> str:
    """`KeyError: 'x' (planner.py:42)`."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    if frame is None:
        return f"{type(error).__name__}: {error}"
    file = os.path.basename(frame.tb_frame.f_code.co_filename)
    return f"{type(error).__name__}: {error} ({file}:{frame.tb_lineno})"
