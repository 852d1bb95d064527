"""The camera: a pose, the matrices it means, a fit, and a rig that eases towards where a person wants it.

Matrices act on row vectors (`v @ clip_from_world`) and upload to OpenGL as they are. Nothing here reads a clock: time is passed in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from math import cos, degrees, exp, pi, radians, sin, tan

import numpy as np

from nnviz3d.layout.grid import Layout
from nnviz3d.layout.hiding import MOST, hidden_shares

FOV = 35.0
LENS = 1 / tan(radians(FOV) / 2)  # what a length at distance 1 is in NDC, vertically
MARGIN = 0.06  # share of the free frame that stays empty on each side
FOOT = 0.13  # share of the height where a film's caption stands
FLIGHT = 0.7  # seconds; longer moves make people wait, slow drifting ones make them ill
ASIDE = 74.0  # degrees of yaw: from farther to the side walls of tiles are mere lines
PRESETS = {  # yaw, pitch in degrees: the direction from the target to the eye. Yaw 0 looks along +x from the input side
    "three_quarter": (37.0, 17.0),
    "front": (90.0, 4.0),
    "side": (62.0, 10.0),
    "top": (80.0, 62.0),
    "input": (6.0, 6.0),
    "output": (158.0, 14.0),
}


@dataclass(frozen=True)
class Pose:
    """Looks at `target` from `distance` away; `yaw` about +y and `pitch` above the horizon in radians; `shift` moves the picture
    sideways and up in NDC (a docked panel covers a part of the frame)."""

    target: tuple[float, float, float] = (0.0, 0.0, 0.0)
    yaw: float = radians(37)
    pitch: float = radians(17)
    distance: float = 10.0
    shift: tuple[float, float] = (0.0, 0.0)

    @cached_property
    def axes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Unit vectors right, up and back (from target to eye) in world space."""
        sy, cy, sp, cp = sin(self.yaw), cos(self.yaw), sin(self.pitch), cos(self.pitch)
        return np.array([sy, 0.0, cy]), np.array([sp * cy, cp, -sp * sy]), np.array([-cp * cy, sp, cp * sy])

    @cached_property
    def eye(self) -> np.ndarray:
        return np.array(self.target) + self.axes[2] * self.distance

    @cached_property
    def view_from_world(self) -> np.ndarray:
        """(4, 4) float32 for row vectors."""
        right, up, back = self.axes
        m = np.eye(4)
        m[:3, 0], m[:3, 1], m[:3, 2] = right, up, back
        m[3, :3] = -self.eye @ m[:3, :3]
        return m.astype(np.float32)

    @cached_property
    def _clips(self) -> dict[float, np.ndarray]:
        return {}

    def clip_from_view(self, aspect: float) -> np.ndarray:
        """(4, 4) float32 for row vectors, worked out once an aspect; near and far follow the distance, so that depth stays precise."""
        if aspect not in self._clips:
            self._clips[aspect] = self._clip(aspect)
        return self._clips[aspect]

    def _clip(self, aspect: float) -> np.ndarray:
        near, far = max(self.distance * 0.02, 0.02), self.distance * 4 + 100
        f = 1 / tan(radians(FOV) / 2)
        m = np.zeros((4, 4))
        m[0, 0], m[1, 1] = f / max(aspect, 1e-3), f
        m[2, 0], m[2, 1] = -self.shift[0], -self.shift[1]
        m[2, 2], m[2, 3] = (far + near) / (near - far), -1
        m[3, 2] = 2 * far * near / (near - far)
        return m.astype(np.float32)

    def project(self, points_n3: np.ndarray, aspect: float) -> np.ndarray:
        """(n, 3): NDC x, NDC y, distance along the view. Points behind the eye have a negative distance."""
        clip_from_world = (self.view_from_world.astype(np.float64) @ self.clip_from_view(aspect))[:, (0, 1, 3)]
        seen_n3 = points_n3 @ clip_from_world[:3] + clip_from_world[3]
        depth = seen_n3[:, 2]
        depth[np.abs(depth) < 1e-6] = 1e-6
        seen_n3[:, :2] /= depth[:, None]
        return seen_n3

    def ray(self, ndc: tuple[float, float], aspect: float) -> tuple[np.ndarray, np.ndarray]:
        """Origin and unit direction in world space of the line of sight through a point of the picture."""
        clip = self.clip_from_view(aspect)
        view = np.array([(ndc[0] - self.shift[0]) / clip[0, 0], (ndc[1] - self.shift[1]) / clip[1, 1], -1.0])
        right, up, back = self.axes
        direction = view[0] * right + view[1] * up + view[2] * back
        return self.eye, direction / np.linalg.norm(direction)


def point(xyz: Iterable[float]) -> tuple[float, float, float]:
    """Three numbers of any kind as a place."""
    x, y, z = xyz
    return float(x), float(y), float(z)


def fit(layout: Layout, yaw: float, pitch: float, aspect: float, panel: float = 0.0, foot: float = FOOT, head: float = 0.0) -> Pose:
    """The pose from this direction with the whole network in the free part of the frame, centred.

    `panel` is the share of the width that a panel covers at the right, `foot` and `head` the shares of the height kept for words.
    """
    axes = np.stack(Pose(yaw=yaw, pitch=pitch).axes)
    x, y, z = axes @ layout.extremes.astype(np.float64).T
    reach_y = tan(radians(FOV) / 2) * (1 - foot - head - MARGIN)
    reach_x = tan(radians(FOV) / 2) * aspect * (1 - panel - MARGIN)
    # a corner is inside where |x - eye_x| <= reach_x (eye_z - z): the nearest eye that all corners allow has a closed form
    spans = [((w + r * z).max(), (w - r * z).min(), r) for w, r in ((x, reach_x), (y, reach_y))]
    eye_z = max((high - low) / (2 * r) for high, low, r in spans)
    eye_x, eye_y = ((high - r * eye_z + low + r * eye_z) / 2 for high, low, r in spans)
    middle = float(axes[2] @ layout.centre)
    target = np.array([eye_x, eye_y, middle]) @ axes
    return Pose(point(target), yaw, pitch, float(max(eye_z - middle, 0.5)), (-panel, foot - head))


