"""What the overlay may know: frozen pictures of a session, made by `app` each frame, read by `ui`.

A panel sees a `Scene` and a `Readout`, and answers with `Edit`s and `Command`s. It never sees an engine, a GL name or a clock.
Numbers are plain Python numbers or read-only numpy arrays, copied out of the arenas after the step that made them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from nnviz3d.spec.asking import Question
from nnviz3d.spec.compare import Difference
from nnviz3d.spec.guide import TourReading
from nnviz3d.spec.holds import NONE, Holds
from nnviz3d.spec.moment import Moment
from nnviz3d.spec.titles import Titles
from nnviz3d.spec.topology import Topology

if TYPE_CHECKING:
    from nnviz3d.spec.reading import LayerReading, ParameterEquations

CommandName = Literal[
    "play", "pause", "step", "reset", "new_seed", "undo", "redo", "save", "open", "screenshot", "fullscreen", "quit",
    "camera", "fit", "fly_to", "pick", "choose", "choose_layer", "next_sample", "previous_sample", "shuffle_sample", "dismiss",
    "rewind", "walk", "walk_leave", "walk_to", "walk_by", "walk_play", "walk_speed",
    "move", "walk_loop", "walk_gradient", "keep_moment", "show_moment", "enter_moment",
    "samples", "show_sample", "next_wrong", "previous_wrong",
    "set_parameter", "freeze", "kill", "release", "check",
    "save_as", "open_file", "export", "answer", "browse", "browse_cell",
    "tour", "tour_language",
    "capture", "save_timeline",
]  # fmt: skip


@dataclass(frozen=True)
class Command:
    """Something to do that is not a change of the scene. `value`: a preset's name, a neuron's id, a path, or None."""

    name: CommandName
    value: Any = None


@dataclass(frozen=True)
class Term:
    """One addend of a weighted sum: `weight * value`, with the neuron that `value` belongs to."""

    neuron: int
    index: int  # of the neuron inside its layer, 0-based
    weight: float
    value: float
    parameter: int = -1  # of the weight

    @property
    def product(self) -> float:
        return self.weight * self.value


@dataclass(frozen=True)
class Sum:
    """A weighted sum of any width: its largest terms by |product|, and the rest summed."""

    terms: tuple[Term, ...]
    rest_count: int
    rest: float
    total: float  # without a bias


@dataclass(frozen=True)
class GradientReading:
    """The gradient of one weight or bias in a recorded step. `neuron`, `index`, `a`: where a weight comes from; None for a bias."""

    parameter: int  # its place among all parameters
    sample: float  # delta_j a_i, or delta_j: the shown sample's own
    batch: float  # the mean of the batch with L1 and L2, before clipping
    change: float  # after minus before
    neuron: int | None = None
    index: int | None = None
    a: float | None = None


@dataclass(frozen=True)
class UpdateReading:
    """What the optimiser did to one parameter. `numbers`: every symbol that its rule has, by the names in `engine.rules.Rule`."""

    parameter: int
    index: int | None  # of the neuron that a weight comes from; None for a bias
    optimizer: str
    numbers: dict[str, float]
    dead: bool = False  # Playground's L1 has put the weight to rest
    applied: bool = True  # False where the step diverged
    frozen: bool = False  # the neuron is: the parameter stays as it is


@dataclass(frozen=True)
class CheckReading:
    """A gradient of the shown sample next to its central difference; `relative` to the larger of the two.

    `kink`: the loss has a corner here, so the two need not agree.
    """

    parameter: int
    analytic: float
    numeric: float
    relative: float
    kink: bool = False
    step: int = 0  # training steps that were done when it was made


@dataclass(frozen=True)
class StepReading:
    """What one recorded step did to the parameters that lead into a neuron. `delta`: before the update, for the shown sample."""

    delta: float
    samples: int  # in the batch
    gradients: tuple[GradientReading, ...]  # the weights that are told apart, then the bias
    rest_count: int  # weights that are not
    update: UpdateReading  # of the told weight that changed most


@dataclass(frozen=True)
class NeuronReading:
    """Everything the Neuron panel says of one neuron, for the shown sample; all from the arenas."""

    neuron: int
    layer: int  # 0: input
    layer_name: str
    index: int
    activation: str
    a: float
    label: str = ""
    z: float | None = None  # None for an input
    bias: float | None = None
    incoming: Sum | None = None
    outgoing: Sum | None = None  # sum_k w_kj delta_k; None for an output
    delta: float | None = None  # dL/dz for the shown sample
    slope: float | None = None  # f'(z); None where it is not a number (softmax)
    target: float | None = None  # output neurons: what the sample asks for
    bias_gradient: float | None = None  # of the last training step's batch
    step: StepReading | None = None  # inside a walk
    frozen: bool = False
    killed: bool = False
    network: str = ""  # "A" or "B" while two networks are compared
    loss: str = ""  # output neurons: what they are judged by
    outputs: int = 0  # how many there are
    loss_slope: float | None = None  # dL/da; None where the loss works on logits (cross_entropy, bce)
    slope_mean: float | None = None  # softmax under another loss: sum_k dL/da_k a_k
    softmax_sum: float | None = None  # sum_k e^z_k; None where that is no number to print
    first: int = -1  # parameter of the first incoming weight
    first_source: int = -1  # neuron that it comes from
    bias_parameter: int = -1
    weights: np.ndarray | None = field(default=None, compare=False, repr=False)  # (I,) all incoming ones
    values: np.ndarray | None = field(default=None, compare=False, repr=False)  # (I,) the activations they multiply


@dataclass(frozen=True)
class WalkReading:
    """A walk through one training iteration: where it is, and what the iteration does to the shown sample."""

    phases: tuple[str, ...]  # titles for people, in order
    kinds: tuple[str, ...]  # "forward", "backward", ... of each
    number: float  # index of the phase + how much of it has passed
    playing: bool
    speed: float  # phases a second
    batch: int  # samples in the step's batch; the shown one is the first
    loss_before: float
    loss_after: float
    answer_before: str
    answer_after: str
    symbol: str  # of what the edges show here: "|w a|"
    error: bool  # whether the edges carry the error, in its own colours
    step: int = 0  # the iteration's 1-based number
    shown: int = 0  # which sample of the batch is told, 0-based
    loop: Literal["stop", "again", "on"] = "stop"  # what follows when it has played to its end
    mean: bool = False  # the gradient shown is the batch's mean, else the shown sample's own
    gradient: str = ""  # while the edges show one: whose gradient it is


@dataclass(frozen=True)
class MomentReading:
    """A kept moment. Losses and accuracies as they were measured when it was kept; None where there is none."""

    name: str  # "A" or "B"
    step: int
    epoch: float
    loss: float | None  # of the last batch
    train_loss: float | None
    test_loss: float | None
    train_accuracy: float | None
    test_accuracy: float | None
    answer: str  # of the shown sample, with the parameters of that moment
    right: bool | None
    fits: bool  # of the network that is shown now: it can be looked at


@dataclass(frozen=True)
class ChangeReading:
    """A weight or bias (`source` None) in two moments: into neuron `index` of `layer`, from neuron `source` of the layer before."""

    parameter: int
    layer: int
    neuron: int
    index: int
    source: int | None
    before: float
    after: float


@dataclass(frozen=True)
class MomentsReading:
    """The kept moments, what is looked at ("A", "B", "B - A", or "" for now), and what differs most."""

    shown: str = ""
    kept: tuple[MomentReading, ...] = ()
    largest: tuple[ChangeReading, ...] = ()


@dataclass(frozen=True)
class Finding:
    """Something unusual about the network or its training: what, the numbers that show it, and what to try."""

    title: str
    how: str
    remedy: str


@dataclass(frozen=True)
class ParameterReading:
    """One weight or bias. `layer` and `index`: the neuron that it leads into (layer 0: input); `source`: the index of the neuron in the
    layer before that a weight comes from, None for a bias. `gradient` of the last batch and `change` in the last step: None before it."""

    parameter: int
    layer: int
    index: int
    neuron: int  # id of the neuron it leads into
    value: float
    source: int | None = None
    a: float | None = None  # activation of that source for the shown sample
    gradient: float | None = None
    change: float | None = None
    label: str = ""  # of the neuron it leads into, where that has one
    frozen: bool = False


@dataclass(frozen=True)
class EffectReading:
    """What an edit by hand did to the loss. `kind`: "value" of a `parameter` from `old` to `new`, or "kill".

    The losses before were measured at step `began`, those of now at `step`; of the shown sample, and of (a part of) the test part.
    """

    kind: str
    parameter: int
    old: float
    new: float
    began: int
    step: int
    sample_before: float
    sample_now: float
    test_before: float | None
    test_now: float | None


@dataclass(frozen=True)
class Charts:
    """Curves so far; each array is float32 and read-only, `*_step` in training steps."""

    train_step: np.ndarray
    train_loss: np.ndarray
    test_step: np.ndarray
    test_loss: np.ndarray
    train_accuracy: np.ndarray  # at test_step; empty for regression
    test_accuracy: np.ndarray


@dataclass(frozen=True)
class NetworkReading:
    """One of two networks that are compared, at a moment that is the same for both."""

    name: str  # "A", "B"
    title: str  # what makes it different: "adam"
    topology: Topology
    step: int
    epoch: float
    epoch_steps: int  # steps in an epoch
    loss: float | None
    test_loss: float | None
    train_accuracy: float | None
    test_accuracy: float | None
    answer: str  # what it says of the shown sample
    right: bool | None
    reached: tuple[int | None, ...]  # the step at which each share of `CompareReading.shares` was first seen
    diverged: int | None
    charts: Charts
    hovered: float | None = None  # activation of the neuron under the pointer, and of the same one in the other network
    held: int = 0  # neurons that are frozen or killed by hand


@dataclass(frozen=True)
class CompareReading:
    """Two networks beside each other."""

    networks: tuple[NetworkReading, NetworkReading]
    differences: tuple[Difference, ...]
    same_batches: bool  # one step is the same samples for both
    layer_by_layer: bool  # whether a common scale is one of each layer pair
    shares: tuple[float, ...] = (0.9, 0.95)
    waits: str = ""  # the network that waits, or ""


@dataclass(frozen=True)
class PlaneReading:
    """The plane that plate and tiles are over. `held`: other features stay as in the shown sample. `tiles`: neurons show their responses.

    `hovered`: smallest and largest activation of the hovered neuron over the plane, as its tile shows it.
    """

    names: tuple[str, str]  # of its axes: to the right, up
    low: tuple[float, float]
    high: tuple[float, float]
    held: bool
    tiles: bool
    hovered: tuple[float, float] | None = None


@dataclass(frozen=True)
class SampleQuery:
    """Which samples are wanted: `show` "all", "wrong" (classes only) or a class's number as text; `order` "worst" (first) or "number"."""

    show: str = "all"
    order: str = "worst"
    page: int = 0
    size: int = 24


