"""What all commands share: the common options, finding a scene, checking output paths, and talking to people and to programs.

People read stderr and plain text; programs read one JSON document on stdout. Nothing here starts any work.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnviz3d.app.api.json_values import plain
from nnviz3d.spec import paths, toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.scene import Scene

if TYPE_CHECKING:
    from nnviz3d.app.session.opening import Opened

BACKENDS = ("auto", "cpu", "cuda")
FILES = ("data.file", "data.labels_file")
emitted = False  # whether this process has printed its JSON document


@dataclass(frozen=True)
class Options:
    """The options that every command takes."""

    backend: str = "auto"
    seed: int | None = None
    sets: tuple[str, ...] = ()
    verbose: int = 0
    quiet: bool = False

    def __post_init__(self):
        level = logging.ERROR if self.quiet else (logging.WARNING, logging.INFO, logging.DEBUG)[min(self.verbose, 2)]
        logging.basicConfig(level=level, format="%(name)s: %(message)s", stream=sys.stderr)
        if self.backend not in BACKENDS:
            raise InputError.of("", "--backend", f'expected {", ".join(BACKENDS)}, found "{self.backend}"')

    def edits(self) -> list[Edit]:
        """`--seed` and every `--set`, in order. Raises InputError with each that is not path=value."""
        edits = [Edit("train.seed", self.seed)] if self.seed is not None else []
        problems: list[Problem] = []
        for text in self.sets:
            try:
                edits.append(toml.parse_set(text))
            except InputError as error:
                problems += error.problems
        if problems:
            raise InputError(*problems)
        return edits

    def scene(self, name: str) -> tuple[Scene, Path]:
        """The scene with its edits, and the folder that its data files are relative to. Raises InputError with all problems.

        Of a recording the scene in it, to be trained again.
        """
        opened = self.open(name, train=True)
        return opened.scene, opened.base

    def open(self, name: str, train: bool = False) -> Opened:
        """The same as something that becomes a session: a scene that learns, or a recording that plays. Raises InputError."""
        from nnviz3d.app.session import opening

        edits = self.edits()
        opened = opening.read(name, edits, train)
        scene, base = with_typed_files(opened.scene, opened.base, {edit.path for edit in edits if edit.path in FILES})
        return replace(opened, scene=scene, base=base)

    def say(self, text: str) -> None:
        """A line for people on stderr, unless they asked for quiet."""
        if not self.quiet:
            sys.stderr.write(text + "\n")


def with_typed_files(scene: Scene, base: Path, typed: set[str]) -> tuple[Scene, Path]:
    """Data files that were typed on the command line are relative to where the person is and may lie anywhere.

    So the base moves to the folder that holds them all, and the scene names them relative to it: everything below keeps one rule,
    "inside the base". Files that the scene itself names are held to its own folder first. Raises InputError.
    """
    names = {key: name for key in FILES if (name := getattr(scene.data, key.partition(".")[2]))}
    if not typed & set(names):
        return scene, base
    from nnviz3d.engine.data.places import inside

    try:
        found = {key: Path(name).resolve() if key in typed else inside(base, name, key.partition(".")[2]) for key, name in names.items()}
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError.of("--set", "data.file", f"not a usable path: {error}") from None
    home = Path(os.path.commonpath([path.parent for path in found.values()]))
    return toml.apply(scene, [Edit(key, str(path.relative_to(home))) for key, path in found.items()], "--set"), home


def check_place(text: str) -> None:
    """That the tour has this step. Raises InputError."""
    from nnviz3d.app.tour import state
    from nnviz3d.spec import tour

    state.place(text, tuple(len(lesson.steps) for lesson in tour.load().lessons))


def check_outputs(**outputs: Path | None) -> None:
    """Whether each file could be written, asked before any work and without writing. Raises InputError with every problem.

    Keywords are the options' names: `check_outputs(save=path, log=path)`.
    """
    problems = []
    given = {option: Path(path) for option, path in outputs.items() if path is not None}
    for option, path in given.items():
        reason = paths.unwritable(path)
        if reason:
            problems.append(Problem(str(path), f"--{option}", reason))
    places = [path.resolve() for path in given.values() if not problems and not paths.is_device(path)]
    if len(set(places)) < len(places):
        problems.append(Problem("", " ".join(f"--{option}" for option in given), "two outputs have the same file name"))
    if problems:
        raise InputError(*problems)


def make_folder(path: Path) -> None:
    """Make the folder if it is not there. Raises InputError where that is not possible or it cannot be written."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise InputError.of(str(path), "--output", f"cannot be made: {getattr(error, 'strerror', None) or error}") from None
    check_outputs(output=path / "demo.mp4")


def emit(document: Any) -> None:
    """The one JSON document of this command, on stdout. Numbers that JSON does not have (NaN, infinities) become null."""
    global emitted
    emitted = True
    sys.stdout.write(json.dumps(plain(document), indent=2, allow_nan=False) + "\n")
    sys.stdout.flush()


@contextmanager
def progress(what: str, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar with rate and time left on stderr; yields advance(done, total)."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn(what), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), disable=quiet, transient=True) as bar:
        task = bar.add_task(what, total=None, rate="")

        def advance(done: int, total: int) -> None:
            speed = bar.tasks[0].speed
            bar.update(task, completed=done, total=total, rate=f"{speed:.1f}/s" if speed else "")

        yield advance
