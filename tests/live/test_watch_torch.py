"""A PyTorch training that is watched at every step is the same to the last bit as one that is not; and what is sent is what it has."""

from __future__ import annotations

import os
import random
import sys

import numpy as np
import pytest

import nnviz3d as nv
from nnviz3d.formats.torch import modules
from nnviz3d.live.torch_state import untouched
from nnviz3d.sources.watching.network import network_of
from nnviz3d.spec import toml
from nnviz3d.spec.scene import Scene
from tests.helpers import documents
from tests.helpers.watched import TestViewer

torch = pytest.importorskip("torch", reason="needs PyTorch")
pytestmark = pytest.mark.frameworks
nn, F = torch.nn, torch.nn.functional
STEPS = 12


@pytest.fixture(autouse=True)
def _one_thread(alone):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


class Mlp(nn.Module):
    def __init__(self, inputs=12, hidden=16):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(inputs, hidden),
            nn.ReLU(),
            nn.Dropout(0.3),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Dropout(0.3),
            nn.Linear(hidden, 10),
        )

    def forward(self, x):
        return self.net(x)


class Residual(nn.Module):
    def __init__(self, c=6):
        super().__init__()
        self.stem, self.a, self.b = (nn.Sequential(nn.Conv2d(i, c, 3, 1, 1), nn.BatchNorm2d(c)) for i in (3, c, c))
        self.head = nn.Linear(c, 10)

    def forward(self, x):
        x = F.relu(self.stem(x))
        x = F.relu(x + self.b(F.relu(self.a(x))))
        return self.head(x.mean((2, 3)))


class Encoder(nn.Module):
    """Its attention keeps queries, keys and values in one array; ours are three."""

    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(20, 16)
        self.t = nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 32, 0.2, batch_first=True), 2)
        self.h = nn.Linear(16, 20)

    def forward(self, x):
        return self.h(self.t(self.e(x)))


class Odd(nn.Module):
    """Not of our kinds. Counts its calls and uses the count, writes buffers, keeps lists, draws random numbers of all sorts, has tied and
    frozen parts and a parametrisation."""

    def __init__(self):
        super().__init__()
        self.a = nn.utils.parametrizations.weight_norm(nn.Linear(12, 12))
        self.n, self.b, self.c = nn.BatchNorm1d(12), nn.Linear(12, 12), nn.Linear(12, 12)
        self.c.weight = self.b.weight
        self.n.eval()
        self.n.requires_grad_(False)
        self.register_buffer("ema", torch.zeros(12))
        self.calls, self.cache, self.seen = 0, None, []

    def forward(self, x):
        self.calls += 1
        self.seen.append(self.calls)
        self.cache = torch.ones(12) * 0.5 if self.cache is None else self.cache
        h = self.n(self.a(x)) * self.cache + random.random() + np.random.rand()  # noqa: NPY002
        self.ema.lerp_(h.detach().mean(0), 0.1)
        return self.c(torch.tanh(self.b(h) + self.ema + self.calls * 1e-3 + len(self.seen) * 1e-3))[:, :10]


def batch(i, kind):
    g = torch.Generator().manual_seed(i)
    x = {"v": (8, 12), "img": (8, 3, 8, 8), "ids": (8, 6)}[kind]
    y = torch.randint(0, 10, (8, 6) if kind == "ids" else (8,), generator=g)
    return (torch.randint(0, 20, x, generator=g) if kind == "ids" else torch.randn(x, generator=g)), y


def cross_entropy(output, y):
    return F.cross_entropy(output.flatten(0, -2), y.flatten())


def plain(kind, make, optimizer, micro=1, set_to_none=True, schedule=False, clip=False):
    def case():
        model = make()
        o = optimizer(model.parameters())
        rate = torch.optim.lr_scheduler.ExponentialLR(o, 0.9) if schedule else None

        def step(i):
            o.zero_grad(set_to_none=set_to_none)
            for j in range(micro):
                x, y = batch(i * micro + j, kind)
                loss = cross_entropy(model(x), y) / micro
                loss.backward()
            if clip:
                nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            o.step()
            if rate is not None:
                rate.step()
            return loss.detach()

        return model, [o], step

    return case


