"""Keys as a terminal sends them: bytes become names, text, and whole pastes."""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from collections.abc import Iterator

_NAMES = {
    "\x1b[A": "up",
    "\x1b[B": "down",
    "\x1b[C": "right",
    "\x1b[D": "left",
    "\x1bOA": "up",
    "\x1bOB": "down",
    "\x1bOC": "right",
    "\x1bOD": "left",
    "\x1b[5~": "page-up",
    "\x1b[6~": "page-down",
    "\x1b[H": "home",
    "\x1b[F": "end",
    "\x1b[1~": "home",
    "\x1b[4~": "end",
    "\x1bOH": "home",
    "\x1bOF": "end",
    "\x1b[Z": "back-tab",
    "\x1b": "escape",
    "\t": "tab",
    "\r": "enter",
    "\n": "enter",
    "\x7f": "backspace",
    "\x08": "backspace",
    "\x15": "clear",
}
_PASTE, _PASTED = "\x1b[200~", "\x1b[201~"
#: An escape sequence, whole; or an escape with what comes after it; or one character.
_TOKEN = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1bO.|\x1b|.", re.DOTALL)
#: What may yet become a sequence.
_UNFINISHED = re.compile(r"\x1b(\[[0-9;?]*[ -/]*|O)?\Z")


class Keys:
    """Takes bytes as they come; a sequence that is cut in two is put together again."""

    def __init__(self) -> None:
        self._decode = getincrementaldecoder("utf-8")("replace").decode
        self._rest = ""
        self._pasting = False

    @property
    def waits(self) -> bool:
        """Whether what is left may be a lone escape key."""
        return self._rest == "\x1b"

    def feed(self, data: bytes, *, last: bool = False) -> Iterator[str]:
        """The keys: a name of several letters, or one character. Pasted text begins with `paste:`.

        `last` says that nothing more comes for now, so that an escape is the key itself.
        """
        text = self._rest + self._decode(data)
        self._rest = ""
        while text:
            if text.startswith(_PASTE) or self._pasting:
                self._pasting = True
                pasted, end, after = text.removeprefix(_PASTE).partition(_PASTED)
                if not end:
                    self._rest = text
                    return
                self._pasting, text = False, after
                yield f"paste:{pasted}"
                continue
            if _UNFINISHED.match(text) and not last:
                self._rest = text
                return
            token = _TOKEN.match(text)
            assert token is not None, "any character is a token"
            text = text[token.end() :]
            name = _NAMES.get(token[0])
            if name or (len(token[0]) == 1 and token[0].isprintable()):
                yield name or token[0]
