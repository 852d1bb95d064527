"""PyTorch models of any kind as graphs with values: nothing of the model changes, every number is torch's own, errors are placed."""

from __future__ import annotations

import random

import numpy as np
import pytest

from nnviz3d.spec.errors import InputError

torch = pytest.importorskip("torch", reason="needs PyTorch")
pytestmark = pytest.mark.frameworks
nn = torch.nn
F = nn.functional


@pytest.fixture
def capture():
    from nnviz3d.formats.torch.graph import capture

    return capture


class Block(nn.Module):
    def __init__(self, a, b, stride):
        super().__init__()
        self.c1, self.n1 = nn.Conv2d(a, b, 3, stride, 1, bias=False), nn.BatchNorm2d(b)
        self.c2, self.n2 = nn.Conv2d(b, b, 3, 1, 1, bias=False), nn.BatchNorm2d(b)
        self.skip = nn.Sequential(nn.Conv2d(a, b, 1, stride, bias=False), nn.BatchNorm2d(b)) if stride > 1 or a != b else nn.Identity()

    def forward(self, x):
        y = self.n2(self.c2(F.relu(self.n1(self.c1(x)), inplace=True)))
        y += self.skip(x)  # in place
        return F.relu_(y)


class ResNet(nn.Module):
    def __init__(self, widths=(8, 8, 16)):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 1, 1), nn.BatchNorm2d(8), nn.ReLU(True), nn.MaxPool2d(2))
        self.blocks = nn.Sequential(*(Block(a, b, 1 + (a != b)) for a, b in zip((8, *widths), widths, strict=False)))
        self.head = nn.Linear(widths[-1], 10)

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)).mean((2, 3)))


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.qkv, self.out = heads, nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        q, k, v = (t.unflatten(-1, (self.heads, -1)).transpose(1, 2) for t in self.qkv(x).chunk(3, -1))
        weights = (q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5).softmax(-1)
        return self.out((weights @ v).transpose(1, 2).flatten(2))


class ViT(nn.Module):
    def __init__(self, width=24, heads=3, depth=3):
        super().__init__()
        self.patches = nn.Conv2d(3, width, 4, 4)
        self.cls, self.place = nn.Parameter(torch.zeros(1, 1, width)), nn.Parameter(torch.randn(1, 17, width))
        self.layers = nn.ModuleList(
            nn.ModuleDict({"n": nn.LayerNorm(width), "a": Attention(width, heads), "m": nn.Linear(width, width)}) for _ in range(depth)
        )
        self.head = nn.Linear(width, 5)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(len(x), -1, -1), x], 1) + self.place
        for layer in self.layers:
            x = x + layer["a"](layer["n"](x))
            x = x + F.gelu(layer["m"](x))
        return self.head(x[:, 0])


class Lstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.e, self.l, self.o = nn.Embedding(50, 16), nn.LSTM(16, 32, 2, batch_first=True, bidirectional=True), nn.Linear(64, 5)

    def forward(self, x):
        return self.o(self.l(self.e(x))[0][:, -1])


