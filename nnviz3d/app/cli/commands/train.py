"""`nnviz3d train`: checks the options, has it trained (`app.api.training`), and says how it ended.

Everything that can be checked is checked before the first step, and nothing is written until then.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from nnviz3d.app.api.training import Training, TrainRequest
from nnviz3d.app.cli.commands.common import Options, check_outputs, emit
from nnviz3d.spec import compare, file_extensions
from nnviz3d.spec.errors import InputError, Problem, together
from nnviz3d.spec.score import percent
from nnviz3d.spec.units import Unit

UNEVEN = 0.05  # between accuracy and balanced accuracy, from which on both are shown


def train(options: Options, name: str, request: TrainRequest, *, as_json: bool = False) -> int:
    """Returns the exit code: 0, 3 when training diverged or a file could not be finished, 130 when it was stopped. Raises InputError."""
    (scene, base), *_ = together(lambda: options.scene(name), lambda: _check_files(request), lambda: _check_pairs(request))
    typed = {edit.path for edit in options.edits()}
    training = Training(scene, base, request, backend=options.backend, typed=typed, say=options.say)
    training.go()
    facts, run = training.facts() | {"scene": str(name)}, training.run
    if as_json:
        emit(facts | {"trouble": run.trouble or None})
    else:
        sys.stdout.write(_sentence(facts) + "\n")
    if run.trouble:
        sys.stderr.write(run.trouble + "\n")
    return 3 if run.trouble else 130 if run.stopped else 0


def _check_files(request: TrainRequest) -> None:
    from nnviz3d.formats.nnrec import writer as nnrec_writer

    together(
        lambda: check_outputs(save=request.save, log=request.log),
        lambda: request.record is None or nnrec_writer.check(request.record, request.overwrite),
        lambda: file_extensions.check(request.save, file_extensions.WEIGHTS, "save"),
        lambda: file_extensions.check(request.log, file_extensions.LOG, "log"),
    )


def _check_pairs(request: TrainRequest) -> None:
    """Raises InputError for options that do not go together."""
    problems = []
    if request.init is not None and request.resume is not None:
        problems.append(Problem("", "--init --resume", "give only one of the two: start from these weights, or continue that training"))
    if request.checkpoint is not None and request.save is None:
        problems.append(Problem("", "--checkpoint", "sets how often; give the file with --save F.safetensors"))
    given = (("--every", request.every is not None), ("--half", request.half), ("--overwrite", request.overwrite))
    if used := " ".join(option for option, on in given if on and request.record is None):
        problems.append(Problem("", used, "is an option for recordings; give the file with --record F.nnrec"))
    if problems:
        raise InputError(*problems)


def _errors(summary: dict[str, Any]) -> str:
    """ ", RMSE of price 9,010 (train 8,650), MAE 7,102": in the unit of each target."""
    text = ""
    for target in summary.get("targets", ()):
        unit = Unit(target["name"], spread=target["spread"])
        part = "test" if target["test_rmse"] is not None else "train"
        beside = f" (training {unit.error(target['train_rmse'])})" if part == "test" else ""
        text += f"; {part} RMSE of {unit.name} {unit.error(target[f'{part}_rmse'])}{beside}, MAE {unit.error(target[f'{part}_mae'])}"
    return text


def _balanced(summary: dict[str, Any], part: str) -> str:
    """Where frequent classes make the accuracy, what it hides: the mean over the classes, and the one that is recognised least."""
    balanced = summary[f"{part}_balanced_accuracy"]
    if balanced is None or abs(balanced - summary[f"{part}_accuracy"]) < UNEVEN:
        return ""
    known = {name: share for name, share in (summary[f"{part}_recall"] or {}).items() if share is not None}
    least = min(known, key=known.__getitem__)
    return f" (balanced {percent(balanced)}; of {json.dumps(least, ensure_ascii=False)} {percent(known[least])})"


def _sentence(summary: dict[str, Any]) -> str:
    took = f"{summary['steps']:,} steps in {summary['seconds']:.1f} s ({summary['backend']})"
    of = " of standardised targets" if summary.get("loss_of", "").startswith("standardised") else ""
    text = f"{summary['data']}: {took}, loss{of} {summary['train_loss']:.4g}"
    for part in ("train", "test"):
        if summary[f"{part}_accuracy"] is not None:
            text += f", {part} accuracy {percent(summary[f'{part}_accuracy'])}{_balanced(summary, part)}"
            if summary[f"{part}_sequences"] is not None:
                text += f" of tokens, {percent(summary[f'{part}_sequences'])} of sequences right throughout"
    text += _errors(summary)
    if summary["why"]:
        text += f"; stopped because {summary['why']}"
    if "rival" in summary:
        what = ", ".join(
            f"{compare.name_of(d['path'])} {compare.words(d['path'], d['a'])} / {compare.words(d['path'], d['b'])}"
            for d in summary["differences"]
        )
        other = _sentence(summary["rival"] | {"backend": summary["backend"], "saved": None})
        text = f"A: {text}\nB: {other}\nA and B differ in: {what or 'nothing'}"
    made = summary.get("recording")
    text += f"; {made['kept']:,} steps recorded in {made['file']} ({made['bytes'] / 1e6:,.3g} MB)" if made else ""
    return text + (f"; weights{' of A' if 'rival' in summary else ''} in {summary['saved']}" if summary["saved"] else "")
