"""Names beside a network: its outputs, its layers, its inputs and the axes of its plate; the same for each network on the stage."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from nnviz3d.app.view.captions import caption, heads
from nnviz3d.app.view.decision_plate import Word, place_labels, plane_names
from nnviz3d.app.view.projection import Projection
from nnviz3d.draw.camera import LENS
from nnviz3d.layout.grid import Layout
from nnviz3d.layout.lanes import by_rank
from nnviz3d.sources.protocols import Source
from nnviz3d.sources.viewable import Viewable
from nnviz3d.spec.readout import Label
from nnviz3d.spec.topology import Topology

SIDE_LABELS = 40  # an output layer with more classes than that has no room for names
LINE = 18.0  # pixels (of imgui, unscaled) that a small name needs
DROP, LOW_DROP = 0.35, 0.9  # of the pitch: how far under a layer its name hangs; with two networks, clear of the names of outputs
UNDER = 11.0  # units under a wall stands the middle of its name
ROOMY = 52.0  # units across a tile: smaller ones have no number
ABOVE = 9.0  # units over a tile stands its number
NARROWEST = 24  # units between two layers: closer ones have no names


@dataclass(frozen=True)
class Anchors:
    """What is named, and where the names stand: `points_n3` of the outputs, of the layers, then of inputs and plane (`words`), of heads and
    tokens. `named`: ids of the neurons that the first words name."""

    layout: Layout
    points_n3: np.ndarray
    outputs: tuple[str, ...]
    layers: tuple[str, ...]
    words: list[Word]
    named: np.ndarray
    ranks: list[list[int]]  # numbers of the layers of each rank
    heads: list[tuple[str, float]]
    tokens: int  # rows of an input that is a sequence, and of an output with an answer for each token: so many

    @classmethod
    def of(cls, source: Source, layout: Layout, drop: float = DROP) -> Anchors:
        """`drop`: pitches under each layer."""
        topology: Topology = source.topology
        labels = topology.output.labels
        outputs = tuple(map(str, labels)) if len(labels) <= SIDE_LABELS and len(topology.output.shape) == 1 else ()
        feet = (layout.low + layout.high) / 2
        feet[:, 1] = layout.low[:, 1] - layout.pitch * drop
        beside = layout.place_n4[topology.output.neurons.slice, :3][: len(outputs)]
        more, words, named = plane_names(source, layout)
        corners, numbered = heads(topology, layout)
        rows = _rows(topology, layout)
        tags = np.array(corners, np.float64).reshape(-1, 3)
        points_n3 = np.concatenate([beside.astype(np.float64), feet.astype(np.float64), more, tags, rows, *_rims(layout, feet)])
        ranks = [[node.number for node in nodes] for nodes in by_rank(topology)]
        names = [text if k not in layout.hidden else "" for k, text in enumerate(layer_names(topology))]
        for glass in layout.glass:  # under a slab its name
            if glass.fill > 0:
                names[glass.part.nodes[0]] = glass.part.label
        ranks = [[k for k in numbers if names[k]] for numbers in ranks]
        return cls(layout, points_n3, outputs, tuple(names), words, named, [each for each in ranks if each], numbered, len(rows) // 2)


def _rims(layout: Layout, feet: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(L, 3) twice: where a wall of tiles may reach lowest on the screen, its lowest corner and the one nearest to the eye; of what is
    drawn neuron by neuron its foot."""
    tiles, out = layout.tiles, (feet.astype(np.float64), feet.astype(np.float64))
    corners = (tiles.corner_s3 + tiles.down_s3 + tiles.across_s3).astype(np.float64)
    for k in np.unique(tiles.node_s):
        its = corners[tiles.node_s == k]
        out[0][k] = its[np.lexsort((-its[:, 2], its[:, 1]))[0]]
        out[1][k] = its[np.lexsort((its[:, 1], -its[:, 2]))[0]]
    return out


def _rows(topology: Topology, layout: Layout) -> np.ndarray:
    """(2 T, 3) where the tokens of the input stand, and the end of the row of each in the output; none where the data are no sequences."""
    count = topology.input.size
    if topology.input.axes != ("token",) or topology.output.shape[0] != count or len(topology.output.shape) != 2:
        return np.zeros((0, 3))
    last = layout.place_n4[topology.output.neurons.slice, :3].reshape(count, -1, 3)[:, -1]
    return np.concatenate([layout.place_n4[topology.input.neurons.slice, :3], last]).astype(np.float64)


@dataclass(frozen=True)
class LabelList:
    """The labels of one network, in the order in which they are placed."""

    outputs: list[Label]
    layers: list[Label]
    inputs: list[Label]  # and the axes of the plate


