"""Where questions wait: which file, save first, which column. One at a time, and no frame waits for an answer.

A file is asked for by the desktop's dialog where there is one, else by a list of the folder in the overlay. Holds the last folder.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nnviz3d.gfx.hosts import Host
from nnviz3d.spec.dialogs import Question, Which

LISTED = 400  # entries of a folder


@dataclass(frozen=True)
class Purpose:
    """What a file is asked for. `endings`: what is listed; a name that is saved gets the first one where it has none of them."""

    title: str
    endings: tuple[str, ...]
    saving: bool = False

    def fits(self, name: str) -> bool:
        low = name.lower()
        return low.endswith(self.endings) or (".idx" in self.endings and "ubyte" in low)


NO_PURPOSE = Purpose("", ())


class Dialogs:
    """`question` is what the overlay shows. `then(answer)` of each question may raise InputError."""

    def __init__(self, host: Host):
        self.host = host
        self.folder = Path.cwd()  # the one that was used last
        self.question: Question | None = None
        self._then: Callable = lambda _answer: None
        self._purpose = NO_PURPOSE
        self._chooser = None
        self._warned: Path | None = None  # a file that the next answer may replace

    def ask(self, question: Question, then: Callable) -> None:
        """`then` gets the answer, unless it is None."""
        self.withdraw()
        self.question, self._then = question, then

    def file(self, purpose: Purpose, then: Callable[[Path], None], name: str = "", folder: Path | None = None) -> None:
        """Ask for a path; `name` is proposed."""
        self.withdraw()
        self.folder = folder or self.folder
        self._purpose, self._then = purpose, then
        self._chooser = self.host.choose(purpose.title, self.folder / name, [f"*{end}" for end in purpose.endings], purpose.saving)
        if self._chooser is None:
            self._list(self.folder, name)

    def withdraw(self) -> None:
        """Forget what was asked."""
        if self._chooser is not None:
            self._chooser.close()
        self.question = self._chooser = self._warned = None
        self._purpose = NO_PURPOSE

    def poll(self) -> None:
        """Once a frame: has the desktop's dialog been answered?"""
        found = None if self._chooser is None else self._chooser.poll()
        if found is None:
            return
        then, purpose = self._then, self._purpose
        self.withdraw()
        if found:
            path = self._ended(Path(found), purpose)
            self.folder = path.parent
            then(path)

    def answer(self, value: Any) -> None:
        """What a person said to the question; None takes it back. A path that cannot be meant is reported in the dialog, which stays."""
        if self.question is None:
            return
        if isinstance(self.question, Which) and value is not None:
            path = self._meant(self.question, str(value))
            if path is None:
                return
            self.folder, value = path.parent, path
        then = self._then
        self.withdraw()
        if value is not None:
            then(value)

    def browse(self, name: str) -> None:
        """To a folder of the list, or ".." """
        if isinstance(self.question, Which):
            self._list(Path(os.path.normpath(Path(self.question.folder) / name)), self.question.name)

    # ------------------------------------------------------------ our own list

    def _list(self, folder: Path, name: str, problem: str = "") -> None:
        entries: list[tuple[str, bool]] = []
        try:
            with os.scandir(folder) as found:
                names = [entry for entry in found if not entry.name.startswith(".")]
                entries = [(entry.name, entry.is_dir() and not self._whole(entry.name)) for entry in names]
        except OSError as error:
            problem = f"{folder}: {error.strerror}"
        entries = sorted((e for e in entries if e[1] or self._purpose.fits(e[0])), key=lambda e: (not e[1], e[0].lower()))
        action = "Save" if self._purpose.saving else "Open"
        left_out = max(len(entries) - LISTED, 0)
        self.question = Which(self._purpose.title, action, str(folder), tuple(entries[:LISTED]), left_out, name, problem)

    def _whole(self, name: str) -> bool:
        """Whether a folder of this name is what is asked for: recordings are folders."""
        return not self._purpose.saving and self._purpose.fits(name)

    def _meant(self, question: Which, text: str) -> Path | None:
        """The path that was typed; None, with the reason in the dialog, where it cannot be used."""
        problem, text, path = "", text.strip(), None
        try:
            path = Path(question.folder) / Path(text).expanduser()
            if text and path.is_dir() and not self._whole(path.name):
                self._list(path, question.name)
                return None
            path = self._ended(path, self._purpose)
            if not text:
                problem = "Type a name, or choose one from the list."
            elif "\0" in text:
                problem = "Not a usable name."
            elif self._purpose.saving and not path.parent.is_dir():
                problem = f"There is no folder {path.parent}."
            elif self._purpose.saving and path.exists() and self._warned != path:
                self._warned, problem = path, f"{path.name} already exists. Save again to replace it."
            elif not self._purpose.saving and not path.exists():
                problem = f"There is no file {path.name} here."
        except (OSError, ValueError, RuntimeError) as error:  # a NUL, a name too long, no home
            problem = f"Not a usable name: {getattr(error, 'strerror', None) or error}"
        if problem:
            self.question = replace(question, name=text, problem=problem)
            return None
        return path

    @staticmethod
    def _ended(path: Path, purpose: Purpose) -> Path:
        return path if not purpose.saving or purpose.fits(path.name) else path.with_name(path.name + purpose.endings[0])
