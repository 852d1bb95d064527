"""Answers become colours: classes each have a hue, and certainty is how far the picture leaves the dark. Pure arithmetic.

Two classes and numbers use the signs' own pair (orange -1, blue +1, as TensorFlow Playground does); more use Okabe and Ito's set,
which colour-blind eyes can tell apart.
"""

from __future__ import annotations

import numpy as np

PAIR = np.array([[0.96, 0.45, 0.10], [0.12, 0.50, 1.0]])  # linear, class 0 and class 1
OKABE_ITO = np.array(
    [[0.90, 0.62, 0.0], [0.34, 0.71, 0.91], [0.0, 0.62, 0.45], [0.94, 0.89, 0.26], [0.0, 0.45, 0.70], [0.84, 0.37, 0.0], [0.80, 0.47, 0.65]]
)


def hues(classes: int) -> np.ndarray:
    """(classes, 3) colours in [0, 1]."""
    return PAIR if classes == 2 else OKABE_ITO[np.arange(classes) % len(OKABE_ITO)]


def cells(outputs_no: np.ndarray, task: str, activation: str) -> np.ndarray:
    """(n, 4) float32 from outputs (n, O): the hue of the answer, and how certain it is in [0, 1] (0: a tie)."""
    if task != "classification" or outputs_no.shape[1] == 1:
        value = np.clip(outputs_no[:, 0], -1, 1)
        return np.concatenate([PAIR[(value > 0).astype(int)], np.abs(value)[:, None]], 1).astype(np.float32)
    best = outputs_no.argmax(1)
    two = np.sort(outputs_no, 1)[:, -2:]
    lead = two[:, 1] - two[:, 0]
    certain = np.clip(lead if activation in ("softmax", "sigmoid") else np.tanh(lead), 0, 1)
    return np.concatenate([hues(outputs_no.shape[1])[best], certain[:, None]], 1).astype(np.float32)


def dots(plane, classes: int, task: str) -> np.ndarray:
    """(n, 4) float32 of a `Plane`: place in [0, 1] twice, colour as 0xRRGGBB, 0."""
    share = (plane.points - plane.low) / (plane.high - plane.low)
    if task == "classification":
        colour = hues(classes)[plane.targets.astype(int)]
    else:
        colour = PAIR[(plane.targets > 0).astype(int)] * (0.25 + 0.75 * np.clip(np.abs(plane.targets), 0, 1))[:, None]
    bytes_ = np.round(colour * 255).astype(int)
    packed = bytes_[:, 0] * 65536 + bytes_[:, 1] * 256 + bytes_[:, 2]
    return np.concatenate([share, packed[:, None], np.zeros((len(share), 1))], 1).astype(np.float32)
