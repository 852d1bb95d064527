"""The document: what a scene file holds, as frozen pydantic models.

Nothing here runs anything. Every number has bounds, every choice is a closed list, unknown keys and NaN are errors: a scene
that validates can be built. `nnviz3d.spec.toml` reads and writes it, `nnviz3d.spec.edit` changes it.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from nnviz3d.spec import compare, limits
from nnviz3d.spec.activations import OutputActivation
from nnviz3d.spec.column_settings import Column, Decimal, Delimiter, Encoding
from nnviz3d.spec.film import Record
from nnviz3d.spec.layer_table import Initializer, LayerTable, any_layer, tables
from nnviz3d.spec.model_base import NonNegative, Positive, Table, Unit
from nnviz3d.spec.network_graph import oversized, trace

Loss = Literal["auto", "mse", "half_mse", "bce", "cross_entropy", "huber"]
Optimizer = Literal["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"]
Schedule = Literal["constant", "step", "cosine"]
DataKind = Literal[
    "digits", "iris", "wine", "breast_cancer",
    "circle", "xor", "gauss", "spiral", "reg-plane", "reg-gauss",
    "blobs", "csv", "npz", "idx",
    "sort", "modular", "story", "text",
]  # fmt: skip
Feature = Literal["x1", "x2", "x1^2", "x2^2", "x1*x2", "sin(x1)", "sin(x2)"]
Quantity = Literal["signal", "weight", "gradient", "change"]
Quality = Literal["auto", "low", "balanced", "high", "ultra"]

Seed = Annotated[int, Field(ge=0, lt=2**32)]


Layer: Any = tables()["dense"]  # what a layer is without a `kind`


class Output(Table):
    """The last layer; the data set decides its size. `auto`: softmax for classes, linear for numbers."""

    activation: OutputActivation = "auto"
    init: Initializer = "auto"
    init_scale: float = Field(default=1.0, ge=0, le=1000)
    bias: float = Field(default=0.0, ge=-1000, le=1000)


class Network(Table):
    """Hidden layers from input to output (none: a linear model), then the output layer, which reads the last one."""

    if TYPE_CHECKING:
        layers: tuple[LayerTable, ...] = ()
    else:
        layers: tuple[any_layer(), ...] = Field(default=(), max_length=limits.LAYERS)
    output: Output = Output()

    @model_validator(mode="after")
    def _is_a_graph(self):
        """Names, `from` and shapes fit, as far as they can be judged without the data, and the weights fit in memory."""
        traced, wrong = trace(self.layers)
        errors = [InitErrorDetails(type=_said(w.message), loc=("layers", w.layer, *filter(None, (w.key,))), input=None) for w in wrong]
        if errors:
            raise ValidationError.from_exception_data("Network", errors)
        total = sum(prod(shape) for layer in traced for part, shape in layer.parts if part == "weight")
        if total > limits.PARAMETERS:
            raise ValueError(f"the layers ask for {total:,} weights; at most {limits.PARAMETERS:,} are allowed. Use narrower layers")
        errors = [InitErrorDetails(type=_said(message), loc=("layers",), input=None) for message in oversized(traced)]
        if errors:
            raise ValidationError.from_exception_data("Network", errors)
        return self


def _said(message: str) -> PydanticCustomError:
    """A problem in our own words, which may hold braces."""
    return PydanticCustomError("value_error", "{message}", {"message": message})


class Data(Table):
    """What is learned. File paths are relative to the scene file."""

    kind: DataKind = "digits"
    seed: Seed = 0
    test_fraction: float = Field(default=0.2, ge=0, le=0.9)
    standardize: bool = False
    samples: int = Field(default=0, ge=0, le=10_000_000, description="0: the generator's own default")
    noise: float = Field(default=0.0, ge=0, le=0.5, description="Playground's noise slider / 100")
    features: tuple[Feature, ...] = ("x1", "x2")
    inputs: int = Field(default=784, ge=1, le=limits.UNITS, description="blobs: input values per sample")
    classes: int = Field(default=10, ge=1, le=10_000, description="blobs: classes")
    shape: tuple[Annotated[int, Field(ge=1, le=limits.UNITS)], ...] = Field(default=(), max_length=3)
    letters: int = Field(default=3, ge=2, le=26, description="sort: how many different letters, from A on")
    length: int = Field(default=6, ge=2, le=64, description="sort: letters of a sequence")
    modulus: int = Field(default=97, ge=2, le=1000, description="modular: p of (a op b) mod p")
    operation: Literal["add", "subtract", "multiply"] = Field(default="add", description="modular: what is done with a and b")
    context: int = Field(default=32, ge=2, le=1024, description="story, text: tokens of a sample")
    tokens: Literal["characters", "words"] = Field(default="characters", description="text: what a token is")
    vocabulary: int = Field(
        default=256, ge=2, le=limits.CLASSES, description="text: at most so many different tokens; the rarest become one that is unknown"
    )
    file: str = ""
    labels_file: str = Field(default="", description="idx: the labels; .npy: the targets, if they are in a separate file")
    header: Literal["auto", "yes", "no"] = "auto"
    target: str = Field(default="", description="csv: the column to predict, by name or 0-based number; empty: the last")
    task: Literal["auto", "classification", "regression"] = "auto"
    delimiter: Delimiter = Field(default="auto", description="csv: the column separator; space: any run of white space")
    decimal: Decimal = Field(default="auto", description="csv: the decimal point or comma; the other sign may separate thousands")
    encoding: Encoding = Field(default="auto", description="csv: auto is UTF-8 or UTF-16; nothing else is guessed")
    skip_lines: int = Field(default=-1, ge=-1, le=1000, description="csv: lines above the names or the first row; -1: detected")
    sheet: str = Field(default="", max_length=200, description="Excel: the sheet's name; empty: the first one with a table")
    columns: dict[str, Column] = Field(
        default={},
        max_length=limits.UNITS,
        description='csv: {NAME = {use = "words", gaps = "skip"}}; use: auto, number, words, date or leave_out; '
        "gaps: auto, skip, mean, most_frequent or own_class",
    )
    standardize_target: Literal["auto", "yes", "no"] = Field(
        default="auto",
        description="numeric targets: learned with mean 0 and standard deviation 1, shown in their own unit; auto: for files, where that "
        "helps",
    )
    inputs_array: str = Field(default="", max_length=200, description="npz: the array of inputs; empty: by its name or shape")
    target_array: str = Field(default="", max_length=200, description="npz: the array of targets; empty: by its name or shape")
    split: Literal["auto", "random", "last"] = Field(
        default="auto", description="which rows are the test set: drawn, or the last ones; auto: the last ones with lags, else drawn"
    )
    lags: tuple[Annotated[int, Field(ge=0, le=1_000_000)], ...] = Field(
        default=(),
        max_length=1000,
        description="series: the inputs are the values of so many rows earlier; a number n: 1 to n; 0: this row's inputs",
    )
    lags_of: Literal["target", "inputs", "all"] = Field(
        default="target", description="series: the columns whose earlier values are the inputs"
    )

    @field_validator("target", mode="before")
    @classmethod
    def _number_is_a_name(cls, value):
        """A column goes by name or number."""
        return str(value) if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else value

    @field_validator("lags", mode="before")
    @classmethod
    def _up_to(cls, value):
        """A number n stands for 1 to n."""
        return tuple(range(1, value + 1)) if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1000 else value

    @model_validator(mode="after")
    def _has_its_file(self):
        if self.kind in ("csv", "npz", "idx", "text") and not self.file:
            raise ValueError(f'data of kind "{self.kind}" needs `file`: a path relative to the scene file')
        if self.kind == "idx" and not self.labels_file:
            raise ValueError('data of kind "idx" needs `labels_file` beside `file`')
        if not self.features:
            raise ValueError("features: at least one of x1, x2, x1^2, x2^2, x1*x2, sin(x1), sin(x2) is needed")
        return self


class Train(Table):
    """How it is learned. A schedule multiplies `learning_rate`, and counts from the end of warm-up. More in docs/conventions.md."""

    loss: Loss = Field(
        default="auto", description="a mean over the batch, without L1 and L2; auto: cross_entropy for classes, mse for numbers"
    )
    optimizer: Optimizer = "adam"
    learning_rate: float = Field(default=0.001, ge=0, le=1e9)
    momentum: float = Field(default=0.9, ge=0, lt=1)
    beta1: float = Field(default=0.9, ge=0, lt=1)
    beta2: float = Field(default=0.999, ge=0, lt=1)
    rho: float = Field(default=0.99, ge=0, lt=1, description="rmsprop's decay")
    epsilon: float = Field(default=1e-8, gt=0, le=1)
    weight_decay: float = Field(
        default=0.01, ge=0, le=1, description="adamw: decay of weights and biases, times the learning rate, outside the gradient"
    )
    batch: int = Field(
        default=32,
        ge=0,
        le=limits.BATCH,
        description="mini-batch size; 0: the full training set; the last batch of an epoch may be smaller",
    )
    order: Literal["shuffle", "sequential"] = Field(default="shuffle", description="shuffle: a new order in each epoch, by seed")
    seed: Seed = 0
    steps: int = Field(default=0, ge=0, le=limits.STEPS, description="stop at this step; 0: never")
    schedule: Schedule = "constant"
    schedule_steps: int = Field(default=1000, ge=1, le=limits.STEPS)
    schedule_factor: Unit = Field(default=0.1, description="step: factor applied every schedule_steps; cosine: the lowest rate")
    warmup: int = Field(default=0, ge=0, le=limits.STEPS, description="step k of the warm-up has k / warmup of the rate")
    l1: NonNegative = Field(default=0.0, description="l1 sign(w) is added to the gradient of weights, not of biases")
    l1_dead_at_zero: bool = Field(
        default=False, description="as in TensorFlow Playground: a weight that L1 would push past 0 is set to 0 and stays 0"
    )
    l2: NonNegative = Field(default=0.0, description="l2 w is added to the gradient of weights, not of biases")
    clip_norm: NonNegative = Field(default=0.0, description="largest norm of the gradient, including L1 and L2; 0: off")
    huber_delta: Positive = 1.0
    class_weights: Literal["none", "balanced"] | tuple[float, ...] | dict[str, float] = Field(
        default="none",
        description="balanced: rare classes count for more, in proportion to their rarity; or a list, or a table by class name",
    )
    steps_per_second: float = Field(default=0.0, ge=0, le=1e6, description="0: as many as fit between two frames")
    tf32: bool = Field(default=False, description="CUDA: faster matrix products with 10-bit mantissas (TF32)")
    stop_epoch: int = Field(default=0, ge=0, le=limits.STEPS, description="stop at the end of this epoch; 0: never")
    stop_train_loss: NonNegative = Field(
        default=0.0,
        description="stop when the loss on all of the training set is below (of standardised targets, if they are standardised); 0: never",
    )
    stop_test_loss: NonNegative = Field(
        default=0.0,
        description="stop when the loss on all of the test set is below (of standardised targets, if they are standardised); 0: never",
    )
    stop_accuracy: Unit = Field(default=0.0, description="stop when the accuracy on all of the test set is at least this; 0: never")

    def rows(self, n: int) -> int:
        """Rows of a whole batch of a training set of n rows."""
        return min(self.batch or n, n)

    @field_validator("class_weights", mode="before")
    @classmethod
    def _weights(cls, value):
        if value in ("none", "balanced"):
            return value
        found = list(value.values()) if isinstance(value, dict) else list(value) if isinstance(value, (list, tuple)) else []
        if not 0 < len(found) <= limits.CLASSES or not all(_is_weight(weight) for weight in found):
            raise ValueError(
                'expected "none", "balanced", a list with a weight for every class, or a table of weights by class name; a weight is '
                f"above 0, at most {limits.PARAMETER:,.0f}"
            )
        return {str(name): float(weight) for name, weight in value.items()} if isinstance(value, dict) else tuple(map(float, found))


def _is_weight(value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= limits.PARAMETER


# settings of [train] that decide when it goes and ends, never a number that comes out
PACE = ("steps", "steps_per_second", "stop_epoch", "stop_train_loss", "stop_test_loss", "stop_accuracy")


class View(Table):
    """What is looked at and from where."""

    sample: int = Field(default=0, ge=0, le=10_000_000, description="the shown sample, an index into the test set")
    follow: bool = Field(default=False, description="show the next sample every few seconds")
    camera: Literal["three_quarter", "front", "side", "top", "input", "output"] = "three_quarter"
    pitch: float = Field(default=0.42, gt=0.01, le=10, description="distance between neighbouring neurons")
    layer_gap: float = Field(default=1.0, ge=0.1, le=20, description="distance between layers, as a multiple of the automatic spacing")
    fold: int = Field(
        default=12, ge=0, le=1000, description="number of inputs drawn one by one if there are many more; the rest is a stack. 0: all"
    )
    sway: float = Field(default=1.2, ge=0, le=2, description="idle sway of the camera, degrees")
    labels: bool = True
    plate: bool = Field(default=True, description="two-dimensional data: the network's answer over the plane, beside the output")
    thumbnails: bool = Field(default=True, description="if there is a plane: each neuron shows its own response over it")
    plate_x: str = Field(
        default="", max_length=200, description="for other data: the feature on the plane's x axis, by name or 0-based number"
    )
    plate_y: str = Field(default="", max_length=200, description="the feature on the plane's y axis; give both or none")
    language: Literal["auto", "en", "de"] = Field(default="auto", description="language of the guided tour; auto: from the environment")

    @field_validator("plate_x", "plate_y", mode="before")
    @classmethod
    def _numbers_are_names(cls, value):
        """Features go by name or number; -1 is none."""
        return value if not isinstance(value, int) or isinstance(value, bool) else "" if value == -1 else str(value)


class Look(Table):
    """How it is drawn."""

    edges: Quantity = "signal"
    scale: Literal["local", "global"] = "local"
    palette: Literal["blue_orange", "safe"] = "blue_orange"
    dashes: bool = Field(default=True, description="draw negative edges dashed, so that the sign does not depend on colour alone")
    edge_width: float = Field(default=1.0, gt=0, le=10)
    edge_energy: float = Field(default=1.0, ge=0, le=10)
    particles: float = Field(default=1.0, ge=0, le=4)
    particle_speed: float = Field(default=1.0, ge=0, le=10)
    glow: float = Field(default=1.0, ge=0, le=4)
    exposure: float = Field(default=1.0, gt=0, le=8)
    quality: Quality = "auto"
    ui_scale: float = Field(default=1.0, ge=0.5, le=4)
    weights: Literal["phase", "before", "after", "difference"] = Field(
        default="phase", description="inside a step: which weights are shown"
    )
    exaggeration: float = Field(
        default=0.0, ge=0, le=1e9, description="factor by which weight differences are magnified; 0: chosen so that they are visible"
    )
    compare: Literal["common", "own"] = Field(default="common", description="two networks: one brightness scale for both, or one for each")


class Test(Table):
    """What the test command asserts of this scene."""

    steps: int = Field(default=20, ge=0, le=1_000_000)
    min_accuracy: Unit = 0.0
    max_loss: Positive = 1e9


class Scene(Table):
    """A whole scene. `Scene()` is the default one's settings with no hidden layers."""

    title: str = Field(default="", max_length=200)
    about: str = Field(default="", max_length=2000)
    failure: bool = Field(default=False, description="an instructive failure: training is meant to go wrong")
    network: Network = Network()
    data: Data = Data()
    train: Train = Train()
    view: View = View()
    look: Look = Look()
    record: Record = Field(default_factory=Record)
    test: Test = Test()
    compare: dict[str, Any] = Field(
        default={}, max_length=compare.MOST, description="settings in which a second network differs, by their paths"
    )

    @field_validator("compare", mode="before")
    @classmethod
    def _by_path(cls, value):
        return compare.flat(value) if isinstance(value, dict) else value

    @classmethod
    def load(cls, path) -> Scene:
        """Read a scene file, or a shipped scene by name. Raises InputError with every problem found."""
        from nnviz3d.spec import toml

        return toml.load(path)

    def save(self, path) -> None:
        """Write the scene as TOML, atomically. Raises InputError where the path cannot be written."""
        from nnviz3d.spec import toml

        toml.save(self, path)
