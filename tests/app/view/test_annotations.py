"""What a walk tells beside the network: every number is the tape's, at every width, loss and depth; cards follow the place."""

import math

import numpy as np
import pytest

from nnviz3d.app.session.opening import new_session
from nnviz3d.app.view import annotations
from nnviz3d.spec import number_text as numbers
from nnviz3d.spec import toml
from nnviz3d.spec.activations import ACTIVATIONS
from nnviz3d.spec.phases import Place
from nnviz3d.ui.equations import losses
from nnviz3d.ui.hud import output_table
from nnviz3d.ui.hud.activation_inset import light

NETS = {
    "digits": ("digits",),
    "depth 0": ("digits", "network.layers=[]"),
    "width 1": ("iris", 'network.layers=[{"units"=1}]'),
    "one number": ("xor", "data.kind=reg-plane"),
    "huber": ("xor", "data.kind=reg-plane", "train.loss=huber", "train.huber_delta=0.1"),
    "half": ("xor", "data.kind=reg-gauss", "train.loss=half_mse"),
    "sigmoids": ("iris", "train.loss=bce"),
    "mse of classes": ("xor", "train.loss=mse", "network.output.activation=tanh"),
    "two classes": ("digits", "data.kind=blobs", "data.classes=2", "data.inputs=1"),
    "1,000 classes": ("digits", "data.kind=blobs", "data.classes=1000", "data.inputs=5", "network.layers=[]"),
}


def walk(tmp_path, name, *edits, steps=20):
    path = toml.find(name)
    s = new_session(toml.load(path, [toml.parse_set(edit) for edit in edits]), tmp_path, "cpu", path)
    s.source.run(steps)
    s.start_walk()
    return s


class Places:
    """A projection of which only places are asked."""

    def neurons(self, neurons):
        n = len(neurons)
        return [10.0 * k for k in range(n)], [20.0 * k for k in range(n)], [5.0] * n

    def boxes(self):
        return np.zeros((0, 4))


def at(session, place, picked=-1):
    session.walking.walk.go(Place.parse(place, session.source.topology))
    return annotations.StepAnnotations().read(session.walking, session.scene.look, picked, Places())


@pytest.mark.parametrize("net", NETS)
def test_the_table_is_the_tapes(tmp_path, net):
    s = walk(tmp_path, *NETS[net])
    tape, o = s.walking.walk.tape, at(s, "loss").table.outputs
    here = tape.topology.output.neurons.slice
    for reported, kept in ((o.before_k, tape.old.a[here]), (o.after_k, tape.new.a[here]), (o.delta_k, tape.old.delta[here])):
        assert (reported == kept[o.index_k]).all()
    assert (o.target_k == tape.target_o[o.index_k]).all()
    assert (o.loss_before, o.loss_after) == (tape.old.loss, tape.new.loss)
    if o.difference:
        np.testing.assert_allclose(o.delta_k, o.before_k - o.target_k, atol=1e-6)
    assert len(o.names) == len(o.index_k) and o.total == tape.topology.output.size
    if o.total > annotations.ROWS:
        assert len(o.names) == annotations.FEW and o.label in o.index_k
        assert np.sort(tape.old.a[here])[-1] in o.before_k.astype(np.float32)
    else:
        assert len(o.names) == o.total


def by_definition(o, a, y):
    """The loss of one sample, straight from its definition in float64."""
    e = a - y
    match o.loss:
        case "cross_entropy":
            return -math.log(a[o.label])
        case "bce":
            return float(-(y * np.log(a) + (1 - y) * np.log(1 - a)).mean())
        case "mse":
            return float((e**2).mean())
        case "half_mse":
            return float((e**2).sum() / 2)
        case "huber":
            d = o.huber_delta
            return float(np.where(np.abs(e) <= d, e**2 / 2, d * (np.abs(e) - d / 2)).mean())


