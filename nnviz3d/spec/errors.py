"""The errors a person can cause, and how they are told.

Every door raises `InputError` with *all* the problems it found; the command line prints them and ends with exit code 2.
`RunError` is for work that began and could not finish (exit code 3).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: which file, which key, what was expected and found, and what to do."""

    where: str
    key: str
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.where, self.key, self.message) if part)


class InputError(Exception):
    """Bad input or usage. `problems` holds every problem found, in the order of the file. Exit code 2."""

    def __init__(self, *problems: Problem):
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))

    @classmethod
    def of(cls, where: str, key: str, message: str) -> InputError:
        return cls(Problem(str(where), key, message))


class RunError(Exception):
    """Work that started and could not finish (diverged, disk full, device lost). What was finished is kept. Exit code 3."""
