"""A session and what a stage shows of it, as the `Readout` that the overlay draws. Words live here; numbers come from the source."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from math import floor
from pathlib import Path
from typing import Any

import numpy as np

from nnviz3d.app.probes import explain_parameter
from nnviz3d.app.probes.explain import read
from nnviz3d.app.readout import comparison_readout
from nnviz3d.app.session import scene_files
from nnviz3d.app.session.session import Session
from nnviz3d.app.view import step_change
from nnviz3d.app.view.comparison_view import ComparisonView
from nnviz3d.app.view.stage_reading import StageReading
from nnviz3d.engine.data import tables
from nnviz3d.spec import paths, toml
from nnviz3d.spec.dialogs import Question
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.film_titles import Titles
from nnviz3d.spec.foreign_graph import is_foreign
from nnviz3d.spec.number_text import weights_and_biases
from nnviz3d.spec.parameter_ref import own_parameter
from nnviz3d.spec.readout import CaptureReading, Finding, NeuronReading, Performance, Readout
from nnviz3d.spec.scene import Data, Scene
from nnviz3d.spec.scene_groups import group_of
from nnviz3d.spec.settings import Settings
from nnviz3d.spec.topology import Topology
from nnviz3d.spec.tour_reading import TourReading


def sentence(session: Session) -> str:
    """What is happening now, in one line of plain words."""
    source = session.source
    if session.player is not None:
        return session.moments.sentence(source) or session.player.sentence()
    weights = source.topology.n_weights
    count = weights_and_biases(weights, source.topology.n_learned - weights)
    if stopped := _stopped(session):
        stopped = f"Stopped: {stopped}. Press Play to continue."
    if session.second is not None:
        return (session.walking is None and stopped) or comparison_readout.sentence(session, session.second)
    if session.walking is not None:
        over = session.walking.over and not session.walking.playing
        return stopped if stopped and over else step_change.sentence(session.walking, session.scene.look)
    if found := session.moments.sentence(source):
        return found
    if session.pruned is not None:
        return "The picture and the answer are those of the pruned network; training itself keeps all weights."
    if source.diverged is not None:
        return "Training has stopped because it diverged: values overflowed. Reset to start again."
    if session.running and session.pace.goal is not None:
        return f"Training to the end of epoch {floor(source.epoch) + 1:,} as fast as possible."
    if session.running:
        return f"Learning: each step shows {source.batch_size:,} samples and adjusts {count} slightly to reduce the loss."
    if is_foreign(source.topology):
        count = f" with {source.topology.n_learned:,} parameters" if source.topology.n_learned else ""
        what = f"A network of {len(source.topology.nodes):,} tensors{count}, as opened."
        return f"{what} A line is a connection between two tensors, not an edge."
    if source.reasons.play:
        what = "this prompt" if source.prompt else "this sample"
        return f"A network with {count}, as opened. The signals show what it computes for {what}."
    if source.step == 0:
        return f"An untrained network with {count.replace(' ', ' random ', 1)}. Press Play to train it."
    if stopped:
        return stopped
    return "Paused. The signals show what the network computes for this sample."


def _stopped(session: Session) -> str:
    """Why training stopped here, where it did."""
    learner = session.leader.learner
    return "" if session.running or learner is None else session.stops.why(learner)


@dataclass(frozen=True)
class Surroundings:
    """What a frame's readout says besides the network: of the program, and of what it asks and tells. `titles`: while a film is made."""

    performance: Performance = field(default_factory=Performance)
    settings: Settings = field(default_factory=Settings)
    toast: str = ""
    question: Question | None = None
    tour: TourReading | None = None
    titles: Titles | None = None
    capture: CaptureReading | None = None


PLAIN = Surroundings()


def readout(session: Session, seen: StageReading, around: Surroundings = PLAIN) -> Readout:
    """Of the session as it is now; `seen` is what the stage says of the picture of it."""
    return Readout(
        sentence=sentence(session),
        banner=session.banner,
        **_training(session),
        **_sample(session),
        **_files(session),
        **_picture(seen),
        **_looked_at(session, seen),
        **_readings(session, seen),
        **{item.name: getattr(around, item.name) for item in fields(around)},
    )


