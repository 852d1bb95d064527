"""Formulas as textures: MicroTeX into imgui's own texture system, so that no OpenGL name is ever seen here.

Only `ui.equations` and the equations of `layers` write what is rendered here. Text from files must never reach MicroTeX: a recursive macro
hangs it and a huge rule crashes it. Images are white and tinted when drawn, so a formula is rendered once for all colours.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import imgui_bundle
import numpy as np
from imgui_bundle import imgui, imgui_microtex

from nnviz3d.ui.core import theme

BYTE_CAP = 8 << 20  # about 500 formulas of 24 px
IDLE = 900  # frames after which what is not drawn any more is dropped: in a walk every step has numbers of its own
MAX_LENGTH = 400  # our longest is about 120; a bound, because MicroTeX makes pictures of any width
_WARM_UP = r"z^{[1]}_{j} = \sum_{i=1}^{4} w_{ji}\,a_i + b_j = 0.5"
_WHITE = 0xFFFFFFFF
_INKS = {"a": theme.ACCENT, "d": theme.ERROR_SIGNS[0]}  # what `layers.shared.notation` calls the colours of its letters
_state: dict[str, bool] = {}  # "ready" once tried: MicroTeX is one for the whole process
_alive: set = set()  # textures that imgui still points to, even where an overlay is dropped without close()


@contextlib.contextmanager
def _borrowed_locale():
    """MicroTeX asks for std::locale("en_US.UTF-8") and throws without it, which is the state of a stock Debian.

    glibc re-reads LOCPATH at each newlocale() and MicroTeX keeps the locale once it has it: a folder with a link of that name
    is enough for one warm-up formula.
    """
    source = next((p for p in ("/usr/lib/locale/C.utf8", "/usr/lib/locale/C.UTF-8") if Path(p).is_dir()), None)
    if source is None:
        yield
        return
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "en_US.UTF-8").symlink_to(source)
        before = os.environ.get("LOCPATH")
        os.environ["LOCPATH"] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ["LOCPATH"]
            else:
                os.environ["LOCPATH"] = before


def available() -> bool:
    """Start MicroTeX once in this process; False where it cannot run (then formulas are shown as plain text)."""
    if "ready" not in _state:
        _state["ready"] = _start()
    return _state["ready"]


def _start() -> bool:
    font = Path(os.fspath(imgui_bundle.__file__)).parent / "assets" / "fonts" / "latex" / "latinmodern-math"
    try:
        if not imgui_microtex.is_initialized():
            imgui_microtex.init(f"{font}.clm1", f"{font}.otf")
        with contextlib.suppress(RuntimeError):
            imgui_microtex.render(_WARM_UP, 20.0)
            return True
        if not sys.platform.startswith("linux"):
            return False
        with _borrowed_locale():
            imgui_microtex.render(_WARM_UP, 20.0)
        return True
    except (RuntimeError, OSError):
        return False


@dataclass
class Formula:
    """A rendered formula. Sizes in pixels; `baseline` from the top."""

    data: imgui.ImTextureData
    width: int
    height: int
    baseline: int

    def draw(self, draw_list, x: float, y: float, colour: int) -> None:
        """At pixel-exact places: the image is not resampled."""
        x, y = round(x), round(y)
        corner = imgui.ImVec2(x + self.width, y + self.height)
        draw_list.add_image(self.data.get_tex_ref(), imgui.ImVec2(x, y), corner, imgui.ImVec2(0, 0), imgui.ImVec2(1, 1), colour)


class Formulas:
    """A cache of rendered formulas by (latex, size), least recently used out first, never more than `byte_cap` of pixels."""

    def __init__(self, byte_cap: int = BYTE_CAP):
        self.byte_cap = byte_cap
        self.bytes = 0
        self.rendered = 0
        self._cache: OrderedDict[tuple[str, int], tuple[Formula, int]] = OrderedDict()
        self._failed: set[tuple[str, int]] = set()
        self._dying: list[imgui.ImTextureData] = []

    @property
    def ready(self) -> bool:
        """Whether formulas can be rendered at all."""
        return available()

    def __len__(self) -> int:
        return len(self._cache)

    def get(self, latex: str, size: float) -> Formula | None:
        """The formula at `size` pixels, rendered now if it is not cached. None: draw plain text instead."""
        key = (latex, round(size))
        found = self._cache.pop(key, None)
        if found is None:
            if key in self._failed or len(latex) > MAX_LENGTH or not available():
                return None
            formula = self._render(*key)
            if formula is None:
                self._failed = {key} if len(self._failed) >= 100 else self._failed | {key}
                return None
        else:
            formula = found[0]
        self._cache[key] = (formula, imgui.get_frame_count())
        return formula

    def has(self, latex: str, size: float) -> bool:
        """Whether `get` would cost nothing."""
        return (latex, round(size)) in self._cache or (latex, round(size)) in self._failed

    def _render(self, latex: str, size: int) -> Formula | None:
        for kind, colour in _INKS.items():
            latex = latex.replace(rf"\textcolor{{{kind}}}", rf"\textcolor{{{colour}}}")
        try:
            image = imgui_microtex.render(latex, float(size), _WHITE)
        except RuntimeError:
            return None
        pixels = np.asarray(image.pixels_as_array())
        height, width = pixels.shape[:2]
        if not (0 < width <= 4096 and 0 < height <= 1024):
            return None
        data = self.upload(pixels)
        self.bytes += pixels.nbytes
        self.rendered += 1
        return Formula(data, width, height, image.baseline_y)

    @staticmethod
    def upload(pixels: np.ndarray) -> imgui.ImTextureData:
        """A texture of (H, W, 4) uint8. `drop` gives it back."""
        height, width = pixels.shape[:2]
        data = imgui.ImTextureData()
        data.create(imgui.ImTextureFormat.rgba32, width, height)
        data.get_pixels_array().reshape(height, width, 4)[...] = pixels
        imgui.internal.register_user_texture(data)
        _alive.add(data)
        return data

    def drop(self, data: imgui.ImTextureData) -> None:
        """Free a texture when the backend is next at it."""
        data.set_status(imgui.ImTextureStatus.want_destroy)
        data.want_destroy_next_frame = True
        self._dying.append(data)

    def sweep(self) -> None:
        """Once a frame: free what is over the cap and not drawn in this frame, or was not drawn for long, and forget what is freed."""
        now = imgui.get_frame_count()
        while self._cache:
            key, (formula, used) = next(iter(self._cache.items()))
            if used >= now or (self.bytes <= self.byte_cap and now - used < IDLE):
                break
            del self._cache[key]
            self._release(formula)
        gone = [data for data in self._dying if data.status == imgui.ImTextureStatus.destroyed]
        for data in gone:
            imgui.internal.unregister_user_texture(data)
            _alive.discard(data)
        self._dying = [data for data in self._dying if data not in gone] if gone else self._dying

    def _release(self, formula: Formula) -> None:
        self.bytes -= formula.width * formula.height * 4
        self.drop(formula.data)
