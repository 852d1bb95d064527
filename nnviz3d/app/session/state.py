"""What a session has, and what can be read of it; `Session` adds what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from nnviz3d.app.probes.ablation import Ablation
from nnviz3d.app.probes.attention import Attention
from nnviz3d.app.probes.confusion_matrix import Confusion
from nnviz3d.app.probes.explain_cache import Inspector
from nnviz3d.app.probes.health import Diagnosis
from nnviz3d.app.probes.layer_history import LayerHistory
from nnviz3d.app.probes.pruning import Pruning
from nnviz3d.app.probes.representation import Representation
from nnviz3d.app.probes.saliency import Saliency
from nnviz3d.app.probes.sample_browser import Browser
from nnviz3d.app.probes.strongest_inputs import StrongestInputs
from nnviz3d.app.probes.tracing import Tracing
from nnviz3d.app.session.comparison import SecondNetwork
from nnviz3d.app.session.gradual_show import GradualShow
from nnviz3d.app.session.mode import Mode
from nnviz3d.app.session.recording_player import RecordingPlayer
from nnviz3d.app.session.snapshots import Moments
from nnviz3d.app.session.step_player import StepPlayer, WalkSettings
from nnviz3d.app.session.undo import UndoHistory
from nnviz3d.app.training.evaluator import Scoring
from nnviz3d.app.training.metric_log import Curves
from nnviz3d.app.training.pace import Pace
from nnviz3d.app.training.stop_conditions import Stops, check
from nnviz3d.backend import Ops
from nnviz3d.sources.protocols import Source
from nnviz3d.sources.pruned import PrunedNetwork
from nnviz3d.sources.snapshot_source import KeptMoment, SnapshotDifference
from nnviz3d.sources.viewable import Viewable
from nnviz3d.spec.edit import Rebuild
from nnviz3d.spec.parts import NetworkPart
from nnviz3d.spec.scene import Scene
from nnviz3d.spec.score import Scores


class SessionState:
    """`mode` is what is done with the network (`app.session.mode`); `second` the second network of a comparison."""

    mode: Mode

    def __init__(self, scene: Scene, source: Source, path: Path | None = None, backend: str = "auto"):
        """`source` is of this scene. `path`: the scene's file, where Ctrl+S writes. `backend`: what was asked for; `ops` is what came of
        it. Raises InputError where scene and source do not fit."""
        self.scene, self.source, self.path, self.asked = scene, source, path, backend
        check(scene.train, source.data)
        self.second: SecondNetwork | None = SecondNetwork.of(scene, source) if scene.compare else None
        self._curves = Curves(source.data.task == "classification")
        self.diagnosis = Diagnosis()
        self.confusion, self.layers = Confusion(), LayerHistory()
        self.folded: tuple[NetworkPart, ...] = ()  # slabs of the picture: a walk passes each as one
        self.wants: dict[str, Any] = {}  # readings that a panel shows now: the others cost nothing
        self.history = UndoHistory()
        self.saliency, self.strongest, self.pruning = Saliency(), StrongestInputs(), Pruning()
        self.tracing, self.representation, self.ablation = Tracing(), Representation(), Ablation()
        self.attention = Attention()
        self.inspector, self.browser = Inspector(), Browser()
        self.scoring, self.pace, self.stops = Scoring(), Pace(), Stops()
        self.moments = Moments()
        self.running = False
        self.personalise: Callable[[Scene], Scene] = lambda scene: scene  # lays a person's settings over it
        self.saved = scene
        self.unsaved = 0.0  # seconds of training that no file holds
        self.banner = ""
        self.walk_settings = WalkSettings()
        self.follow_seconds = 0.0  # that the shown sample has been shown
        self._shown: tuple | None = None
        self.gradual = GradualShow()
        self._rebuild = Rebuild.NOTHING

    @property
    def ops(self) -> Ops:
        return self.source.ops

    @property
    def base(self) -> Path:
        """The folder that the scene's files are relative to."""
        return self.source.base

    @property
    def name(self) -> str:
        if self.path is None and self.source.playback is not None:
            return self.source.playback.path.stem
        return self.path.stem if self.path else (self.scene.title or "scene").lower().replace(" ", "-")[:40]

    @property
    def shown_scene(self) -> Scene:
        return self.personalise(self.scene)

    @property
    def scores(self) -> Scores:
        return self.scoring.scores

    @property
    def speed(self) -> float:
        return self.pace.speed

    @property
    def curves(self) -> Curves:
        return self._curves.follow(self.source.history)

    @property
    def walking(self) -> StepPlayer | None:
        """The mode, inside one iteration."""
        return self.mode.step_player

    @property
    def player(self) -> RecordingPlayer | None:
        """The mode, of a recording."""
        return self.mode.recording_player

    @property
    def seen(self) -> Viewable:
        """What goes on: the network itself, or the walk through one of its steps."""
        return self.mode.seen

    @property
    def kept(self) -> KeptMoment | SnapshotDifference | None:
        """The kept moment (or the difference of two) that is looked at instead; None: now."""
        return self.moments.seen(self.source) if self.mode.keeps else None

    @property
    def pruned(self) -> PrunedNetwork | None:
        """The network without its smallest weights, while somebody looks at that."""
        return self.pruning.view if self.walking is None else None

    @property
    def pictured(self) -> Viewable:
        """What the picture, the answer and the Neuron panel tell: a kept moment, a pruned network, or what goes on."""
        return self.kept or self.pruned or self.seen

    @property
    def pictured_numbers(self) -> Viewable:
        """The same for the panels: of a difference of two moments, the second."""
        return self.kept.numbers if self.kept is not None else self.pruned or self.seen

    @property
    def whole(self) -> bool:
        """What is shown is all of one moment: the picture may follow it."""
        if self.gradual.pending and self.pictured is self.source:
            return False
        return self.pictured.at_boundary and (self.even or self.walking is not None or not self.running)

    @property
    def trained(self) -> Source | SecondNetwork:
        """What takes steps: the network, or both of a comparison."""
        return self.second or self.source

    @property
    def leader(self) -> Source:
        """Whose steps are counted."""
        return self.source if self.second is None else self.second.leader

    @property
    def alive(self) -> bool:
        """Whether there is a network that can train."""
        return self.source.diverged is None if self.second is None else self.second.alive

    @property
    def even(self) -> bool:
        """Nothing is half done: what is shown is one moment, of two networks the same."""
        return self.source.at_boundary if self.second is None else self.second.even