class Tricky(nn.Module):
    """A module under two names that is called three times, writes through views, a constant, a dict as output."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(8, 8)
        self.again, self.last, self.scale = self.first, nn.Linear(8, 8), torch.full((8,), 0.5)

    def forward(self, x):
        h, buffer = self.first(x), torch.zeros(x.shape[0], 8)
        buffer[:, :4] = self.last(h)[:, :4]
        buffer.chunk(2, 1)[1].add_(self.first(h)[:, 4:])
        return {"out": torch.cat([self.again(buffer * self.scale), x], 1)}


class Fails(nn.Module):
    def __init__(self):
        super().__init__()
        self.ok, self.bad = nn.Linear(8, 8), nn.Linear(9, 2)

    def forward(self, x):
        return self.bad(torch.tanh(self.ok(x)))


MODELS = {
    "resnet": (ResNet, lambda: torch.randn(2, 3, 16, 16)),
    "vit": (ViT, lambda: torch.randn(2, 3, 16, 16)),
    "lstm": (Lstm, lambda: torch.randint(0, 50, (2, 12))),
    "encoder": (lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 4, 32, batch_first=True), 3), lambda: torch.randn(2, 7, 16)),
    "dropout": (lambda: nn.Sequential(nn.Linear(8, 8), nn.Dropout(), nn.BatchNorm1d(8), nn.Linear(8, 3)), lambda: torch.randn(4, 8)),
    "tricky": (Tricky, lambda: torch.randn(2, 8)),
}


def made(name):
    torch.manual_seed(1)
    model, x = MODELS[name]
    return model(), x()


def plain(out):
    return next(iter(out.values())) if isinstance(out, dict) else out


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("training", [True, False])
def test_a_run_that_is_watched_has_the_same_bits_and_changes_nothing(name, training, capture):
    model, x = made(name)
    model.train(training)
    state, before = torch.get_rng_state(), {key: t.clone() for key, t in model.state_dict().items()}
    other = random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002
    found = capture(model, (x,))
    assert torch.equal(torch.get_rng_state(), state) and random.getstate() == other[0]
    assert np.array_equal(np.random.get_state()[1], other[1])  # noqa: NPY002
    assert all(torch.equal(t, before[key]) for key, t in model.state_dict().items())
    assert model.training is training and torch.is_grad_enabled() and not found.error
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    with torch.no_grad():
        wanted = plain(model(x))
    torch.backends.mha.set_fastpath_enabled(fast)
    assert torch.equal(plain(found.result), wanted)
    last = found.graph.nodes[-1]
    assert np.array_equal(found.values[last.name].reshape(-1), wanted[0].numpy().reshape(-1))


@pytest.mark.parametrize("name", MODELS)
def test_every_module_that_is_called_is_there_with_its_output(name, capture):
    model, x = made(name)
    model.eval()
    seen = {}
    for path, module in model.named_modules():
        if not list(module.children()) and type(module) in (nn.Linear, nn.Conv2d, nn.LayerNorm, nn.Embedding):
            module.register_forward_hook(lambda module, x, y, path=path: seen.__setitem__(path, y[0].detach().numpy().copy()))
    found = capture(model, (x,))
    topology = found.graph.topology()
    assert not found.error and (seen.keys() <= topology.by_name.keys() if name != "tricky" else {"last"} <= seen.keys())
    seen = {path: value for path, value in seen.items() if not path.startswith(("first", "again"))}  # called several times
    for path, value in seen.items():
        assert np.array_equal(found.values[path], value)
        assert any(part == "weight" for part, _ in topology.by_name[path].parameters)
    assert all(np.array_equal(array, dict(model.named_parameters())[key].detach().numpy())
               for key, array in found.parameters.items() if key in dict(model.named_parameters()))  # fmt: skip


def test_axes_and_containers(capture):
    model, x = made("vit")
    topology = capture(model, (x,)).graph.topology()
    assert topology.input.axes == ("channel", "row", "column") and topology.by_name["patches"].shape == (24, 4, 4)
    softmax = topology.by_name["layers.1.a.softmax"]
    assert softmax.axes == ("head", "query", "key") and softmax.shape == (3, 17, 17)
    assert topology.by_name["layers.0.n"].axes == ("token", "feature") and topology.output.name == "head"
    resnet, x = made("resnet")
    topology = capture(resnet, (x,)).graph.topology()
    add = next(node for node in topology.nodes if node.name == "blocks.2.add")
    assert {source.name for source in topology.sources(add)} == {"blocks.2.n2", "blocks.2.skip.1"}
    assert topology.by_name["blocks.2.c1"].axes == ("channel", "row", "column")


def test_writes_through_views_and_calls_of_one_module_are_followed(capture):
    model, x = made("tricky")
    topology = capture(model, (x,)).graph.topology()
    assert sum(node.name.startswith("first") for node in topology.nodes) == 3
    last = next(node for node in topology.nodes if node.name == "mul")
    read = {source.name for source in topology.sources(last)}
    assert "add" in read  # which wrote into half of it through a view
    assert {source.name for source in topology.sources(topology.output)} >= {"first#3", "input"}


def test_an_error_is_placed_and_what_came_before_is_drawn(capture):
    torch.manual_seed(0)
    found = capture(Fails(), (torch.randn(2, 8),))
    assert "(in bad)" in found.error and "mat1 and mat2" in found.error and found.result is None
    assert [node.name for node in found.graph.nodes] == ["input", "ok", "tanh", "bad"] and found.graph.nodes[-1].op == "error"
    assert "tanh" in found.values and "bad" not in found.values

    class Own(nn.Module):
        def forward(self, x):
            if (x * 2).shape:
                raise ValueError("not today")

    assert "ValueError: not today" in capture(Own(), (torch.randn(2, 3),)).error


def test_what_holds_no_tensor_and_makes_nothing_is_refused(capture):
    with pytest.raises(InputError, match="holds no tensor"):
        capture(nn.Identity(), (3,))
    with pytest.raises(InputError, match="nothing that it has made"):
        capture(nn.Identity(), (torch.zeros(2, 2),))


def test_named_arguments_and_samples_without_an_axis_for_them(capture):
    class Two(nn.Module):
        def forward(self, a, b):
            return a @ b

    found = capture(Two(), (), {"a": torch.randn(3, 4), "b": torch.randn(4, 5)}, batched=False)
    assert [(node.name, node.shape) for node in found.graph.nodes] == [("input1", (3, 4)), ("input2", (4, 5)), ("matmul", (3, 5))]


@pytest.mark.parametrize("name", ["gpt2", "bert", "llama", "vit"])
def test_models_of_transformers(name, capture):
    hub = pytest.importorskip("transformers", reason="needs transformers")
    torch.manual_seed(0)
    ids = torch.randint(0, 99, (1, 9))
    small = {"vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
    picture = {key: value for key, value in small.items() if key != "vocab_size"}
    model, x = {
        "gpt2": lambda: (hub.GPT2LMHeadModel(hub.GPT2Config(vocab_size=99, n_embd=32, n_layer=2, n_head=4)), {"input_ids": ids}),
        "bert": lambda: (hub.BertModel(hub.BertConfig(**small)), {"input_ids": ids}),
        "llama": lambda: (hub.LlamaForCausalLM(hub.LlamaConfig(**small, num_key_value_heads=2)), {"input_ids": ids}),
        "vit": lambda: (hub.ViTModel(hub.ViTConfig(**picture, image_size=16, patch_size=4)), {"pixel_values": torch.randn(1, 3, 16, 16)}),
    }[name]()
    model.eval()
    found = capture(model, (), x)
    with torch.no_grad():
        wanted = next(iter(model(**x).to_tuple()))
    topology = found.graph.topology()
    assert not found.error and torch.equal(next(iter(found.result.to_tuple())), wanted)
    assert any(np.array_equal(found.values[node.name], wanted[0].numpy()) for node in topology.nodes if node.shape == wanted[0].shape)
    assert len(topology.nodes) > 20 and any(node.name.count(".") > 2 for node in topology.nodes)


@pytest.mark.gl
@pytest.mark.parametrize(("name", "own"), [("resnet", True), ("lstm", False), ("dropout", False)])
def test_show_gives_a_picture(name, own, monkeypatch):
    import nnviz3d as nv
    from nnviz3d.app.api.show import _opened
    from nnviz3d.backend import choose
    from nnviz3d.sources.opened import OpenedGraph
    from nnviz3d.sources.opened_network import OpenedNetwork

    model, x = made(name)
    model.train(name == "dropout")
    assert type(_opened(model, x, None, True).model(choose("cpu"))) is (OpenedNetwork if own else OpenedGraph)
    picture = nv.show(model, x, headless=True, size=(320, 200))
    assert picture.shape == (200, 320, 3) and picture.std() > 3
    monkeypatch.setenv("NNVIZ3D", "off")
    assert nv.show(model, x) == 0
    with pytest.raises(InputError, match="expected a PyTorch module"):
        monkeypatch.delenv("NNVIZ3D")
        nv.show(object(), x)
