"""A cloud of points as a picture: discs in colour, the near ones larger and over the far ones, with a soft shadow on a plane below."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnviz3d.ui.core import theme

NEAR = 3.2  # distance of the eye, in radii of the cloud
FILL = 0.95  # of half the picture's height that the cloud's radius has
FLOOR = -0.95  # height of the plane
TOP, BOTTOM = (np.array(theme.rgb(colour)) for colour in ("#0a1020", "#121b31"))


@dataclass(frozen=True)
class CloudView:
    """`yaw`, `pitch` in radians."""

    yaw: float = 0.6
    pitch: float = 0.35

    def turned(self, dx: float, dy: float) -> CloudView:
        """By a drag, in shares of the picture's side."""
        return CloudView(self.yaw + 3.0 * dx, float(np.clip(self.pitch + 3.0 * dy, -0.2, 1.4)))

    def project(self, xyz_r3: np.ndarray, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
        """((r, 2) pixels from the top left, (r,) nearness: 1 in the middle, more in front)."""
        cy, sy, cp, sp = np.cos(self.yaw), np.sin(self.yaw), np.cos(self.pitch), np.sin(self.pitch)
        x, y, z = xyz_r3.T
        across, depth = cy * x - sy * z, sy * x + cy * z
        up, depth = cp * y - sp * depth, sp * y + cp * depth
        near = NEAR / np.maximum(NEAR - depth, 0.4)
        scale = FILL * height / 2
        return np.stack([width / 2 + scale * near * across, height * 0.46 - scale * near * up], 1), near


def painted(xyz_r3: np.ndarray, colour_r3: np.ndarray, view: CloudView, width: int, height: int, radius: float) -> np.ndarray:
    """(height, width, 4) uint8."""
    image = np.repeat((TOP + (BOTTOM - TOP) * np.linspace(0, 1, height)[:, None])[:, None], width, 1)
    if len(xyz_r3):
        image *= (1 - 0.5 * _shadow(xyz_r3, view, width, height))[..., None]
        _discs(image, xyz_r3, colour_r3, view, radius)
    return np.concatenate([np.round(255 * np.clip(image, 0, 1)), np.full((height, width, 1), 255.0)], -1).astype(np.uint8)


def _shadow(xyz_r3: np.ndarray, view: CloudView, width: int, height: int) -> np.ndarray:
    """(height, width) in [0, 1]."""
    below = xyz_r3 * [1, 0, 1] + [0, FLOOR, 0]
    place, _ = view.project(below, width, height)
    x, y = np.clip(place.astype(int), 0, [width - 1, height - 1]).T
    dark = np.bincount(y * width + x, minlength=width * height).reshape(height, width).astype(np.float32)
    reach = max(height // 26, 2)
    for axis in (0, 1, 0, 1):
        dark = _blurred(dark, reach if axis else max(reach // 2, 1), axis)
    most = float(dark.max())
    return np.sqrt(dark / most) if most > 0 else dark


def _blurred(values: np.ndarray, reach: int, axis: int) -> np.ndarray:
    """The mean over 2 reach + 1 cells along an axis."""
    pad = [(reach + 1, reach) if k == axis else (0, 0) for k in (0, 1)]
    total = np.cumsum(np.pad(values, pad), axis)
    n = values.shape[axis]
    return (np.take(total, np.arange(2 * reach + 1, 2 * reach + 1 + n), axis) - np.take(total, np.arange(n), axis)) / (2 * reach + 1)


def _discs(image: np.ndarray, xyz_r3: np.ndarray, colour_r3: np.ndarray, view: CloudView, radius: float) -> None:
    """Far ones first; a rim of the background keeps neighbours apart."""
    height, width = image.shape[:2]
    place, near = view.project(xyz_r3, width, height)
    order = np.argsort(near, kind="stable")
    reach = int(np.ceil(radius * float(near.max()))) + 1
    dy, dx = (part.ravel() for part in np.mgrid[-reach : reach + 1, -reach : reach + 1])
    centre = np.floor(place[order]).astype(int)
    x, y = centre[:, :1] + dx, centre[:, 1:] + dy
    distance = np.hypot(x + 0.5 - place[order, :1], y + 0.5 - place[order, 1:])
    cover = np.clip(radius * near[order, None] + 0.5 - distance, 0, 1)
    light = np.clip(0.35 + 0.65 * (near[order] - near.min()) / max(float(np.ptp(near)), 1e-9), 0, 1)
    colour = (colour_r3[order] * light[:, None])[:, None]
    inside = (cover > 0.02) & (x >= 0) & (x < width) & (y >= 0) & (y < height)
    back = TOP + (BOTTOM - TOP) * np.clip(y / height, 0, 1)[..., None]
    mixed = back + (colour - back) * cover[..., None]
    image[y[inside], x[inside]] = mixed[inside]  # of pixels named twice the last one stays: the nearest disc
