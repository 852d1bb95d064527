"""One frame's worth of facts: the `Readout`, with the readings of the picture itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from nnviz3d.spec.dialogs import Question
from nnviz3d.spec.film_titles import Titles
from nnviz3d.spec.neuron_locks import NONE, Holds
from nnviz3d.spec.readout.data import ConfusionReading, PlaneReading, SamplesReading
from nnviz3d.spec.readout.instruments import (
    AblationReading,
    CloudReading,
    PruningReading,
    SaliencyReading,
    StrongestReading,
    TracingReading,
)
from nnviz3d.spec.readout.layers import LayerReading, LayersReading
from nnviz3d.spec.readout.neuron import NeuronReading
from nnviz3d.spec.readout.own import OwnReading
from nnviz3d.spec.readout.parameter import EdgeReading, EffectReading, ParameterEquations, ParameterReading
from nnviz3d.spec.readout.times import MomentsReading, RecordingReading, WalkReading, WatchedReading
from nnviz3d.spec.readout.tokens import AttentionReading, PromptReading
from nnviz3d.spec.readout.training import Charts, CompareReading, Finding
from nnviz3d.spec.reasons import ABLE, Reasons
from nnviz3d.spec.score import UNSCORED, Scores
from nnviz3d.spec.settings import Settings
from nnviz3d.spec.step_annotations import Moment
from nnviz3d.spec.topology import Topology
from nnviz3d.spec.tour_reading import TourReading
from nnviz3d.spec.units import SquaredError, Unit


@dataclass(frozen=True)
class Label:
    """Text at a place on the stage. `x`, `y`: framebuffer pixels from the top left; `strength` in [0, 1]. `column`: of names that say
    something only together, such as the tokens of a sentence; they are pushed apart so that none is missing, where there is room."""

    x: float
    y: float
    text: str
    strength: float = 1.0
    align: Literal["left", "centre", "right"] = "left"
    kind: Literal["class", "layer", "value", "name", "minor", "scale"] = "class"  # scale: with a bar from negative to positive colours
    part: str = ""  # name of the part of the network that a click on it opens or closes
    column: str = ""


@dataclass(frozen=True)
class MapReading:
    """The whole network from the side, in shares of its width and height from the upper left: boxes of nodes and slabs, and what of it the
    window shows (left, top, right, bottom). `aspect`: width / height."""

    boxes_b4: np.ndarray
    seen: tuple[float, float, float, float]
    aspect: float


@dataclass(frozen=True)
class Performance:
    """Milliseconds a frame by stage, medians over the last two seconds, and what the governor decided."""

    stages: dict[str, float] = field(default_factory=dict)
    frame_ms: float = 0.0
    frame_p99_ms: float = 0.0
    history: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    renderer: str = ""
    backend: str = ""
    quality: str = ""
    resolution_scale: float = 1.0
    draw_calls: int = 0


@dataclass(frozen=True)
class CaptureReading:
    """A live capture of the window. `alone`: without panels. `finishing`: it is over, and the file is being made whole."""

    seconds: float
    dropped: int  # frames that the encoder had no time for
    alone: bool = False
    finishing: bool = False


@dataclass(frozen=True)
class Readout:
    """One frame's worth of facts for the overlay."""

    topology: Topology
    sentence: str  # what is happening now, in plain words
    running: bool
    step: int
    epoch: float
    loss: float | None
    test_loss: float | None
    train_accuracy: float | None
    test_accuracy: float | None
    steps_per_second: float
    sample_count: int
    sample_index: int
    sample_label: str
    sample_answer: str  # what the network says now, for example "3 (97.2 %)"
    sample_right: bool | None
    data_name: str
    data_summary: str  # "1,438 to train, 359 to test; 8x8 inputs, 10 classes"
    class_names: tuple[str, ...]
    charts: Charts
    labels: tuple[Label, ...]
    edges_shown: int
    edges_total: int
    edges_share: float  # of the summed |quantity|
    edges_peak: float  # the largest |quantity| of all edges, for the legend
    performance: Performance
    neuron: NeuronReading | None = None
    hovered: NeuronReading | None = None
    pinned: bool = False
    banner: str = ""  # something went wrong or needs an answer
    sample_part: Literal["test", "train", "batch", "given", "own"] = "test"  # where the shown sample is from
    edges_layer: int = 0  # the layer (from 1) that the edge with that value leads into
    signals: int = 0  # edges that particles travel along in this picture
    toast: str = ""  # something was done: "saved scenes/mine.toml"
    can_undo: bool = False
    can_redo: bool = False
    dirty: bool = False
    scene_name: str = ""
    scene_names: tuple[str, ...] = ()
    scene_abouts: tuple[str, ...] = ()  # a sentence for each
    walk: WalkReading | None = None
    oldest: int = 0  # the first and the last step that can be entered again
    newest: int = 0
    stretches: tuple[tuple[int, int], ...] = ()  # [first, last] of every unbroken run of such steps
    changes: tuple[int, ...] = ()  # steps at which settings or weights were changed
    findings: tuple[Finding, ...] = ()
    chosen: int = -1  # the parameter that is looked at, by its place in the arena; -1: none
    layer: int = -1  # the layer that is looked at as a whole, by its place among the nodes; -1: none
    plane: PlaneReading | None = None
    samples: SamplesReading | None = None  # only while somebody looks at them
    features: tuple[str, ...] = ()  # names of the inputs of tabular data that a plane can be chosen from
    moment: Moment | None = None  # inside a walk: what is reported on the stage
    weight: ParameterReading | None = None  # the chosen parameter; else the bias of the picked neuron
    edge: ParameterReading | EdgeReading | None = None  # the edge under the pointer
    holds: Holds = NONE
    effect: EffectReading | None = None  # of the last edit by hand
    question: Question | None = None  # waits for the command `answer`
    scene_groups: tuple[str, ...] = ()  # the heading of each, of `scene_groups.GROUPS`
    data_columns: tuple[str, ...] = ()  # of a CSV file, in its order
    confusion: ConfusionReading | None = None  # these two only while a panel wants them
    layers: LayersReading | None = None
    compare: CompareReading | None = None  # while two networks are compared
    parameter: ParameterEquations | None = None  # of `chosen`
    whole: LayerReading | None = None  # of `layer`
    epoch_steps: int = 1  # training steps that make an epoch
    scores: Scores = UNSCORED  # what test loss and both accuracies are of: rows, step, classes
    units: tuple[Unit, ...] = ()  # of the outputs, where they are numbers with units of their own
    error: SquaredError | None = None  # how a loss reads in the target's unit, where it does
    moments: MomentsReading = field(default_factory=MomentsReading)
    tour: TourReading | None = None  # while a guided tour is on
    titles: Titles | None = None  # while a film is made
    recording: RecordingReading | None = None  # while a recording is played instead of training
    reasons: Reasons = ABLE  # why controls do nothing for this network
    asked: bool = False  # a model that was opened to be asked something
    stack: str = ""  # of the stack under the pointer, where there is one
    settings: Settings = field(default_factory=Settings)  # of this person
    edges_folded: int = 0  # neurons in stacks: of their edges only the strongest are shown
    own: OwnReading | None = None  # these only while a panel wants them
    saliency: SaliencyReading | None = None
    strongest: StrongestReading | None = None
    pruning: PruningReading | None = None
    tracing: TracingReading | None = None
    cloud: CloudReading | None = None
    ablation: AblationReading | None = None
    prompt: PromptReading | None = None
    attention: AttentionReading | None = None
    sample_words: tuple[str, ...] = ()  # of the shown sample, where it is a sequence of tokens
    edges_ribbons: int = 0  # drawn between groups of neurons
    edges_bundled: int = 0  # edges that these stand for
    edges_inside: int = 0  # in slabs
    opened: frozenset[str] = frozenset()  # names of the parts of the network that are open
    place: str = ""  # the node or part that the camera has flown to
    map: MapReading | None = None  # of a network that is larger than what is seen of it
    edges_waiting: int = 0  # of connections that have not been looked through yet
    capture: CaptureReading | None = None  # while a film is made of the window
    watched: WatchedReading | None = None  # while a training loop elsewhere is watched
