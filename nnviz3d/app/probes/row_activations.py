"""What a layer does with many rows of the data, in slices: one block of rows a frame, with one moment's parameters where they are few.

The base of probes that look through the data set. Nothing happens unless somebody looks. No clock: time is passed in.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnviz3d.sources.protocols import Source, SourceData

MOST, VALUES = 2000, 8_000_000  # rows that are looked at, and numbers of them that are kept
COPY = 2_000_000  # parameters that are copied, so that all rows are of one moment; more go on changing meanwhile
RENEW = 2.0  # seconds between the starts of two passes while the network changes


class RowPass:
    """One time through rows of the shown part. `a_rn` fills from the front; `done` rows of it are known.

    `node`: whose activations; `first`, `size`: the neurons of it that are kept."""

    def __init__(self, source: Source, data: SourceData, node: int, first: int, size: int, most: int = MOST):
        self.part = source.data.held_out[0]
        self.rows_r = data.numbers(self.part, max(min(most, VALUES // max(size, 1)), 1))
        self.of = len(source.data.held_out[1])
        self.moment, self.step = moment(source), source.step
        self.a_rn = np.zeros((len(self.rows_r), size), np.float32)
        self.done = 0
        parameters = source.tensors("parameter")
        kept = np.array(source.ops.to_host(parameters)) if source.topology.n_parameters <= COPY else None
        self._where = slice(first, first + size)
        self._blocks: Iterator[tuple[slice, np.ndarray]] = data.activations(self.part, self.rows_r, node, kept)

    @property
    def over(self) -> bool:
        return self.done == len(self.rows_r)

    def work(self) -> None:
        """One block."""
        where, a_rn = next(self._blocks)
        self.a_rn[where] = a_rn[:, self._where]
        self.done = where.stop


def moment(source: Source) -> tuple:
    """Changes whenever the network answers differently."""
    return source.serial, source.step, source.written
