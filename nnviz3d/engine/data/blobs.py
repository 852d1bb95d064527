"""Generated classification data of any width: smooth random shapes, one a class, moved about, dimmed, mixed and noisy.

It is for networks larger than the embedded data sets can feed. In 28x28 the samples look like soft clouds on a dark ground.
"""

from __future__ import annotations

from math import prod

import numpy as np

from nnviz3d.engine.data.dataset import Samples
from nnviz3d.spec import limits
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.scene import Data

SAMPLES = 4000
DETAIL = 4.5  # bumps along an axis; fewer are blurs, more are noise
NOISE = 0.12
MIX = 0.5  # at most so much of another class shines through
SHIFT = 0.08  # at most so much of an axis, cyclic


def make(data: Data) -> Samples:
    """`samples` x `inputs` numbers in [0, 1]. Raises InputError where the sizes do not fit together or are too large."""
    n, shape = data.samples or SAMPLES, data.shape or (data.inputs,)
    problems = []
    if prod(shape) != data.inputs:
        problems.append(Problem("", "data.shape", f"{list(shape)} has {prod(shape):,} numbers, but data.inputs is {data.inputs:,}"))
    if (n + data.classes) * data.inputs > limits.DATA_VALUES:
        asked = f"{n:,} samples and {data.classes:,} classes of {data.inputs:,} inputs"
        problems.append(Problem("", "data.samples", f"{asked} are too many values; at most {limits.DATA_VALUES:,}"))
    if problems:
        raise InputError(*problems)
    rng = np.random.Generator(np.random.PCG64(data.seed))
    prototypes = _prototypes(data.classes, shape, rng)
    t = rng.integers(0, data.classes, n)
    x = rng.standard_normal((n, data.inputs), dtype=np.float32) * np.float32(NOISE)
    strength = rng.uniform(0.6, 1.0, n).astype(np.float32)
    other = rng.integers(0, data.classes, n)
    mixed = rng.uniform(0, MIX, n).astype(np.float32)
    shifts = [rng.integers(-int(SHIFT * side), int(SHIFT * side) + 1, n) for side in shape]
    axes = tuple(range(len(shape)))
    for k in range(n):
        picture = strength[k] * np.roll(prototypes[t[k]], [int(shift[k]) for shift in shifts], axes)
        x[k] += (picture + mixed[k] * prototypes[other[k]]).ravel()
    return Samples(
        name="blobs",
        task="classification",
        shape=tuple(shape),
        x=np.clip(x, 0, 1, out=x),
        t=t,
        class_names=tuple(map(str, range(data.classes))),
    )


def _prototypes(classes: int, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """(classes, *shape) in [0, 1]: white noise through a gaussian low-pass (in frequency), contrast, and a soft window."""
    frequencies = np.meshgrid(*(np.fft.fftfreq(side) * side for side in shape), indexing="ij")
    low_pass = np.exp(-sum(f * f for f in frequencies) / (DETAIL / 2) ** 2)
    window = np.ones(shape)
    if len(shape) > 1:  # the last two axes are a picture: let it fade towards the rim
        rows, columns = (np.linspace(-1, 1, side) for side in shape[-2:])
        window = window * np.clip(1.6 - 1.6 * np.hypot(rows[:, None], columns) ** 4, 0, 1)
    made = np.empty((classes, *shape), np.float32)
    for k in range(classes):
        field = np.fft.ifftn(np.fft.fftn(rng.standard_normal(shape)) * low_pass).real
        made[k] = np.clip(field / (1.5 * field.std() + 1e-12), 0, 1) * window
    return made
