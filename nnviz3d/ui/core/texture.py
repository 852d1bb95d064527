"""A picture made of numbers, in imgui's own texture system, so that no OpenGL name is seen here: renewed in place, one quad."""

from __future__ import annotations

import numpy as np
from imgui_bundle import imgui

_alive: set = set()  # textures that imgui still points to, even where an overlay is dropped


class Bitmap:
    """`write` when the numbers changed, `ref` each frame."""

    def __init__(self):
        self._data: imgui.ImTextureData | None = None
        self._dying: list[imgui.ImTextureData] = []
        self.writes = 0

    @property
    def size(self) -> tuple[int, int]:
        """(width, height); (0, 0) before the first `write`."""
        return (self._data.width, self._data.height) if self._data is not None else (0, 0)

    @property
    def ref(self) -> imgui.ImTextureRef:
        """To draw it by. Raises ValueError before the first `write`."""
        if self._data is None:
            raise ValueError("nothing was written")
        return self._data.get_tex_ref()

    def write(self, pixels: np.ndarray) -> None:
        """(height, width, 4) uint8, rows from the top. Another size makes another texture."""
        height, width = pixels.shape[:2]
        self.writes += 1
        self._bury()
        data = self._data
        if data is None or (data.width, data.height) != (width, height):
            data = self._replace(width, height)
        data.get_pixels_array().reshape(height, width, 4)[...] = pixels
        if data.status == imgui.ImTextureStatus.ok:  # else the backend has yet to make it, with these pixels
            rect = imgui.ImTextureRect()
            rect.x = rect.y = 0
            rect.w, rect.h = width, height
            data.updates.clear()
            data.updates.push_back(rect)
            data.update_rect = rect
            data.set_status(imgui.ImTextureStatus.want_updates)

    def _replace(self, width: int, height: int) -> imgui.ImTextureData:
        if self._data is not None:
            self._data.set_status(imgui.ImTextureStatus.want_destroy)
            self._data.want_destroy_next_frame = True
            self._dying.append(self._data)
        self._data = data = imgui.ImTextureData()
        data.create(imgui.ImTextureFormat.rgba32, width, height)
        imgui.internal.register_user_texture(data)
        _alive.add(data)
        return data

    def _bury(self) -> None:
        """Forget what the backend has freed."""
        for data in [data for data in self._dying if data.status == imgui.ImTextureStatus.destroyed]:
            imgui.internal.unregister_user_texture(data)
            _alive.discard(data)
            self._dying.remove(data)


def ramp(*stops: tuple[float, str, float]) -> np.ndarray:
    """(256, 4) uint8 colours through (place in [0, 1], sRGB hex, alpha), linear between the stops."""
    from nnviz3d.ui.core.theme import rgb

    at = np.linspace(0, 1, 256)
    places = [place for place, _, _ in stops]
    channels = np.array([(*rgb(colour), alpha) for _, colour, alpha in stops]).T
    return np.round(255 * np.stack([np.interp(at, places, channel) for channel in channels], 1)).astype(np.uint8)
