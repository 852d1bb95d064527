"""Every table of activation functions covers the registry, and all of them mean the same function.

The kernels are compared with `formula` in tests/backend/test_ops.py; gradients of whole networks in tests/engine/test_gradients.py.
"""

from __future__ import annotations

import ast
import math
import re
from types import SimpleNamespace
from typing import get_args

import numpy as np
import pytest
from imgui_bundle import imgui_microtex

from nnviz3d.backend import kernel_source, numpy_activations
from nnviz3d.formats.torch import layers as module_layers
from nnviz3d.formats.torch.values import Building, ModuleOutput, ModulePlace
from nnviz3d.layers.shared.equation_line import plain_text
from nnviz3d.spec.activations import ACTIVATIONS, ELEMENTWISE, ActivationName, OutputActivation
from nnviz3d.spec.scene import Layer, Output
from nnviz3d.ui.core import tex
from nnviz3d.ui.equations import curves
from tests.ui.printed import evaluate, python

KERNELS = kernel_source.source()
Z = np.concatenate([np.linspace(-8, 8, 161), [-100.0, -30.0, 30.0, 100.0]])
ROWS = np.stack([Z, Z[::-1], 0.1 * Z])


def applied(kind: str, z: np.ndarray) -> np.ndarray:
    """As the engine does it."""
    a, rooms = np.empty_like(z), {}

    def scratch(k):
        return rooms.setdefault(k, np.empty(z.shape, bool if k < 0 else z.dtype))

    calls = numpy_activations.forward[kind](z, a, scratch) if kind != "softmax" else softmax_calls(z, a, scratch)
    with np.errstate(all="ignore"):
        for call in calls:
            call()
    return a


def softmax_calls(z, a, scratch):
    return numpy_activations.softmax(z, a, np.empty((len(z), 1)), scratch(0))


def _sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))


CLOSED = {
    "linear": lambda z: z,
    "relu": lambda z: z if z > 0 else 0.0,
    "leaky_relu": lambda z: z if z > 0 else z / 100,
    "relu6": lambda z: min(max(0.0, z), 6.0),
    "elu": lambda z: z if z > 0 else math.expm1(z),
    "gelu": lambda z: z * math.erfc(-z / math.sqrt(2)) / 2,
    "gelu_tanh": lambda z: z * _sigmoid(2 * math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)),
    "silu": lambda z: z * _sigmoid(z),
    "hardswish": lambda z: 0.0 if z <= -3 else z if z >= 3 else z * (z + 3) / 6,
    "softplus": lambda z: max(z, 0.0) + math.log1p(math.exp(-abs(z))),
    "sigmoid": _sigmoid,
    "tanh": math.tanh,
    "sin": math.sin,
}
"""One number by one formula, written here a second time and in other words than the program's own."""
KNOWN = {  # f(1) and f(-2), to 12 digits
    "linear": (1, -2), "relu": (1, 0), "leaky_relu": (1, -0.02), "relu6": (1, 0), "elu": (1, -0.864664716763),
    "gelu": (0.841344746069, -0.045500263896), "gelu_tanh": (0.841191990608, -0.045402305912),
    "silu": (0.731058578630, -0.238405844044), "hardswish": (2 / 3, -1 / 3), "softplus": (1.313261687518, 0.126928011043),
    "sigmoid": (0.731058578630, 0.119202922022), "tanh": (0.761594155956, -0.964027580076), "sin": (0.841470984808, -0.909297426826),
}  # fmt: skip


def closed(kind: str, z: np.ndarray) -> np.ndarray:
    if kind == "softmax":  # by row, as 1 / sum of e^(z_j - z_k), each difference at once
        with np.errstate(over="ignore"):
            return 1 / np.exp(z[:, None, :] - z[:, :, None]).sum(2)
    return np.vectorize(CLOSED[kind], otypes=[float])(z)


def test_choices_are_the_registry():
    assert get_args(ActivationName) == ELEMENTWISE and get_args(OutputActivation) == ("auto", *ACTIVATIONS)
    for kind in ELEMENTWISE:
        assert Layer(units=2, activation=kind).activation == kind and Output(activation=kind).activation == kind


def test_the_engine_has_every_function_and_no_other():
    assert set(numpy_activations.forward) == set(numpy_activations.backward) == set(ELEMENTWISE)


def test_the_kernels_number_every_function_and_have_both_cases():
    names = re.search(r"enum Kind \{([^}]*)\}", KERNELS)[1].replace(" ", "").split(",")
    assert names == [kind.upper() for kind in ELEMENTWISE]
    for function in ("activation", "slope"):
        body = KERNELS.split(f"static __device__ float {function}(int kind")[1].split("\n}\n")[0]
        assert re.findall(r"case (\w+):", body) == names[1:]  # linear is the default


