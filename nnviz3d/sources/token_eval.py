"""Asks a network which token comes next, of any sequences. Never changes learning.

All places of a sequence are worked out again for each token: at the sizes that learn in a window that takes about a millisecond, so
keys and values of earlier tokens are not kept.
"""

from __future__ import annotations

import numpy as np

from nnviz3d.engine.forward_pass import ForwardPass
from nnviz3d.sources.plane_eval import Asked


class TokenPredictor:
    """Buffers are made when first asked for, and kept while parameters, loss and the number of rows stay."""

    def __init__(self, ops):
        self.ops = ops
        self._kept: tuple = ()

    def logits(self, source: Asked, ids_nt: np.ndarray, parameters=None) -> np.ndarray:
        """(n, T, V) float64: at each token of each row those of the next one, with these parameters (P,) or those of now.

        Raises ValueError where the network is none of sequences, and where the rows are no numbers of its tokens.
        """
        output = source.topology.output
        if output.axes != ("token", "feature"):
            raise ValueError("this network does not answer at each token")
        ids, (tokens, vocabulary) = np.asarray(ids_nt), output.shape
        if ids.ndim != 2 or not len(ids) or ids.shape[1] != tokens:
            raise ValueError(f"rows of {tokens:,} tokens are needed; found an array of shape {ids.shape}")
        if not np.issubdtype(ids.dtype, np.integer) or ids.min() < 0 or ids.max() >= vocabulary:
            raise ValueError(f"numbers of tokens are whole, from 0 to {vocabulary - 1:,}")
        p = source.tensors("parameter") if parameters is None else parameters
        bound = source.objective, source.holds.killed, len(ids)
        if not self._kept or self._kept[0] is not p or self._kept[1] != bound:
            rows = ids.astype(np.float32)
            made = ForwardPass.of_rows(self.ops, source.topology, source.objective, self.ops.asarray(p), rows, source.holds.killed)
            self._kept = p, bound, made
        passed = self._kept[2]
        passed.ask(ids.astype(np.float32))
        return passed.raw()[0].astype(np.float64).reshape(len(ids), tokens, vocabulary)
