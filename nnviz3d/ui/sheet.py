"""Many small pictures as one texture: rows of numbers become cells of a sheet, made again only when they are others.

Through imgui's own texture system, like the formulas: no OpenGL name is ever seen here.
"""

from __future__ import annotations

import numpy as np
from imgui_bundle import imgui

_alive: set = set()  # textures that imgui still points to, even where an overlay is dropped without close()
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
        self._data: imgui.ImTextureData | None = None
        self._key: object = None
        self._count, self._dying = 0, []
        self.made = 0  # how often, for tests

    def fill(self, key: object, pictures: np.ndarray, pixels: int) -> None:
        """(n, H, W, 4) uint8 under a key. Enlarged without blur by whole numbers to about `pixels` on the longer side."""
        if key == self._key:
            return
        self._key = key
        self._release()
        grow = max(1, round(pixels / max(pictures.shape[1:3])))
        sheet = pictures.repeat(grow, 1).repeat(grow, 2)
        self._count, height, width = sheet.shape[:3]
        if not self._count:
            return
        data = imgui.ImTextureData()
        data.create(imgui.ImTextureFormat.rgba32, width, height * self._count)
        data.get_pixels_array().reshape(height * self._count, width, 4)[...] = sheet.reshape(-1, width, 4)
        imgui.internal.register_user_texture(data)
        _alive.add(data)
        self._data = data
        self.made += 1

    def draw(self, draw_list, k: int, low: imgui.ImVec2, high: imgui.ImVec2) -> None:
        """The k-th picture, between two corners; nothing where there is none."""
        if self._data is not None and 0 <= k < self._count:
            inset = 0.5 / self._data.height  # neighbours must not bleed in
            top, bottom = imgui.ImVec2(0, k / self._count + inset), imgui.ImVec2(1, (k + 1) / self._count - inset)
            draw_list.add_image(self._data.get_tex_ref(), low, high, top, bottom)

    def _release(self) -> None:
        """Let imgui's backend free the old one; forget those that it has freed."""
        if self._data is not None:
            self._data.set_status(imgui.ImTextureStatus.want_destroy)
            self._data.want_destroy_next_frame = True
            self._dying.append(self._data)
            self._data = None
        for data in [data for data in self._dying if data.status == imgui.ImTextureStatus.destroyed]:
            imgui.internal.unregister_user_texture(data)
            _alive.discard(data)
            self._dying.remove(data)
