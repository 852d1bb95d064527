"""What a message says beside its arrays, by kind. Closed lists and bounds: what is not listed here is not read."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from nnviz3d.spec import limits

ARRAYS = 20_000
Name = Annotated[str, Field(min_length=1, max_length=200)]
Size = Annotated[int, Field(ge=0, le=1 << 40)]
Number = Annotated[float, Field(description='NaN and infinities are the texts "NaN", "Infinity" and "-Infinity"')]
Count = Annotated[int, Field(ge=0, le=1 << 53)]


class WireTable(BaseModel):
    """Immutable. What it does not know it leaves out, so that a later program may say more."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="strings")


class ArrayPlace(WireTable):
    """An array behind the header: from byte `offset` on, little-endian, in C order."""

    name: Name
    dtype: Literal["float16", "float32", "float64", "int32", "int64", "uint8"]
    shape: tuple[Size, ...] = Field(max_length=8)
    offset: Size


class AnyHeader(WireTable):
    """What all kinds have. `sequence`: counts the messages of a sender that are for all; frames of the past have their old one."""

    version: int = 1
    sequence: Count = 0
    arrays: tuple[ArrayPlace, ...] = Field(default=(), max_length=ARRAYS)


class Hello(AnyHeader):
    """The first message of both sides, the viewer's first. `token`: the viewer's, where the link is not the user's own folder."""

    kind: Literal["hello"] = "hello"
    run: str = Field(default="", max_length=200)
    program: str = Field(default="", max_length=200, description="the sender: its name and version")
    token: str = Field(default="", max_length=200)


class ParameterPlace(WireTable):
    """A parameter array by the names of `formats.weights`, or, without a scene, by those of the model."""

    name: Name
    shape: tuple[Size, ...] = Field(max_length=8)


class Structure(AnyHeader):
    """What is watched. `scene`: its network as TOML; empty for a model of other kinds than ours, and then `why` says so.

    A second one in the same connection replaces the first: the loop goes on with another model.
    """

    kind: Literal["structure"] = "structure"
    scene: str = Field(default="", max_length=limits.SCENE_BYTES)
    why: str = Field(default="", max_length=10_000)
    framework: str = Field(default="", max_length=200)
    shape: tuple[Size, ...] = Field(default=(), max_length=8, description="of a sample; () where it is not known")
    axes: tuple[Name, ...] = Field(default=(), max_length=8, description="of a sample; () where their number says it")
    outputs: int = Field(default=0, ge=0, le=limits.UNITS)
    names: tuple[Annotated[str, Field(max_length=200)], ...] = Field(default=(), max_length=limits.CLASSES, description="of the outputs")
    task: Literal["", "classification", "regression"] = ""
    every: float = Field(default=0.1, ge=0, le=86_400, description="at most one frame in so many seconds")
    parameters: tuple[ParameterPlace, ...] = Field(default=(), max_length=ARRAYS)


class FrameHeader(AnyHeader):
    """The state after a step. Arrays: "parameter/NAME", "gradient/NAME" (those that the step was made of), "x" and "target" of the shown
    sample, and "losses": (k,) float64, of the last k steps, of which this one is the last (NaN where a step had none).

    `dropped`: frames that this viewer did not get, so far. `past`: kept from before the viewer came; has no "losses". `lends`: whether the
    loop obeys a `Control`.
    """

    kind: Literal["frame"] = "frame"
    step: int = Field(ge=0, le=limits.STEPS)
    epoch: Number | None = None
    loss: Number | None = None
    metrics: dict[Name, Number] = Field(default={}, max_length=256)
    seconds: float = Field(default=0.0, ge=0, description="since the watch began")
    batch: Count | None = None
    dropped: Count = 0
    past: bool = False
    lends: bool = False
    paused: bool = False


class EndHeader(AnyHeader):
    """The last message: why the loop, or the link, is over."""

    kind: Literal["end"] = "end"
    reason: Literal["finished", "error", "restarted", "refused"]
    text: str = Field(default="", max_length=10_000)


class Control(AnyHeader):
    """From a viewer to a loop that lends control (`view.batches`, `view.epochs`)."""

    kind: Literal["control"] = "control"
    action: Literal["run", "pause", "step"]


Frame = FrameHeader  # as the wire names them
End = EndHeader
Header = Hello | Structure | FrameHeader | EndHeader | Control
HEADERS: TypeAdapter[Header] = TypeAdapter(Annotated[Header, Field(discriminator="kind")])
