"""What a training run came to, as facts with fixed names (`train --json`)."""

from __future__ import annotations

from typing import Any

from nnviz3d.app.api.training_run import TrainingRun
from nnviz3d.engine.trainer import Trainer
from nnviz3d.spec.score import Score


def summary(run: TrainingRun, trainer: Trainer) -> dict[str, Any]:
    """How the run of a trainer ended. Scores are of all rows."""
    data = trainer.data
    scores = {part: trainer.score(part) for part in ("train", "test") if len(getattr(data, f"x_{part}"))}
    done = trainer.step - run.first
    return {
        "data": trainer.data.name,
        "parameters": trainer.topology.n_learned,
        "steps": done,
        "step": trainer.step,
        "epoch": trainer.epoch,
        "loss": trainer.loss,
        **_scored("train", scores["train"], data.class_names),
        **_scored("test", scores.get("test"), data.class_names),
        **_in_units(trainer),
        "diverged": trainer.diverged,
        "stopped": run.stopped,
        "ended_by": run.ended_by,
        "why": run.stops.reason or None,
        "seconds": run.seconds,
        "steps_per_second": done / run.seconds if run.seconds else None,
    }


def _scored(part: str, score: Score | None, names: tuple[str, ...]) -> dict[str, Any]:
    """Everything that is said of one part: `test_loss`, ..., null where there is none. Recalls by class name, null without samples."""
    classes = score and score.classes
    recall = classes and {name: None if share != share else share for name, share in zip(names, classes.recall_c.tolist(), strict=True)}
    return {
        f"{part}_loss": score and score.loss,
        f"{part}_accuracy": score and score.accuracy,
        f"{part}_sequences": score and score.sequences,
        f"{part}_balanced_accuracy": score and score.balanced,
        f"{part}_recall": recall,
        f"{part}_rows": score.rows if score else 0,
        f"{part}_of": score.of if score else 0,
    }


def _in_units(trainer: Trainer) -> dict[str, Any]:
    """What numeric targets with units are scaled by, and the errors in their units, of all rows. `loss_of`: what the losses are of."""
    from nnviz3d.engine.per_sample import errors

    units = trainer.objective.units
    if not units:
        return {}
    found = {part: errors(trainer, part) for part in ("train", "test")}
    targets = []
    for k, unit in enumerate(units):
        facts = {"name": unit.name, "mean": unit.mean, "deviation": unit.deviation, "spread": unit.spread}
        for part, pair in found.items():
            facts |= {
                f"{part}_rmse": None if pair is None else float(pair[0][k]),
                f"{part}_mae": None if pair is None else float(pair[1][k]),
            }
        targets.append(facts)
    of = "standardised targets" if trainer.objective.scaled else "original targets"
    one = {key: targets[0][key] if len(targets) == 1 else None for key in ("train_rmse", "test_rmse", "train_mae", "test_mae")}
    return {"loss_of": of, **one, "targets": targets}
