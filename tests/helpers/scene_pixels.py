"""The picture before the tone curve."""

import numpy as np

from nnviz3d.draw.renderer import Renderer


def scene_pixels(renderer: Renderer) -> np.ndarray:
    """What was rendered last, (H, W, 4) float32 linear light, first row on top."""
    assert renderer._scene is not None, "nothing was drawn"
    return renderer._scene.read("float32")
