"""How a film of a scene is made: sizes, and shots with key frames of the camera and what the network does meanwhile.

Data only, as the rest of the scene; `app.director` plays it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from nnviz3d.spec import limits
from nnviz3d.spec.table import NonNegative, Positive, Table, Unit

Camera = Literal["three_quarter", "front", "side", "top", "input", "output"]
Degrees = Annotated[float, Field(ge=-3600, le=3600)]
Metre = Annotated[float, Field(ge=-1e6, le=1e6)]
Value = bool | int | float | str


class Key(Table):
    """A key frame of the camera. A preset with the whole network in the frame, or `target`, `yaw`, `pitch` and `distance` by themselves."""

    at: NonNegative = Field(0.0, description="seconds from the start of the shot")
    preset: Literal["", Camera] = ""
    focus: str = Field("", max_length=40, description='a layer ("2", "output") or a neuron ("1:17", "output:3") to look at')
    yaw: Degrees | None = Field(None, description="degrees; 0 looks from the input side, 90 from the side")
    pitch: Annotated[float, Field(ge=-89, le=89)] | None = None
    distance: Positive | None = None
    target: tuple[Metre, Metre, Metre] | None = None
    turn: Degrees = Field(0.0, description="degrees added to the yaw")
    zoom: Positive = Field(1.0, description="2: twice as near")
    stop: bool = Field(False, description="rest here instead of passing through")


class Shot(Table):
    """A piece of a film. `does`: hold (time passes, nothing is computed), train, or iterate (one training step, phase by phase)."""

    seconds: Positive = 4.0
    does: Literal["hold", "train", "iterate"] = "hold"
    steps: int = Field(0, ge=0, le=limits.STEPS, description="train: steps over the whole shot")
    slow_first: Annotated[float, Field(ge=1, le=6)] = Field(1.0, description="train: steps rise with this power of time")
    start: str = Field("input", max_length=40, description="iterate: the first place, for example forward:1@0.5")
    end: str = Field("after", max_length=40, description="iterate: the last place")
    sample: int = Field(-1, ge=-1, le=10_000_000, description="the shown sample; -1: as before")
    samples: int = Field(1, ge=1, le=10_000, description="how many samples are shown one after the other")
    caption: str = Field("", max_length=300)
    highlight: str = Field("", max_length=40, description='a neuron whose edges stand out: "1:17" or "output:3"')
    camera: tuple[Key, ...] = Field((), max_length=1000)
    constant_speed: bool = False
    set: dict[str, Value] = Field(default_factory=dict, max_length=100, description="settings that change when the shot begins")

    @model_validator(mode="after")
    def _keys_in_order(self):
        for before, after in pairwise(self.camera):
            if after.at <= before.at:
                raise ValueError(f"key frames must come one after the other: at = {after.at:g} follows at = {before.at:g}")
        if self.camera and self.camera[-1].at > self.seconds:
            raise ValueError(f"a key frame at {self.camera[-1].at:g} s lies after the end of the shot ({self.seconds:g} s)")
        return self


class Record(Table):
    """A film: its size and rate, and its shots. Without shots: `duration` seconds of learning with the camera going round."""

    width: int = Field(1280, ge=16, le=limits.IMAGE_SIDE)
    height: int = Field(720, ge=16, le=limits.IMAGE_SIDE)
    fps: int = Field(30, ge=1, le=1000)
    duration: Annotated[float, Field(gt=0, le=86_400)] = 10.0
    steps: int = Field(800, ge=0, le=limits.STEPS, description="training steps spread over the film, slow first")
    turn: Degrees = Field(24.0, description="degrees that the camera turns over the film")
    shutter: Unit = Field(0.5, description="share of a frame's time that motion blur covers")
    ui: bool = Field(False, description="with the panels")
    shot: tuple[Shot, ...] = Field((), max_length=1000)