def preset(name: str, layout: Layout, aspect: float, panel: float = 0.0, foot: float = FOOT, head: float = 0.0) -> Pose:
    """The pose of a named preset. Raises KeyError for an unknown name."""
    yaw, pitch = PRESETS[name]
    if name == "three_quarter":  # a long network is seen more from the side, or its end would be a dot
        size = layout.high.max(0) - layout.low.min(0)
        if len(layout.tiles):
            return _seen_apart(layout, yaw, pitch, aspect, panel, foot, head)
        yaw += 32.0 * min(max(float(size[0] / max(size[1], size[2], 1e-3)) - 2.8, 0.0) / 6.0, 1.0)
    return fit(layout, radians(yaw), radians(pitch), aspect, panel, foot, head)


def _seen_apart(layout: Layout, yaw: float, pitch: float, aspect: float, panel: float, foot: float, head: float) -> Pose:
    """From so far to the side that no wall of tiles hides more than a fifth of another layer."""
    while True:
        pose = fit(layout, radians(yaw), radians(pitch), aspect, panel, foot, head)
        if yaw >= ASIDE or hidden_shares(layout, pose.eye).max() <= MOST:
            return pose
        yaw += 3.0


def ease(t: float) -> float:
    """Smoothstep of degree 5: starts and ends at rest."""
    t = min(max(t, 0.0), 1.0)
    return t * t * t * (t * (6 * t - 15) + 10)


def between(a: Pose, b: Pose, t: float) -> Pose:
    """The pose at share `t` of the way; distance goes by ratio, yaw the short way round."""
    turn = (b.yaw - a.yaw + pi) % (2 * pi) - pi
    target = tuple(np.array(a.target) * (1 - t) + np.array(b.target) * t)
    shift = (a.shift[0] * (1 - t) + b.shift[0] * t, a.shift[1] * (1 - t) + b.shift[1] * t)
    distance = a.distance ** (1 - t) * b.distance**t
    return Pose(target, a.yaw + turn * t, a.pitch * (1 - t) + b.pitch * t, distance, shift)


class Rig:
    """A pose that follows a goal: drags are damped, flights take `FLIGHT` seconds, an idle camera sways a little."""

    def __init__(self, pose: Pose):
        self.goal = self.pose = pose
        self._from: Pose | None = None
        self._flown = 0.0
        self._idle = 0.0
        self._phase = 0.0

    def jump(self, pose: Pose) -> None:
        self.goal = self.pose = pose
        self._from = None

    def fly(self, pose: Pose) -> None:
        self._from, self.goal, self._flown, self._idle = self.pose, pose, 0.0, 0.0

    def _held(self) -> Pose:
        """The goal, with a hand on the camera: that ends a flight where it is, and the sway."""
        if self._from is not None:
            self.goal, self._from = self.pose, None
        self._idle = 0.0
        return self.goal

    def orbit(self, dx: float, dy: float) -> None:
        """Turn by a drag in pixels: a third of a degree a pixel."""
        goal = self._held()
        pitch = float(np.clip(goal.pitch + radians(dy * 0.35), radians(-87), radians(87)))
        self.goal = replace(goal, yaw=goal.yaw - radians(dx * 0.35), pitch=pitch)

    def pan(self, dx: float, dy: float, height: float) -> None:
        """Move the target with the pointer: a pixel of drag is a pixel of the target's plane."""
        goal = self._held()
        right, up, _back = goal.axes
        unit = 2 * tan(radians(FOV) / 2) * goal.distance / max(height, 1.0)
        self.goal = replace(goal, target=tuple(np.array(goal.target) + (up * dy - right * dx) * unit))

    def zoom(self, notches: float) -> None:
        goal = self._held()
        self.goal = replace(goal, distance=float(np.clip(goal.distance * 0.88 ** float(np.clip(notches, -50, 50)), 0.3, 5e3)))

    def move(self, right: float, up: float, forward: float, dt: float) -> None:
        """Held keys: a share of the distance each second."""
        goal = self._held()
        x, y, back = goal.axes
        step = (x * right + y * up - back * forward) * goal.distance * 0.6 * dt
        self.goal = replace(goal, target=tuple(np.array(goal.target) + step))

    def advance(self, dt: float) -> None:
        """Move on by `dt` seconds."""
        if self._from is not None:
            self._flown += dt / FLIGHT
            self.pose = between(self._from, self.goal, ease(self._flown))
            if self._flown >= 1:
                self._from = None
        else:
            self.pose = between(self.pose, self.goal, 1 - exp(-dt * 14))
        self._idle += dt
        self._phase += dt

    def swayed(self, sway_degrees: float) -> Pose:
        """The pose to draw: with the idle sway, which fades in after two quiet seconds."""
        amount = radians(min(sway_degrees, 2.0)) * ease((self._idle - 2.0) / 3.0)
        return replace(
            self.pose, yaw=self.pose.yaw + amount * sin(self._phase * 0.55), pitch=self.pose.pitch + amount * 0.4 * sin(self._phase * 0.37)
        )

    def describe(self) -> str:
        return f"yaw {degrees(self.pose.yaw):.0f}, pitch {degrees(self.pose.pitch):.0f}, distance {self.pose.distance:.1f}"
