"""Pictures on disk: every pixel comes back, whole files or none, clear words."""

import numpy as np
import pytest

from nnviz3d.video.png import write_picture
from tests.helpers.png import read_png


@pytest.mark.parametrize("channels", [3, 4])
def test_png_gives_back_every_pixel(tmp_path, channels):
    image = np.random.default_rng(1).integers(0, 256, (7, 5, channels), np.uint8)
    write_picture(image, tmp_path / "a.png", ".png")
    assert (read_png(tmp_path / "a.png") == image).all()
