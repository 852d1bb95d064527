"""The update's equations, from real recorded steps: every printed number is the reading's, and the printed numbers give the result."""

from __future__ import annotations

import math
import re
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz3d.app.inspector import Inspector
from nnviz3d.engine.iteration import record
from nnviz3d.sources.walk import View
from nnviz3d.spec.phases import Place, phases
from nnviz3d.ui import numbers, updates
from tests.engine.nets import numbers as rows
from tests.engine.nets import trainer

OPTIMIZERS = ["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"]
NUMBER = re.compile(r"(?<![\^_\w.])(?<!\*\*)\d+\.?\d*(?:e-?\d+)?")
SET = ("learning_rate", "l1", "l2", "momentum", "beta1", "beta2", "rho", "epsilon")
KNOWN = {"partial", "delta", "cdot", "lambda", "mathrm", "leftarrow", "mu", "beta", "rho", "hat", "sqrt", "epsilon", "eta", "to", "infty"}


class Told:
    """A tape where a walk is expected."""

    def __init__(self, tape, kind="update"):
        self.tape = tape
        self.view = View(tape, Place([p.kind for p in phases(tape.topology)].index(kind), 0.5))
        self.kind = kind

    def target_of(self, output):
        return float(self.tape.target_o[output])


def reading(tape, neuron, p=None, check=False, kind="update"):
    inspector = Inspector()
    if p is not None:
        (inspector.check if check else inspector.choose)(p)
    return inspector.read(Told(tape, kind), neuron)


def python(tex: str) -> str:
    """Our LaTeX with numbers as an expression of Python."""
    tex = re.sub(r" \\cdot 10\^\{(-?\d+)\}|\\cdot 10\^\{(-?\d+)\}", lambda m: f"e{m[1] or m[2]}", tex)
    tex = re.sub(r"(?<![\w.])10\^\{(-?\d+)\}", r"1e\1", tex)
    return re.sub(r"\\sqrt\{([^{}]*)\}", r"sqrt(\1)", tex).replace(r"\cdot", "*").replace("^2", "**2")


def unit(number: str) -> float:
    mantissa, _, exponent = number.partition("e")
    return 0.0 if number == "0" else 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))


def evaluate(tex: str, exact: frozenset[str] = frozenset()) -> tuple[float, float]:
    """(what the printed numbers give, how far the digits that were not printed can move it). `exact` ones are printed to six digits."""
    expression = python(tex)
    found = list(NUMBER.finditer(expression))
    values = [float(m[0]) for m in found]
    for k, m in reversed(list(enumerate(found))):
        expression = f"{expression[: m.start()]}n[{k}]{expression[m.end() :]}"

    def at(n):
        return eval(expression, {"sqrt": lambda v: math.sqrt(max(v, 0.0)), "n": n})

    middle, slack = at(values), 0.0
    for k, m in enumerate(found):
        step = 0.5 * (1e-5 * values[k] if m[0] in exact else unit(m[0]))
        slack += max(abs(at([v + side * step * (i == k) for i, v in enumerate(values)]) - middle) for side in (-1, 1))
    return middle, slack


def check_lines(told) -> None:
    rule = told.step.update.numbers
    exact = {numbers.setting(rule[name]) for name in SET if name in rule}
    exact = frozenset(python(tex) for tex in exact | {numbers.setting(1 - rule[name]) for name in SET[4:7] if name in rule})
    printable = exact | {python(numbers.tex(abs(v))) for v in rule.values()}
    *lines, last = updates.update(told)
    for line in lines:
        assert set(re.findall(r"\\([A-Za-z]+)", line.tex)) <= KNOWN
        if line.kind != "step":
            continue
        for number in NUMBER.findall(python(line.tex)):
            assert number in printable, (number, line.tex)
        result, slack = evaluate(line.tex, exact)
        size = abs(rule["used"]) ** 2 if "**2" in python(line.tex) else abs(rule["used"]) + abs(line.value)
        assert abs(result - line.value) <= slack * 1.05 + 1e-5 * size + 1e-12, (line.tex, line.value)
    assert last.kind == "result" and last.value == rule["recorded"] - rule["old"]
    old, new = re.fullmatch(r"[wb]:\\; (.+) \\to (.+)", last.tex).groups()
    for shown, value in ((old, rule["old"]), (new, rule["recorded"])):
        shown = python(shown)
        assert abs(float(shown) - value) <= 0.501 * unit(shown.lstrip("-"))


