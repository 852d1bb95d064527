"""PyTorch models: what is taken is the same function with the same numbers, what is not is named, every one."""

import numpy as np
import pytest

from nnviz3d.backend import choose
from nnviz3d.engine.forward_pass import ForwardPass
from nnviz3d.engine.objective import Objective
from nnviz3d.formats import weights
from nnviz3d.formats.torch import modules
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.topology_builder import build_topology

torch = pytest.importorskip("torch", reason="needs PyTorch")
pytestmark = pytest.mark.frameworks
nn, functional = torch.nn, torch.nn.functional
save_file = pytest.importorskip("safetensors.torch").save_file


def reported(model, shape=None):
    with pytest.raises(InputError) as caught:
        modules.take(model, shape)
    return [str(problem) for problem in caught.value.problems]


def through(taken, x):
    """A pass of rows, and the topology."""
    activation = taken.network.output.activation
    activation = "linear" if activation == "auto" else activation
    topology = build_topology(taken.network, taken.shape, taken.outputs, activation, input_axes=taken.axes)
    ops = choose("cpu")
    parameters = np.zeros(topology.n_parameters, np.float32)
    assert taken.weights.keys() == topology.parameter_ranges.keys()
    for name, r in topology.parameter_ranges.items():
        r.view(parameters)[...] = taken.weights[name]
    tokens = taken.axes == ("token",)
    objective = Objective("cross_entropy" if tokens else "mse", activation, taken.outputs if tokens else 0, tokens=tokens)
    return ForwardPass.of_rows(ops, topology, objective, parameters, x.reshape(len(x), -1)), topology


def settled(model):
    """With numbers in the place of those that modules begin with: norms that change nothing would hide what is mixed up."""
    generator = torch.Generator().manual_seed(5)
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        if tensor.dtype.is_floating_point and "mask" not in name:
            noise = torch.rand(tensor.shape, generator=generator, dtype=tensor.dtype)
            tensor.data = noise + 0.5 if name.endswith(("running_var", "norm.weight")) else noise - 0.4
    return model.eval()


class Residual(nn.Module):
    def __init__(self, channels=4, activation=None):
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)
        self.conv2, self.norm2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        y = self.relu(self.norm1(self.conv1(x)))
        return self.relu(self.norm2(self.conv2(y)) + x)


class Wider(Residual):
    """As torchvision writes it: half the size and more channels, which a convolution fits to the sum."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(4, 4, 3, 2, 1, bias=False)
        self.downsample = nn.Sequential(nn.Conv2d(4, 4, 1, 2, bias=False), nn.BatchNorm2d(4))

    def forward(self, x):
        out = self.norm2(self.conv2(self.relu(self.norm1(self.conv1(x)))))
        out += self.downsample(x)
        return self.relu(out)


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU())
        self.layer1 = nn.Sequential(Residual(), Residual())
        self.layer2 = nn.Sequential(nn.MaxPool2d(3, 2, 1), Wider())
        self.fc = nn.Linear(8, 3)

    def forward(self, x):
        x = self.layer2(self.layer1(self.stem(x)))
        a, b = functional.adaptive_avg_pool2d(x, 1).flatten(1), x.mean((2, 3))
        return self.fc(torch.cat([a, torch.sigmoid(b)], 1))


class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.out = nn.Linear(5, 4), nn.Linear(5, 4), nn.Linear(4, 3)

    def forward(self, x):
        x = x.view(x.size(0), -1)
        x = functional.gelu(self.a(x)) * self.b(x)
        x += functional.leaky_relu(x)
        return functional.log_softmax(self.out(functional.dropout(x, 0.2, self.training)), dim=1)


class Windows(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.out = nn.Conv2d(1, 3, 3), nn.Linear(27, 2)

    def forward(self, x):
        x = functional.max_pool2d(functional.relu(self.conv(x)), 2)
        return self.out(x.reshape(x.shape[0], -1))


class Language(nn.Module):
    """A small GPT of torch's own layers."""

    def __init__(self, norm_first=True, causal=True, dropout=0.0):
        super().__init__()
        self.tokens, self.places = nn.Embedding(7, 8), nn.Parameter(torch.randn(1, 5, 8))
        layer = nn.TransformerEncoderLayer(8, 2, 12, dropout, "gelu", batch_first=True, norm_first=norm_first)
        self.blocks = nn.ModuleList([layer, nn.TransformerEncoderLayer(8, 4, 16, dropout, batch_first=True, norm_first=norm_first)])
        self.norm, self.head, self.causal = nn.LayerNorm(8), nn.Linear(8, 7), causal
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(5), persistent=False)

    def forward(self, ids):
        x = self.tokens(ids) + self.places
        for block in self.blocks:
            x = block(x, src_mask=self.mask, is_causal=True) if self.causal else block(x)
        return self.head(self.norm(x))


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention, self.norm, self.out = nn.MultiheadAttention(8, 2, batch_first=True), nn.RMSNorm(8), nn.Linear(40, 3)

    def forward(self, x):
        y, _ = self.attention(x, x, x, need_weights=False)
        return self.out(torch.flatten(self.norm(x + y), 1))


