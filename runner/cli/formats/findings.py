"""What looking at some files has found: the record that every format writes."""

from __future__ import annotations

from msgspec import Struct, field

from runner.problems import Problem


class Findings(Struct):
    """The problems, in order, and what was read, by path."""

    problems: list[Problem] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)

    @property
    def paths(self) -> list[str]:
        """Every file that was looked at, also those that could not be read."""
        return sorted(set(self.texts) | {problem.position.path for problem in self.problems})

    def fails(self, strict: bool) -> bool:
        """Whether these findings end the command with 1."""
        return any(problem.fails(strict) for problem in self.problems)


def sentence(problem: Problem) -> str:
    """What is wrong and how to mend it, in one line."""
    return "; ".join(part for part in (problem.message, problem.hint) if part)