@dataclass(frozen=True)
class SampleRow:
    """One sample: its number in the part (or in the batch), its true answer, what the network says, its own loss, its inputs (I,)."""

    index: int
    label: str
    said: str
    right: bool | None
    loss: float
    x: np.ndarray


@dataclass(frozen=True, eq=False)
class SamplesReading:
    """A page of samples. While `known` < `total` the network is still being asked for the first time.

    `found`: samples that the query matches; `wrong`: of all; None for numbers. `shape`: of a picture, else (). `low`, `high`: (I,) the
    range of each input over the part. `subject` changes with what is looked at: other data, another network, another step's batch.
    """

    part: str  # "test", "train" or "batch"
    subject: int
    step: int  # that the network was asked at
    total: int
    known: int
    wrong: int | None
    loss: float | None  # mean
    found: int
    shown: int  # number of the shown sample
    query: SampleQuery
    rows: tuple[SampleRow, ...]
    shape: tuple[int, ...]
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class ConfusionReading:
    """How often class i was taken for class j: `count_cc` (C, C), rows are what is true. Counted over `part` ("test" or "train") by the
    network of step `first`, or, where it is large, while that learned on to step `last`. `mute`: samples whose answer was no number."""

    count_cc: np.ndarray
    part: str
    first: int
    last: int
    mute: int = 0