settings_of = st.fixed_dictionaries(
    {
        "optimizer": st.sampled_from(OPTIMIZERS), "learning_rate": st.floats(1e-4, 0.5), "momentum": st.floats(0, 0.99),
        "beta1": st.floats(0, 0.99), "beta2": st.floats(0, 0.999), "rho": st.floats(0, 0.99), "epsilon": st.sampled_from([1e-8, 1e-3]),
        "weight_decay": st.sampled_from([0.0, 0.01, 0.3]), "l1": st.sampled_from([0.0, 0.01]), "l1_dead_at_zero": st.booleans(),
        "l2": st.sampled_from([0.0, 0.1]), "clip_norm": st.sampled_from([0.0, 0.01, 9.0]), "batch": st.integers(1, 7),
    }
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(settings_of, st.integers(0, 4))
def test_the_printed_numbers_are_the_rules_and_give_its_results(train, steps):
    t = trainer(**train)
    t.run(steps)
    tape = record(t)
    hidden = tape.topology.nodes[1]
    for neuron in (hidden.neurons.start, tape.topology.output.neurons.start + 1):
        node, j = tape.topology.locate(neuron)
        first = node.weight.start + j * node.weight.shape[1]
        for p in (first, first + 2, node.bias.start + j):
            told = reading(tape, neuron, p)
            assert told.step.update.parameter == p
            check_lines(told)


@lru_cache
def taped(optimizer: str, **changes):
    t = trainer(**{"optimizer": optimizer, "learning_rate": 0.05, "weight_decay": 0.0, **changes})
    t.run(3)
    return record(t)


def all_tex(tape, p) -> str:
    node, j = tape.topology.nodes[1], 0
    return " ".join(line.tex for line in updates.update(reading(tape, node.neurons.start + j, p)))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("extras", [{}, {"l1": 0.01, "l2": 0.1, "clip_norm": 0.01, "weight_decay": 0.2}], ids=["bare", "full"])
def test_each_rule_at_its_usual_settings(optimizer, extras):
    """Where every factor is far from 0 and 1, so that a wrong symbol cannot pass for the right one."""
    tape = taped(optimizer, **extras)
    for p in (0, 7, 13, tape.topology.nodes[1].bias.start):
        j = p // 4 if p < 20 else 0
        check_lines(reading(tape, tape.topology.nodes[1].neurons.start + j, p))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_only_what_is_in_use_is_told(optimizer):
    bare = all_tex(taped(optimizer), 0)
    assert not any(s in bare for s in (r"\lambda", r"c\,g"))
    assert (r"\hat{m}" in bare) == optimizer.startswith("adam") and (r"\mu" in bare) == (optimizer in ("momentum", "nesterov"))
    full = taped(optimizer, l1=0.01, l2=0.1, clip_norm=0.01, weight_decay=0.2)
    told = all_tex(full, 0)
    assert all(s in told for s in (r"\lambda_1", r"\lambda_2", r"c\,g")) and (r"\eta\,\lambda\," in told) == (optimizer == "adamw")
    bias = all_tex(full, full.topology.nodes[1].bias.start)
    assert r"\lambda_" not in bias and r"c\,g" in bias and "w" not in re.sub(r"\\[a-z]+", "", bias)


def test_playgrounds_l1_is_told_as_it_is():
    shrinking = all_tex(taped("sgd", l1=0.001, l1_dead_at_zero=True), 0)
    assert r"- \eta\,\lambda_1" in shrinking
    t = trainer(rows(10), optimizer="sgd", learning_rate=0.3, l1=0.1, l1_dead_at_zero=True)
    t.run(25)
    tape = record(t)
    dead = next(int(p) for p in np.flatnonzero(tape.alive == 0) if p < tape.topology.nodes[1].weight.stop)
    j = dead // tape.topology.nodes[1].weight.shape[1]
    told = reading(tape, tape.topology.nodes[1].neurons.start + j, dead)
    assert "put" in updates.update(told)[-2].tex and told.step.update.numbers["recorded"] == 0


def test_a_step_that_diverged_says_so():
    t = trainer(rows(40), loss="mse", output="linear", optimizer="sgd", learning_rate=1e9)
    while not (tape := record(t)).diverged:
        pass
    lines = updates.update(reading(tape, tape.topology.output.neurons.start))
    assert "applied" in lines[-2].tex and lines[-1].value == 0


@pytest.mark.parametrize("neuron", [4, 6, 9, 11])
def test_gradients_are_delta_times_activation_and_the_batch_mean(neuron):
    tape = taped("adam", l2=0.1)
    told = reading(tape, neuron)
    symbols, delta, *terms, bias = updates.gradients(told)
    assert tape.topology.locate(neuron)[1] == told.index and f"w_{{{told.index},i}}" in symbols.tex
    for line in terms:
        result, slack = evaluate(line.tex) if r"\delta" not in line.tex else (line.value, 0)
        assert abs(result - line.value) <= slack * 1.01 + 1e-7
        assert line.value == float(tape.sample_gradient[line.parameter])
        assert line.second == float(tape.gradient[line.parameter])
    assert bias.value == told.step.delta == float(tape.old.delta[neuron]) and bias.second == float(tape.gradient[bias.parameter])
    assert [line.parameter for line in (*terms, bias) if line.chosen] == [told.step.update.parameter]
    assert numbers.tex(told.step.delta) in delta.tex
    assert told.step.update.parameter == max(terms, key=lambda line: abs(tape.change[line.parameter])).parameter


def test_the_check_prints_both_numbers():
    tape = taped("adam")
    assert updates.check(reading(tape, 5)) == []
    backpropagation, difference, relative = updates.check(reading(tape, 5, 6, check=True))
    assert backpropagation.value == float(tape.sample_gradient[6])
    assert difference.value == pytest.approx(backpropagation.value, rel=1e-4)
    assert relative.value == pytest.approx(abs(difference.value - backpropagation.value) / abs(difference.value), rel=1e-3)
    assert float(difference.printed.replace(numbers.MINUS, "-")) == pytest.approx(difference.value, rel=1e-7)


FINITE = st.floats(-1e4, 1e4, width=32)


@given(FINITE, st.one_of(FINITE, st.just(0.0)), st.floats(1e-7, 1e-2))
def test_a_pair_shows_its_difference(old, other, relative):
    for new in (other, old * (1 + relative)):
        for text, value in zip(numbers.pair(old, new), (old, new), strict=True):
            shown = python(text)
            assert abs(float(shown) - value) <= 0.501 * unit(shown.lstrip("-"))
    if abs(old) > 1e-3 and relative > 1e-5:
        assert len(set(numbers.pair(old, old * (1 + relative)))) == 2


@pytest.mark.parametrize(("value", "tex"), [(0.999, "0.999"), (1e-8, "10^{-8}"), (2.5e-7, r"2.5\cdot 10^{-7}"), (1 - 0.999, "0.001")])
def test_settings_are_printed_as_they_were_set(value, tex):
    assert numbers.setting(value) == tex


def test_plain_text_says_the_same():
    latex = r"0.003 \cdot (-0.0068)/(\sqrt{1.69\cdot 10^{-4}}+10^{-8})"
    assert updates.text(latex) == "0.003 · (−0.0068)/(√(1.69e−4)+1e−8)"
    assert updates.text(r"\hat{m} = m_t/(1-\beta_1^{t}),\; t=3") == "m̂ = m_t/(1−β₁^t),  t=3"
    assert updates.text(r"\partial L/\partial w_{5,i} = \delta^{[2]}_{5}\,a^{[1]}_{i}") == "∂L/∂w_5,i = δ[2]_5 a[1]_i"
