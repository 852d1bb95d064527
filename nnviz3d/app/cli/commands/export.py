"""`nnviz3d export`: the weights, the scene, or a script of the network, with weights from a file or from training now."""

from __future__ import annotations

import sys
from pathlib import Path

from nnviz3d.app.api.export import check, export_file, kind_of
from nnviz3d.app.cli.commands.common import Options, emit
from nnviz3d.spec.errors import together


def export(
    options: Options, name: str, target: Path, *, weights: Path | None, step: int | None, language: str | None, as_json: bool
) -> int:
    """Returns the exit code: 0, or 3 where training diverged; its last finite weights are written then. Raises InputError."""
    opened, kind, _ = together(
        lambda: options.open(name), lambda: kind_of(target, language, "as"), lambda: check(target, language, weights, step)
    )
    made = export_file(opened, target, kind, weights=weights, step=step, backend=options.backend, say=options.say)
    source = made.source
    trained = f"after {source.step:,} steps" if source.step else "untrained; use --step N to train first"
    trained = f"weights of {weights}" if weights else trained
    if as_json:
        emit({"kind": kind, "written": made.written, "step": source.step, "weights": weights, "diverged": source.diverged})
    options.say(f"wrote {' and '.join(map(str, made.written))}" + ("" if kind == "scene" else f" ({trained})"))
    if source.diverged is not None:
        sys.stderr.write(f"diverged at step {source.diverged:,}; these are the last finite weights\n")
    return 3 if source.diverged is not None else 0
