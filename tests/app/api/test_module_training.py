"""A PyTorch model that is recorded while it trains: played back, every step has the activations that the model has after it."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.app.api import module_scene
from nnviz3d.backend import choose
from nnviz3d.formats import weights
from nnviz3d.formats.nnrec.reader import Recording
from nnviz3d.sources.own import OwnTraining
from nnviz3d.sources.recorded import RecordedTraining, scene_of
from nnviz3d.sources.training_recorder import TrainingRecorder
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit

torch = pytest.importorskip("torch", reason="needs PyTorch")
modules = pytest.importorskip("tests.formats.test_modules")
pytestmark = pytest.mark.frameworks
nn = torch.nn
STEPS, RATE = 4, 0.05


def recorded(model, x, y, folder):
    """What is played, of plain gradient descent on all samples."""
    opened, first = module_scene.of_model(model, (x, y), folder, None)
    settings = {"data.test_fraction": 0.0, "train.optimizer": "sgd", "train.learning_rate": RATE, "train.batch": 0, "view.sample": 2}
    scene = toml.apply(opened.scene, [Edit(key, value) for key, value in settings.items()])
    source = OwnTraining(scene, folder, choose("cpu"))
    source.load(weights.load(first, source.topology))
    recorder = TrainingRecorder(source.trainer, scene, folder, folder / "r.nnrec")
    for _ in range(STEPS):
        source.run(1)
        recorder.note()
    recorder.close("steps")
    recording = Recording(folder / "r.nnrec")
    return RecordedTraining(recording, scene_of(recording), folder, choose("cpu"))


def watched(model):
    """By name: what modules return for the last input. Those that a layer is made of are read through, not called."""
    seen = {}
    for name, module in model.named_modules():
        if type(module) in (nn.Linear, nn.Conv2d, nn.BatchNorm2d, nn.BatchNorm1d, nn.LayerNorm, nn.Embedding) and ".self_attn" not in name:
            module.register_forward_hook(lambda module, x, y, name=name: seen.__setitem__(name, y.detach().numpy().copy()))
    return seen


def images(n=12):
    generator = torch.Generator().manual_seed(2)
    return torch.randn(n, 2, 6, 6, generator=generator), torch.arange(n) % 3


def sequences(n=12):
    ids = torch.randint(7, (n, 5), generator=torch.Generator().manual_seed(2))
    ids[0, 0] = 6
    return ids, ids.flip(1)


@pytest.mark.parametrize(
    ("make", "data", "least"),
    [
        (lambda: nn.Sequential(nn.Flatten(), nn.Linear(72, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 3)), images, 0),
        (modules.ResNet, images, 8),
        (modules.Language, sequences, 3),
        (lambda: modules.Language(norm_first=False, causal=False), sequences, 3),
    ],
)
def test_a_recorded_model_has_the_activations_of_the_model(make, data, least, tmp_path):
    torch.manual_seed(1)
    model, (x, y) = make(), data()
    played = recorded(model, x, y, tmp_path)
    seen, optimizer = watched(model), torch.optim.SGD(model.parameters(), RATE)
    for step in range(STEPS + 1):
        model.eval()
        with torch.no_grad():
            expected = nn.functional.softmax(model(x[2:3]), -1).numpy().ravel()
        played.enter(step)
        a, z = played.tensors("activation"), played.tensors("z")
        assert played.step == step
        np.testing.assert_allclose(a[played.topology.output.neurons.slice], expected, rtol=1e-5, atol=1e-5)
        named = [name for name in seen if name in played.topology.by_name]
        assert len(named) >= least
        for name in named:
            found = z[played.topology.by_name[name].neurons.slice]
            np.testing.assert_allclose(found, seen[name].ravel(), rtol=1e-5, atol=1e-5 * np.abs(seen[name]).max(), err_msg=name)
        model.train()
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x).reshape(-1, expected.size // (1 if y.ndim == 1 else y.shape[1])), y.reshape(-1)).backward()
        optimizer.step()
