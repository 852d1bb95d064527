"""The cells that a cell is made from: patch, weights and products against their definition, in float64, at random cells of each kind."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from nnviz3d.app.probes.explain import read
from nnviz3d.app.session.opening import new_session
from nnviz3d.spec import toml
from nnviz3d.spec.phases import Place
from nnviz3d.ui.equations import neuron_equations

SCENE = """
[[network.layers]]
name = "first"
kind = "conv2d"
channels = 6
kernel = 3
activation = "tanh"
bias = 0.1

[[network.layers]]
name = "second"
{keys}

[data]
kind = "digits"

[train]
batch = 4
"""
CONVOLUTIONS = (
    'kind = "conv2d"\nchannels = 4\nkernel = 3',
    'kind = "conv2d"\nchannels = 4\nkernel = [2, 4]\npadding = [1, 2]\nstride = [2, 1]',
    'kind = "conv2d"\nchannels = 3\nkernel = 3\ndilation = 2\npadding = "same"\ngroups = 3',
    'kind = "conv2d"\nchannels = 12\nkernel = 2\nstride = 3\ngroups = 6\npadding = 1',
)
POOLS = (
    'kind = "max_pool"\nkernel = 3\nstride = 2\npadding = 1',
    'kind = "max_pool"\nkernel = 2',
    'kind = "avg_pool"\nkernel = 3\nstride = 1\npadding = 1',
    'kind = "global_avg_pool"',
)


@lru_cache
def session(keys: str):
    made = new_session(toml.validate(toml.parse(SCENE.format(keys=keys).encode(), "text"), "text"), toml.find("digits").parent, "cpu")
    made.source.run(3)
    made.source.show()
    return made


def numbers(source, node):
    """Activations of the maps that the node reads, and its parts, in float64."""
    (before,) = source.topology.sources(node)
    maps = np.asarray(source.tensors("activation")[before.neurons.slice], np.float64).reshape(before.shape)
    parts = {name: np.asarray(r.view(source.tensors("parameter")), np.float64) for name, r in node.parameters}
    return maps, parts


def read_cells(window, maps, table):
    """The patch of each channel, from the maps with empty cells around them, and where it begins there."""
    around = 8
    padded = np.pad(maps, ((0, 0), (around, around), (around, around)))
    return padded[:, window.row_r[:, None] + around, window.column_c + around]


def cells_of(node, seed=0):
    return np.random.default_rng(seed).choice(node.size, min(node.size, 12), replace=False).tolist()


@pytest.mark.parametrize("keys", CONVOLUTIONS)
def test_a_convolution_is_its_patches_times_its_kernels(keys):
    source = session(keys).source
    node = source.topology.by_name["second"]
    maps, parts = numbers(source, node)
    weight, bias, table = parts["weight"], parts["bias"], node.table
    stride, dilation = (np.broadcast_to(x, 2) for x in (table.stride, table.dilation))
    top = np.broadcast_to(1 if table.padding == "same" and weight.shape[-1] == 1 else 2 if table.padding == "same" else table.padding, 2)
    per_group, inputs = weight.shape[0] // table.groups, weight.shape[1]
    for j in cells_of(node):
        reading = read(source, node.neurons.start + j)
        window = reading.window
        o, row, column = np.unravel_index(j, node.shape)
        assert (window.channel, window.row, window.column) == (o, row, column) and window.how == "sum" and not window.whole
        assert window.row_r.tolist() == [row * stride[0] - top[0] + k * dilation[0] for k in range(weight.shape[2])]
        assert window.column_c.tolist() == [column * stride[1] - top[1] + k * dilation[1] for k in range(weight.shape[3])]
        patch = read_cells(window, maps, table)
        assert len(window.patches) == inputs and window.rest_count == 0
        for reported in window.patches:
            w = weight[o, reported.channel - o // per_group * inputs]
            inside = reported.neuron >= 0
            assert np.array_equal(reported.a, patch[reported.channel])
            assert np.array_equal(reported.w, w) and not reported.product[~inside].any()
            assert np.array_equal(source.tensors("parameter")[reported.parameter], w.astype(np.float32))
            assert reported.total == pytest.approx(float((w * patch[reported.channel]).sum()), rel=1e-12, abs=1e-15)
        sizes = [abs(reported.total) for reported in window.patches]
        assert sizes == sorted(sizes, reverse=True)
        assert window.total + bias[o] == pytest.approx(reading.z, rel=1e-5, abs=1e-6)
        assert window.total == pytest.approx(reading.incoming.total, rel=1e-12, abs=1e-15)  # what the equations print


@pytest.mark.parametrize("keys", POOLS)
def test_a_pool_is_the_largest_or_the_mean_of_its_window(keys):
    source = session(keys).source
    node = source.topology.by_name["second"]
    maps, _ = numbers(source, node)
    for j in cells_of(node):
        reading = read(source, node.neurons.start + j)
        window, (reported,) = reading.window, reading.window.patches
        inside = reported.neuron >= 0
        assert np.array_equal(reported.a, read_cells(window, maps, node.table)[reported.channel]) and reported.channel == window.channel
        cells = reported.a[inside]
        if window.how == "maximum":
            assert cells.max() == reading.z == reported.total and reported.w.sum() == 1 and reported.a[reported.w == 1] == cells.max()
        else:
            assert reported.total == pytest.approx(cells.mean(), rel=1e-6, abs=1e-7) and reading.z == pytest.approx(
                cells.mean(), rel=1e-5, abs=1e-6
            )
            assert np.allclose(reported.w[inside], 1 / inside.sum())


def test_flattening_says_which_number_is_which_cell():
    source = session(POOLS[1]).source
    node = source.topology.output
    maps, parts = numbers(source, node)
    reading = read(source, node.neurons.start + 7)
    assert reading.window.whole and len(reading.window.patches) == len(maps)
    for reported in reading.window.patches:
        assert np.array_equal(reported.a, maps[reported.channel])
        assert np.array_equal(reported.w, parts["weight"][7].reshape(maps.shape)[reported.channel])
        flat = np.arange(maps.size).reshape(maps.shape)[reported.channel]
        assert np.array_equal(reported.neuron - reading.window.first, flat)
    assert reading.window.total + parts["bias"][7] == pytest.approx(reading.z, rel=1e-5, abs=1e-6)


def test_a_softmax_shares_out_one():
    source = session(POOLS[1]).source
    node = source.topology.output
    shares = read(source, node.neurons.start + 3).shares
    z = np.asarray(source.tensors("z")[node.neurons.slice], np.float64)
    assert shares.at == 3 and np.array_equal(shares.z_k, z)
    assert np.allclose(shares.exp_k / shares.exp_k.sum(), shares.share_k, atol=1e-6) and shares.share_k.sum() == pytest.approx(1, abs=1e-6)


def test_in_a_walk_the_numbers_are_those_of_the_step():
    made = session(CONVOLUTIONS[1])
    node = made.source.topology.by_name["second"]
    made.start_walk(Place.parse("forward:2@0.9", made.source.topology))
    try:
        walk, neuron = made.walking.walk, node.neurons.start + 17
        before = made.inspector.neuron(walk, neuron)
        assert before.window.total + before.bias == pytest.approx(float(walk.tape.old.z[neuron]), rel=1e-5, abs=1e-6)
        walk.go(Place.parse("after@0.9", made.source.topology))
        after = made.inspector.neuron(walk, neuron)
        assert after.window.total + after.bias == pytest.approx(float(walk.tape.new.z[neuron]), rel=1e-5, abs=1e-6)
        assert after.window.total != before.window.total
        assert neuron_equations.pre_activation(after)[-1].value == after.z
    finally:
        made.leave_walk()


def test_of_very_many_channels_the_strongest_are_reported():
    source = session('kind = "conv2d"\nchannels = 100\nkernel = 1').source
    reading = read(source, source.topology.output.neurons.start)
    assert len(reading.window.patches) == 64 and reading.window.rest_count == 36
    assert reading.window.total == pytest.approx(reading.incoming.total, rel=1e-12)