def _picture(seen: StageReading) -> dict[str, Any]:
    """What is drawn."""
    edges = seen.edges
    return {
        "labels": seen.labels,
        "edges_shown": edges.shown,
        "edges_total": edges.total,
        "edges_share": edges.share,
        "edges_folded": edges.folded,
        "edges_ribbons": edges.ribbons,
        "edges_bundled": edges.bundled,
        "edges_inside": edges.inside,
        "opened": seen.opened,
        "place": seen.place,
        "map": seen.map,
        "edges_waiting": edges.waiting,
        "edges_peak": edges.peak,
        "edges_layer": edges.layer,
        "signals": seen.signals,
        "stack": seen.stack,
        "plane": seen.plane,
        "moment": seen.moment,
    }


def _training(session: Session) -> dict[str, Any]:
    """The network, and how far it has come."""
    source, scores = session.source, session.scores
    return {
        "topology": source.topology,
        "running": session.running,
        "step": source.step,
        "epoch": source.epoch,
        "epoch_steps": source.of_epoch[1],
        "loss": float(source.loss) if np.isfinite(source.loss) else None,
        "test_loss": scores.test_loss,
        "train_accuracy": scores.train_accuracy,
        "test_accuracy": scores.test_accuracy,
        "scores": scores,
        "steps_per_second": session.speed,
        "charts": session.curves.charts,
        "oldest": (source.history.oldest or 0) if source.history else 0,
        "newest": source.history.newest if source.history else 0,
        "stretches": tuple(source.history.stretches()) if source.history else (),
        "changes": tuple(source.history.changes()) if source.history else (),
        "holds": source.holds,
        "reasons": source.reasons,
        "asked": bool(source.prompt),
    }


def _sample(session: Session) -> dict[str, Any]:
    """The data, the shown sample, and what the network says of it."""
    data, sample = session.source.data, session.seen.sample
    said, right = session.prompt.answer() or session.pictured.answer()
    return {
        "sample_count": sample.count,
        "sample_index": sample.index,
        "sample_label": sample.label,
        "sample_part": sample.part if session.walking is None else "batch",
        "sample_answer": said,
        "sample_right": right,
        "data_name": data.name,
        "data_summary": data.description,
        "units": session.source.objective.units,
        "error": session.source.objective.error,
        "class_names": data.class_names,
        "features": data.feature_names,
    }


def _files(session: Session) -> dict[str, Any]:
    """The scene as a file, its history, and the scenes and columns that there are."""
    names, abouts, groups = _scenes()
    data, base = session.source.scene.data, session.source.base
    return {
        "scene_name": session.name,
        "scene_names": names,
        "scene_abouts": abouts,
        "scene_groups": groups,
        "dirty": scene_files.unsaved(session),
        "can_undo": session.history.can_undo,
        "can_redo": session.history.can_redo,
        "data_columns": _columns(data, base) if data.kind == "csv" else (),
    }


def _looked_at(session: Session, seen: StageReading) -> dict[str, Any]:
    """What is picked, chosen or under the pointer: neurons, weights, a layer."""
    source = session.pictured_numbers
    turned = seen.chosen if seen.chosen >= 0 else _bias(session.source.topology, seen.picked)
    second = seen.second
    return {
        "neuron": _of(session, second, seen.picked, second is not None and second.leads, second.picked if second else -1),
        "hovered": _of(session, second, seen.hovered, second is not None and second.over, second.hovered if second else -1),
        "pinned": seen.picked >= 0 or (second is not None and second.picked >= 0),
        "chosen": seen.chosen,
        "layer": seen.layer,
        "parameter": session.inspector.parameter(source, seen.chosen),
        "whole": session.inspector.layer(source, seen.layer),
        "weight": None if second and second.leads else explain_parameter.read(session.pictured_numbers, turned),
        "edge": explain_parameter.read_edge(session.pictured_numbers, seen.edge),
    }


