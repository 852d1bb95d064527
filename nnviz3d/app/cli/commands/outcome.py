"""How a failure is reported: problems on stderr for people, one JSON document on stdout for programs, and the exit code."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

from nnviz3d.app.cli.commands import common
from nnviz3d.spec.errors import InputError, RunError


def report(error: Exception, arguments: list[str]) -> int | None:
    """Report an expected error and return its exit code; None for what is a bug and deserves its traceback."""
    if isinstance(error, InputError):
        problems = [problem.in_command_line() for problem in error.problems]
        sys.stderr.write("".join(f"{problem}\n" for problem in problems))
        document(arguments, [vars(problem) for problem in problems])
        return 2
    if isinstance(error, (RunError, MemoryError)):
        message = str(error) or "not enough memory for this"
        sys.stderr.write(f"{message}\n")
        document(arguments, [{"where": "", "key": "", "message": message}])
        return 3
    return None


def wrong_usage(arguments: list[str]) -> None:
    """typer has written its reason on stderr already."""
    document(arguments, [{"where": "command line", "key": "", "message": "wrong usage; see stderr"}])


def document(arguments: list[str], problems: list[dict[str, Any]]) -> None:
    """With `--json` stdout always gets its one document, also when nothing could be done."""
    if "--json" in arguments and not common.emitted:
        with suppress(RunError):  # stdout takes nothing any more: it has been reported, or matters less
            common.emit({"ok": False, "problems": problems})
