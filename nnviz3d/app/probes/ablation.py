"""What killed neurons, channels or heads cost: every output's z with them and without them, of the shown sample, while a panel wants it."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnviz3d.app.probes.saliency import parameters_of
from nnviz3d.engine.forward_pass import ForwardPass
from nnviz3d.sources.still import NO_OBJECTIVE
from nnviz3d.sources.viewable import Viewable
from nnviz3d.spec.readout import AblationReading
from nnviz3d.spec.topology import Node

MOST = 128  # units of a layer that can be chosen


def units(node: Node) -> list[range]:
    """Ids of what can be killed at once: its channels, tokens or heads; else each of its neurons. The first `MOST`."""
    size = node.size // node.groups if node.groups > 1 else 1
    first = node.neurons.start
    return [range(first + k * size, first + (k + 1) * size) for k in range(min(node.size // size, MOST))]


class Ablation:
    """Of one session."""

    def __init__(self):
        self._bound: tuple = ()
        self._pass: ForwardPass | None = None
        self._key: tuple = ()
        self._reading: AblationReading | None = None

    def reading(self, seen: Viewable, wanted: int | None) -> AblationReading | None:
        """`wanted`: the node whose units are shown; None: nobody looks."""
        if wanted is None or not 0 < wanted < len(seen.topology.nodes) or seen.tensors("z") is None:
            self._pass, self._bound, self._reading, self._key = None, (), None, ()
            return None
        key = (seen.serial, seen.version, seen.sample, wanted, seen.holds)
        if key != self._key and (seen.at_boundary or self._reading is None):
            self._key, self._reading = key, self._work(seen, seen.topology.nodes[wanted])
        return self._reading

    def _work(self, seen: Viewable, node: Node) -> AblationReading:
        output = seen.topology.output.neurons.slice
        z_o = np.nan_to_num(np.array(seen.ops.to_host(_there(seen, "z")[output]), np.float64))
        whole_o = self._whole(seen) if seen.holds.killed and seen.objective is not NO_OBJECTIVE else z_o
        a_n = np.abs(np.nan_to_num(np.array(seen.ops.to_host(seen.tensors("activation")[node.neurons.slice]), np.float64)))
        found = units(node)
        size = len(found[0])
        strength_g = a_n[: len(found) * size].reshape(-1, size).mean(1)
        return AblationReading(node.number, size, strength_g, z_o, whole_o)

    def _whole(self, seen: Viewable) -> np.ndarray:
        """(O,) z with nothing killed."""
        parameters, x = parameters_of(seen), np.ravel(seen.sample.x)[None]
        bound = (seen.topology, seen.objective, parameters)
        if self._pass is None or not all(a is b for a, b in zip(bound, self._bound, strict=True)):
            self._bound = bound
            self._pass = ForwardPass.of_rows(seen.ops, seen.topology, seen.objective, seen.ops.asarray(parameters), x)
        self._pass.ask(x)
        z_no, _ = self._pass.raw()
        return np.nan_to_num(z_no[0].astype(np.float64))


def _there(seen: Viewable, kind: str) -> Any:
    found = seen.tensors(kind)
    assert found is not None
    return found