@dataclass(frozen=True)
class LayersReading:
    """How the layers' numbers developed: T moments, L layers with weights, B bins. nan: not known at that moment.

    The histograms are of one `quantity` ("weight", "gradient" or "activation") and one `layer` (0-based in `names`): `count_tb` over
    [`low_t`, `high_t`] at the steps `seen_t`; of `seen` evenly spread numbers out of `total`.
    """

    names: tuple[str, ...]  # "hidden 1", ..., "output"
    step_t: np.ndarray
    gradient_tl: np.ndarray  # root mean square of the weights' gradients in the step's batch
    ratio_tl: np.ndarray  # root mean square of the weights' last change, over that of the weights
    quantity: str
    layer: int
    seen_t: np.ndarray
    low_t: np.ndarray
    high_t: np.ndarray
    rms_t: np.ndarray
    count_tb: np.ndarray
    seen: int
    total: int
    rows: int  # samples whose activations are looked at; 0: the shown one


@dataclass(frozen=True)
class RecordingReading:
    """A recording that is played: its kept steps go from `first` to `last`, every `every`-th one. `half`: 16-bit numbers. `gone`: why its
    data are not there, or "". `rows`: samples that gradients are worked out of, for none are recorded."""

    name: str
    first: int
    last: int
    every: int
    kept: int
    half: bool
    gone: str
    rows: int


