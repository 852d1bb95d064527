"""Large networks can be read at every size: little is white, nothing is piled up, the outputs stand free."""

import pytest

from nnviz3d.app.api import scene

WHITE = 0.02  # of the pixels at most


@pytest.mark.parametrize("size", [(640, 480), (1280, 720), (2560, 1440)])
@pytest.mark.parametrize("name", ["sort-gpt", "resnet-tiny"])
def test_little_of_the_picture_is_white(name, size):
    image = scene.shot(name, size, backend="cpu")[..., :3]
    assert (image.min(-1) >= 250).mean() <= WHITE
    assert (image.max(-1) > 60).mean() > 0.03, "and there is a picture"
