"""a op b = c modulo p, every pair once: the task on which grokking was found (Power et al. 2022). Only c is to be predicted."""

from __future__ import annotations

import numpy as np

from nnviz3d.engine.data.dataset import Samples
from nnviz3d.engine.data.sequences import samples
from nnviz3d.spec.scene import Data

SIGNS = {"add": "+", "subtract": "-", "multiply": "*"}


def make(data: Data) -> Samples:
    """p * p sequences of the tokens a, op, b, =, c; `data.test_fraction` of them are drawn for the test set, by the seed."""
    p, sign = data.modulus, SIGNS[data.operation]
    a, b = (x.ravel() for x in np.divmod(np.arange(p * p), p))
    c = {"add": a + b, "subtract": a - b, "multiply": a * b}[data.operation] % p
    rows = np.stack([a, np.full(p * p, p), b, np.full(p * p, p + 1), c], 1)
    n_test = min(round(len(rows) * data.test_fraction), len(rows) - 1)
    rows = rows[np.random.Generator(np.random.PCG64(data.seed)).permutation(len(rows))]
    names = (*map(str, range(p)), sign, "=")
    return samples(f"a {sign} b mod {p}", rows, 4, names, len(rows) - n_test, f"all {p * p:,} pairs")
