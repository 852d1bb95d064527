"""Answers become colours: classes each have a hue, and certainty is how far the picture leaves the dark. Pure arithmetic.

Two classes and numbers use the signs' own pair (orange -1, blue +1, as TensorFlow Playground does; yellow and blue in the palette that
is safe for all eyes); more use Okabe and Ito's set, which colour-blind eyes can tell apart.
"""

from __future__ import annotations

import numpy as np

from nnviz3d.draw.palette import PLANE
from nnviz3d.spec.activations import ACTIVATIONS

PAIRS = {name: np.array(colours) for name, colours in PLANE.items()}  # linear, class 0 and class 1
OKABE_ITO = np.array(
    [[0.90, 0.62, 0.0], [0.34, 0.71, 0.91], [0.0, 0.62, 0.45], [0.94, 0.89, 0.26], [0.0, 0.45, 0.70], [0.84, 0.37, 0.0], [0.80, 0.47, 0.65]]
)


def pair(palette: str = "blue_orange") -> np.ndarray:
    """(2, 3) colours of negative and positive."""
    return PAIRS[palette]


def hues(classes: int, palette: str = "blue_orange") -> np.ndarray:
    """(classes, 3) colours in [0, 1]."""
    return pair(palette) if classes == 2 else OKABE_ITO[np.arange(classes) % len(OKABE_ITO)]


def cells(outputs_no: np.ndarray, task: str, activation: str, palette: str = "blue_orange") -> np.ndarray:
    """(n, 4) float32 from outputs (n, O): the hue of the answer, and how certain it is in [0, 1] (0: a tie)."""
    if task != "classification" or outputs_no.shape[1] == 1:
        value = np.clip(outputs_no[:, 0], -1, 1)
        return np.concatenate([pair(palette)[(value > 0).astype(int)], np.abs(value)[:, None]], 1).astype(np.float32)
    best = outputs_no.argmax(1)
    two = np.sort(outputs_no, 1)[:, -2:]
    lead = two[:, 1] - two[:, 0]
    certain = np.clip(lead if ACTIVATIONS[activation].probability else np.tanh(lead), 0, 1)
    return np.concatenate([hues(outputs_no.shape[1], palette)[best], certain[:, None]], 1).astype(np.float32)


def dots(plane, classes: int, task: str, palette: str = "blue_orange") -> np.ndarray:
    """(n, 4) float32 of a `Plane`: place in [0, 1] twice, colour as 0xRRGGBB, 0."""
    share = (plane.points - plane.low) / (plane.high - plane.low)
    if task == "classification":
        colour = hues(classes, palette)[plane.targets.astype(int)]
    else:
        colour = pair(palette)[(plane.targets > 0).astype(int)] * (0.25 + 0.75 * np.clip(np.abs(plane.targets), 0, 1))[:, None]
    bytes_ = np.round(colour * 255).astype(int)
    packed = bytes_[:, 0] * 65536 + bytes_[:, 1] * 256 + bytes_[:, 2]
    return np.concatenate([share, packed[:, None], np.zeros((len(share), 1))], 1).astype(np.float32)


def scales(range_n2: np.ndarray) -> np.ndarray:
    """(N,) 1 / the largest |a| of each neuron over the plane, so that each picture uses its whole range; 0 of a silent one."""
    tops = np.abs(range_n2).max(1)
    return np.divide(1.0, tops, out=np.zeros_like(tops), where=tops > 1e-12)


def tints(topology, task: str, palette: str = "blue_orange") -> np.ndarray:
    """(N, 3) the colour of positive values of each neuron: blue, but an output that stands for a class has that class's."""
    out = np.tile(pair(palette)[1], (topology.n_neurons, 1))
    output = topology.output
    if task == "classification" and output.size > 1 and ACTIVATIONS[output.activation].probability:
        out[output.neurons.slice] = hues(output.size, palette)
    return out
