"""The actions: one file each, named in one table.

No other part of the program knows an action's name. To add one: its file, its line here, its part
of `schemas/flow.schema.json`, its golden pair.
"""

from __future__ import annotations

from runner.actions.base import ActionKind, BadArgument
from runner.actions.cancel import CANCEL
from runner.actions.hangup import HANGUP
from runner.actions.pause import PAUSE
from runner.actions.play import PLAY
from runner.actions.raw_twiml import TWIML
from runner.actions.redirect import REDIRECT
from runner.actions.say import SAY

ACTIONS: dict[str, ActionKind] = {
    "say": SAY,
    "play": PLAY,
    "pause": PAUSE,
    "redirect": REDIRECT,
    "hangup": HANGUP,
    "cancel": CANCEL,
    "twiml": TWIML,
}

__all__ = ["ACTIONS", "ActionKind", "BadArgument"]