@pytest.mark.parametrize("kind", ELEMENTWISE)
def test_the_closed_forms_give_the_known_numbers(kind):
    assert tuple(CLOSED[kind](z) for z in (1.0, -2.0)) == pytest.approx(KNOWN[kind], rel=0, abs=1e-12)


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_the_engine_and_the_text_of_scripts_compute_the_closed_form(kind):
    expected = closed(kind, ROWS)
    np.testing.assert_allclose(applied(kind, ROWS), expected, rtol=1e-12, atol=1e-13)
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(ACTIVATIONS[kind].formula(ROWS), expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("kind", ELEMENTWISE)
def test_the_drawn_curve_is_the_closed_form(kind):
    z, a = curves.curve(kind, 8.0)
    np.testing.assert_allclose(a, closed(kind, z), rtol=1e-12, atol=1e-13)


def test_a_function_of_a_whole_row_has_no_curve():
    assert curves.curve("softmax", 8.0) is None


@pytest.mark.parametrize("kind", ELEMENTWISE)
def test_the_slope_is_the_derivative(kind):
    """Of the backward calls, against central differences of the forward ones; kinks lie between the points."""
    z = np.linspace(-7.987, 7.987, 98)
    a = applied(kind, z)
    expected = (applied(kind, z + 1e-6) - applied(kind, z - 1e-6)) / 2e-6
    np.testing.assert_allclose(numpy_activations.slopes(kind, z, a), expected, atol=1e-8)
    if ACTIVATIONS[kind].from_output:
        np.testing.assert_array_equal(numpy_activations.slopes(kind, a, a), numpy_activations.slopes(kind, z, a))


@pytest.mark.parametrize("kind", ELEMENTWISE)
@pytest.mark.parametrize("z", [-3.75, -1.5, 0.5, 2.25, 7.5])
def test_the_printed_line_of_numbers_gives_the_activation(kind, z):
    line = ACTIVATIONS[kind].numeric.format(z=z, b=f"({z})" if z < 0 else z)
    assert evaluate(line, frozenset(re.findall(r"[\d.]+", python(line))))[0] == pytest.approx(applied(kind, np.array([z]))[0], abs=1e-12)


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_the_symbols_have_a_plain_form(kind):
    """Shown where LaTeX is not: no macro of LaTeX is left in it."""
    assert plain_text(ACTIVATIONS[kind].tex) and "\\" not in plain_text(ACTIVATIONS[kind].tex)


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_the_symbols_are_rendered(kind):
    if not tex.available():
        pytest.skip("MicroTeX cannot run here")
    assert imgui_microtex.render(ACTIVATIONS[kind].tex, 20.0).width > 5


@pytest.mark.parametrize("kind", ELEMENTWISE)
def test_ends_and_flags_are_what_the_function_does(kind):
    row, far = ACTIVATIONS[kind], np.array([-1e3, 1e3])
    with np.errstate(all="ignore"):
        low, high = row.formula(far)
        flat = (row.formula(np.array([-5.0, -2.0, -0.5])) == 0).all()
    assert row.dies == flat
    assert row.saturates is None or row.saturates == pytest.approx((low, high))
    assert not row.relu_like or (high >= 6 and abs(low) < high / 50)
    if row.full is not None:
        assert np.abs(row.formula(Z)).max() == pytest.approx(row.full, abs=1e-3)
    assert not row.probability or row.saturates == (0.0, 1.0)


@pytest.mark.parametrize("kind", [kind for kind in ACTIVATIONS if ACTIVATIONS[kind].module])
def test_a_module_of_torch_is_read_as_the_function(kind):
    """Without torch: modules are read by the names of their classes and settings."""
    row = ACTIVATIONS[kind]
    made = type(row.module, (SimpleNamespace,), {})

    def taken(settings):
        b = Building()
        value = module_layers.take(b, ModulePlace("model", "f"), made(**settings), [ModuleOutput("input", (3,), ("neuron",))])
        return b, b.layers.get(value.name)

    b, layer = taken({"dim": -1} if row.rowwise else row.settings)
    assert not b.problems and kind in (layer.keys.get("activation"), layer.keys["kind"])
    for key in row.settings:
        b, layer = taken({**row.settings, key: "other"})
        assert layer is None and f"{key}=other is not supported" in str(b.problems.pop())


@pytest.mark.parametrize("kind", [kind for kind in ACTIVATIONS if ACTIVATIONS[kind].module])
def test_the_text_for_torch_makes_that_module(kind):
    """Its class, and no other settings than those of the row."""
    row, call = ACTIVATIONS[kind], ast.parse(ACTIVATIONS[kind].torch, mode="eval").body
    assert ast.unparse(call.func) == f"nn.{row.module}"
    assert [ast.literal_eval(argument) for argument in call.args] == list(row.settings.values())[: len(call.args)]
    for keyword in call.keywords:
        assert kind == "softmax" or ast.literal_eval(keyword.value) == row.settings[keyword.arg]


@pytest.mark.frameworks
@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_torch_computes_the_same(kind):
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    function = eval(ACTIVATIONS[kind].torch, {"torch": torch, "nn": torch.nn})  # a text of ours
    np.testing.assert_allclose(function(torch.tensor(ROWS)).numpy(), applied(kind, ROWS), rtol=1e-6, atol=1e-8)