def zeroed_at_once():
    """The gradients are gone when the step is over."""
    model = Mlp()
    o = torch.optim.Adam(model.parameters())

    def step(i):
        x, y = batch(i, "v")
        loss = cross_entropy(model(x), y)
        loss.backward()
        o.step()
        o.zero_grad()
        return loss.detach()

    return model, [o], step


def two_optimizers():
    model = Mlp()
    a, b = torch.optim.SGD(model.net[6].parameters(), 0.05), torch.optim.Adam(model.net[:6].parameters())

    def step(i):
        x, y = batch(i, "v")
        h = model.net[:6](x)
        one, two = cross_entropy(model.net[6](h.detach()), y), h.square().mean()
        a.zero_grad()
        b.zero_grad()
        one.backward()
        a.step()
        two.backward()
        b.step()
        return (one + two).detach()

    return model, [a, b], step


def lbfgs():
    model = Mlp()
    o = torch.optim.LBFGS(model.parameters(), 0.1, max_iter=4, line_search_fn="strong_wolfe")

    def step(i):
        x, y = batch(i, "v")

        def closure():
            o.zero_grad()
            loss = cross_entropy(model(x), y)
            loss.backward()
            return loss

        return o.step(closure).detach()

    return model, [o], step


def scaler():
    """Like mixed precision: some steps are skipped, in others the forward pass is in bfloat16."""
    model = Mlp()
    o, s = torch.optim.SGD(model.parameters(), 0.05, 0.9), torch.amp.GradScaler("cpu", init_scale=64.0, growth_interval=5)

    def step(i):
        x, y = batch(i, "v")
        o.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=i % 2 == 0):
            loss = cross_entropy(model(x), y)
        s.scale(loss).backward()
        if i % 4 == 3:
            model.net[0].weight.grad[0, 0] = torch.inf
        s.step(o)
        s.update()
        return loss.detach().float()

    return model, [o], step


def compiled():
    model = torch.compile(Mlp(), backend="eager")
    o = torch.optim.SGD(model.parameters(), 0.05, 0.9)

    def step(i):
        x, y = batch(i, "v")
        o.zero_grad()
        loss = cross_entropy(model(x), y)
        loss.backward()
        o.step()
        return loss.detach()

    return model, [o], step


def by_hand():
    """No optimiser at all."""
    model = Mlp()

    def step(i):
        x, y = batch(i, "v")
        model.zero_grad()
        loss = cross_entropy(model(x), y)
        loss.backward()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter -= 0.05 * parameter.grad
        return loss.detach()

    return model, [], step


adam, sgd = torch.optim.Adam, lambda parameters: torch.optim.SGD(parameters, 0.05, 0.9)
CASES = {
    "dropout": plain("v", Mlp, sgd),
    "batch norm": plain("img", Residual, adam),
    "attention": plain("ids", Encoder, adam),
    "accumulation": plain("v", Mlp, adam, micro=3),
    "set to zero": plain("v", Mlp, adam, set_to_none=False),
    "schedule and clipping": plain("v", Mlp, sgd, schedule=True, clip=True),
    "odd module": plain("v", Odd, sgd),
    "zeroed at once": zeroed_at_once,
    "two optimizers": two_optimizers,
    "lbfgs": lbfgs,
    "scaler": scaler,
    "compiled": compiled,
    "by hand": by_hand,
}
OURS = set(CASES) - {"odd module"}


def seed():
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002
    random.seed(1)
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()


