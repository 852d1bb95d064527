"""`nnviz3d export`: the weights, the scene, or a script of the network, with weights from a file or from training now."""

from __future__ import annotations

import sys
from pathlib import Path

from nnviz3d.app.cli.commands.common import Options, check_outputs, emit, together
from nnviz3d.spec import file_extensions
from nnviz3d.spec.errors import InputError, Problem

KINDS = {".safetensors": "weights", ".toml": "scene"}  # by the ending of the file; .py asks --as


def export(
    options: Options, name: str, target: Path, *, weights: Path | None, step: int | None, language: str | None, as_json: bool
) -> int:
    """Returns the exit code: 0, or 3 where training diverged; its last finite weights are written then. Raises InputError."""
    opened, kind, _ = together(
        lambda: options.open(name), lambda: kind_of(target, language), lambda: _check(target, language, weights, step)
    )
    from nnviz3d import backend
    from nnviz3d.app.session.network_export import export as write
    from nnviz3d.app.session.opening import source_of

    ops = backend.choose(options.backend, tf32=opened.scene.train.tf32)
    source = source_of(opened.scene, opened.base, ops, recording=opened.recording)
    if weights is not None:
        from nnviz3d.formats.weights import load

        if source.learner is None:
            raise InputError.of(str(weights), "--weights", source.reasons.edit)
        source.learner.load(load(weights, source.topology, source.objective.units, options.say))
    source.run(step or 0)
    written = write(source, target, kind)
    trained = f"weights of {weights}" if weights else f"after {source.step:,} steps" if source.step else "untrained; --step N trains first"
    if as_json:
        emit({"kind": kind, "written": written, "step": source.step, "weights": weights, "diverged": source.diverged})
    options.say(f"wrote {' and '.join(map(str, written))}" + ("" if kind == "scene" else f" ({trained})"))
    if source.diverged is not None:
        sys.stderr.write(f"diverged at step {source.diverged:,}; these are the last finite weights\n")
    return 3 if source.diverged is not None else 0


def kind_of(target: Path, language: str | None) -> str:
    """What a file of this name holds. Raises InputError for an unknown ending and for a language that does not fit."""
    if language not in (None, "numpy", "torch"):
        raise InputError.of("", "--as", f'expected numpy or torch, found "{language}"')
    file_extensions.check(target, file_extensions.EXPORT, "--output")
    ending = target.suffix.lower()
    if ending == ".py":
        return language or "numpy"
    if ending not in KINDS:
        raise InputError.of(str(target), "--output", "a device has no ending that says what to write; name a file")
    if language is not None:
        raise InputError.of("", "--as", f"is for scripts; {target} is not one. Name the output .py")
    return KINDS[ending]


def _check(target: Path, language: str | None, weights: Path | None, step: int | None) -> None:
    """Whether everything can be written, asked before any work. The file beside a script counts."""
    problems = []
    if weights is not None and step is not None:
        problems.append(Problem("", "--weights --step", "give one of them: weights of a file, or steps of training"))
    try:
        check_outputs(output=target)
        if target.suffix.lower() == ".py" and language in (None, "numpy", "torch"):
            from nnviz3d.app.session.network_export import companion

            check_outputs(output=companion(target, language or "numpy"))
    except InputError as error:
        problems += error.problems
    if problems:
        raise InputError(*problems)
