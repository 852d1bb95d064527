"""Camera rails: poses at given times, and a smooth way through them. Pure: the same time gives the same pose.

Targets, distances and orientations follow Catmull-Rom tangents limited by Fritsch and Carlson (SIAM J. Numer. Anal. 17, 1980): the way goes
through every key, is smooth, and never swings beyond the two keys that it is between. Orientations are unit quaternions, so
the short way round is taken and no pole is special; a camera of ours has no roll.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import asin, atan2, cos, exp, log, sin

import numpy as np

from nnviz3d.draw.camera import Pose, point

STEPS = 400  # samples of a stretch's length, for constant speed


def quaternion(yaw: float, pitch: float) -> np.ndarray:
    """(w, x, y, z) of a turn by `yaw` about +y after one by `pitch` about +z."""
    cy, sy, cp, sp = cos(yaw / 2), sin(yaw / 2), cos(pitch / 2), sin(pitch / 2)
    return np.array([cy * cp, sy * sp, sy * cp, cy * sp])


def angles(q: np.ndarray) -> tuple[float, float]:
    """Yaw and pitch of the direction that a turn gives to +x; whatever roll it has is left out."""
    w, x, y, z = q / np.linalg.norm(q)
    forward = 1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)
    return atan2(-forward[2], forward[0]), asin(min(max(forward[1], -1.0), 1.0))


class Rail:
    """`times` (n,) rising, seconds; `poses` at them. `stops`: keys where the camera rests for a moment instead of passing through.

    `constant_speed`: between two stops the eye moves at one speed, and the keys between keep their places but not their times.
    Raises ValueError for times that do not rise, lengths that differ, and numbers that are not finite.
    """

    def __init__(self, times: Sequence[float], poses: Sequence[Pose], stops: Sequence[bool] = (), constant_speed: bool = False):
        self._t = np.asarray(times, np.float64)
        if len(self._t) != len(poses) or not len(poses):
            raise ValueError("a camera path needs one time per pose, and at least one pose")
        if not np.isfinite(self._t).all() or (np.diff(self._t) <= 0).any():
            raise ValueError("key frames must be in order of time")
        rows = np.array([(*p.target, log(p.distance), *quaternion(p.yaw, p.pitch), *p.shift) for p in poses])
        if not np.isfinite(rows).all():
            raise ValueError("a key frame holds a number that is not finite")
        for before, row in pairwise(rows):  # q and -q are the same turn: the nearer of the two
            if before[4:8] @ row[4:8] < 0:
                row[4:8] *= -1
        self._rows = rows
        self._stops = np.zeros(len(rows), bool)
        self._stops[: len(stops)] = stops
        self._stops[[0, -1]] = True
        self._slopes = limited(self._t, rows, self._stops)
        self._even = self._lengths() if constant_speed and len(rows) > 1 else None

    @property
    def duration(self) -> float:
        return float(self._t[-1] - self._t[0])

    def at(self, time: float) -> Pose:
        """The pose at a time; before the first key and after the last it rests."""
        if self._even is not None:
            time = float(np.interp(time, self._even[0], self._even[1]))
        row = hermite(self._t, self._rows, self._slopes, time)
        yaw, pitch = angles(row[4:8])
        return Pose(point(row[:3]), yaw, pitch, exp(row[3]), (float(row[8]), float(row[9])))

    def _lengths(self) -> tuple[np.ndarray, np.ndarray]:
        """Pairs (time of the film, time on the spline) that make the eye's speed constant between stops."""
        film, spline = [float(self._t[0])], [float(self._t[0])]
        borders = self._t[self._stops]
        for start, end in pairwise(borders):
            inner = np.linspace(start, end, STEPS * int(np.count_nonzero((self._t >= start) & (self._t < end))) + 1)
            eyes = np.array([_eye(hermite(self._t, self._rows, self._slopes, t)) for t in inner])
            way = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(eyes, axis=0), axis=1))])
            if way[-1] <= 0:
                continue
            film += (start + (end - start) * way[1:] / way[-1]).tolist()
            spline += inner[1:].tolist()
        return np.array(film), np.array(spline)


def _eye(row: np.ndarray) -> np.ndarray:
    yaw, pitch = angles(row[4:8])
    return Pose(tuple(row[:3]), yaw, pitch, exp(row[3])).eye


def limited(t: np.ndarray, rows: np.ndarray, stops: np.ndarray) -> np.ndarray:
    """(n, k) slopes at the keys: Catmull-Rom's, 0 at stops and turning points, and at most three times the flatter neighbour."""
    slopes = np.zeros_like(rows)
    if len(t) < 2:
        return slopes
    secants = np.diff(rows, axis=0) / np.diff(t)[:, None]
    for k in range(1, len(t) - 1):
        if stops[k]:
            continue
        before, after = secants[k - 1], secants[k]
        central = (rows[k + 1] - rows[k - 1]) / (t[k + 1] - t[k - 1])
        bound = 3 * np.minimum(np.abs(before), np.abs(after))
        slopes[k] = np.where(before * after > 0, np.clip(central, -bound, bound), 0.0)
    return slopes


def hermite(t: np.ndarray, rows: np.ndarray, slopes: np.ndarray, time: float) -> np.ndarray:
    """(k,) of the cubic through the keys; constant outside them."""
    if time <= t[0] or len(t) == 1:
        return rows[0]
    if time >= t[-1]:
        return rows[-1]
    k = int(np.searchsorted(t, time, "right")) - 1
    span = t[k + 1] - t[k]
    s = (time - t[k]) / span
    start, end = (1 + 2 * s) * (1 - s) ** 2, s * s * (3 - 2 * s)
    return start * rows[k] + end * rows[k + 1] + span * (s * (1 - s) ** 2 * slopes[k] - s * s * (1 - s) * slopes[k + 1])