@pytest.mark.parametrize("net", NETS)
def test_the_printed_loss_is_the_tapes_and_follows_from_what_the_table_shows(tmp_path, net):
    s = walk(tmp_path, *NETS[net])
    o = at(s, "loss").table.outputs
    if o.total == len(o.names):
        assert o.loss_before == pytest.approx(by_definition(o, o.before_k, o.target_k), rel=2e-4, abs=1e-6)
    latex, text = losses.formula(o)
    assert latex.startswith("L = ") and text.startswith("L = ") and o.loss in losses.WORDS
    if o.loss == "cross_entropy":
        assert f"p_{{{o.label}}}" in latex and numbers.tex(o.p) in latex
    elif o.total == 1 and o.loss in ("mse", "half_mse"):
        assert numbers.tex(o.p) in latex
    mantissa, exponent = numbers.parts(o.loss_before)
    printed = float(mantissa) * 10.0 ** (exponent or 0)
    places = len(mantissa.partition(".")[2])
    assert abs(printed - o.loss_before) <= 0.5001 * 10.0 ** ((exponent or 0) - places)


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_the_curve_goes_through_the_point(tmp_path, kind):
    if kind == "softmax":
        s, neuron = walk(tmp_path, "iris"), -1
        neuron = s.source.topology.output.neurons.start + 1
    else:
        s = walk(tmp_path, "xor", f"network.layers.0.activation={kind}")
        neuron = s.source.topology.nodes[1].neurons.start
    tape = s.walking.walk.tape
    c = annotations.curve(tape, neuron)
    assert (c.z, c.a) == (float(tape.old.z[neuron]), float(tape.old.a[neuron]))
    assert c.new == (float(tape.new.z[neuron]), float(tape.new.a[neuron]))
    assert c.z_c[0] < min(c.z, c.new[0]) and max(c.z, c.new[0]) < c.z_c[-1]
    between = np.interp(c.z, c.z_c, c.a_c)
    assert between == pytest.approx(c.a, abs=0.03 * max(np.ptp(c.a_c), 1))
    assert (c.slope is None) == (kind == "softmax")


def test_the_inset_follows_the_layer_that_is_computed_and_says_whose_it_is(tmp_path):
    s = walk(tmp_path, "digits")
    a = s.walking.walk.tape.old.a
    for k, node in enumerate(s.source.topology.nodes[1:], start=1):
        assert (at(s, f"forward:{k}@0.4").inset.summed, at(s, f"forward:{k}@0.4").inset.applied) == (0.0, 0.0)  # signals are on their way
        inset = at(s, f"forward:{k}@0.625").inset
        assert inset.layer == k and inset.index == int(np.abs(a[node.neurons.slice]).argmax()) and "strongest" in inset.why
        assert (inset.summed, inset.applied) == (0.5, 0.0)
        assert (at(s, f"forward:{k}@0.875").inset.summed, at(s, f"forward:{k}@0.875").inset.applied) == (1.0, 0.5)
    assert all(at(s, place).inset is None for place in ("input", "loss", "backward:2", "update:1", "after"))


def test_the_picked_neurons_inset_is_there_all_the_way(tmp_path):
    s = walk(tmp_path, "digits")
    neuron = s.source.topology.nodes[2].neurons.start + 3
    states = {}
    for place in ("input", "forward:1", "forward:2@0.75", "loss", "backward:3", "backward:2@0.2", "update:1", "after"):
        inset = at(s, place, neuron).inset
        assert (inset.layer, inset.index, inset.why) == (2, 3, annotations.PICKED)
        states[place] = (inset.summed, inset.applied, inset.moved, inset.tangent)
    assert states["forward:1"] == (0, 0, 0, False) and states["forward:2@0.75"] == (1, 0, 0, False)
    assert states["loss"] == (1, 1, 0, False) and states["backward:3"] == (1, 1, 0, True) and states["after"] == (1, 1, 1, False)
    assert at(s, "loss", 0).inset is None  # an input has no function


