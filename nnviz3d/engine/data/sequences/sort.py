"""Letters, then the same letters sorted: "BACBCA" + "AABBCC". Only the sorted half is to be predicted (Karpathy's task, as in llm-viz)."""

from __future__ import annotations

import hashlib

import numpy as np

from nnviz3d.engine.data.dataset import Samples
from nnviz3d.engine.data.sequences import samples
from nnviz3d.spec import limits
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Data

ALL = 20_000  # sequences up to which every one that there is becomes a sample
DRAWN = 10_000  # samples of more


def make(data: Data) -> Samples:
    """Whether a sequence is tested is decided by its letters and the seed alone (a hash): a test sequence is never trained on. Raises
    InputError where there are too few."""
    letters, length = data.letters, data.length
    rows, note = _sequences(data)
    salt = f"{data.seed}:".encode()
    hashed = np.array([int.from_bytes(hashlib.blake2b(salt + row.tobytes(), digest_size=8).digest()) for row in rows.astype(np.uint8)])
    test = hashed / 2.0**64 < data.test_fraction
    order = np.argsort(test, kind="stable")
    n_train = int((~test).sum())
    if not n_train or (data.test_fraction and n_train == len(rows)):
        text = f"{len(rows):,} sequences do not give both a training set and a test set; use more letters, or longer sequences"
        raise InputError.of("", "data.letters", text)
    both = np.concatenate([rows, np.sort(rows, 1)], 1)[order]
    names = tuple(chr(ord("A") + k) for k in range(letters))
    return samples(f"sort {length} letters of {letters}", both, length, names, n_train, note)


def _sequences(data: Data) -> tuple[np.ndarray, str]:
    """(n, length), each sequence once."""
    letters, length = data.letters, data.length
    if letters**length <= ALL and not data.samples:
        rows = np.stack(np.unravel_index(np.arange(letters**length), (letters,) * length), 1)
        return rows, f"all {letters**length:,} sequences that there are"
    n = min(data.samples or DRAWN, letters**length)
    if n * 4 * length > limits.DATA_VALUES:
        raise InputError.of("", "data.samples", f"{n:,} sequences do not fit in memory; use fewer")
    rng = np.random.Generator(np.random.PCG64(data.seed))
    rows = np.unique(rng.integers(0, letters, (n, length)), axis=0)
    return rows[rng.permutation(len(rows))], f"{len(rows):,} different sequences of {letters**length:,}"
