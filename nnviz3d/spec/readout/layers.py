"""The readings of a whole layer, and of how all layers developed.

Arrays are host copies; axes: O neurons of the layer, I of those that it is made from; T moments, L layers with weights, B bins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class LayerEnd:
    """A node that a layer is made from, or that it feeds. `kind`: of the node that the connection leads into; `slot`: which of its inputs.

    `first`: of its neurons; `size`: how many there are; `shape`: with their axes; `rank`: the longest path from the input.
    """

    node: int
    name: str
    kind: str
    slot: int
    first: int
    size: int
    shape: tuple[int, ...]
    rank: int


@dataclass(frozen=True, eq=False, kw_only=True)
class LayerReading:
    """A layer, whatever its kind, with its numbers. `back` (O,) = dL/da: what comes back from all that it feeds, added (None at the
    output); `slope` (O,) = f'(z) (None: softmax)."""

    layer: int  # number of its node
    kind: str
    name: str
    activation: str
    loss: str  # what the output is judged by; "" where that is not known
    first_neuron: int
    axes: tuple[int, ...]  # O neurons have these
    sources: tuple[LayerEnd, ...]  # in the order of its inputs
    targets: tuple[LayerEnd, ...]  # empty at the output
    x: np.ndarray  # (I,) activations of all sources, one after the other
    z: np.ndarray
    a: np.ndarray
    delta: np.ndarray | None
    back: np.ndarray | None
    slope: np.ndarray | None
    target: np.ndarray | None  # (O,) at the output
    known: frozenset[str] | None = None  # inside a walk, as of a neuron; "x" as well
    renewed: bool = False
    class_weight: float | None = None  # of the sample, at the output; None without class weights
    table: Any = None  # the layer's table of the scene
    kernels: np.ndarray | None = None  # of a convolution: (channels, channels that each reads, rows, columns); weight 0 is `first_kernel`
    first_kernel: int = -1


@dataclass(frozen=True, eq=False, kw_only=True)
class MatrixReading(LayerReading):
    """A layer with a matrix of weights, `shape` = (O, I). `rows`: vectors that it multiplies: 1, or as many as there are tokens; then `x`,
    `z`, `a` and `delta` are those of all, one after another.

    Of very large matrices every `stride`-th row and column is reported: element (r, c) of `weight`, `gradient` and `change` is weight
    (r * stride[0], c * stride[1]), and weight (j, i) is parameter `first + j * I + i`.
    """

    first: int
    first_source: int
    shape: tuple[int, int]
    stride: tuple[int, int]
    weight: np.ndarray
    bias: np.ndarray
    gradient: np.ndarray  # the last step's batch mean with L1 and L2, before clipping
    bias_gradient: np.ndarray
    change: np.ndarray | None  # of the last step; None where that is not known: all weights were replaced since
    optimizer: str = ""
    rate: float | None = None  # learning rate of the step; None outside a walk
    samples: int = 0
    clip: float | None = 1.0  # what clipping multiplied the step's gradient by; None: clipping is on, and it is not known by what
    direction: float | None = None  # length of what the rate multiplied; None outside a walk
    l1: bool = False  # these are in the gradient
    l2: bool = False
    shrinks: bool = False  # L1 acts after the update, as Playground's
    frozen: int = 0  # neurons of it
    rows: int = 1


@dataclass(frozen=True)
class LayersReading:
    """How the layers' numbers developed: T moments, L layers with weights, B bins. nan: not known at that moment.

    The histograms are of one `quantity` ("weight", "gradient" or "activation") and one `layer` (0-based in `names`): `count_tb` over
    [`low_t`, `high_t`] at the steps `seen_t`; of `seen` evenly spread numbers out of `total`.
    """

    names: tuple[str, ...]  # "hidden 1", ..., "output"
    step_t: np.ndarray
    gradient_tl: np.ndarray  # root mean square of the weights' gradients in the step's batch
    ratio_tl: np.ndarray  # root mean square of the weights' last change, over that of the weights
    quantity: str
    layer: int
    seen_t: np.ndarray
    low_t: np.ndarray
    high_t: np.ndarray
    rms_t: np.ndarray
    count_tb: np.ndarray
    seen: int
    total: int
    rows: int  # samples whose activations are looked at; 0: the shown one
    nodes: tuple[int, ...] = ()  # numbers of the layers' nodes
    rms_tl: np.ndarray | None = None  # root mean square of the quantity in every layer, at the steps `seen_t`
