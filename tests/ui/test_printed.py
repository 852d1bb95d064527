"""Every printed number is the tape's to the printed digits: random networks, losses, optimisers, and an oracle in float64 of its own."""

from __future__ import annotations

import math
import re
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from nnviz3d.app.probes.explain_cache import Inspector
from nnviz3d.backend import numpy_activations
from nnviz3d.engine.optimizers import rate
from nnviz3d.engine.tape import record
from nnviz3d.sources.walk import Walk
from nnviz3d.spec.activations import ACTIVATIONS, ELEMENTWISE
from nnviz3d.spec.number_text import plain
from nnviz3d.spec.scene import Optimizer
from nnviz3d.ui.core.choices import words
from nnviz3d.ui.equations import layer_equations, neuron_equations, parameter_equations, updates
from tests.engine.nets import numbers as data
from tests.engine.nets import trainer
from tests.ui.printed import evaluate, number, numbers

OPTIMIZERS = words(Optimizer)
OBJECTIVES = [("cross_entropy", "softmax", "classification"), ("bce", "sigmoid", "classification"), ("bce", "sigmoid", "regression"),
              ("mse", "softmax", "classification"), ("mse", "linear", "regression"), ("half_mse", "tanh", "classification"),
              ("huber", "linear", "regression"), ("mse", "sigmoid", "classification"), ("half_mse", "gelu", "regression")]  # fmt: skip


def _slope(printed, activation: str, z: float, a: float) -> bool:
    """f'(z), to what 32-bit numbers hold of it."""
    exact = numpy_activations.slope(activation, z, a, np.float64)
    return printed.says(exact) or abs(printed.value - exact) < 2e-6 * (1 + abs(z) ** 3) * max(abs(exact), 0.1)


networks = st.fixed_dictionaries(
    {
        "layers": st.lists(st.tuples(st.integers(1, 12), st.sampled_from(ELEMENTWISE)), max_size=3),
        "inputs": st.integers(1, 14), "outputs": st.integers(2, 9), "objective": st.sampled_from(OBJECTIVES),
        "dropout": st.sampled_from([0.0, 0.0, 0.5]), "steps": st.integers(0, 4), "seed": st.integers(0, 99), "after": st.booleans(),
        "train": st.fixed_dictionaries(
            {
                "optimizer": st.sampled_from(OPTIMIZERS), "learning_rate": st.sampled_from([1e-4, 0.003, 0.25]),
                "momentum": st.sampled_from([0.0, 0.9]), "rho": st.sampled_from([0.5, 0.99]), "weight_decay": st.sampled_from([0.0, 0.2]),
                "l1": st.sampled_from([0.0, 0.01]), "l1_dead_at_zero": st.booleans(), "l2": st.sampled_from([0.0, 0.1]),
                "clip_norm": st.sampled_from([0.0, 0.02, 1e3]), "batch": st.integers(1, 7), "huber_delta": st.sampled_from([0.1, 1.0]),
                "schedule": st.sampled_from(["constant", "step", "cosine"]), "schedule_steps": st.just(2),
                "warmup": st.sampled_from([0, 3]),
            }
        ),
    }
)  # fmt: skip


def taped(net: dict):
    """(walk, tape) of a recorded step."""
    loss, output, task = net["objective"]
    rows = data(7, net["inputs"], net["outputs"], task, net["seed"])
    t = trainer(rows, net["layers"], output, dropout=net["dropout"], loss=loss, **{**net["train"], "seed": net["seed"]})
    t.run(net["steps"])
    walk = Walk(SimpleNamespace(learner=SimpleNamespace(record=lambda shown: record(t, shown)), scene=None))
    walk.go(float(3 * len(walk.topology.nodes)) if net["after"] else 2.3)
    return walk, walk.tape


@settings(
    max_examples=80, deadline=None, report_multiple_bugs=False, phases=(Phase.explicit, Phase.reuse, Phase.generate)
)  # to shrink one takes minutes
@given(networks, st.data())
def test_every_printed_number_is_the_tapes(net, draw):
    walk, tape = taped(net)
    if tape.diverged or not np.isfinite(tape.after).all():
        return
    topology, inspector, reported = tape.topology, Inspector(), Oracle(walk, tape)
    for node in topology.nodes:
        neuron = node.neurons.start + draw.draw(st.integers(0, node.size - 1))
        reported.neuron(inspector.neuron(walk, neuron))
        if node.weight is None:
            continue
        j = neuron - node.neurons.start
        for p in (node.weight.start + draw.draw(st.integers(0, node.weight.size - 1)), node.bias.start + j):
            if draw.draw(st.booleans()):
                inspector.check(p)
            reported.parameter(inspector.parameter(walk, p))
        reported.layer(inspector.layer(walk, topology.nodes.index(node)))


