"""Norms for every shape that they take: gradients of parameters and inputs against central differences, kernels against numpy, and, where
PyTorch is installed, everything against its modules."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import pytest

from nnviz3d.backend.numpy_ops import NumpyOps, run_all
from nnviz3d.layers import face
from nnviz3d.layers.bound import Bound, InputGradient
from nnviz3d.layers.shared.norm_geometry import channels, normalized
from nnviz3d.spec.layer_table import tables
from nnviz3d.spec.topology import Node, Range
from tests.backend.host_kernels import HostKernelOps

NORMS = ("batch_norm", "layer_norm", "rms_norm")
SHAPES = {
    "vector": ((5,), ("neuron",)),
    "maps": ((2, 3, 2), ("channel", "row", "column")),
    "series": ((3, 4), ("channel", "column")),
    "tokens": ((4, 3), ("token", "feature")),
    "picture": ((2, 4), ("row", "column")),
    "wide": ((64, 40), ("channel", "column")),  # of a batch of 40 rows, several blocks
}
ROWS = {"wide": 40}


class One:
    """A norm by itself, bound to arrays of its own: `x`, `z`, `d`, `dx`, `gradients`, `b`."""

    def __init__(self, kind: str, shape: str, training: bool = False, ops: Any = None, add: bool = False):
        ops, rng = ops or NumpyOps("float64"), np.random.default_rng(0)
        (axes, rows), extents = (SHAPES[shape][1], ROWS.get(shape, 4)), SHAPES[shape][0]
        table, parts, start = tables()[kind].model_validate({"kind": kind}), [], 0
        for part, each in table.parts_over((extents,), (axes,)):
            parts.append((part, Range(start, each)))
            start = parts[-1][1].stop
        size = prod(extents)
        source = Node("i", "input", (), extents, Range(0, extents), axes=axes)
        node = Node("k", kind, ("i",), extents, Range(size, extents), parameters=tuple(parts), table=table, axes=axes)
        self.parts = {part: ops.asarray(rng.random(r.size) + 0.5).reshape(r.shape) for part, r in parts}
        self.x, self.d = (ops.asarray(2 * rng.standard_normal((rows, size)) + shift) for shift in (1, 0))
        self.z, self.dx = ops.zeros((rows, size)), ops.zeros((rows, size))
        self.gradients = {part: ops.zeros(r.shape) for part, r in node.learned}
        to = (InputGradient(self.dx, add),)
        self.node, engine = node, face(kind, "engine")
        self.b = Bound(ops, node, (source,), (self.x,), self.z, self.z, "linear", self.parts, self.d, to, self.gradients, training)
        self.forward, self.backward = engine.forward(self.b), engine.backward(self.b)

    def run(self) -> One:
        run_all(self.forward + self.backward)
        return self

    def loss(self) -> float:
        run_all(self.forward)
        return float((self.z * self.d).sum())


def slopes(one: One, array: np.ndarray, most: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """(places, central differences of the loss) in `array`."""
    flat, places = array.reshape(-1), np.unique(np.linspace(0, array.size - 1, most).astype(int))
    found = []
    for k in places:
        kept, ends = flat[k], []
        for step in (1e-6, -1e-6):
            flat[k] = kept + step
            ends.append(one.loss())
        flat[k] = kept
        found.append((ends[0] - ends[1]) / 2e-6)
    return places, np.array(found)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("kind", "training"), [("batch_norm", True), ("batch_norm", False), ("layer_norm", True), ("rms_norm", False)])
def test_gradients(kind, training, shape):
    one = One(kind, shape, training).run()
    made = {"dx": (one.dx.copy(), one.x)} | {part: (g.copy(), one.parts[part]) for part, g in one.gradients.items()}
    for gradient, of in made.values():
        places, expected = slopes(one, of)
        np.testing.assert_allclose(gradient.reshape(-1)[places], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("kind", NORMS)
def test_a_gradient_is_added_where_another_was_written(kind, training, shape):
    written, added = One(kind, shape, training).run(), One(kind, shape, training, add=True)
    added.dx[...] = 3
    np.testing.assert_allclose(added.run().dx, written.dx + 3, rtol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("kind", NORMS)
def test_the_kernels_say_the_same(kind, training, shape):
    try:
        kernels = HostKernelOps()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    mine, theirs = One(kind, shape, training).run(), One(kind, shape, training, kernels).run()
    kept = [part for part in ("running_mean", "running_var") if part in mine.b.kept]
    assert len(kept) == 2 * (kind == "batch_norm" and training)
    pairs = [(theirs.z, mine.z), (theirs.dx, mine.dx), *((theirs.gradients[p], g) for p, g in mine.gradients.items())]
    for made, expected in pairs + [(theirs.b.kept[part], mine.b.kept[part]) for part in kept]:
        np.testing.assert_allclose(made, expected, rtol=2e-4, atol=2e-4)
    again = theirs.dx.copy()
    assert np.array_equal(theirs.run().dx, again), "the same bits twice"


def torch_module(torch: Any, one: One, kind: str, shape: tuple[int, ...], axes: tuple[str, ...]) -> tuple[Any, tuple[int, ...]]:
    """The module with the same parameters, and the shape of a row that it reads."""
    if kind == "batch_norm":
        repeats, count, places = channels(shape, axes)
        made = (torch.nn.BatchNorm1d if repeats * places == 1 else torch.nn.BatchNorm2d)(count)
        view = (count,) if repeats * places == 1 else (count, repeats, places)
    else:
        over = normalized(shape, axes)
        made, view = torch.nn.LayerNorm(over) if kind == "layer_norm" else torch.nn.RMSNorm(over, eps=1e-6), shape
    state = {part: torch.tensor(np.array(value, np.float64)) for part, value in one.parts.items()}
    made.double().load_state_dict(state, strict=False)
    return made, view


@pytest.mark.frameworks
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("kind", NORMS)
def test_pytorch_says_the_same(kind, training, shape):
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    one, (extents, axes) = One(kind, shape, training), SHAPES[shape]
    module, view = torch_module(torch, one, kind, extents, axes)
    module.train(training)
    x = torch.tensor(one.x, requires_grad=True)
    swapped = kind == "batch_norm" and axes[-1] == "feature"  # there channels come first
    seen = x.reshape(len(one.x), *(extents if swapped else view))
    z = module(seen.transpose(1, 2).unsqueeze(2)).squeeze(2).transpose(1, 2) if swapped else module(seen)
    (z.reshape(one.d.shape) * torch.tensor(one.d)).sum().backward()
    one.run()
    named = dict(module.named_parameters())
    pairs = [(one.z, z), (one.dx, x.grad), *((g, named[part].grad) for part, g in one.gradients.items())]
    if kind == "batch_norm" and training:
        pairs += [(one.b.kept[part], getattr(module, part)) for part in ("running_mean", "running_var")]
    for mine, theirs in pairs:
        np.testing.assert_allclose(mine.ravel(), theirs.detach().numpy().ravel(), rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("library", ["numpy", pytest.param("torch", marks=pytest.mark.frameworks)])
@pytest.mark.parametrize("kind", NORMS)
def test_scripts_say_what_the_engine_says_outside_training(kind, library, shape):
    held, made = {"np": np}, np.array
    if library == "torch":
        torch = pytest.importorskip("torch", reason="needs PyTorch")
        held, made = {"torch": torch, "functional": torch.nn.functional}, torch.tensor
    one = One(kind, shape)
    line = getattr(face(kind, "script"), library)(one.node, one.b.sources, ["x"], {part: f"p[{part!r}]" for part in one.parts})
    one.loss()
    said = eval(line, {**held, "x": made(one.x), "p": {part: made(value) for part, value in one.parts.items()}})
    assert said.shape == one.z.shape
    np.testing.assert_allclose(np.asarray(said), one.z, rtol=1e-9, atol=1e-12)