SEQUENTIAL = [
    (nn.Linear(5, 3), (5,)),
    (nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3)), (5,)),
    (nn.Sequential(nn.Flatten(), nn.Linear(6, 4), nn.Tanh(), nn.Sequential(nn.Linear(4, 6), nn.GELU("tanh")),
        nn.Linear(6, 3), nn.Softmax(1)), (2, 3)),
    (nn.Sequential(nn.Linear(5, 4), nn.Identity(), nn.Linear(4, 4), nn.LeakyReLU(), nn.Linear(4, 4), nn.ELU(),
        nn.Linear(4, 1), nn.Sigmoid()), (5,)),
    (nn.Sequential(nn.Linear(5, 4), nn.SiLU(), nn.Linear(4, 4), nn.Softplus(), nn.Linear(4, 4), nn.GELU(), nn.Linear(4, 2)).double(), (5,)),
    (nn.Sequential(nn.Tanh(), nn.Linear(5, 4), nn.ReLU(), nn.Tanh(), nn.Linear(4, 2)), (5,)),
    (nn.Sequential(nn.Linear(5, 4), nn.Softmax(-1), nn.Dropout(0.2), nn.Tanh(), nn.Linear(4, 2)), (5,)),
    (nn.Sequential(nn.Linear(5, 4, bias=False), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2)), (5,)),
    (nn.Sequential(nn.Conv2d(1, 4, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 6, (3, 2), (2, 1), 1, groups=2),
        nn.BatchNorm2d(6), nn.Tanh(), nn.AvgPool2d(2, 1), nn.Flatten(), nn.Linear(48, 3)), (1, 10, 8)),
    (nn.Sequential(nn.Conv2d(3, 4, 3, padding="same", dilation=2), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(4, 3)), (3, 6, 6)),
    (nn.Sequential(nn.Conv1d(2, 4, 3, stride=2), nn.BatchNorm1d(4), nn.ReLU(), nn.MaxPool1d(2), nn.AvgPool1d(2, 1), nn.Conv1d(4, 4, 1),
        nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Dropout(0.1), nn.Linear(4, 2)), (2, 15)),
    (nn.Sequential(nn.LayerNorm(6), nn.Linear(6, 4), nn.RMSNorm(4), nn.Linear(4, 2)), (6,)),
    (nn.Sequential(nn.Linear(6, 8), nn.TransformerEncoderLayer(8, 2, 12, 0.1, batch_first=True), nn.LayerNorm(8), nn.Flatten(),
        nn.Linear(40, 3)), (5, 6)),
    (nn.Sequential(nn.TransformerEncoder(
        nn.TransformerEncoderLayer(8, 2, 12, 0.1, "gelu", batch_first=True, norm_first=True), 2, nn.LayerNorm(8),
        enable_nested_tensor=False), nn.Flatten(), nn.Linear(40, 3)), (5, 8)),
    (nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), Residual(), nn.Flatten(), nn.Linear(4 * 36, 3)), (2, 6, 6)),
    (ResNet(), (2, 6, 6)), (Gated(), (5,)), (Windows(), (1, 8, 8)), (Attention(), (5, 8)),
]  # fmt: skip


