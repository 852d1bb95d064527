"""Windows against PyTorch where that is installed: results and gradients of convolutions and pools, as modules and as exported lines."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.backend.numpy_ops import NumpyOps
from nnviz3d.engine import initializers
from nnviz3d.engine.objective import Objective
from nnviz3d.engine.sample_pass import Shown
from nnviz3d.layers import face
from nnviz3d.spec.layer_table import tables
from tests.layers.kinds import CASES, graph_with

torch = pytest.importorskip("torch", reason="needs PyTorch")
pytestmark = pytest.mark.frameworks
KINDS = ("conv1d", "conv2d", "max_pool", "avg_pool", "global_avg_pool")
CONVOLUTIONS = [  # shape of the input, then the keys of a layer
    ((1, 28, 28), {"channels": 8, "kernel": 5}),
    ((4, 9, 7), {"channels": 6, "kernel": (3, 2), "stride": (2, 1), "padding": 1, "dilation": (1, 2), "groups": 2}),
    ((3, 8, 8), {"channels": 4, "kernel": 4, "padding": "same"}),
    ((2, 10, 12), {"channels": 4, "kernel": (3, 1), "stride": 3, "groups": 2}),
]
POOLS = [((2, 8, 8), {}), ((3, 9, 7), {"kernel": 3, "stride": 2, "padding": 1}), ((1, 9, 8), {"kernel": (3, 2), "stride": (1, 2)})]


def do(calls):
    for call in calls:
        call()


@pytest.mark.parametrize(("shape", "keys"), CONVOLUTIONS)
def test_convolution(shape, keys):
    table, ops, rng = tables()["conv2d"](kind="conv2d", **keys), NumpyOps("float64"), np.random.default_rng(0)
    g, groups = table.windows(shape), table.groups
    (_, weight), _ = table.parts((shape,))
    x, w, b = rng.standard_normal((33, int(np.prod(shape)))), rng.standard_normal(weight), rng.standard_normal(weight[0])
    on = [torch.tensor(array, requires_grad=True) for array in (x.reshape(-1, *shape), w, b)]
    how = {name: keys[name] for name in ("stride", "padding", "dilation", "groups") if name in keys}
    expected = torch.nn.functional.conv2d(*on, **how)
    z = np.empty((33, table.channels * g.cells))
    do(ops.convolve(x, w, b, z, g, groups))
    assert tuple(expected.shape[1:]) == table.output_shape((shape,))
    np.testing.assert_allclose(z, expected.detach().numpy().reshape(z.shape), atol=1e-12)
    d = rng.standard_normal(z.shape)
    expected.backward(torch.tensor(d).reshape(expected.shape))
    dx, dw, db = np.empty_like(x), np.empty_like(w), np.empty_like(b)
    do(ops.convolution_gradients(d, x, dw, db, g, groups) + ops.convolution_back(d, w, dx, g, groups))
    for found, tensor in zip((dx, dw, db), on, strict=True):
        np.testing.assert_allclose(found, tensor.grad.numpy().reshape(found.shape), atol=1e-10)


@pytest.mark.parametrize("kind", ["max_pool", "avg_pool"])
@pytest.mark.parametrize(("shape", "keys"), POOLS)
def test_pools_also_where_cells_are_equal(kind, shape, keys):
    table, ops, rng = tables()[kind](kind=kind, **keys), NumpyOps("float64"), np.random.default_rng(0)
    g, maximum = table.windows(shape), kind == "max_pool"
    x = np.round(2 * rng.standard_normal((5, int(np.prod(shape)))))
    on, how = torch.tensor(x.reshape(-1, *shape), requires_grad=True), (g.kernel, g.stride, g.padding[0][0])
    functional = torch.nn.functional
    expected = functional.max_pool2d(on, *how) if maximum else functional.avg_pool2d(on, *how, count_include_pad=False)
    y = np.empty((5, shape[0] * g.cells))
    do((ops.max_pool if maximum else ops.average_pool)(x, y, g))
    np.testing.assert_allclose(y, expected.detach().numpy().reshape(y.shape), atol=1e-12)
    d, dx = rng.standard_normal(y.shape), np.empty_like(x)
    expected.backward(torch.tensor(d).reshape(expected.shape))
    do(ops.max_pool_back(d, x, dx, g) if maximum else ops.average_pool_back(d, dx, g))
    np.testing.assert_allclose(dx, on.grad.numpy().reshape(dx.shape), atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_exported_lines(kind, library):
    topology = graph_with(kind)
    parameters = initializers.parameters(topology, 4).astype(np.float64)
    shown = Shown(NumpyOps("float64"), topology, Objective("cross_entropy", "softmax", 3), parameters)
    shown.show(CASES[kind].rows(1)[0], 1)
    node = topology.by_name["k"]
    (source,) = topology.sources(node)
    x = np.tile(shown.activation[source.neurons.slice], (2, 1))
    parts = {part: r.view(parameters) for part, r in node.parameters}
    line = getattr(face(kind, "script"), library)(node, (source,), ["x"], {part: f"p[{part!r}]" for part in parts})
    if library == "torch":
        x, parts = torch.tensor(x), {part: torch.tensor(array) for part, array in parts.items()}
    found = eval(line, {"np": np, "functional": torch.nn.functional, "x": x, "p": parts})
    np.testing.assert_allclose(np.asarray(found), np.tile(shown.z[node.neurons.slice], (2, 1)), atol=1e-12)
