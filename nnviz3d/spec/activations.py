r"""The registry of activation functions: whatever a part of the program has to know about one is a field of its row here.

The engine's own numbers are elsewhere, because they are made for speed: `backend.numpy_activations` (lists of calls) and
`backend/kernels.cu` (CUDA). `tests/spec/test_activations.py` compares the first and every text below with the closed form;
`tests/backend/test_ops.py` compares the kernels. A new function is a row here, its calls there, and its two cases in the kernels.
Formulas are PyTorch's: the slope of leaky_relu is 0.01, alpha of elu is 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np  # a command that only reads scenes does without it

SIGMOID = "return np.where(z >= 0, 1, np.exp(-np.abs(z))) / (1 + np.exp(-np.abs(z)))  # 1 / (1 + e^-z), without overflow"
SOFTMAX = """e = np.exp(z - z.max(axis=1, keepdims=True))  # the largest is taken away so that nothing overflows
    return e / e.sum(axis=1, keepdims=True)"""
GELU_TEX = r"\frac{z}{2}\left(1+\tanh\left(\sqrt{2/\pi}\,(z+0.044715\,z^3)\right)\right)"


@dataclass(frozen=True)
class Activation:
    """One activation function a = f(z).

    `tex`: f(z) as LaTeX. `numeric`: the same as a line of numbers; {z} is the number, {b} the number in brackets if it is negative.
    `numpy`: the body of `def name(z)` in an exported script (it may call `erf` and `sigmoid`). `torch`: an expression for that function.
    `rowwise`: a number depends on the others of its row (softmax).
    `module`: class of `torch.nn` that is this function, with the settings it must have; "" if there is none.
    """

    name: str
    tex: str
    numeric: str
    numpy: str
    torch: str
    module: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    from_output: bool = False  # the derivative needs only a: training then lets z and a share one buffer
    relu_like: bool = False  # "auto" draws the first weights by He, which is made for functions that drop about half of the numbers
    dies: bool = False  # exactly 0 and flat for every z <= 0: such a neuron may stop learning
    saturates: tuple[float, float] | None = None  # the two ends near which it is flat
    full: float | None = None  # |a| that is drawn at full brightness; None: what is large in the layer
    probability: bool = False  # each output lies in [0, 1] and is read as a probability
    rowwise: bool = False

    @cached_property
    def formula(self) -> Callable[[np.ndarray], np.ndarray]:
        """f of a float64 array, by its text in `numpy`: number by number, or where it is `rowwise`, of each row of a matrix."""
        import numpy as np

        names: dict[str, Any] = {"np": np, "math": math, "erf": np.vectorize(math.erf, otypes=[float])}
        if "sigmoid(" in self.numpy:
            names["sigmoid"] = ACTIVATIONS["sigmoid"].formula
        exec(f"def f(z):\n    {self.numpy}", names)  # our own constants; nothing from a file reaches them
        return names["f"]


_ROWS = (
    Activation("linear", "z", "{z}", "return z", "nn.Identity()", from_output=True),
    Activation(
        "relu", r"\max(0,\,z)", "max(0, {z})", "return np.maximum(z, 0)", "nn.ReLU()",
        module="ReLU", from_output=True, relu_like=True, dies=True,
    ),
    Activation(
        "leaky_relu", r"\max(0.01\,z,\;z)", "max(0.01 · {b}, {z})", "return np.where(z > 0, z, 0.01 * z)", "nn.LeakyReLU(0.01)",
        module="LeakyReLU", settings={"negative_slope": 0.01}, from_output=True, relu_like=True,
    ),
    Activation(
        "relu6", r"\min(\max(0,\,z),\,6)", "min(max(0, {z}), 6)", "return np.minimum(np.maximum(z, 0), 6)", "nn.ReLU6()",
        module="ReLU6", from_output=True, relu_like=True, dies=True,
    ),
    Activation(
        "elu", r"z \;\;(z>0),\;\; e^{z}-1 \;\;(z\le 0)", "elu({z})", "return np.where(z > 0, z, np.expm1(np.minimum(z, 0)))", "nn.ELU()",
        module="ELU", settings={"alpha": 1.0}, from_output=True, relu_like=True,
    ),
    Activation(
        "gelu", r"z\,\Phi(z)", "{b} · Φ({z})",
        "return z * (1 + erf(z / math.sqrt(2))) / 2  # z times the share of a normal distribution below z", "nn.GELU()",
        module="GELU", settings={"approximate": "none"}, relu_like=True,
    ),
    Activation(
        "gelu_tanh", GELU_TEX, "gelu({z})", "return z * (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))) / 2",
        'nn.GELU(approximate="tanh")',
        module="GELU", settings={"approximate": "tanh"}, relu_like=True,
    ),
    Activation(
        "silu", r"z\,\sigma(z)", "{b} · σ({z})", "return z * sigmoid(z)", "nn.SiLU()",
        module="SiLU", relu_like=True,
    ),
    Activation(
        "hardswish", r"\frac{z}{6}\,\min(\max(0,\,z+3),\,6)", "{b} / 6 · min(max(0, {z} + 3), 6)",
        "return z * np.minimum(np.maximum(z + 3, 0), 6) / 6", "nn.Hardswish()",
        module="Hardswish", relu_like=True,
    ),
    Activation(
        "softplus", r"\ln(1+e^{z})", "ln(1 + exp({z}))", "return np.logaddexp(0, z)  # log(1 + e^z)", "nn.Softplus()",
        module="Softplus", settings={"beta": 1.0, "threshold": 20.0}, from_output=True, relu_like=True,
    ),
    Activation(
        "sigmoid", r"\frac{1}{1+e^{-z}}", "σ({z})", SIGMOID, "nn.Sigmoid()",
        module="Sigmoid", from_output=True, saturates=(0.0, 1.0), full=1.0, probability=True,
    ),
    Activation(
        "tanh", r"\tanh(z)", "tanh({z})", "return np.tanh(z)", "nn.Tanh()",
        module="Tanh", from_output=True, saturates=(-1.0, 1.0), full=1.0,
    ),
    Activation("sin", r"\sin(z)", "sin({z})", "return np.sin(z)", "torch.sin", full=1.0),
    Activation(
        "softmax", r"\frac{e^{z}}{\sum_k e^{z_k}}", "exp({z}) / {total}", SOFTMAX, "nn.Softmax(dim=1)",
        module="Softmax", from_output=True, full=1.0, probability=True, rowwise=True,
    ),
)  # fmt: skip

ACTIVATIONS = {row.name: row for row in _ROWS}
ELEMENTWISE = tuple(row.name for row in _ROWS if not row.rowwise)  # hidden layers have these only; the kernels number them so

if TYPE_CHECKING:  # a Literal made of a table is known at run time only
    ActivationName = OutputActivation = str
else:
    ActivationName = Literal[ELEMENTWISE]
    OutputActivation = Literal[("auto", *ACTIVATIONS)]