@pytest.mark.parametrize(("model", "shape"), SEQUENTIAL)
def test_what_is_taken_gives_the_same_answers(model, shape):
    settled(model)
    x = torch.randn(7, *shape, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = model(x.to(next(model.parameters()).dtype)).numpy()
    if isinstance(model, Gated):
        expected = np.exp(expected)  # of the logarithm of a softmax
    taken = modules.take(model, shape)
    assert (taken.shape, taken.outputs) == (shape, expected.shape[1])
    found = through(taken, x.numpy())[0].outputs()
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())
    before, name = next(model.parameters()).detach().clone(), next(iter(taken.weights))
    taken.weights[name][:] = 0  # a copy
    assert (next(model.parameters()) == before).all()


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("causal", [True, False])
def test_a_language_model_answers_at_each_token(norm_first, causal):
    model = settled(Language(norm_first, causal))
    ids = torch.randint(7, (6, 5), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = functional.softmax(model(ids), 2).numpy()  # the loss decides that the outputs are shares
    taken = modules.take(model, (5,))
    assert taken.axes == ("token",) and {"blocks.0.query.weight", "blocks.1.mlp2.bias", "norm.weight"} <= taken.weights.keys()
    found = through(taken, ids.numpy())[0].outputs()
    np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


def test_activations_of_modules_are_those_of_layers_of_their_names():
    model, seen = settled(ResNet()), {}
    for name, module in model.named_modules():
        if isinstance(module, (nn.BatchNorm2d, nn.Conv2d)):
            module.register_forward_hook(lambda module, x, y, name=name: seen.update({name: y.detach().clone()}))
    x = torch.randn(3, 2, 6, 6)
    model(x)
    run, topology = through(modules.take(model, (2, 6, 6)), x.numpy())
    run.outputs()
    assert len(seen) == 16 and seen.keys() <= topology.by_name.keys()
    for name, expected in seen.items():
        found = run.buffers.z[topology.by_name[name].number].reshape(expected.shape)
        np.testing.assert_allclose(found, expected.numpy(), rtol=1e-5, atol=1e-5 * float(expected.abs().max()), err_msg=name)


@pytest.mark.parametrize(("make", "shape"), [(ResNet, (2, 6, 6)), (Language, (5,)), (lambda: SEQUENTIAL[8][0], (1, 10, 8))])
def test_a_saved_state_dict_is_the_same_weights(make, shape, tmp_path):
    """Beside a model's own names for what its modules hold: thirds of in_proj, convolutions without biases, counts of batches."""
    model = settled(make())
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, tmp_path / "w.safetensors")
    taken, said = modules.take(model, shape), []
    found = weights.load(tmp_path / "w.safetensors", through(taken, np.zeros((1, *shape)))[1], say=said.append)
    assert found.keys() == taken.weights.keys() and len(said) == 1
    assert all(np.array_equal(found[name], array) for name, array in taken.weights.items())


def test_dropout_goes_with_its_layer_and_no_end_is_left_open():
    taken = modules.take(nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.25), nn.Linear(8, 2)))
    assert taken.network.layers[0].dropout == 0.25 and taken.network.output.activation == "auto"
    assert list(taken.weights) == ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"]


