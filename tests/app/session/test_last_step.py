"""What is reported of the last step is of that step: the same inside a walk and outside, with clipping, after edits by hand, undo,
freezing."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.app.probes import explain_parameter
from nnviz3d.app.session.opening import new_session
from nnviz3d.app.session.session import REMEMBER, Session
from nnviz3d.spec import toml
from nnviz3d.spec.number_text import plain
from nnviz3d.spec.phases import Place
from nnviz3d.ui.equations import layer_equations
from nnviz3d.ui.equations import parameter_equations as lines

OPTIMIZERS = ["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"]


def session(*edits: str, scene: str = "iris", steps: int = 5) -> Session:
    path = toml.find(scene)
    s = new_session(toml.load(path, [toml.parse_set(edit) for edit in edits]), path.parent, "cpu", path, REMEMBER)
    s.source.run(steps)
    return s


def reported(s: Session, p: int) -> tuple:
    reading = s.inspector.parameter(s.source, p)
    return reading.before, reading.before + reading.change


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("extra", [(), ("train.l1=0.01", "train.l2=0.1"), ("train.l1=0.01", "train.l1_dead_at_zero=true")])
def test_one_gradient_inside_a_walk_and_outside(optimizer, extra):
    """The mean of the batch with L1 and L2, before clipping: of a neuron, a weight, a layer, by hand, over the layers; also when the step
    is entered again, and in a kept moment."""
    s = session("train.clip_norm=0.01", f"train.optimizer={optimizer}", *extra)
    s.start_walk(Place(0, 0.0))
    tape, topology = s.walking.walk.tape, s.source.topology
    k, node = len(topology.nodes) - 1, topology.output
    p, neuron = node.weight.start + 1, node.neurons.start
    mean = node.weight.view(tape.gradient)
    assert 0 < tape.clip < 1

    def seen() -> list[float]:
        source = s.kept.numbers if s.kept is not None else s.seen
        return [
            s.inspector.neuron(source, neuron).bias_gradient, s.inspector.parameter(source, p).batch,
            explain_parameter.read(s.pictured, p).gradient,
            float(np.linalg.norm(s.inspector.layer(source, k).gradient)),
        ]  # fmt: skip

    expected = [float(tape.gradient[node.bias.start]), float(tape.gradient[p]), float(tape.gradient[p]), float(np.linalg.norm(mean))]
    assert seen() == pytest.approx(expected, rel=1e-6)
    s.leave_walk()
    assert seen() == pytest.approx(expected, rel=1e-6)
    own = np.sqrt((mean.astype(float) ** 2).mean())
    assert s.layers.reading(s.source, ("gradient", 0)).gradient_tl[-1, -1] == pytest.approx(own, rel=1e-3)
    s.moments.keep(s, "A")
    s.source.run(7)
    s.moments.watch("A")
    assert seen() == pytest.approx(expected, rel=1e-6)
    s.moments.watch("")
    s.rewind(6)
    assert seen() == pytest.approx(expected, rel=1e-6)
    assert s.source.last_batch == len(tape.rows)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("clip", [0, 0.01])
def test_the_layers_rule_multiplies(optimizer, clip):
    s = session(f"train.clip_norm={clip}", f"train.optimizer={optimizer}", "train.learning_rate=0.02")
    s.start_walk(Place(0, 0.0))
    for k in range(1, len(s.source.topology.nodes)):
        r = s.inspector.layer(s.walking.walk, k)
        printed = {line.text.replace(" ", ""): line for line in layer_equations.update(r) if line.value is not None}
        rule = " ".join(line.text for line in layer_equations.update(r) if "←" in line.text)
        assert ("c G" in rule) == bool(clip) and ("c" in printed) == bool(clip)
        change = next(line for name, line in printed.items() if name == "‖ΔW‖" or name.startswith("‖ΔW‖="))
        if optimizer != "adamw":  # the decay is added
            assert change.text.replace(" ", "").startswith("‖ΔW‖=η‖")
            assert r.rate * r.direction == pytest.approx(change.value, rel=5e-3)


@pytest.mark.parametrize("extra", [(), ("train.optimizer=adam",)])
def test_an_edit_by_hand_and_its_undo_leave_the_last_step_what_it_was(extra):
    s = session(*extra)
    p = s.source.topology.output.weight.start + 2
    before = reported(s, p)
    assert before[0] != before[1] and before[1] == s.source.parameter(p)
    s.editing.set_parameter(p, 0.75)
    assert reported(s, p) == before and explain_parameter.read(s.pictured, p).change == pytest.approx(before[1] - before[0])
    assert lines.change(s.inspector.parameter(s.source, p))[1].text == "set by hand since, to 0.7500"
    assert s.source.tensors("change")[p] == 0  # training has not made this value
    s.moments.keep(s, "A")
    s.editing.set_parameter(p, 0.5)
    s.undo()
    s.undo()
    assert reported(s, p) == before and len(lines.change(s.inspector.parameter(s.source, p))) == 1
    assert s.source.tensors("change")[p] != 0
    s.moments.enter(s, "A")
    assert reported(s, p) == before
    s.source.run(1)
    assert reported(s, p)[0] == 0.75 and not s.inspector.parameter(s.source, p).edited


def test_a_change_of_the_layer_has_the_edited_weight_as_the_step_left_it():
    s = session()
    node = s.source.topology.nodes[1]
    change = s.inspector.layer(s.source, 1).change.copy()
    s.editing.set_parameter(node.weight.start + 1, 2.0)
    again = s.inspector._layer and s.inspector.layer(s.source, 1)
    s.inspector._layer = ()
    again = s.inspector.layer(s.source, 1)
    assert np.allclose(again.change, change, rtol=1e-6, atol=0) and again.weight[0, 1] == 2.0


def test_freezing_does_not_undo_the_last_step():
    s = session()
    node = s.source.topology.nodes[1]
    before = reported(s, node.weight.start)
    s.editing.hold("frozen", [node.neurons.start], True)
    assert reported(s, node.weight.start) == before and before[0] != before[1]
    s.source.run(1)
    assert reported(s, node.weight.start) == (before[1], before[1])  # and then it was passed over


def test_after_weights_from_a_file_there_is_no_last_step_to_tell():
    s = session()
    s.source.trainer.load_parameters(s.source.parameters())
    p = s.source.topology.nodes[1].weight.start
    reading = s.inspector.parameter(s.source, p)
    assert reading.before is None and lines.change(reading)[0].text == "all weights were replaced since"
    assert explain_parameter.read(s.pictured, p).change is None and s.inspector.layer(s.source, 1).change is None
    s.source.run(1)
    assert s.inspector.parameter(s.source, p).before is not None


def test_the_last_batch_of_an_epoch_is_short():
    s = session("train.batch=50", steps=3)
    n = len(s.source.data.x_train)
    assert n % 50 and s.source.last_batch == n - 100 == s.inspector.layer(s.source, 1).samples
    s.source.run(2)
    s.rewind(3)
    assert s.source.last_batch == n - 100


def test_slopes_are_those_that_training_multiplied_by():
    """Of saturated neurons 1 - a^2 has few digits in 32 bits: what is printed multiplies to the error that was sent."""
    s = session(scene="saturated", steps=100)
    worst, flat = 0.0, 0
    for sample in range(6):
        s.show_sample(sample)
        for node in s.source.topology.nodes[1:-1]:
            for neuron in range(node.neurons.start, node.neurons.stop):
                r = s.inspector.neuron(s.source, neuron)
                if r.delta and r.slope:
                    slope, total, delta = (float(plain(v).replace("−", "-")) for v in (r.slope, r.outgoing.total, r.delta))
                    worst, flat = max(worst, abs(slope * total - delta) / abs(delta)), flat + (r.slope < 1e-6)
    assert worst < 0.02 and flat > 5