def label_list(
    anchors: Anchors, source: Source, seen: Viewable, projection: Projection, minor: bool = False, known: int | None = None
) -> LabelList:
    """`source` and what is `seen` of it: itself, a walk or a kept moment. `minor`: the outputs give way where there is no room.
    `known`: how many tokens of a sequence are real ones; None: all."""
    x, y, depth = projection.points(anchors.points_n3)
    first, last = len(anchors.outputs), len(anchors.outputs) + len(anchors.layers)
    begin = source.topology.output.neurons.start
    activation = seen.tensors("activation")[begin : begin + first]
    strengths = np.minimum(np.abs(source.ops.to_host(activation)), 1).tolist()
    kind = "minor" if minor else "class"
    outputs = [
        Label(x[k] + projection.reach / depth[k] + 5, y[k], name, 0.35 + 0.65 * strengths[k], kind=kind, column="" if minor else "outputs")
        for k, name in enumerate(anchors.outputs)
        if depth[k] > 0
    ]
    layers = _layers(anchors, x[first:last], _feet(anchors, y, first, last), depth[first:last], projection.size[0])
    inputs = place_labels(anchors.words, anchors.named, source, seen, x[last:], y[last:], depth[last:], projection.reach)
    last += len(anchors.words)
    unit = LENS * projection.size[1] / 2  # of the screen, for a length of 1 at distance 1
    inputs += [
        Label(x[k], y[k] - ABOVE, text, 0.3, "centre", "minor")
        for k, (text, side) in enumerate(anchors.heads, last)
        if depth[k] > 0 and side * unit / depth[k] > ROOMY
    ]
    last += len(anchors.heads)
    outputs += _tokens(anchors, source, seen, x[last:], y[last:], depth[last:], projection.reach, known)
    return LabelList(outputs, layers, inputs)


def _feet(anchors: Anchors, y: list[float], first: int, last: int) -> list[float]:
    """Where the names of layers stand: those of sheets under their lower corner."""
    feet, count = y[first:last], last - first
    for k in np.unique(anchors.layout.tiles.node_s):
        feet[k] = max(y[len(y) - 2 * count + k], y[len(y) - count + k]) + UNDER
    return feet


def _tokens(
    anchors: Anchors,
    source: Source,
    seen: Viewable,
    x: list[float],
    y: list[float],
    depth: list[float],
    reach: float,
    known: int | None,
) -> list[Label]:
    """The text of each token beside the input, and the strongest answer for it beside the output. What stands behind the known tokens only
    fills the row: it has no names."""
    words = source.topology.output.labels
    if not anchors.tokens or not words:
        return []
    topology, activation_n = source.topology, source.ops.to_host(seen.tensors("activation"))
    ids = activation_n[topology.input.neurons.slice].round().astype(int)
    answer_tc = topology.output.neurons.view(activation_n)
    found = []
    for k, (token, answer) in enumerate(zip(ids[:known], answer_tc[:known], strict=True)):
        if depth[k] > 0 and 0 <= token < len(words):
            found.append(Label(x[k] - reach / depth[k] - 5, y[k], str(words[token]), 0.8, "right", column="tokens"))
        end, best = anchors.tokens + k, int(answer.argmax())
        if depth[end] > 0:
            strength = 0.35 + 0.65 * min(float(answer[best]), 1)
            found.append(Label(x[end] + reach / depth[end] + 5, y[end], str(words[best]), strength, column="answers"))
    return found


def frame_labels(layout: Layout, projection: Projection) -> list[Label]:
    """The name of each open part over the upper corner of its frame."""
    found = []
    for glass in layout.glass:
        if glass.fill > 0:
            continue
        low, high = layout.glass_boxes(glass)[0]
        (x,), (y,), (depth,) = projection.points(np.array([[low[0], high[1], low[2]]], np.float64))
        if depth > 0:
            found.append(Label(x, y - ABOVE, glass.part.label, 0.5, "left", "minor", glass.part.name))
    return found


def _layers(anchors: Anchors, x: list[float], y: list[float], depth: list[float], width: float) -> list[Label]:
    """A name fades where its neighbours come closer than it is wide: a network of 200 layers is not a page of text."""
    if len(anchors.layout.tiles):  # rows below one another: what has no room is dropped one by one, what learns last
        names = [(k, text) for k, text in enumerate(anchors.layers) if text and depth[k] > 0]
        slabs = {glass.part.nodes[0]: glass.part.name for glass in anchors.layout.glass if glass.fill > 0}
        return [Label(x[k], y[k], text, 0.9 if k in slabs else 0.7, "centre", "layer", slabs.get(k, "")) for k, text in names]
    gap = min((abs(a - b) for a, b in pairwise(_by_rank(anchors, x))), default=width)
    if gap <= NARROWEST:
        return []
    strength = min(0.4 + gap / 200, 0.8)
    return [Label(x[k], y[k], text, strength, "centre", "layer") for k, text in enumerate(anchors.layers) if text and depth[k] > 0]


def _by_rank(anchors: Anchors, x: list[float]) -> list[float]:
    """The middle of the layers of each rank: branches that stand one behind the other are no neighbours."""
    return [sum(x[k] for k in numbers) / len(numbers) for numbers in anchors.ranks]


def layer_names(topology: Topology) -> tuple[str, ...]:
    """What stands under each layer."""
    return tuple(caption(topology, node) for node in topology.nodes)


def apart(labels: list[Label], spacing: float) -> list[Label]:
    """The strongest labels that stand `spacing` apart: two columns of names have half the height of one."""
    kept: list[Label] = []
    for label in sorted(labels, key=lambda label: -label.strength):
        if all(abs(label.y - other.y) >= spacing for other in kept):
            kept.append(label)
    return kept
