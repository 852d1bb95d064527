"""Which inputs made an output large or small: gradient times input of the shown sample, worked out while a panel wants it.

One forward and one backward of a single row, as for the shown sample itself, and only where the picture is another one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nnviz3d.engine.logit_gradient import LogitGradient
from nnviz3d.sources.still import NO_OBJECTIVE
from nnviz3d.sources.viewable import Viewable
from nnviz3d.spec.readout import SaliencyReading

IDS = "The inputs are numbers of tokens, which cannot be changed a little: there is no gradient of them."
NO_ENGINE = "This network cannot be computed backwards here."


def parameters_of(seen: Viewable) -> Any:
    """The (P,) parameters that the shown sample is passed through."""
    kept = seen.plane_state[0]
    return seen.tensors("parameter") if kept is None else kept


class Saliency:
    """Of one session."""

    def __init__(self):
        self._key: tuple = ()
        self._bound: tuple = ()
        self._pass: LogitGradient | None = None
        self._reading: SaliencyReading | None = None
        self._versions = 0

    def reading(self, seen: Viewable, wanted: int | None) -> SaliencyReading | None:
        """`wanted`: the output, -1 for the largest; None: nobody looks."""
        if wanted is None:
            self._pass, self._reading, self._key, self._bound = None, None, (), ()
            return None
        if not seen.at_boundary and self._reading is not None:
            return self._reading
        key = (seen.serial, seen.version, seen.sample, wanted, seen.holds)
        if key != self._key:
            self._key, self._versions = key, self._versions + 1
            self._reading = self._work(seen, wanted)
        return self._reading

    def _work(self, seen: Viewable, wanted: int) -> SaliencyReading:
        if "token" in seen.data.axes and "feature" not in seen.data.axes:
            return SaliencyReading(IDS)
        if seen.objective is NO_OBJECTIVE:
            return SaliencyReading(NO_ENGINE)
        through = self._through(seen)
        z_o = np.nan_to_num(through.outputs(np.ravel(seen.sample.x)).astype(np.float64))
        output = int(z_o.argmax()) if not 0 <= wanted < len(z_o) else wanted
        x_i = np.ravel(np.asarray(seen.sample.x, np.float64))
        product_i = np.nan_to_num(x_i * through.of(output))
        shape = seen.data.shape if len(seen.data.shape) > 1 else ()
        return SaliencyReading("", output, float(z_o[output]), x_i, product_i, shape, self._versions)

    def _through(self, seen: Viewable) -> LogitGradient:
        parameters, objective = parameters_of(seen), seen.objective
        bound = (seen.topology, objective, parameters, seen.holds.killed)
        if self._pass is None or not all(a is b or (isinstance(a, tuple) and a == b) for a, b in zip(bound, self._bound, strict=True)):
            self._bound = bound
            self._pass = LogitGradient(seen.ops, seen.topology, objective, seen.ops.asarray(parameters), seen.holds.killed)
        return self._pass
