"""PyTorch models: what is taken is the same function with the same numbers, what is not is named, every one."""

import numpy as np
import pytest

from nnviz3d.formats import modules
from nnviz3d.spec.errors import InputError

torch = pytest.importorskip("torch", reason="needs PyTorch")
pytestmark = pytest.mark.frameworks
nn = torch.nn


def told(model):
    with pytest.raises(InputError) as caught:
        modules.take(model)
    return [str(problem) for problem in caught.value.problems]


def forward(taken, x_bi):
    """By its description and our own activations."""
    from nnviz3d.backend import choose

    ops = choose("cpu")
    activations = [layer.activation for layer in taken.network.layers] + [taken.network.output.activation]
    for k, activation in enumerate(activations):
        z = (x_bi @ taken.weights[f"layers.{k}.weight"].T).astype(ops.dtype)
        a = np.empty_like(z)
        for call in ops.activate("linear" if activation == "auto" else activation, z, taken.weights[f"layers.{k}.bias"], a):
            call()
        x_bi = a
    return x_bi


@pytest.mark.parametrize(
    "model",
    [
        nn.Linear(5, 3),
        nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3)),
        nn.Sequential(nn.Flatten(), nn.Linear(5, 4), nn.Tanh(),
            nn.Sequential(nn.Linear(4, 6), nn.GELU("tanh")), nn.Linear(6, 3), nn.Softmax(1)),
        nn.Sequential(nn.Linear(5, 4), nn.Identity(), nn.Linear(4, 4), nn.LeakyReLU(), nn.Linear(4, 4), nn.ELU(),
            nn.Linear(4, 1), nn.Sigmoid()),
        nn.Sequential(nn.Linear(5, 4), nn.SiLU(), nn.Linear(4, 4), nn.Softplus(), nn.Linear(4, 4), nn.GELU(), nn.Linear(4, 2)).double(),
    ],
)  # fmt: skip
def test_what_is_taken_gives_the_same_answers(model):
    x = torch.randn(7, 5, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = model(x.to(next(model.parameters()).dtype)).numpy()
    taken = modules.take(model)
    assert (taken.inputs, taken.outputs) == (5, expected.shape[1])
    np.testing.assert_allclose(forward(taken, x.numpy()), expected, rtol=1e-4, atol=1e-5)
    before = next(model.parameters()).detach().clone()
    taken.weights["layers.0.weight"][:] = 0  # a copy
    assert (next(model.parameters()) == before).all()


def test_dropout_goes_with_its_layer_and_no_end_is_left_open():
    taken = modules.take(nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.25), nn.Linear(8, 2)))
    assert taken.network.layers[0].dropout == 0.25 and taken.network.output.activation == "auto"


def test_everything_that_cannot_be_taken_is_named_at_once():
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(10, 8, bias=False), nn.LeakyReLU(0.2),
        nn.Sequential(nn.Linear(9, 8), nn.MaxPool1d(2)), nn.Hardtanh(), nn.Linear(8, 2), nn.Dropout(0.5),
    )  # fmt: skip
    problems = told(model)
    for start, words in {
        "model[0] (Conv2d)": "convolutions are not in the engine yet; taken are Linear, ReLU",
        "model[1] (BatchNorm2d)": "normalisation is not in the engine yet",
        "model[3] (Linear)": "Linear without a bias",
        "model[4] (LeakyReLU)": "negative_slope=0.2 is not supported; only negative_slope=0.01",
        "model[5][1] (MaxPool1d)": "pooling is not in the engine yet",
        "model[6] (Hardtanh)": "is not supported",
        "model[5][0] (Linear)": "takes 9 numbers, but the Linear before it outputs 8",
        "model[7] (Linear)": "a dropout of the output is not supported",
    }.items():
        assert any(problem.startswith(start) and words in problem for problem in problems), start
    assert len(problems) == 8


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (nn.Sequential(), "has no Linear layer"),
        (nn.Sequential(nn.ReLU(), nn.Linear(2, 2)), "comes before the first Linear"),
        (nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Tanh()), "comes after another activation of model[0] (Linear)"),
        (nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.1), nn.Tanh(), nn.Linear(2, 2)), "put the dropout behind the activation"),
        (nn.Sequential(nn.Linear(2, 2), nn.Softmax(1), nn.Linear(2, 2)), "softmax is supported only after the last Linear"),
        (nn.Sequential(nn.LazyLinear(3)), "its size is not known before the first sample"),
        (nn.Sequential(nn.Linear(2, 2, device="meta")), "has no values"),
        (nn.LSTM(2, 3), "calls its layers in its own way"),
        (nn.Sequential(nn.Linear(2, 2), nn.MultiheadAttention(2, 1)), "attention is not in the engine yet"),
    ],
)
def test_models_that_are_no_chain_of_layers(model, words):
    assert words in "\n".join(told(model))


def test_weights_that_are_not_finite():
    model = nn.Sequential(nn.Linear(2, 2))
    with torch.no_grad():
        model[0].weight[0, 0] = float("nan")
    assert told(model) == ["model[0] (Linear): weight: contains values that are not finite"]


def test_only_modules_are_models():
    assert modules.is_module(nn.Linear(1, 1)) and not modules.is_module("digits") and not modules.is_module(np.zeros(3))