def train(case, watched, given=False, steps_called=True, sample=None):
    """All that a training leaves behind, and what a viewer got."""
    seed()
    model, optimizers, step = CASES[case]()
    losses, gradients, viewer = [], [], None
    view = nv.watch(model, optimizers if given else None, every=0, sample=sample) if watched else nv.watch(model, enabled=False)
    with view:
        if watched:
            viewer = TestViewer(view.sink.address)
            assert viewer.until(lambda v: v.headers("hello"))
        for i in range(STEPS):
            losses.append(step(i))
            gradients.append([None if p.grad is None else p.grad.clone() for p in model.parameters()])
            if steps_called:
                view.step(loss=losses[-1])
            if watched and i in (STEPS // 2, STEPS - 1):  # now and then a viewer keeps up
                viewer.until(lambda v, i=i: v.frames() and v.frames()[-1].header.step >= i + steps_called)
    state = [value.clone() for value in model.state_dict().values()]
    rest = [torch.get_rng_state(), torch.tensor([random.random(), np.random.rand()])]  # noqa: NPY002
    graphs = torch._dynamo.utils.counters["stats"]["unique_graphs"]
    extra = [vars(module).get(key) for module in model.modules() for key in ("calls", "seen")]
    for optimizer in optimizers:
        rest += [value for held in optimizer.state.values() for value in held.values() if torch.is_tensor(value)]
    return {"losses": losses, "gradients": gradients, "state": state, "rest": rest, "graphs": graphs, "extra": extra}, model, viewer


def equal(a, b):
    """To the bit; NaN is NaN."""
    if torch.is_tensor(a):
        return torch.is_tensor(b) and a.dtype == b.dtype and np.array_equal(a.float().numpy(), b.float().numpy(), equal_nan=True)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(equal, a, b))
    return a == b


WAYS = [(case, "plain") for case in CASES] + [
    (case, way) for case in ("dropout", "batch norm", "odd module", "two optimizers", "compiled") for way in ("given", "counted", "sample")
]


@pytest.mark.parametrize(("case", "way"), WAYS)
def test_a_watched_training_is_the_same_to_the_bit(case, way, capsys):
    sample = batch(99, "img" if case == "batch norm" else "v") if way == "sample" else None
    alone, _, _ = train(case, False)
    watched, model, viewer = train(case, True, given=way == "given", steps_called=way != "counted", sample=sample)
    assert equal(alone, watched)
    viewer.joined()
    assert "watching has ended" not in capsys.readouterr().err and viewer.error is None
    structure, frames = viewer.headers("structure")[0], viewer.frames()
    assert bool(structure.scene) == (case in OURS), structure.why
    last = frames[-1]
    assert last.header.step == STEPS and {each.name for each in structure.parameters} == {
        name.removeprefix("parameter/") for name in last.arrays if name.startswith("parameter/")
    }
    if structure.scene:
        taken = modules.take(getattr(model, "_orig_mod", model), structure.shape)
        assert all(np.array_equal(last.arrays[f"parameter/{name}"], values) for name, values in taken.weights.items())
        assert toml.validate(toml.parse(structure.scene.encode(), "scene"), "scene").network == taken.network
    else:
        found = {f"parameter/{name}": held.detach().numpy() for name, held in (*model.named_parameters(), *model.named_buffers())}
        assert all(np.array_equal(last.arrays[name], values) for name, values in found.items() if name in last.arrays)
    trace = np.concatenate([each.arrays["losses"] for each in frames])
    assert len(trace) == STEPS and (way == "counted" or np.array_equal(trace, [float(loss) for loss in watched["losses"]]))
    shown = viewer.arrays("x")
    assert len(shown) == (case != "two optimizers" or way == "sample")  # that training calls parts of the model only
    if shown:
        assert np.array_equal(shown[0], (sample or batch(0, {"batch norm": "img", "attention": "ids"}.get(case, "v")))[0][0].numpy())


def test_the_comparison_can_fail():
    """A watcher that runs the model once changes the dropout of what follows."""
    seed()
    model, _, step = CASES["dropout"]()
    first = [step(i) for i in range(3)]
    seed()
    model, _, step = CASES["dropout"]()
    second = [step(0)]
    model(batch(99, "v")[0])
    second += [step(i) for i in (1, 2)]
    assert equal(first[:1], second[:1]) and not equal(first, second)


