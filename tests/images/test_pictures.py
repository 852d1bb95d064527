"""Pictures that only eyes can judge, kept: a few scenes on llvmpipe against references.

Untrained networks, so that the picture does not depend on which BLAS multiplied. After a change that is meant, look at the pictures and
renew them with `NNVIZ3D_RENEW=1 python3 tools/test.py tests/images`.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from nnviz3d.app.api import scene
from nnviz3d.app.api.recorder import Recorder
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from tests.helpers.png import read_png, write_png

pytestmark = [pytest.mark.gl, pytest.mark.picture]
HERE = Path(__file__).parent
ATOL = 3  # llvmpipe compiles for the processor it finds; AMD and Intel differ by 2 levels
BEYOND = 1e-4  # share of pixels that may differ by more: rims of spheres and ends of dashes
PICTURES = {
    "digits": {"scene": "digits", "size": (640, 360)},
    "panels": {"scene": "digits", "size": (1280, 720), "ui": True, "neuron": 70},
    "xor": {"scene": "xor", "size": (480, 270)},
    "wide": {"scene": "wide", "size": (640, 360)},
    "branches": {"scene": "residual", "size": (640, 360)},
    "deep_side": {"scene": "deep", "size": (640, 360), "camera": "side"},
    "walk": {"scene": "digits", "size": (480, 270), "phase": "backward:2@0.4"},
    "equations": {"scene": "xor", "size": (720, 480), "ui": True, "neuron": 3, "phase": "update:1@0.9"},
    "slabs": {"scene": "sort-gpt", "size": (960, 540)},
    "plate": {"scene": "spiral", "size": (480, 270)},
    "compare": {"scene": "compare", "size": (480, 270)},
}
FILMS = {"captions": {"scene": "one-iteration", "second": 2}}  # without the steps before it, for the same reason


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_looks_as_it_did(name):
    options = dict(PICTURES[name])
    compare(name, scene.shot(options.pop("scene"), backend="cpu", **options))


@pytest.mark.parametrize("name", FILMS)
def test_a_frame_of_a_film_looks_as_it_did(name):
    film = toml.load(FILMS[name]["scene"], [Edit("record.begin", 0)])
    with Recorder(film, size=(480, 270), fps=1, backend="cpu") as recorder:
        compare(name, recorder.frame(FILMS[name]["second"]))


def test_maps_of_a_convolution_look_as_they_did():
    """Sheets alone, without edges."""
    bare = toml.load("convnet", [Edit("look.edge_energy", 0.0), Edit("look.particles", 0.0)])
    compare("convolution", scene.shot(bare, (640, 360), backend="cpu"))


def test_an_opened_cell_of_a_convolution_looks_as_it_did():
    """Its window with gaps, partly in the padding; patch, kernel and products beside it."""
    toy = toml.load("conv-toy", [Edit("network.layers.0.padding", 1), Edit("network.layers.0.dilation", 2)])
    compare("cell", scene.shot(toy, (1280, 720), backend="cpu", ui=True, neuron=64 + 1))


def compare(name, image):
    """With the reference, or make it."""
    reference = HERE / "refs" / f"{name}.png"
    if os.environ.get("NNVIZ3D_RENEW"):
        write_png(image, reference)
        return
    wanted = read_png(reference)
    assert image.shape == wanted.shape
    difference = np.abs(image.astype(int) - wanted.astype(int)).max(2)
    beyond = float((difference > ATOL).mean())
    if beyond > BEYOND:
        diffs = HERE / "diffs"
        diffs.mkdir(exist_ok=True)
        write_png(image, diffs / f"{name}.png")
        write_png(
            (255 * (np.clip(difference, 0, 255) / 255) ** 0.25).astype(np.uint8)[..., None].repeat(3, 2), diffs / f"{name}_difference.png"
        )
    assert beyond <= BEYOND, f"{beyond:.2%} of the pixels differ by more than {ATOL}; see {HERE / 'diffs' / name}.png"


def test_training_changes_the_picture():
    assert (scene.shot("digits", (320, 180), backend="cpu") != scene.shot("digits", (320, 180), step=50, backend="cpu")).any()
