"""Scripts of the shipped scenes with other kinds than dense layers: their answers are the engine's."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d import backend
from nnviz3d.app.session.network_export import export
from nnviz3d.sources.own import OwnTraining
from nnviz3d.spec.scene import Scene
from tests.app.session.test_network_export import answered, outputs

SCENES = ("residual", "autoencoder", "convnet", "resnet-tiny", "vit-digits", "sort-gpt", "modular", "story-gpt")


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """After a few steps, so that no number is what it began as, running means included."""
    made = {name: OwnTraining(Scene.load(name), tmp_path_factory.mktemp("base"), backend.choose("cpu")) for name in SCENES}
    for source in made.values():
        source.run(3)
    return made


@pytest.mark.parametrize("language", ["numpy", pytest.param("torch", marks=pytest.mark.frameworks)])
def test_scripts_give_the_engine_s_outputs(sources, language, tmp_path):
    if language == "torch":
        pytest.importorskip("torch", reason="needs PyTorch")
    files = []
    for name, source in sources.items():
        files.append(tmp_path / f"{name}.py")
        export(source, files[-1], language)
    for name, said in zip(sources, answered(files), strict=True):
        expected = outputs(sources[name])
        assert len(said) == len(expected) >= 1
        np.testing.assert_allclose(said, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max(), err_msg=name)
