"""The errors that a person can cause, and their text.

Every way into the program raises `InputError` with *all* the problems it found; the command line prints them and ends with exit code 2.
`RunError` is for work that began and could not finish (exit code 3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: which file, which key, what was expected and found, and what to do."""

    where: str
    key: str
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.where, self.key, self.message) if part)

    def in_command_line(self) -> Problem:
        """The same in the words of the command line."""
        return self


@dataclass(frozen=True)
class OptionProblem(Problem):
    """A problem of an option. `key`: its name in Python ("motion_blur"), or several names with spaces between them.

    `ways`: switches that help, each with what it does; they stand at the end of the text. In Python an option is an argument
    (`overwrite=True`), on the command line it is `--overwrite`.
    """

    ways: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return str(Problem(self.where, self.key, self._text("{}=True".format)))

    def in_command_line(self) -> Problem:
        return Problem(self.where, " ".join(map(flag, self.key.split())), self._text(flag))

    def _text(self, name: Callable[[str], str]) -> str:
        ways = ", ".join(f"{name(way)} {effect}" for way, effect in self.ways)
        return "; ".join(filter(None, (self.message, ways)))


def flag(name: str) -> str:
    """An option's name on the command line: "--motion-blur" for "motion_blur"."""
    return f"--{name.replace('_', '-')}"


class InputError(Exception):
    """Bad input or usage. `problems` holds every problem found, in the order of the file. Exit code 2."""

    def __init__(self, *problems: Problem):
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))

    @classmethod
    def of(cls, where: str, key: str, message: str) -> InputError:
        return cls(Problem(str(where), key, message))

    @classmethod
    def option(cls, where: str, name: str, message: str, **ways: str) -> InputError:
        """Of one option; `ways`: as of `OptionProblem`."""
        return cls(OptionProblem(str(where), name, message, tuple(ways.items())))


class RunError(Exception):
    """Work that started and could not finish (diverged, disk full, device lost). What was finished is kept. Exit code 3."""


def together(*checks: Callable[[], Any]) -> list[Any]:
    """What each check returns; one InputError with the problems of all of them, so that a person can correct everything at once."""
    results, problems = [], []
    for check in checks:
        try:
            results.append(check())
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(*problems)
    return results
