"""What each problem code means and how to mend it: for `explain`, and for tools that ask.

The message of a problem speaks of one place in one file; here stands what all problems of a code
have in common. A test holds these tables and the code's use in the source together.
"""

from __future__ import annotations

from runner.language.codes import files, meaning, shapes, warnings

#: Code → what it means, and how to mend it. In alphabetical order, without braces, which have a
#: meaning of their own in SARIF.
CODES: dict[str, tuple[str, str]] = dict(
    sorted({**files.CODES, **shapes.CODES, **meaning.CODES, **warnings.CODES}.items())
)


def explained(code: str) -> tuple[str, str]:
    """What the code means and how to mend it; a code that is not in the table gets no crash."""
    return CODES.get(code, ("A fault that its message explains.", "Do as the message says."))
