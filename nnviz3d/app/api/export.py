"""A network to files that others can use: `nv.export`, and the work of `nnviz3d export`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nnviz3d import backend as backends
from nnviz3d.app.api.scene import open_scene
from nnviz3d.app.session.network_export import companion
from nnviz3d.app.session.network_export import export as write
from nnviz3d.app.session.opening import Opened, source_of
from nnviz3d.app.training import blas_threads
from nnviz3d.formats.weights import load
from nnviz3d.sources.protocols import Source
from nnviz3d.spec import file_extensions, paths
from nnviz3d.spec.errors import InputError, OptionProblem, together
from nnviz3d.spec.scene import Scene

LANGUAGES = ("numpy", "torch")
KINDS = {".safetensors": "weights", ".toml": "scene"}  # by the ending of the file


@dataclass(frozen=True)
class Exported:
    """`written`: the files; `source`: the network that was written, diverged perhaps."""

    written: list[Path]
    source: Source


@blas_threads.one()
def export(
    scene: Scene | str | Path,
    path: str | Path,
    *,
    language: Literal["numpy", "torch"] | None = None,
    weights: str | Path | None = None,
    step: int | None = None,
    backend: str = "auto",
) -> list[Path]:
    """Write a network to a file; returns the files that were written. Raises InputError before any work.

    `path`: FILE.safetensors holds the weights, FILE.toml the scene, FILE.py a short script that computes what the network computes, with
    its weights in a file beside it; `language`: what the script is written for, numpy or torch. The network has the weights of a file
    (`weights`), or is trained for `step` steps first; of a recording it is the network at the last kept step that is not after `step`.
    """
    target, file = Path(path), None if weights is None else Path(weights)
    opened, kind, *_ = together(lambda: open_scene(scene), lambda: kind_of(target, language), lambda: check(target, language, file, step))
    return export_file(opened, target, kind, weights=file, step=step, backend=backend).written


def export_file(
    opened: Opened,
    target: Path,
    kind: str,
    *,
    weights: Path | None,
    step: int | None,
    backend: str,
    say: Callable[[str], None] = lambda text: None,
) -> Exported:
    """What `export` does, for options that are checked. Raises InputError."""
    ops = backends.choose(backend, tf32=opened.scene.train.tf32)
    source = source_of(opened.scene, opened.base, ops, recording=opened.recording, model=opened.model)
    if weights is not None:
        if source.learner is None:
            raise InputError.option(str(weights), "weights", source.reasons.edit)
        source.learner.load(load(weights, source.topology, source.objective.units, say))
    source.run(step or 0)
    return Exported(write(source, target, kind), source)


def kind_of(target: Path, language: str | None, option: str = "language") -> str:
    """What a file of this name holds. `option`: what `language` is called. Raises InputError for an unknown ending and for a language
    that does not fit."""
    if language not in (None, *LANGUAGES):
        raise InputError.option("", option, f'expected numpy or torch, found "{language}"')
    if target.suffix.lower() == ".py":
        return language or "numpy"
    if target.suffix.lower() not in KINDS:
        file_extensions.check(target, file_extensions.EXPORT, "output")
        raise InputError.option(str(target), "output", "the output is a device, so its format is unknown; give a file name")
    if language is not None:
        raise InputError.option("", option, f"is for scripts; {target} is not one. Name the output .py")
    return KINDS[target.suffix.lower()]


def check(target: Path, language: str | None, weights: Path | None, step: int | None) -> None:
    """Whether everything can be written, asked before any work. The file beside a script counts. Raises InputError."""
    problems = []
    if weights is not None and step is not None:
        problems.append(OptionProblem("", "weights step", "give only one of the two: weights from a file, or a number of training steps"))
    beside = companion(target, language or "numpy") if target.suffix.lower() == ".py" and language in (None, *LANGUAGES) else None
    found = [(path, paths.unwritable(path)) for path in (target, beside) if path is not None]
    problems += [OptionProblem(str(path), "output", reason) for path, reason in found if reason]
    if problems:
        raise InputError(*problems)
