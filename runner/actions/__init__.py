"""The actions: one file each, named in one table.

No other part of the program knows an action's name. To add one: its file, its line here, its part
of `schemas/flow.schema.json`, its golden pair.
"""

from __future__ import annotations

from runner.actions.announce import ANNOUNCE
from runner.actions.base import ActionKind, BadArgument
from runner.actions.cancel import CANCEL
from runner.actions.dial import DIAL
from runner.actions.enqueue import ENQUEUE
from runner.actions.hangup import HANGUP
from runner.actions.limit import LIMIT
from runner.actions.log import LOG
from runner.actions.message import MESSAGE
from runner.actions.notify import NOTIFY
from runner.actions.pause import PAUSE
from runner.actions.play import PLAY
from runner.actions.raw_twiml import TWIML
from runner.actions.record import RECORD
from runner.actions.redirect import REDIRECT
from runner.actions.restart import RESTART
from runner.actions.say import SAY
from runner.actions.siprec import SIPREC
from runner.actions.stream import STREAM
from runner.actions.transcribe import TRANSCRIBE

ACTIONS: dict[str, ActionKind] = {
    "say": SAY,
    "play": PLAY,
    "pause": PAUSE,
    "redirect": REDIRECT,
    "hangup": HANGUP,
    "cancel": CANCEL,
    "dial": DIAL,
    "enqueue": ENQUEUE,
    "restart": RESTART,
    "limit": LIMIT,
    "twiml": TWIML,
    "record": RECORD,
    "stream": STREAM,
    "siprec": SIPREC,
    "transcribe": TRANSCRIBE,
    "announce": ANNOUNCE,
    "message": MESSAGE,
    "notify": NOTIFY,
    "log": LOG,
}

__all__ = ["ACTIONS", "ActionKind", "BadArgument"]
