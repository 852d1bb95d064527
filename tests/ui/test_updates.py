"""The update's equations of real recorded steps: what is reported and what is not; that numbers are right is `test_printed`'s."""

from __future__ import annotations

from functools import lru_cache
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnviz3d.app.probes.explain_cache import Inspector
from nnviz3d.engine.tape import record
from nnviz3d.layers.shared.equation_line import plain_text, setting
from nnviz3d.sources.walk import Walk
from nnviz3d.spec import number_text as numbers
from nnviz3d.spec.number_text import MINUS
from nnviz3d.ui.equations import parameter_equations, updates
from tests.engine.nets import numbers as rows
from tests.engine.nets import trainer
from tests.ui.printed import evaluate, number, unit

OPTIMIZERS = ["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"]


def reported(tape, p, check=False):
    inspector = Inspector()
    if check:
        inspector.check(p)
    return inspector.parameter(Walk(SimpleNamespace(learner=SimpleNamespace(record=lambda shown: tape), scene=None)), p)


def of_neuron(tape, neuron):
    return Inspector().neuron(Walk(SimpleNamespace(learner=SimpleNamespace(record=lambda shown: tape), scene=None)), neuron)


@lru_cache
def taped(optimizer: str, dropout: float = 0.0, **changes):
    t = trainer(dropout=dropout, **{"optimizer": optimizer, "learning_rate": 0.05, "weight_decay": 0.0, **changes})
    t.run(3)
    return record(t)


def everything(tape, p) -> str:
    return " ".join(line.text for line in updates.update(reported(tape, p).update))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("extras", [{}, {"l1": 0.01, "l2": 0.1, "clip_norm": 0.01, "weight_decay": 0.2}], ids=["bare", "full"])
def test_the_printed_numbers_of_each_rule_give_its_results(optimizer, extras):
    """Where every factor is far from 0 and 1, so that a wrong symbol cannot pass for the right one."""
    tape = taped(optimizer, **extras)
    for p in (0, 7, 13, tape.topology.nodes[1].bias.start):
        for line in updates.update(reported(tape, p).update):
            if line.kind == "step":
                result, slack = evaluate(line.text)
                assert abs(result - line.value) <= slack * 1.05 + 2e-5 * (abs(result) + abs(line.value)) + 1e-12, line.text


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_only_what_is_in_use_is_reported(optimizer):
    bare = everything(taped(optimizer), 0)
    assert not any(s in bare for s in ("λ", "c g", "η_0", "limit"))
    assert ("m̂" in bare) == optimizer.startswith("adam") and ("μ" in bare) == (optimizer in ("momentum", "nesterov"))
    full = taped(optimizer, l1=0.01, l2=0.1, clip_norm=0.01, weight_decay=0.2, schedule="cosine")
    said = everything(full, 0)
    assert all(s in said for s in ("λ_1", "λ_2", "c g", "limit", "η_0")) and ("η λ w" in said) == (optimizer == "adamw")
    bias = everything(full, full.topology.nodes[1].bias.start)
    assert "λ_" not in bias and "c g" in bias and "w" not in bias


def test_playgrounds_l1_is_reported_as_it_is():
    assert "− η λ_1" in everything(taped("sgd", l1=0.001, l1_dead_at_zero=True), 0)
    t = trainer(rows(10), optimizer="sgd", learning_rate=0.3, l1=0.1, l1_dead_at_zero=True)
    t.run(25)
    tape = record(t)
    dead = next(int(p) for p in np.flatnonzero(tape.alive == 0) if p < tape.topology.nodes[1].weight.stop)
    u = reported(tape, dead).update
    assert "set to 0 by L1" in updates.update(u)[-2].text and u.numbers["recorded"] == 0


