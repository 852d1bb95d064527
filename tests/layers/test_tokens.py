"""Sequences in a whole network: losses over the scored tokens, dense layers token by token, all forms of positions, attention with and
without a mask. Gradients against central differences in float64, the kernels against numpy, values against PyTorch where it is there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnviz3d.backend.numpy_ops import NumpyOps
from nnviz3d.engine import initializers
from nnviz3d.engine.buffers import Buffers
from nnviz3d.engine.data import load
from nnviz3d.engine.evaluation import Evaluation
from nnviz3d.engine.forward_pass import ForwardPass
from nnviz3d.engine.objective import Objective
from nnviz3d.engine.per_sample import token_losses
from nnviz3d.engine.sample_pass import Shown
from nnviz3d.engine.trainer import Trainer
from nnviz3d.layers.edge_lookup import edges_of
from nnviz3d.layers.shared.edge_quantities import Numbers
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Data, Network, Scene
from nnviz3d.spec.topology_builder import build_topology
from tests.backend.host_kernels import HostKernelOps

T, V, ROWS = 4, 5, 3
GOAL = Objective("cross_entropy", "softmax", V, tokens=True)
TARGETS = np.array([[-1, 0, 4, 2], [-1, -1, -1, 3], [1, 1, -1, 0]])
IDS = np.array([[0, 4, 2, 2], [3, 1, 0, 4], [2, 2, 2, 1]])


def network(form="learned", causal=True, heads=2, width=4) -> Network:
    line = {"units": width, "activation": "linear", "per_token": True}
    turned = form == "rotary"
    layers = [{"kind": "embedding", "name": "tokens", "units": width, "init_scale": 0.7}]
    if not turned:
        layers.append({"kind": "position", "name": "places", "form": form, "init_scale": 0.7})
    x = layers[-1]["name"]
    layers += [{**line, "name": name, "from": [x]} for name in ("query", "key", "value")]
    if turned:
        layers += [{"kind": "position", "name": f"{n}2", "form": form, "heads": heads, "from": [n]} for n in ("query", "key")]
    layers += [
        {"kind": "scores", "name": "scores", "from": [layers[-2]["name"] if turned else "query", layers[-1]["name"] if turned else "key"],
         "heads": heads, "causal": causal},
        {"kind": "softmax", "name": "softmax", "causal": causal},
        {"kind": "mix", "name": "mix", "from": ["softmax", "value"]},
        {"kind": "add", "name": "sum", "from": ["mix", x]},
        {"units": 6, "activation": "gelu", "per_token": True, "name": "mlp"},
    ]  # fmt: skip
    return Network.model_validate({"layers": layers})


def topology_of(**keys):
    return build_topology(network(**keys), (T,), V, "softmax", input_axes=("token",), output_labels=tuple("abcde"))


def passed(ops, topology, p, g=None) -> ForwardPass:
    b = Buffers.make(ops, topology, ROWS)
    ops.write(IDS.astype(ops.dtype), b.a[0])
    ops.write(GOAL.rows(TARGETS, ops.dtype), b.t)
    return ForwardPass(ops, topology, GOAL, p, b, gradients=g)


def first(topology):
    return initializers.parameters(topology, 4).astype(np.float64)


FORMS = [("learned", True), ("learned", False), ("sinusoidal", True), ("rotary", True), ("rotary", False)]


@pytest.mark.parametrize(("form", "causal"), FORMS)
def test_gradients_of_the_loss_over_scored_tokens(form, causal):
    topology, ops = topology_of(form=form, causal=causal), NumpyOps("float64")
    p = first(topology)
    g = np.full_like(p, np.nan)
    both = passed(ops, topology, p, g)
    both.run()
    slopes = np.empty_like(p)
    for k in range(p.size):
        kept, ends = p[k], []
        for step in (1e-6, -1e-6):
            p[k] = kept + step
            both.run()
            ends.append(float(both.buffers.cell[0]))
        p[k] = kept
        slopes[k] = (ends[0] - ends[1]) / 2e-6
    both.run()
    np.testing.assert_allclose(g, slopes, rtol=2e-6, atol=2e-8)


@pytest.mark.parametrize(("form", "causal"), FORMS)
def test_the_kernels_say_the_same(form, causal):
    try:
        kernels = HostKernelOps()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    topology = topology_of(form=form, causal=causal)
    wide = first(topology)
    expected = np.zeros_like(wide)
    reference = passed(NumpyOps("float64"), topology, wide, expected)
    reference.run()
    g = np.zeros(wide.size, np.float32)
    through = passed(kernels, topology, wide.astype(np.float32), g)
    through.run()
    np.testing.assert_allclose(g, expected, rtol=2e-4, atol=2e-6)
    np.testing.assert_allclose(through.buffers.cell, reference.buffers.cell, rtol=1e-5)


def test_the_loss_is_the_mean_over_scored_tokens_and_zero_without_any():
    topology, ops = topology_of(), NumpyOps("float64")
    through = passed(ops, topology, first(topology))
    through.run()
    a = through.buffers.a[-1].reshape(ROWS, T, V)
    n, t = np.nonzero(TARGETS >= 0)
    each = -np.log(a[n, t, TARGETS[n, t]])
    assert float(through.buffers.cell[0]) == pytest.approx(each.mean())
    z = through.buffers.z[-1]
    rows = token_losses(z, TARGETS)
    assert rows == pytest.approx(np.array([each[n == k].mean() for k in range(ROWS)]))
    through.buffers.t[...] = -1
    through.run()
    assert float(through.buffers.cell[0]) == 0


@pytest.mark.parametrize("causal", [True, False])
def test_what_comes_later_is_not_seen(causal):
    topology, ops = topology_of(causal=causal), NumpyOps("float64")
    through = passed(ops, topology, first(topology))
    before = through.raw()[0].reshape(ROWS, T, V)
    later = IDS.copy()
    later[:, 2] = (later[:, 2] + 1) % V
    through.ask(later)
    changed = np.abs(through.raw()[0].reshape(ROWS, T, V) - before).max((0, 2))
    assert (changed[2:] > 0).all() and ((changed[:2] == 0).all() == causal)


@pytest.mark.parametrize(("form", "causal"), FORMS)
def test_the_sum_over_the_edges_into_a_neuron_is_its_z(form, causal):
    """But for an embedding, whose edges are the numbers themselves, and what a place adds."""
    topology, ops = topology_of(form=form, causal=causal), NumpyOps("float64")
    p = first(topology)
    shown = Shown(ops, topology, GOAL, p)
    shown.show(IDS[0], TARGETS[0])
    numbers = Numbers(p, shown.activation, shown.delta, 1)
    for node in topology.nodes[1:]:
        z = shown.z[node.neurons.slice].copy()
        if node.bias is not None:
            z -= np.tile(node.bias.view(p), node.size // node.bias.size)
        if node.kind == "position" and form != "rotary":
            continue
        for c in topology.into(node):
            face, total = edges_of(c), np.zeros(node.size)
            e = np.arange(c.size)
            np.add.at(total, face.ends(c, e)[1] - node.neurons.start, face.quantities(c, e, numbers))
            if node.kind == "add":
                z -= total
            else:
                assert total == pytest.approx(z, abs=1e-12), node.name
            for j in range(node.size):
                assert np.array_equal(face.into(c, j), np.flatnonzero(face.ends(c, e)[1] == node.neurons.start + j))
            for i in range(c.source.size):
                assert np.array_equal(face.out_of(c, i), np.flatnonzero(face.ends(c, e)[0] == c.source.neurons.start + i))
        assert node.kind != "add" or z == pytest.approx(0, abs=1e-12)


def test_sequences_are_right_where_every_scored_token_is():
    topology, ops = topology_of(), NumpyOps("float64")
    p = first(topology)
    a = passed(ops, topology, p).outputs().reshape(ROWS, T, V)
    said = a.argmax(2)
    truth = np.where(TARGETS >= 0, said, -1)
    truth[2, 0] = (said[2, 0] + 1) % V
    evaluation = Evaluation(ops, topology, GOAL, p)
    (score,) = evaluation.pieces(IDS.astype(float), truth.astype(float), truth, ROWS)
    scored = (truth >= 0).sum()
    assert score.accuracy == pytest.approx((scored - 1) / scored) and score.sequences == pytest.approx(2 / 3)
    assert score.rows == ROWS and score.classes.count_c.sum() == scored and score.classes.right_c.sum() == scored - 1


def test_names_of_the_outputs_come_again_for_each_token():
    assert topology_of().output.labels == tuple("abcde") * T and topology_of().output.shape == (T, V)


def test_a_step_is_the_same_twice_and_allocates_nothing_that_grows():
    topology, ops = topology_of(), NumpyOps()
    p = first(topology).astype(np.float32)
    g, again = np.zeros_like(p), np.zeros_like(p)
    passed(ops, topology, p, g).run()
    passed(ops, topology, p, again).run()
    assert np.array_equal(g, again)


def test_many_tokens_are_summed_in_order():
    """The way of large vocabularies says what the product with rows of 0 and 1 says."""
    ops, rng = NumpyOps("float64"), np.random.default_rng(0)
    ids, d = rng.integers(0, 600, (3, 5)).astype(float), rng.standard_normal((3, 5 * 2))
    large = np.empty((600, 2))
    for call in ops.embed_gradient(ids, d, large):
        call()
    expected = np.zeros((600, 2))
    np.add.at(expected, ids.astype(int).ravel(), d.reshape(-1, 2))
    assert large == pytest.approx(expected)


@pytest.mark.parametrize(
    ("layers", "key", "words"),
    [
        ([{"kind": "embedding", "vocabulary": 3}], "network.layers.0.vocabulary", "at least 5"),
        ([{"kind": "embedding", "units": 6}, {"kind": "position", "positions": 2}], "network.layers.1.positions", "sequences of 4 tokens"),
        ([{"units": 4, "per_token": True}], "network.layers.0.per_token", "needs tokens x features"),
        ([{"kind": "embedding", "units": 5}, {"kind": "position", "form": "sinusoidal"}], "network.layers.1.form", "even number"),
        ([{"kind": "softmax", "causal": True}], "network.layers.0.causal", "as many queries as keys"),
    ],
)
def test_what_does_not_fit_the_data(layers, key, words):
    with pytest.raises(InputError) as caught:
        build_topology(Network.model_validate({"layers": layers}), (T,), V, "softmax", input_axes=("token",))
    (problem,) = caught.value.problems
    assert problem.key == key and words in problem.message


@pytest.mark.parametrize("layers", [[{"units": 4}], [{"kind": "embedding"}, {"units": 4}], []])
def test_data_of_sequences_need_an_answer_at_each_token(layers):
    scene = Scene(network=Network.model_validate({"layers": layers}), data=Data(kind="sort", length=4))
    with pytest.raises(InputError) as caught:
        Trainer(scene, load(scene.data, Path()), NumpyOps())
    (problem,) = caught.value.problems
    assert problem.key == "network.layers" and "begin with an embedding" in problem.message


def test_an_embedding_reads_tokens_only():
    with pytest.raises(InputError, match="only the input of data of kind sort"):
        build_topology(Network.model_validate({"layers": [{"kind": "embedding"}]}), (T,), V, "softmax")


@pytest.mark.frameworks
@pytest.mark.parametrize("causal", [True, False])
def test_values_and_gradients_are_those_of_pytorch(causal):
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    topology, ops = topology_of(causal=causal), NumpyOps("float64")
    p = first(topology)
    g = np.zeros_like(p)
    through = passed(ops, topology, p, g)
    through.run()
    named = {name: torch.tensor(r.view(p), requires_grad=True) for name, r in topology.parameter_ranges.items()}

    def linear(name, x):
        return functional.linear(x, named[f"{name}.weight"], named[f"{name}.bias"])

    x = functional.embedding(torch.tensor(IDS), named["tokens.weight"]) + named["places.weight"]
    q, k, v = (linear(name, x).view(ROWS, T, 2, 2).transpose(1, 2) for name in ("query", "key", "value"))
    y = functional.scaled_dot_product_attention(q, k, v, is_causal=causal).transpose(1, 2).reshape(ROWS, T, 4) + x
    z = linear(topology.output.name, functional.gelu(linear("mlp", y)))
    loss = functional.cross_entropy(z.reshape(-1, V), torch.tensor(TARGETS).reshape(-1), ignore_index=-1)
    loss.backward()
    assert float(through.buffers.cell[0]) == pytest.approx(loss.item(), rel=1e-12)
    for name, r in topology.parameter_ranges.items():
        np.testing.assert_allclose(r.view(g), named[name].grad.numpy(), rtol=1e-9, atol=1e-12, err_msg=name)
