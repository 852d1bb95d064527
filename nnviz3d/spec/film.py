"""How a film of a scene is made: sizes, and shots with key frames of the camera and what the network does meanwhile.

Data only, as the rest of the scene; `app.render.film.shot_player` plays it.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from nnviz3d.spec import compare, frame_rates, limits
from nnviz3d.spec.model_base import NonNegative, Positive, Table, Unit

Camera = Literal["three_quarter", "front", "side", "top", "input", "output"]
Degrees = Annotated[float, Field(ge=-3600, le=3600)]
Metre = Annotated[float, Field(ge=-1e6, le=1e6)]
OPEN = ("network", "train", "view", "look")  # what a shot may set: other data would be another film
SLOW_FIRST = 2.4  # steps rise with this power of time: most of what there is to see happens in the first steps
SAMPLES = 5  # that a film without shots shows one after the other


class Key(Table):
    """A key frame of the camera. By itself it has the whole network, or `focus`, in the frame; `target` and `distance` place it freely."""

    at: NonNegative = Field(default=0.0, description="seconds from the start of the shot")
    preset: Literal["", Camera] = Field(default="", description="a direction of view; empty: the scene's camera, or yaw and pitch")
    focus: str = Field(default="", max_length=40, description='a layer ("2", "output") or a neuron ("1:17", "output:3") to look at')
    yaw: Degrees | None = Field(default=None, description="degrees; 0 looks from the input side, 90 from the side")
    pitch: Annotated[float, Field(ge=-89, le=89)] | None = Field(default=None, description="degrees above the horizon")
    distance: Positive | None = Field(default=None, description="distance from the target; empty: as near as the frame allows")
    target: tuple[Metre, Metre, Metre] | None = Field(default=None, description="where the camera looks, instead of the middle")
    turn: Degrees = Field(default=0.0, description="degrees added to the yaw")
    zoom: Positive = Field(default=1.0, description="2: twice as near")
    stop: bool = Field(default=False, description="rest here instead of passing through")


class Shot(Table):
    """A piece of a film. `does`: hold (time passes, nothing is computed), train, or iterate (one training step, phase by phase).

    An `iterate` that starts where the one before it ended, or later, goes on in the same training step; else it takes the next one.
    """

    seconds: Annotated[float, Field(gt=0, le=86_400)] = 4.0
    does: Literal["hold", "train", "iterate"] = "hold"
    steps: int = Field(default=0, ge=0, le=limits.STEPS, description="train: steps over the whole shot")
    slow_first: Annotated[float, Field(ge=1, le=6)] = Field(
        default=1.0, description="train: the number of steps grows with this power of time"
    )
    start: str = Field(default="input@0", max_length=40, description="iterate: the first place, for example forward:1@0.5")
    end: str = Field(default="after", max_length=40, description="iterate: the last place")
    mean: bool = Field(default=False, description="iterate: show the gradient of the whole batch instead of the sample's")
    sample: int = Field(default=-1, ge=-1, le=10_000_000, description="the shown sample (iterate: of the batch); -1: as before")
    samples: int = Field(default=1, ge=1, le=10_000, description="how many samples are shown one after the other")
    caption: str = Field(default="", max_length=300, description="{step} {loss} {accuracy} and so on are live numbers")
    highlight: str = Field(default="", max_length=40, description='a neuron whose edges are emphasised: "1:17" or "output:3"')
    equation: bool = Field(default=False, description="with the equation of the highlighted neuron and its numbers")
    chart: bool = Field(default=False, description="with the curve of the test accuracy (for regression, of the test loss)")
    camera: tuple[Key, ...] = Field(default=(), max_length=1000)
    constant_speed: bool = Field(default=False, description="the camera moves at one speed from stop to stop")
    set: dict[str, Any] = Field(default={}, max_length=100, description="settings that change at the start of the shot, by their paths")

    @field_validator("set", mode="before")
    @classmethod
    def _by_path(cls, value):
        value = compare.flat(value) if isinstance(value, dict) else value
        shut = [path for path in value if path.partition(".")[0] not in OPEN] if isinstance(value, dict) else []
        if shut:
            raise ValueError(f"{', '.join(shut)} cannot change in a film; settings of {', '.join(OPEN)} can")
        return value

    @model_validator(mode="after")
    def _keys_in_order(self):
        for before, after in pairwise(self.camera):
            if after.at <= before.at:
                raise ValueError(f"key frames must be in order of time: at = {after.at:g} follows at = {before.at:g}")
        if self.camera and self.camera[-1].at > self.seconds:
            raise ValueError(f"a key frame at {self.camera[-1].at:g} s lies after the end of the shot ({self.seconds:g} s)")
        return self


class Record(Table):
    """A film: its size and rate, how it is drawn, and its shots. Without shots: `duration` seconds of learning, the camera going round."""

    width: int = Field(default=1280, ge=16, le=limits.IMAGE_SIDE)
    height: int = Field(default=720, ge=16, le=limits.IMAGE_SIDE)
    fps: frame_rates.Rate = Field(default=30, description='frames per second, 1 to 1000; 29.97 is exactly "30000/1001"')
    duration: Annotated[float, Field(gt=0, le=86_400)] = Field(default=10.0, description="seconds, of a film without shots")
    steps: int = Field(default=800, ge=0, le=limits.STEPS, description="training steps spread over a film without shots, slow first")
    turn: Degrees = Field(default=24.0, description="degrees that the camera turns over a film without shots")
    begin: int = Field(default=0, ge=0, le=limits.STEPS, description="training steps before the film begins")
    ssaa: Literal[1, 2, 4] = Field(default=1, description="supersampling: pixels drawn along each side of a film pixel")
    motion_blur: int = Field(default=1, ge=1, le=256, description="moments averaged per frame, in linear light")
    shutter: Unit = Field(default=0.5, description="fraction of the frame time that motion blur covers")
    transparent: bool = Field(default=False, description="without the background")
    ui: bool = Field(default=False, description="with the panels")
    burn_in: bool = Field(default=False, description="with frame number, time code, step and seed in the picture")
    shot: tuple[Shot, ...] = Field(default=(), max_length=1000)

    @property
    def shots(self) -> tuple[Shot, ...]:
        """What is played: the shots, or the one that stands for none."""
        if self.shot:
            return self.shot
        half = self.duration / 2
        way = Key(turn=-self.turn / 2), Key(at=half), Key(at=self.duration, turn=self.turn / 2)
        return (Shot(seconds=self.duration, does="train", steps=self.steps, slow_first=SLOW_FIRST, samples=SAMPLES, camera=way),)

    @property
    def rate(self) -> Fraction:
        """Frames a second, exactly."""
        return frame_rates.exact(self.fps)

    def frames(self, seconds: float) -> int:
        """So long, in frames."""
        return round(seconds * self.rate.numerator / self.rate.denominator)

    @property
    def seconds(self) -> float:
        return sum(shot.seconds for shot in self.shots)