class Oracle:
    """What the lines must say, from the tape alone."""

    def __init__(self, walk, tape):
        self.tape, self.topology = tape, tape.topology
        self.after = walk.kind == "after"
        self.now = tape.new if self.after else tape.old
        self.w = (tape.after if self.after else tape.before).astype(np.float64)

    def place(self, neuron: int):
        node, j = self.topology.locate(neuron)
        source = self.topology.by_name[node.inputs[0]] if node.inputs else None
        return node, j, source

    # a neuron

    def neuron(self, r) -> None:
        node, j, source = self.place(r.neuron)
        a = float(self.now.a[r.neuron])
        lines = neuron_equations.activation(r)
        assert number(lines[-1].printed).says(a)
        if source is None:
            return
        z = float(self.now.z[r.neuron])
        allowed = [z, *(float(constant) for constant in re.findall(r"\d[\d.]*", ACTIVATIONS[node.activation].numeric))]
        if node.activation == "softmax":
            allowed.append(float(np.exp(self.now.z[node.neurons.slice].astype(np.float64)).sum()))
        assert all(any(n.says(abs(v)) or n.says(v) for v in allowed) for n in numbers(lines[1])), lines[1].text
        fan_in = node.weight.shape[1]
        row = self.w[node.weight.start + j * fan_in :][:fan_in]
        x = self.now.a[source.neurons.slice].astype(np.float64)
        symbols, *terms, bias, end = neuron_equations.pre_activation(r)
        self.sum(terms, row, x, [node.weight.start + j * fan_in + i for i in range(fan_in)])
        assert number(bias.printed).says(self.w[node.bias.start + j]) and bias.parameter == node.bias.start + j
        assert number(end.printed).says(z) and str(fan_in - 1) in symbols.text
        slack = sum(number(line.printed).unit for line in (*terms, bias, end)) / 2
        assert abs(sum(number(line.printed).value for line in (*terms, bias)) - number(end.printed).value) <= slack * 1.01 + 1e-5 * (
            1 + np.abs(row * x).sum()
        )
        self.error(r, node, j, z)
        if r.step is not None:
            self.gradients(r, node, j, source)
            assert r.step.update.parameter in [g.parameter for g in r.step.gradients]
            self.update(r.step.update)

    def sum(self, lines, weights, values, ids) -> None:
        """The reported terms, and the rest: "n more terms"."""
        shown = [line for line in lines if line.kind == "term"]
        product = weights * values
        assert len(shown) == min(6, len(weights)) and len({line.index for line in shown}) == len(shown)
        for line in shown:
            w, v = numbers(line)
            assert w.says(weights[line.index]) and v.says(values[line.index])
            assert number(line.printed).says(product[line.index]) and line.parameter == ids[line.index]
        hidden = [i for i in range(len(weights)) if i not in {line.index for line in shown}]
        assert not hidden or min(abs(product[line.index]) for line in shown) >= np.abs(product[hidden]).max()
        rest = [line for line in lines if line.kind == "rest"]
        assert len(rest) == bool(hidden)
        for line in rest:
            assert numbers(line)[0].value == len(hidden)
            assert number(line.printed).says(float(product[hidden].sum()))

    def error(self, r, node, j: int, z: float) -> None:
        lines = neuron_equations.backward(r)
        if self.after:
            assert lines == []
            return
        delta, tape = float(self.tape.old.delta[r.neuron]), self.tape
        assert number(lines[-1].printed).says(delta)
        if node is not self.topology.output:
            following = next(c for c in self.topology.connections if c.source is node)
            w_k = following.weight.view(self.w)[:, j]
            delta_k = tape.old.delta[following.target.neurons.slice].astype(np.float64)
            self.sum(lines[1:-1], w_k, delta_k, [following.weight.start + k * node.size + j for k in range(len(w_k))])
            slope, total = numbers(lines[-1])
            assert _slope(slope, node.activation, z, float(tape.old.a[r.neuron])) and total.says(float(w_k @ delta_k))
            return
        a_o, t_o = tape.old.a[node.neurons.slice].astype(np.float64), tape.target_o.astype(np.float64)
        if tape.objective.loss in ("cross_entropy", "bce"):
            p, y, *n = numbers(lines[-1])
            assert p.says(a_o[j]) and y.says(t_o[j])
            share = n[0].value if n else 1
            assert share == (node.size if tape.objective.loss == "bce" and node.size > 1 else 1)
            assert (a_o[j] - t_o[j]) / share == pytest.approx(delta, rel=1e-4, abs=1e-6)
            return
        e, n, h = a_o - t_o, node.size, tape.train.huber_delta
        g = {"mse": 2 * e / n, "half_mse": e, "huber": np.clip(e, -h, h) / n}[tape.objective.loss]
        assert number(lines[1].printed).says(g[j])
        assert all(any(m.says(v) for v in (a_o[j], t_o[j], 2.0, float(n))) for m in numbers(lines[1])), lines[1].text
        if node.activation == "softmax":
            a, g_j, mean = numbers(lines[-1])
            assert a.says(a_o[j]) and g_j.says(g[j]) and mean.says(float(g @ a_o))
            assert a_o[j] * (g[j] - g @ a_o) == pytest.approx(delta, rel=1e-3, abs=1e-6)
        else:
            slope, g_j = numbers(lines[-1])
            assert _slope(slope, node.activation, z, float(a_o[j])) and g_j.says(g[j])
            assert numpy_activations.slope(node.activation, z, a_o[j], np.float64) * g[j] == pytest.approx(delta, rel=1e-3, abs=1e-6)

    def gradients(self, r, node, j: int, source) -> None:
        _symbols, *terms, bias = updates.gradients(r)
        delta = float(self.tape.old.delta[r.neuron])
        if r.step.updating:  # then the batch's mean stands in front
            assert (
                self.after and str(len(self.tape.rows)) in _symbols.text and updates.columns(r.step)[0] == f"mean of {len(self.tape.rows)}"
            )
            for line in (*terms, bias):
                assert number(line.printed).says(float(self.tape.gradient[line.parameter]))
                assert number(plain(line.second)).says(float(self.tape.sample_gradient[line.parameter]))
            return
        for line in terms:
            d, a = numbers(line)
            p = node.weight.start + j * node.weight.shape[1] + line.index
            assert line.parameter == p and d.says(delta) and a.says(float(self.tape.old.a[source.neurons.start + line.index]))
            assert number(line.printed).says(float(np.float32(delta) * self.tape.old.a[source.neurons.start + line.index]))
            assert number(plain(line.second)).says(float(self.tape.gradient[p]))
        assert number(bias.printed).says(delta) and number(plain(bias.second)).says(float(self.tape.gradient[node.bias.start + j]))

    # the update

    def update(self, u) -> None:
        """Against the textbook, worked out here."""
        tape, p, train = self.tape, u.parameter, self.tape.train
        reported = self.rule(p)
        *lines, last = updates.update(u)
        constants = [train.l1, train.l2, train.momentum, train.beta1, train.beta2, train.rho, train.epsilon, train.weight_decay,
                     train.clip_norm, 1e-6, train.learning_rate, reported["rate"],
                     *(1 - b for b in (train.beta1, train.beta2, train.rho))]  # fmt: skip
        for line in lines:
            if line.kind != "step":
                continue
            for n in numbers(line):
                if n.value in (2.0,) and "^2" in line.text:
                    continue
                assert any(n.says(v) or n.says(-v) for v in reported.values()) or any(
                    math.isclose(n.value, v, rel_tol=1e-5, abs_tol=1e-15) for v in constants
                ), (n, line.text, reported)
            result, slack = evaluate(line.text)
            size = abs(reported["used"]) ** 2 if "^2" in line.text else abs(reported["used"]) + abs(line.value)
            slack += 1e-5 * abs(result) * 3  # constants are printed to six digits
            assert abs(result - line.value) <= slack * 1.05 + 1e-5 * size + 1e-12, (line.text, line.value)
            assert number(line.printed).says(line.value)
            assert any(math.isclose(line.value, v, rel_tol=2e-5, abs_tol=1e-10) for v in reported.values()), (
                line.text,
                line.value,
                reported,
            )
        old, new = numbers(last)
        assert last.lead in ("Δw =", "Δb =")
        assert old.says(float(tape.before[p])) and new.says(float(tape.after[p]))
        assert number(last.printed).says(float(tape.after[p]) - float(tape.before[p]))

    def rule(self, p: int) -> dict[str, float]:
        tape, train = self.tape, self.tape.train
        w, g, eta = float(tape.before[p]), float(tape.gradient[p]), rate(train, tape.step - 1)
        is_weight = self.topology.parameter(p).source is not None
        l1 = train.l1 * np.sign(w) if is_weight and not train.l1_dead_at_zero else 0.0
        l2 = train.l2 * w if is_weight else 0.0
        norm = float(np.sqrt((tape.gradient.astype(np.float64) ** 2).sum()))
        clip = min(1.0, train.clip_norm / (norm + 1e-6)) if train.clip_norm and norm else 1.0
        used = tape.clip * g
        assert tape.clip == pytest.approx(clip, rel=1e-4)
        reported = {"w": w, "g": g, "data": g - l1 - l2, "l1": l1, "norm": norm, "clip": tape.clip, "used": used, "rate": eta,
                "after": float(tape.after[p]), "factor": eta / train.learning_rate}  # fmt: skip
        slots = [(float(a[p]), float(b[p])) for a, b in zip(tape.slots_before, tape.slots_after, strict=True)]
        reported |= {f"slot{k}{side}": v for k, pair in enumerate(slots) for side, v in zip("ab", pair, strict=True)}
        match train.optimizer:
            case "sgd":
                step = used
            case "momentum":
                step = slots[0][1]
            case "nesterov":
                step = used + train.momentum * slots[0][1]
            case "rmsprop":
                step = used / (math.sqrt(slots[0][1]) + train.epsilon)
            case _:
                c1, c2 = 1 - train.beta1**tape.step, 1 - train.beta2**tape.step
                m, v = slots[0][1] / c1, slots[1][1] / c2
                reported |= {"c1": c1, "c2": c2, "m": m, "v": v}
                step = m / (math.sqrt(v) + train.epsilon)
        reported["step"] = eta * step
        if train.l1_dead_at_zero and is_weight:
            reported["shrink"] = eta * train.l1 * np.sign(w)
        return reported

    def direction(self, node) -> np.ndarray:
        """What the rate multiplies, of a layer's weights, by the textbook."""
        tape, train = self.tape, self.tape.train
        g = tape.clip * node.weight.view(tape.gradient).astype(np.float64)
        slots = [node.weight.view(slot).astype(np.float64) for slot in tape.slots_after]
        match train.optimizer:
            case "sgd":
                return g
            case "momentum":
                return slots[0]
            case "nesterov":
                return g + train.momentum * slots[0]
            case "rmsprop":
                return g / (np.sqrt(slots[0]) + train.epsilon)
        m, v = slots[0] / (1 - train.beta1**tape.step), slots[1] / (1 - train.beta2**tape.step)
        return m / (np.sqrt(v) + train.epsilon)

    # a parameter

    def parameter(self, r) -> None:
        ref = self.topology.parameter(r.parameter)
        node, j, i = ref.node, ref.neuron, ref.source
        source, tape = self.topology.by_name[node.inputs[0]].neurons, self.tape
        w, z, delta = self.w[r.parameter], float(self.now.z[r.neuron]), float(tape.old.delta[r.neuron])
        a = 1.0 if i is None else float(self.now.a[source.start + i])
        assert (r.index, r.source_index) == (j, i)
        _symbols, own, rest, end = parameter_equations.share(r)
        if i is not None:
            for n, v in zip(numbers(own), (w, a), strict=True):
                assert n.says(v)
        assert number(own.printed).says(w * a) and number(rest.printed).says(z - w * a) and number(end.printed).says(z)
        others = node.weight.shape[1] - (i is not None)
        assert not others or numbers(rest)[0].value == others
        lines = parameter_equations.gradient(r)
        if not self.after:
            line = lines.pop(0) if i is None else lines.pop(0) and lines.pop(0)
            assert number(line.printed).says(float(tape.sample_gradient[r.parameter]))
            if i is not None:
                d, x = numbers(line)
                assert d.says(delta) and x.says(float(tape.old.a[source.start + i]))
        mean = lines.pop(0)
        assert numbers(mean)[0].value == len(tape.rows) and number(mean.printed).says(float(tape.gradient[r.parameter]))
        k, row = self.topology.nodes.index(node), list(tape.rows).index(tape.row)
        masks = [(at, n) for at, n in ((k - 1, i), (k, j)) if n is not None and tape.masks[at] is not None]
        assert len(lines) == len(masks)
        for line, (at, n) in zip(lines, masks, strict=True):
            kept, count = numbers(line)
            assert (kept.value, count.value) == ((tape.masks[at][:, n] != 0).sum(), len(tape.rows))
            assert number(line.printed).says(float(tape.masks[at][row, n]))
        if r.check is not None:
            analytic, *_, relative = updates.check(r.check, "w")
            assert number(analytic.printed).says(float(tape.sample_gradient[r.parameter]))
            scale = max(abs(r.check.analytic), abs(r.check.numeric))
            assert number(relative.printed).says(abs(r.check.analytic - r.check.numeric) / scale if scale else 0.0)
            assert r.check.kink or abs(r.check.analytic - r.check.numeric) <= 1e-3 * scale + 1e-5
        self.update(r.update)

    # a layer

    def layer(self, r) -> None:
        node, tape = self.topology.nodes[r.layer], self.tape
        source = self.topology.by_name[node.inputs[0]].neurons
        length = lambda v: float(np.sqrt((np.asarray(v, np.float64) ** 2).sum()))  # noqa: E731
        assert np.array_equal(r.weight, node.weight.view(self.w).astype(np.float32)) and np.array_equal(r.x, self.now.a[source.slice])
        here = node.neurons.slice
        expected = {"‖z‖": length(self.now.z[here]), "‖a‖": length(self.now.a[here])}
        if not self.after:
            expected |= {
                "‖δ‖": length(tape.old.delta[here]),
                "‖δaT‖": length(np.outer(tape.old.delta[here].astype(float), tape.old.a[source.slice].astype(float))),
            }
        change = node.weight.view(tape.change)
        expected |= {"‖G‖": length(node.weight.view(tape.gradient)), "‖ΔW‖": length(change), "η": tape.learning_rate}
        weight = length(node.weight.view(self.w))
        expected |= {"‖ΔW‖/‖W‖": length(change) / weight} if weight else {}
        direction = length(self.direction(node))
        expected |= {} if tape.train.optimizer == "sgd" and tape.clip == 1 else {"direction": direction}  # there it is G
        expected |= {"c": tape.clip} if tape.clip != 1 else {}
        found = {}
        for line in (*layer_equations.forward(r), *layer_equations.backward(r), *layer_equations.gradient(r), *layer_equations.update(r)):
            if line.value is not None:
                name = line.text.replace(" ", "").replace("^", "")
                if name.startswith("‖ΔW‖="):
                    assert expected["η"] * direction == pytest.approx(expected["‖ΔW‖"], rel=6e-3)
                    name = "‖ΔW‖"
                found["direction" if name not in expected else name] = line
            elif line.kind == "shapes" and "f(z)" not in line.text:
                assert {int(n.value) for n in numbers(line)} <= {*r.shape, *(end.size for end in r.targets), 1}
        assert set(found) == set(expected), (sorted(found), sorted(expected))
        for name, line in found.items():
            assert number(line.printed).says(expected[name]) or line.value == pytest.approx(expected[name], rel=1e-9), name
        (rule,) = (line.text for line in layer_equations.update(r) if line.text.startswith("W ←"))
        lines = " ".join(line.text for line in layer_equations.update(r))
        assert ("c G" in lines) == (tape.clip != 1) and ("sign(W)" in rule) == (tape.train.l1 > 0 and tape.train.l1_dead_at_zero)
        if r.back is not None:
            following = next(c for c in self.topology.connections if c.source is node)
            exact = following.weight.view(self.w).T @ self.now.delta[following.target.neurons.slice].astype(np.float64)
            assert np.allclose(r.back, exact, rtol=1e-4, atol=1e-5)
