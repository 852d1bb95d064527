"""A PyTorch module that was run once, as something to look at: a network of our own kinds where it is made of them, else its graph."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.formats.torch import modules
from nnviz3d.formats.torch.graph import capture
from nnviz3d.formats.torch.run import tensors
from nnviz3d.sources.opened import OpenedGraph
from nnviz3d.sources.opened_network import OpenedNetwork
from nnviz3d.sources.still import StillSource
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Scene

CLOSE = 1e-3  # share of the largest output that our own kinds may differ by, to be shown instead of what torch computed


class ShownModule:
    """A reader of a model: of our own kinds where it is made of them and computes the same, else of what torch did."""

    def __init__(self, model: Any, args: tuple, kwargs: dict[str, Any], batched: bool, title: str):
        self.title, self.captured = title, capture(model, args, kwargs, batched)
        self.model: Any = model
        self.x: Any = args[0] if batched and len(args) == 1 and not kwargs else None

    def __call__(self, ops: Ops) -> StillSource:
        own = self._own(ops)
        if own is not None:
            return own
        c = self.captured
        source = OpenedGraph(c.graph, c.values, ops, c.parameters, scene=Scene(title=self.title[:200]))
        source.notice = c.error and f"The run ended with an error: {c.error}. Shown is what came before."
        if source.notice:
            warnings.warn(source.notice, RuntimeWarning, stacklevel=2)  # scripts and notebooks do not read pictures
        return source

    def _own(self, ops: Ops) -> StillSource | None:
        """None where it is of other kinds, or computes something else: in training, with dropout."""
        results = list(tensors(self.captured.result))
        if self.captured.error or len(results) != 1 or not hasattr(self.x, "shape") or len(self.x.shape) < 2:
            return None
        try:
            taken = modules.take(self.model, tuple(self.x.shape[1:]))
            x = self.x[0].detach().float().cpu().numpy()
            scene = Scene(title=self.title[:200], network=taken.network)
            made = OpenedNetwork(scene, taken.weights, x, taken.outputs, ops, taken.axes)
        except InputError:
            return None
        wanted, found = results[0][0].detach().float().cpu().numpy().reshape(-1), made.output()
        same = wanted.shape == found.shape and np.allclose(wanted, found, rtol=0, atol=CLOSE * max(float(np.abs(wanted).max()), 1e-9))
        return made if same else None