@dataclass(frozen=True)
class Label:
    """Text at a place on the stage. `x`, `y`: framebuffer pixels from the top left; `strength` in [0, 1]."""

    x: float
    y: float
    text: str
    strength: float = 1.0
    align: Literal["left", "centre", "right"] = "left"
    kind: Literal["class", "layer", "value", "name", "minor"] = "class"


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
    edges_peak: float  # the value of the brightest edges (98.5th percentile), for the legend
    performance: Performance
    neuron: NeuronReading | None = None
    hovered: NeuronReading | None = None
    pinned: bool = False
    banner: str = ""  # something went wrong or needs an answer
    toast: str = ""  # something was done: "saved scenes/mine.toml"
    can_undo: bool = False
    can_redo: bool = False
    dirty: bool = False
    scene_name: str = ""
    scene_names: tuple[str, ...] = ()
    scene_abouts: tuple[str, ...] = ()  # a sentence for each
    particles: int = 0
    walk: WalkReading | None = None
    oldest: int = 0  # the first and the last step that can be entered again
    newest: int = 0
    findings: tuple[Finding, ...] = ()
    chosen: int = -1  # the parameter that is looked at, by its place in the arena; -1: none
    layer: int = -1  # the layer that is looked at as a whole, by its place among the nodes; -1: none
    plane: PlaneReading | None = None
    samples: SamplesReading | None = None  # only while somebody looks at them
    features: tuple[str, ...] = ()  # names of the inputs of tabular data that a plane can be chosen from
    moment: Moment | None = None  # inside a walk: what is told on the stage
    weight: ParameterReading | None = None  # the chosen parameter; else the bias of the picked neuron
    edge: ParameterReading | None = None  # the edge under the pointer
    holds: Holds = NONE
    effect: EffectReading | None = None  # of the last edit by hand
    question: Question | None = None  # waits for the command `answer`
    scene_failures: tuple[bool, ...] = ()  # whether a shipped scene is an instructive failure
    data_columns: tuple[str, ...] = ()  # of a CSV file, in its order
    confusion: ConfusionReading | None = None  # these two only while a panel wants them
    layers: LayersReading | None = None
    compare: CompareReading | None = None  # while two networks are compared
    parameter: ParameterEquations | None = None  # of `chosen`
    whole: LayerReading | None = None  # of `layer`
    epoch_steps: int = 1  # training steps that make an epoch
    moments: MomentsReading = MomentsReading()
    tour: TourReading | None = None  # while a guided tour is on
    titles: Titles | None = None  # while a film is made
    recording: RecordingReading | None = None  # while a recording is played instead of training
    capture: CaptureReading | None = None  # while a film is made of the window


@dataclass(frozen=True)
class StageInput:
    """What a person did on the stage (not on a panel) in this frame, read from imgui's io, the same in a window and headless.

    Pixels are framebuffer pixels from the top left.
    """

    pointer: tuple[float, float] | None = None  # None: outside, or over a panel
    clicked: bool = False
    double_clicked: bool = False
    orbit: tuple[float, float] = (0.0, 0.0)  # drag with the left button, pixels
    pan: tuple[float, float] = (0.0, 0.0)  # right or middle button, or shift + left
    zoom: float = 0.0  # wheel notches, positive is nearer
    move: tuple[float, float, float] = (0.0, 0.0, 0.0)  # held keys: right, up, forward in [-1, 1]
    turn: tuple[float, float] = (0.0, 0.0)  # held arrow keys or gamepad: yaw, pitch in [-1, 1]
    tuning: bool = False  # a drag with Ctrl or Alt is on, which turns a weight or a bias instead of the camera
    tune: float = 0.0  # unscaled pixels upwards in this frame; a tenth of them with Shift


@dataclass(frozen=True)
class Answer:
    """What the overlay hands back: changes of the scene, things to do, and what happened on the stage."""

    edits: tuple = ()
    commands: tuple[Command, ...] = ()
    stage: StageInput = StageInput()
    panel_width: float = 0.0  # pixels of the dock, so that the camera centres the free part
    editing: bool = False  # a widget is held: its edits belong together for undo
    lit: int = -1  # the parameter whose term lies under the pointer on a panel: its edge lights up
    wants: dict[str, Any] = field(default_factory=dict)  # readings that are on screen and cost something: what they are to be of
    foot: float = 0.0  # pixels that a tour's card covers at the bottom; 0: there is the transport bar
