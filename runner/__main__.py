"""`python -m runner` is `callflow`."""

from __future__ import annotations

import gc


def main() -> None:
    """Loads the command line, and runs it to the end of the process."""
    # Modules stay, and looking for garbage among them takes a tenth of the time that loading them
    # does. The command line wakes the collector when the command is loaded too.
    gc.disable()
    from runner.cli.main import main as command_line

    command_line()


if __name__ == "__main__":
    main()
