"""The gradient of the shown sample alone, for a loop that sends none: worked out when it is asked for, once for each state and sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnviz3d.engine.sample_pass import Shown
from nnviz3d.sources.viewable import Array

if TYPE_CHECKING:
    from nnviz3d.sources.watching.loop import WatchedLoop


class SampleGradient:
    """Of one network."""

    def __init__(self, source: WatchedLoop):
        self.source = source
        self._pass: Shown | None = None
        self._gradient: Array = None
        self._of: tuple | None = None

    def now(self) -> Array | None:
        """(P,) with the parameters that are shown; None where the sample has no target."""
        source, sample = self.source, self.source.sample
        if sample.target is None:
            return None
        if self._pass is None:
            self._gradient = source.ops.zeros(source.topology.n_parameters)
            self._pass = Shown(source.ops, source.topology, source.objective, source.tensors("parameter"), (), self._gradient)
        if self._of != (source.state, source.version):
            self._pass.show(sample.x, sample.target)
            source.ops.xp.nan_to_num(self._gradient, copy=False)
            self._of = source.state, source.version
        return self._gradient