def _readings(session: Session, seen: StageReading) -> dict[str, Any]:
    """What rooms of their own tell; some only while a panel wants them, or while there is something to tell."""
    source, words = session.source, session.prompt.words()
    return {
        "walk": session.walking.reading() if session.walking else None,
        "findings": _findings(session),
        "samples": session.browser.reading(session.source, session.seen),
        "effect": session.editing.reading(),
        "confusion": session.confusion.reading(source, "confusion" in session.wants and not _gone(session)),
        "layers": session.layers.reading(source, session.wants.get("layers")),
        "compare": comparison_readout.reading(session, seen.second, seen.hovered),
        "moments": session.moments.reading(source),
        "own": session.own.reading("own" in session.wants),
        "saliency": session.saliency.reading(session.pictured_numbers, session.wants.get("saliency")),
        "strongest": session.strongest.reading(source, None if _gone(session) else session.wants.get("strongest")),
        "pruning": session.pruning.reading(source, None if _gone(session) else session.wants.get("pruning")),
        "tracing": session.tracing.reading(session.pictured_numbers, session.wants.get("tracing")),
        "cloud": session.representation.reading(source, session.seen, None if _gone(session) else session.wants.get("cloud")),
        "ablation": session.ablation.reading(session.pictured_numbers, session.wants.get("ablation")),
        "prompt": session.prompt.reading(session.wants.get("prompt")),
        "attention": session.attention.reading(session.pictured_numbers, words, session.prompt.known(), session.wants.get("attention")),
        "sample_words": words,
        "recording": session.player.reading() if session.player else None,
        "watched": session.player.watched if session.player else None,
    }


def _gone(session: Session) -> bool:
    """A recording whose data are not there: one sample says nothing of a whole part."""
    return session.player is not None and bool(session.player.gone)


def _findings(session: Session) -> tuple[Finding, ...]:
    """By what had happened until the present step."""
    if _gone(session) and not (session.player and session.player.judged):
        return ()
    return session.diagnosis.findings(session.source, session.curves.charts, session.scoring)


@lru_cache(maxsize=1)
def _scenes() -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Names and sentences of the shipped scenes, and the headings they stand under; read once."""
    found = {name: _shipped(path) for name, path in paths.scene_paths().items()}
    return tuple(found), tuple(scene.about for scene in found.values()), tuple(map(group_of, found.values()))


def _shipped(path: Path) -> Scene:
    try:
        return toml.load(path)
    except InputError:  # opening it will say what is wrong with it
        return Scene()


def _columns(data: Data, base: Path) -> tuple[str, ...]:
    """The columns of a table that has been read: by name, or by number from 0 where it has none."""
    return _names(base / data.file, *(getattr(data, name) for name in _HOW))


_HOW = ("delimiter", "decimal", "encoding", "header", "skip_lines", "sheet", "target")  # what decides which names there are


@lru_cache(maxsize=4)
def _names(path: Path, *how) -> tuple[str, ...]:
    try:
        return tables.names(path, Data(kind="csv", file=path.name, **dict(zip(_HOW, how, strict=True))))
    except InputError:  # gone since
        return ()


def _of(session: Session, second: ComparisonView | None, neuron: int, in_second: bool, theirs: int) -> NeuronReading | None:
    """Of the network that is looked at."""
    if second is None:
        return session.inspector.neuron(session.pictured_numbers, neuron)
    found = (read(second.network.source, theirs) if theirs >= 0 else None) if in_second else session.inspector.neuron(session.seen, neuron)
    return found and replace(found, network="B" if in_second else "A")


def _bias(topology: Topology, neuron: int) -> int:
    """The bias of a neuron, or -1: what there is to turn where no weight is chosen."""
    if not topology.input.neurons.stop <= neuron < topology.n_neurons:
        return -1
    node, j = topology.locate(neuron)
    own = None if node.bias is None else own_parameter(node, node.bias, j)
    return -1 if own is None else own