@pytest.mark.parametrize(
    ("case", "given"), [("dropout", False), ("zeroed at once", False), ("attention", True), ("schedule and clipping", False)]
)
def test_gradients_are_those_of_the_step(case, given):
    """Plain gradient descent of one step shows them: after - before = -rate x gradient, by what was sent alone."""
    seed()
    model = (Encoder if case == "attention" else Mlp)()
    o = torch.optim.SGD(model.parameters(), 0.5)
    with nv.watch(model, o if given else None, every=0) as view:
        viewer = TestViewer(view.sink.address)
        for i in range(3):
            x, y = batch(i, "ids" if case == "attention" else "v")
            loss = cross_entropy(model(x), y)
            loss.backward()
            if case == "schedule and clipping":
                nn.utils.clip_grad_norm_(model.parameters(), 0.05)
            o.step()
            o.zero_grad()
            view.step(loss=loss)
            assert viewer.until(lambda v, i=i: v.frames() and v.frames()[-1].header.step == i + 1)
    frames = {each.header.step: each for each in viewer.joined().frames() + viewer.frames(past=True)}
    names = [name.removeprefix("gradient/") for name in frames[3].arrays if name.startswith("gradient/")]
    assert len(names) == len([p for p in viewer.headers("structure")[0].parameters if "running" not in p.name])
    for name in names:
        moved = frames[2].arrays[f"parameter/{name}"] - 0.5 * frames[3].arrays[f"gradient/{name}"]
        assert np.array_equal(moved, frames[3].arrays[f"parameter/{name}"]), name
    assert frames[3].header.metrics == {"lr": 0.5} and frames[3].header.batch == 8


def test_the_sample_is_what_the_model_was_called_with_or_was_given():
    for settings, wanted in (({}, batch(0, "img")[0]), ({"sample": batch(7, "img")}, batch(7, "img")[0])):
        seed()
        model, _, step = CASES["batch norm"]()
        with nv.watch(model, every=0, **settings) as view:
            viewer = TestViewer(view.sink.address)
            step(0)
            view.step()
            assert viewer.until(lambda v: v.frames())
        assert [np.array_equal(x, wanted[0].numpy()) for x in viewer.joined().arrays("x")] == [True]
        assert len(viewer.arrays("target")) == bool(settings)
        assert viewer.headers("structure")[0].shape == (3, 8, 8)


def test_a_loader_gives_sample_target_and_epoch():
    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(*batch(0, "v")), 4)
    model = nn.Sequential(nn.Linear(12, 10))
    o = torch.optim.SGD(model.parameters(), 0.1)
    with nv.watch(model, every=0) as view:
        viewer = TestViewer(view.sink.address)
        for _ in view.epochs(3):
            for x, y in view.batches(data):
                loss = cross_entropy(model(x), y)
                o.zero_grad()
                loss.backward()
                o.step()
                view.step(loss=loss)
        assert viewer.until(lambda v: v.frames() and v.frames()[-1].header.step == 6)
    frame = viewer.joined().frames()[-1]
    assert (frame.header.epoch, frame.header.batch) == (2.5, 4) and viewer.headers("structure")[0].task == "classification"
    assert np.array_equal(viewer.arrays("x"), batch(0, "v")[0][:1].numpy()) and viewer.arrays("target") == [int(batch(0, "v")[1][0])]


def test_reading_a_model_leaves_no_trace():
    model = Odd()
    kept = [dict(module.__dict__) for module in model.modules()]
    numbers = [value.clone() for value in model.state_dict().values()]
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    with untouched(model) as name_of:
        assert (name_of(model.c.weight), name_of(model.ema), name_of(torch.ones(1))) == ("b.weight", "ema", None)
        model.train()
        model(torch.randn(4, 12))
        model.b.weight.data.zero_()
    assert [dict(module.__dict__) for module in model.modules()] == kept and model.calls == 0 and model.seen == [] and model.cache is None
    assert equal(list(model.state_dict().values()), numbers) and model.c.weight is model.b.weight and not model.n.training
    after = torch.get_rng_state(), np.random.get_state()[1], random.getstate()  # noqa: NPY002
    assert torch.equal(before[0], after[0]) and np.array_equal(before[1], after[1]) and before[2] == after[2]


def test_a_model_that_changes_its_shape_is_another_structure():
    model = nn.Sequential(nn.Linear(12, 16), nn.ReLU(), nn.Linear(16, 10))
    with nv.watch(model, every=0) as view:
        viewer = TestViewer(view.sink.address)
        for width in (16, 16, *(9,) * 200):
            if model[0].out_features != width:
                model[0], model[2] = nn.Linear(12, width), nn.Linear(width, 10)
            o = torch.optim.SGD(model.parameters(), 0.1)
            cross_entropy(model(batch(0, "v")[0]), batch(0, "v")[1]).backward()
            o.step()
            view.step()
            # frames are left out where the machine is busy
            if width == 9 and viewer.until(lambda v: v.frames() and v.frames()[-1].arrays["parameter/layers.0.weight"].shape[0] == 9, 0.05):
                break
        assert len(viewer.headers("structure")) == 2
    assert viewer.joined().frames()[-1].arrays["parameter/layers.0.weight"].shape == (9, 12)


