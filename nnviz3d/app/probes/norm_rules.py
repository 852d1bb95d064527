"""Signs of norms that do not work: statistics of too few numbers, and scales that let nothing pass. Pure functions, as `health_rules`."""

from __future__ import annotations

import numpy as np

from nnviz3d.sources.protocols import Source
from nnviz3d.spec.node_names import inside, layer_name
from nnviz3d.spec.readout import Finding
from nnviz3d.spec.topology import Node

FEW = 8  # numbers of a channel in a batch: the deviation of so few is off by a quarter from batch to batch
OFF, LOST = 1e-3, 0.25  # a scale so near to 0 passes nothing on; a share of a layer that is lost width


def norms(source: Source) -> list[Finding]:
    """Of every norm."""
    nodes = [node for node in source.topology.order if node.table is not None and not node.table.weighted]
    return [found for node in nodes for found in (_few(source, node), _off(source, node)) if found is not None]


def _few(source: Source, node: Node) -> Finding | None:
    """A mean and a variance of a batch, of too few numbers."""
    assert node.table is not None
    count = source.batch_size * node.size // _scale(node).size
    if not node.table.coupled or count >= FEW:
        return None
    name, rows = inside(layer_name(source.topology, node.number)), f"{source.batch_size:,} {'row' if source.batch_size == 1 else 'rows'}"
    how = f"In a batch of {rows}, {name} normalises by the mean and variance of {count:,} numbers each. They change from batch to batch."
    return Finding(f"The batches are too small for {name}", how, "Training: use larger batches, or layer norm instead of batch norm.")


def _off(source: Source, node: Node) -> Finding | None:
    """Scales at 0: what comes in is lost, and nothing comes back."""
    scale = np.abs(source.ops.to_host(source.tensors("parameter")[_scale(node).slice]))
    off, name = int((scale < OFF).sum()), inside(layer_name(source.topology, node.number))
    if off < max(LOST * scale.size, 1):
        return None
    how = f"{off:,} of {scale.size:,} scales in {name} are 0 or nearly: what comes in there has no effect, and no error passes back."
    return Finding(f"Scales of {name} are 0", how, "Lower the learning rate or weight decay; then reset.")


def _scale(node: Node):
    return dict(node.parameters)["weight"]