def test_the_table_is_there_in_the_loss_at_the_first_errors_and_after(tmp_path):
    s = walk(tmp_path, "digits")
    kinds = {place: getattr(at(s, place).table, "kind", None) for place in ("forward:3", "loss@0.1", "backward:3", "backward:2", "after")}
    assert kinds == {"forward:3": None, "loss@0.1": "loss", "backward:3": "loss", "backward:2": None, "after": "after"}
    titles = {place: [c.title for c in output_table.columns(at(s, place).table)] for place in ("loss", "after")}
    assert titles == {"loss": ["output", "target", "p − y"], "after": ["before", "after", "change"]}
    early = output_table.columns(at(s, "loss@0.1").table)
    assert early[0].alpha == 1 and 0 < early[1].alpha < 1 and early[2].alpha == 0
    change = output_table.columns(at(s, "after").table)[2].values
    assert change == tuple(at(s, "after").table.outputs.after_k - at(s, "after").table.outputs.before_k)


def test_numbers_on_the_picked_neurons_edges_multiply_to_the_gradient(tmp_path):
    s = walk(tmp_path, "digits")
    node, tape = s.source.topology.nodes[2], s.walking.walk.tape
    j = int(np.abs(tape.old.delta[node.neurons.slice]).argmax())
    neuron = node.neurons.start + j
    reported = annotations.products(tape, neuron)
    gradient_i = node.weight.view(tape.sample_gradient)[j]
    source = s.source.topology.nodes[1].neurons.start
    assert len(reported) == annotations.EDGES
    assert [n - source for n, _ in reported] == list(np.argsort(-np.abs(gradient_i), kind="stable")[: annotations.EDGES])
    for n, text in reported:
        delta, a = float(tape.old.delta[neuron]), float(tape.old.a[n])
        assert text.startswith(numbers.plain(delta)) and text.endswith(f"= {numbers.plain(float(gradient_i[n - source]))}")
        assert float(gradient_i[n - source]) == pytest.approx(delta * a, rel=1e-6)
    moments = annotations.StepAnnotations()
    s.walking.walk.go(Place.parse("backward:2@0.8", s.source.topology))
    assert [label.text for label in moments.labels(s.walking, neuron, Places())] == [
        f"δ = {numbers.plain(delta)}",
        *(text for _, text in reported),
    ]
    for place, picked in (("backward:2@0.4", neuron), ("backward:3@0.8", neuron), ("backward:2@0.8", -1), ("backward:2@0.8", 0)):
        s.walking.walk.go(Place.parse(place, s.source.topology))
        assert moments.labels(s.walking, picked, Places()) == []


def test_a_step_that_diverged_is_reported_as_one(tmp_path):
    from nnviz3d.app.view import step_change
    from nnviz3d.spec.errors import RunError

    relu = [f"network.layers.{k}.activation=relu" for k in (0, 1)]
    output = ("network.output.activation=linear", "train.loss=mse")
    s = walk(tmp_path, "xor", "train.optimizer=sgd", "train.learning_rate=1e9", *output, *relu, steps=0)
    for _ in range(30):
        if s.walking.walk.tape.diverged:
            break
        with pytest.raises(RunError) if s.source.diverged is not None else _nothing():
            s.walking.next()
    assert s.walking.walk.tape.diverged
    for place in ("forward:1@0.6", "loss", "update:1", "after"):
        reported = at(s, place, s.source.topology.nodes[1].neurons.start)
        assert reported.weights.diverged and reported.weights.factor == 1 and np.isfinite(reported.inset.curve.a_c).all()
    s.walking.walk.go(Place.parse("update:1", s.source.topology))
    assert "not applied" in step_change.sentence(s.walking, s.scene.look)


class _nothing:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False


def test_nothing_is_reported_outside_a_walk_or_without_labels_and_no_tape_is_kept(tmp_path):
    s = walk(tmp_path, "digits")
    moments = annotations.StepAnnotations()
    s.walking.walk.go(Place.parse("loss", s.source.topology))
    assert moments.read(s.walking, s.scene.look, -1, Places()).table is not None and moments._tape is s.walking.walk.tape
    s.leave_walk()
    assert moments.read(s.walking, s.scene.look, -1, Places()) is None and moments._tape is None
    assert light(1.0) != light(-1.0)
