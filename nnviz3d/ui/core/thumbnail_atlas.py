"""Many small pictures as one texture: rows of numbers become cells of a sheet, made again only when they are others."""

from __future__ import annotations

import numpy as np
from imgui_bundle import imgui

from nnviz3d.ui.core.texture import Bitmap

DARK, LIGHT = np.array([17.0, 26.0, 48.0]), np.array([255.0, 236.0, 200.0])  # sRGB of the smallest and the largest value


def painted(x_n: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """(..., 4) uint8 of values in [low, high]: from the dark to warm light."""
    span = np.where(high > low, high - low, 1.0)
    share = np.clip(np.nan_to_num((x_n - low) / span), 0, 1)[..., None] ** 0.8
    colour = DARK + (LIGHT - DARK) * share
    return np.concatenate([colour, np.full((*share.shape[:-1], 1), 255.0)], -1).round().astype(np.uint8)


class Sheet:
    """Pictures of one size. `fill` is cheap for what it holds already; `draw` puts the k-th one somewhere."""

    def __init__(self):
        self.bitmap = Bitmap()
        self._key: object = None
        self._count = 0

    def fill(self, key: object, pictures: np.ndarray, pixels: int) -> None:
        """(n, H, W, 4) uint8 under a key. Enlarged without blur by whole numbers to about `pixels` on the longer side."""
        if key == self._key:
            return
        self._key = key
        grow = max(1, round(pixels / max(pictures.shape[1:3])))
        sheet = pictures.repeat(grow, 1).repeat(grow, 2)
        self._count, height, width = sheet.shape[:3]
        if self._count:
            self.bitmap.write(sheet.reshape(height * self._count, width, 4))

    def draw(self, draw_list, k: int, low: imgui.ImVec2, high: imgui.ImVec2) -> None:
        """The k-th picture, between two corners; nothing where there is none."""
        if 0 <= k < self._count:
            inset = 0.5 / self.bitmap.size[1]  # neighbours must not bleed in
            top, bottom = imgui.ImVec2(0, k / self._count + inset), imgui.ImVec2(1, (k + 1) / self._count - inset)
            draw_list.add_image(self.bitmap.ref, low, high, top, bottom)