def test_a_step_that_diverged_says_so():
    t = trainer(rows(40), loss="mse", output="linear", optimizer="sgd", learning_rate=1e9)
    while not (tape := record(t)).diverged:
        pass
    lines = updates.update(of_neuron(tape, tape.topology.output.neurons.start).step.update)
    assert "not applied" in lines[-2].text and lines[-1].value == 0


@pytest.mark.parametrize("neuron", [4, 6, 9, 11])
def test_gradients_stand_beside_the_batch_mean(neuron):
    tape = taped("adam", l2=0.1)
    r = of_neuron(tape, neuron)
    symbols, *terms, bias = updates.gradients(r)
    assert f"w_{r.index},i" in symbols.text
    assert [line.value for line in terms] == [float(tape.sample_gradient[line.parameter]) for line in terms]
    assert [line.second for line in (*terms, bias)] == [float(tape.gradient[line.parameter]) for line in (*terms, bias)]
    assert r.step.update.parameter == max(terms, key=lambda line: abs(tape.change[line.parameter])).parameter


def test_the_check_prints_both_numbers():
    tape = taped("adam")
    assert updates.check(reported(tape, 6).check, "w") == []
    backpropagation, difference, relative = updates.check(reported(tape, 6, check=True).check, "w")
    assert backpropagation.value == float(tape.sample_gradient[6]) and difference.value == pytest.approx(backpropagation.value, rel=1e-4)
    assert relative.value == pytest.approx(abs(difference.value - backpropagation.value) / abs(difference.value), rel=1e-3)
    assert number(difference.printed).value == pytest.approx(difference.value, rel=5e-6)
    assert {len(line.printed.partition("e")[0].strip("−0.").replace(".", "")) for line in (backpropagation, difference)} <= {5, 6}


def test_what_dropout_did_to_both_ends():
    tape = taped("adam", dropout=0.5, batch=7)
    output = tape.topology.output
    (line,) = (line for line in parameter_equations.gradient(reported(tape, output.weight.start + 2)) if "dropout" in line.text)
    row = list(tape.rows).index(tape.row)
    assert line.value == tape.masks[1][row, 2] in (0.0, 2.0)
    assert f"kept in {np.count_nonzero(tape.masks[1][:, 2])} of 7" in line.text
    assert not any("dropout" in line.text for line in parameter_equations.gradient(reported(taped("adam"), output.weight.start + 2)))


FINITE = st.floats(-1e4, 1e4, width=32)


@given(FINITE, st.one_of(FINITE, st.just(0.0)), st.floats(1e-7, 1e-2))
def test_a_pair_shows_its_difference(old, other, relative):
    for new in (other, old * (1 + relative)):
        for text, value in zip(numbers.pair(old, new), (old, new), strict=True):
            shown = text.replace(r"\mathrm{e}{", "e").replace("}", "")
            assert abs(float(shown) - value) <= 0.501 * unit(shown.lstrip("-"))
    if abs(old) > 1e-3 and relative > 1e-5:
        assert len(set(numbers.pair(old, old * (1 + relative)))) == 2


@pytest.mark.parametrize(
    ("value", "text"), [(0.999, "0.999"), (1e-8, "1e−8"), (2.5e-7, "2.5e−7"), (1 - 0.999, "0.001"), (-3e-9, f"{MINUS}3e−9")]
)
def test_settings_are_printed_as_they_were_set(value, text):
    assert "".join(f"^{s.text}" if s.raised else s.text for s in setting(value)) == text


def test_plain_text_says_the_same():
    assert plain_text(r"\hat{m} = m_t/(1-\beta_1^{t}),\; t=3") == "m̂ = m_t/(1−β₁^t),  t=3"
    assert plain_text(r"\partial L/\partial w_{5,i} = \delta^{[2]}_{5}\,a^{[1]}_{i}") == "∂L/∂w_5,i = δ[2]_5 a[1]_i"
    assert plain_text(r"\delta\,\textcolor{#123456}{$a^{[1]}$}^{\top} \leftarrow") == "δ a[1]^T ←"