def test_what_outputs_mean_is_not_made_up():
    """Without a target nobody has said that they are classes: they are shown as the model gives them."""
    model = nn.Sequential(nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 3))
    with nv.watch(model, every=0) as view:
        viewer = TestViewer(view.sink.address)
        o = torch.optim.SGD(model.parameters(), 0.1)
        model(batch(0, "v")[0]).pow(2).mean().backward()
        o.step()
        view.step()
        assert viewer.until(lambda v: v.headers("structure"))
    structure = viewer.joined().headers("structure")[0]
    network = network_of(structure, "loop", Scene())
    assert structure.task == "" and network.objective.output == "linear" and not network.task_known


def test_what_a_view_registered_is_gone_after_it():
    home = sys.modules["torch.optim.optimizer"]
    model = Mlp()
    before = len(home._global_optimizer_pre_hooks), len(home._global_optimizer_post_hooks)
    with nv.watch(model, every=0):
        assert len(home._global_optimizer_pre_hooks) == before[0] + 1
    assert (len(home._global_optimizer_pre_hooks), len(home._global_optimizer_post_hooks)) == before and not model._forward_pre_hooks


def test_the_line_of_the_document_is_all_that_is_needed():
    (code,) = documents.fences(documents.DOCUMENTS["docs/watch.md"], "py")
    seed()
    model = Residual()
    names = {"model": model, "optimizer": torch.optim.Adam(model.parameters()), "loss_function": F.cross_entropy}
    exec(compile(code, "docs/watch.md", "exec"), names | {"loader": [batch(k, "img") for k in range(3)]}, held := {})
    assert held["view"].steps == 3 and held["view"].closed and held["view"].sink.losses.between(0, 3).all()


def _rank(rank, watched, file, folder, pipe):
    os.environ |= {"GLOO_SOCKET_IFNAME": "lo", "XDG_RUNTIME_DIR": folder}
    os.environ.pop("DISPLAY", None)
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{file}", rank=rank, world_size=2)
    torch.manual_seed(1)
    raw = nn.Sequential(nn.Linear(12, 8), nn.BatchNorm1d(8), nn.Dropout(0.3), nn.Linear(8, 10))
    model = nn.parallel.DistributedDataParallel(raw)
    o = torch.optim.Adam(model.parameters())
    losses, frames = [], 0
    with nv.watch(model, every=0, enabled=watched) as view:
        viewer = TestViewer(view.sink.address) if watched and rank == 0 else None
        for i in range(8):
            x, y = batch(2 * i + rank, "v")
            o.zero_grad()
            loss = cross_entropy(model(x), y)
            loss.backward()
            o.step()
            view.step(loss=loss)
            losses.append(float(loss))
        kind = type(view).__name__
    if viewer is not None:
        structure = viewer.joined().headers("structure")[0]
        frames = viewer.frames()[-1].header.step if structure.scene else structure.why
    pipe.send((losses, [value.numpy() for value in model.state_dict().values()], frames, kind))
    torch.distributed.destroy_process_group()


def test_of_two_processes_the_first_is_watched(tmp_path):
    """DDP with gloo."""
    context = torch.multiprocessing.get_context("spawn")

    def run(watched):
        pipes = [context.Pipe() for _ in (0, 1)]
        file = tmp_path / f"meet-{watched}"
        folder = os.environ["XDG_RUNTIME_DIR"]
        processes = [context.Process(target=_rank, args=(k, watched, str(file), folder, far)) for k, (_, far) in enumerate(pipes)]
        for process in processes:
            process.start()
        found = [near.recv() if near.poll(90) else None for near, _ in pipes]
        for process in processes:
            process.join(30)
        return found

    alone, watched = run(False), run(True)
    for one, two in zip(alone, watched, strict=True):
        assert one[0] == two[0] and all(map(np.array_equal, one[1], two[1]))
    assert [each[2:] for each in watched] == [(8, "LoopView"), (0, "IdleView")]