def test_everything_that_cannot_be_taken_is_named_at_once():
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding_mode="reflect"), nn.BatchNorm2d(4, affine=False), nn.Flatten(), nn.Linear(10, 8, bias=False),
        nn.LeakyReLU(0.2), nn.Sequential(nn.Linear(9, 8), nn.MaxPool1d(2, ceil_mode=True)), nn.Hardtanh(), nn.Linear(8, 2), nn.Dropout(0.5),
    )  # fmt: skip
    problems = reported(model, (1, 8, 8))
    for start, words in {
        "model[0] (Conv2d)": "padding_mode='reflect' is not supported",
        "model[1] (BatchNorm2d)": "only with affine=True",
        "model[4] (LeakyReLU)": "negative_slope=0.2 is not supported; only negative_slope=0.01",
        "model[5][1] (MaxPool1d)": "ceil_mode=True is not supported",
        "model[6] (Hardtanh)": "is not supported; supported are Linear, Conv1d",
        "model[7] (Linear)": "a dropout of the output is not supported",
    }.items():
        assert any(problem.startswith(start) and words in problem for problem in problems), (start, problems)


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.out = nn.Linear(2, 2), nn.Linear(2, 2)

    def forward(self, x):
        return self.out(self.a(self.a(x)))


class Depends(Twice):
    def forward(self, x):
        return self.out(x) if x.sum() > 0 else self.a(x)


class Strange(Twice):
    def forward(self, x):
        return self.out(torch.roll(self.a(x) * 2, 1))


class Slope(Twice):
    def forward(self, x):
        return self.out(functional.softplus(functional.leaky_relu(self.a(x), 0.3), 2.0))


@pytest.mark.parametrize(
    ("model", "shape", "words"),
    [
        (nn.Sequential(), (2,), "has no Linear layer"),
        (nn.Sequential(nn.Linear(2, 2), nn.Linear(3, 2)), (2,), "model[1] (Linear): takes 3 numbers, but reads 2"),
        (nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2, bias=False)), (2,), "Linear without a bias"),
        (nn.Sequential(nn.LazyLinear(3)), (2,), "its size is not known before the first sample"),
        (nn.Sequential(nn.Linear(2, 2, device="meta")), (2,), "has no values"),
        (nn.LSTM(2, 3), (2,), "recurrent layers are not in the engine yet"),
        (nn.Sequential(nn.Linear(2, 2), nn.MultiheadAttention(2, 1)), (3, 2), "model[1] (MultiheadAttention): batch_first=False"),
        (nn.Sequential(nn.Conv2d(1, 2, 9), nn.Flatten(), nn.Linear(2, 2)), (1, 8, 8), "model[0] (Conv2d): a window of 9 rows"),
        (nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten(), nn.Linear(2, 2)), (1, 8, 8), "its weight is 2 x 3 x 3 x 3; for what it reads"),
        (nn.Sequential(nn.Conv2d(1, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()), (1, 8, 8), "is the last; the output of a network"),
        (
            nn.Sequential(nn.Conv2d(1, 2, 3), nn.Linear(6, 2)),
            (1, 8, 8),
            "model[1] (Linear): takes 6 numbers, but reads 2 x 6 x 6; put a Flatten",
        ),
        (nn.Sequential(nn.Linear(6, 2)), (4, 6), "answers at each token"),
        (nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(72, 2)), None, "samples whose shape is not known"),
        (nn.Sequential(nn.Embedding(5, 3, padding_idx=0), nn.Linear(3, 5)), (4,), "padding_idx=0 is not supported"),
        (Twice(), (2,), "model.a (Linear): is called twice"),
        (Depends(), (2,), "Depends calls its layers in a way that torch.fx cannot trace"),
        (Slope(), (2,), "model, leaky_relu(): negative_slope=0.3 is not supported"),
        (Slope(), (2,), "model, softplus(): 2.0 is not supported"),
        (Strange(), (2,), "model, mul(): multiply of int is not supported"),
        (Strange(), (2,), "model, roll(): is not supported; supported are add, mul"),
    ],
)
def test_models_that_cannot_be_taken(model, shape, words):
    assert words in "\n".join(reported(model, shape))


def test_weights_that_are_not_finite():
    model = nn.Sequential(nn.Linear(2, 2))
    with torch.no_grad():
        model[0].weight[0, 0] = float("nan")
    assert reported(model) == ["model[0] (Linear): weight: contains values that are not finite"]


def test_only_modules_are_models():
    assert modules.is_module(nn.Linear(1, 1)) and not modules.is_module("digits") and not modules.is_module(np.zeros(3))
