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
from nnviz3d.spec.augment import Augment
from nnviz3d.spec.column_settings import Column, Decimal, Delimiter, Encoding
from nnviz3d.spec.film import Record
from nnviz3d.spec.layer_table import Axis, Initializer, LayerTable, any_layer, tables
from nnviz3d.spec.model_base import Positive, Seed, Table, Unit
from nnviz3d.spec.network_graph import oversized, trace
from nnviz3d.spec.train_settings import PACE as PACE
from nnviz3d.spec.train_settings import Loss as Loss
from nnviz3d.spec.train_settings import Optimizer as Optimizer
from nnviz3d.spec.train_settings import Schedule as Schedule
from nnviz3d.spec.train_settings import Train as Train

DataKind = Literal[
    "digits", "mnist", "iris", "wine", "breast_cancer",
    "circle", "xor", "gauss", "spiral", "reg-plane", "reg-gauss",
    "blobs", "csv", "npz", "idx", "images",
    "sort", "modular", "story", "text",
]  # fmt: skip
Feature = Literal["x1", "x2", "x1^2", "x2^2", "x1*x2", "sin(x1)", "sin(x2)"]
Quantity = Literal["signal", "weight", "gradient", "change"]
Side = Annotated[int, Field(ge=2, le=1024)]
Quality = Literal["auto", "low", "balanced", "high", "ultra"]


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
    vocabulary: int = Field(default=256, ge=2, le=limits.CLASSES, description="text: different tokens; the rarest of more are unknown")
    file: str = Field(default="", description="images: the folder, which has one folder of pictures for each class")
    size: tuple[Side, Side] = Field(default=(28, 28), description="images: rows and columns to which each picture is scaled")
    side: int = Field(default=0, ge=0, le=64, description="digits, mnist: rows and columns to which each picture is scaled; 0: as they are")
    color: bool = Field(default=False, description="images: red, green and blue as three channels; else grey")
    labels_file: str = Field(default="", description="idx: the labels; .npy: the targets, if they are in a separate file")
    header: Literal["auto", "yes", "no"] = "auto"
    target: str = Field(default="", description="csv: the column to predict, by name or 0-based number; empty: the last")
    targets: Literal["own", "inputs"] = Field(
        default="own", description="inputs: the network learns to give back its inputs (an autoencoder), not the set's own targets"
    )
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
    axes: tuple[Axis, ...] = Field(
        default=(),
        max_length=3,
        description='npz: what each axis of a sample runs over, such as ["channel", "column"]; ["token"]: its numbers are tokens, and '
        "there is a target for each; empty: a vector, a picture, or a picture for each channel",
    )
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
    augment: Augment = Augment()

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
        if self.kind in ("csv", "npz", "idx", "images", "text") and not self.file:
            raise ValueError(f'data of kind "{self.kind}" needs `file`: a path relative to the scene file')
        if self.kind == "idx" and not self.labels_file:
            raise ValueError('data of kind "idx" needs `labels_file` beside `file`')
        if not self.features:
            raise ValueError("features: at least one of x1, x2, x1^2, x2^2, x1*x2, sin(x1), sin(x2) is needed")
        return self


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
    open: Literal["auto", "all"] | tuple[Annotated[str, Field(max_length=400)], ...] = Field(
        default="auto", description="parts of a large network that are shown open instead of as a slab; auto: as many as can be read"
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
