"""Every printed number is the reading's number to the printed digits, and the printed parts add up."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnviz3d.spec import number_text as numbers
from nnviz3d.spec.activations import ELEMENTWISE
from nnviz3d.spec.readout import NeuronReading
from nnviz3d.ui.equations import curves, neuron_equations
from tests.ui import readouts

FINITE = st.floats(allow_nan=False, allow_infinity=False, width=32)


def parse(text: str) -> float:
    return float(text.replace(numbers.MINUS, "-"))


def unit(text: str) -> float:
    """The value of one unit in the last printed digit."""
    mantissa, _, exponent = text.replace(numbers.MINUS, "-").partition("e")
    return 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))


@given(FINITE)
def test_a_printed_number_is_the_value_rounded(value):
    text = numbers.plain(value)
    assert abs(parse(text) - value) <= 0.5001 * unit(text)
    assert parse(text) == 0 or (parse(text) > 0) == (value > 0)


@given(FINITE)
def test_latex_prints_the_same_digits(value):
    tex = numbers.tex(value)
    mantissa, _, exponent = tex.partition(r"\mathrm{e}{")
    assert float(mantissa) * 10.0 ** int(exponent.rstrip("}") or 0) == pytest.approx(parse(numbers.plain(value)), rel=1e-12)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_printed_without_a_crash(value):
    assert numbers.plain(value) and numbers.tex(value)


READINGS = [readouts.neuron(layer, j) for layer in (1, 2, 3) for j in range(0, 10, 3)]


@pytest.mark.parametrize("reading", READINGS, ids=lambda r: f"{r.layer}-{r.index}")
def test_the_weighted_sum_prints_the_arena_and_adds_up(reading):
    head, *parts, result = neuron_equations.pre_activation(reading)
    layer, j = reading.layer, reading.index
    previous = readouts.A[layer - 1]
    for line in parts:
        if line.kind == "term":
            w, a = (numbers.plain(v) for v in (readouts.W[layer][j, line.index], previous[line.index]))
            assert line.text == f"{w} · {f'({a})' if a.startswith(numbers.MINUS) else a}"
            assert line.value == pytest.approx(readouts.W[layer][j, line.index] * previous[line.index])
            assert line.neuron == readouts.NODES[layer - 1].neurons.start + line.index
    rest = next((line for line in parts if line.kind == "rest"), None)
    shown = {line.index for line in parts if line.kind == "term"}
    hidden = [i for i in range(len(previous)) if i not in shown]
    assert rest.value == pytest.approx(readouts.W[layer][j, hidden] @ previous[hidden], abs=1e-12)
    assert result.value == pytest.approx(readouts.Z[layer][j])
    error = sum(unit(line.printed) for line in (*parts, result)) / 2
    assert abs(sum(parse(line.printed) for line in parts) - parse(result.printed)) <= error * 1.001
    assert str(len(previous) - 1) in head.tex


@pytest.mark.parametrize("reading", READINGS, ids=lambda r: f"{r.layer}-{r.index}")
def test_largest_terms_come_first(reading):
    products = [abs(line.value) for line in neuron_equations.pre_activation(reading) if line.kind == "term"]
    assert products == sorted(products, reverse=True)


def test_the_error_signal_of_an_output_is_output_minus_target():
    for j in range(10):
        symbols, numbers_line = neuron_equations.backward(readouts.neuron(3, j, loss="cross_entropy", outputs=10))
        assert symbols.text == f"δ[3]_{j} = p_{j} − y_{j}"
        assert numbers_line.value == pytest.approx(readouts.A[3][j] - (j == 3))


def test_output_minus_target_is_said_only_where_it_is_true():
    lines = neuron_equations.backward(readouts.neuron(3, 3, delta=0.123))
    assert not any("− y" in line.text for line in lines) and lines[-1].value == 0.123
    lines = neuron_equations.backward(readouts.neuron(3, 3, delta=0.123, loss="mse", loss_slope=0.5, slope_mean=0.1, outputs=10))
    assert [line.value for line in lines] == [None, 0.5, None, 0.123] and "2/n" in lines[0].text.replace("(", "").replace(")", "")


def test_the_error_signal_of_a_hidden_neuron_is_slope_times_sum():
    reading = readouts.neuron(2, 5)
    *parts, result = neuron_equations.backward(reading)
    inner = sum(line.value for line in parts if line.kind in ("term", "rest"))
    assert inner == pytest.approx(reading.outgoing.total)
    assert result.value == pytest.approx(reading.slope * inner)


def test_an_input_neuron_has_its_number_and_no_sum():
    reading = readouts.neuron(0, 12)
    assert neuron_equations.pre_activation(reading) == [] and neuron_equations.backward(reading) == []
    (line,) = neuron_equations.activation(reading)
    assert line.value == reading.a


def test_the_softmax_line_divides_to_the_printed_activation():
    reading = readouts.neuron(3, 3, softmax_sum=float(np.exp(readouts.Z[3]).sum()))
    line = neuron_equations.activation(reading)[1]
    z, total = re.fullmatch(r"exp\((.+)\) / (.+)", line.text).groups()
    assert math.exp(parse(z)) / parse(total) == pytest.approx(reading.a, rel=1e-3)


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize("z", [-2.3, 0.4, 3.1])
def test_every_activation_has_symbols_numbers_and_a_curve(name, z):
    z_i, a_i = curves.curve(name, curves.reach(z))
    a = float(np.interp(z, z_i, a_i))
    lines = neuron_equations.activation(NeuronReading(5, 1, "dense1", 2, name, a=a, z=z))
    assert lines[0].tex and lines[0].text and numbers.plain(z) in lines[1].text
    assert lines[1].value == a


KNOWN = {"sum", "partial", "frac", "cdot", "max", "tanh", "sin", "ln", "mathrm", "Phi", "sigma", "left", "right", "sqrt", "pi", "delta",
         "le", "infty", "Sigma", "textcolor"}  # fmt: skip


@pytest.mark.parametrize("label", [r"\newcommand{\a}{\a\a}\a", r"\rule{100000px}{100000px}", "漢字"])
def test_names_from_files_never_reach_latex(label):
    for layer, j in ((0, 1), (1, 2), (2, 5), (3, 3)):
        reading = readouts.neuron(layer, j, label=label, layer_name=label)
        makes = neuron_equations.pre_activation, neuron_equations.activation, neuron_equations.backward, neuron_equations.bias_gradient
        lines = [line for make in makes for line in make(reading)]
        assert lines
        for line in lines:
            assert label not in line.tex and set(re.findall(r"\\([A-Za-z]+)", line.tex)) <= KNOWN
