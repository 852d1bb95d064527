"""Where every neuron stands. Layers along x by their rank; a layer is a grid in y (up) and z, with the shape of its data
(`tiles` for what has axes).

Pure: the same topology gives the same positions. Row 0 is on top, column 0 at the smallest z, so that a picture fed to the
network reads correctly from the input side (a camera at negative x sees +z to its right).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import ceil, isqrt

import numpy as np

from nnviz3d.layout import detours, tiles
from nnviz3d.layout.detours import Detour
from nnviz3d.layout.folding import Folds, Stack, column, discs
from nnviz3d.layout.lanes import lanes
from nnviz3d.layout.rows import stand
from nnviz3d.layout.tiles import WIDE, TilePlan, Tiles
from nnviz3d.spec.topology import Node, Topology

COLUMN_UP_TO = 12  # a hidden layer of so few neurons reads best as one column
OUTPUT_COLUMN_UP_TO = 40
NAME = 0.06  # of the height of everything, under walls
LANES = 2.0  # pitches between two layers of one rank


@dataclass(frozen=True, eq=False)
class Layout:
    """`place_n4` (N, 4) float32: x, y, z, index of the node. `low`, `high` (L, 3): corners of each node's box.

    `annex` (2, 3): corners of what stands beyond the output and must be in the picture too, or None. `stacks`: of layers that are folded;
    `drawn`: ids of the neurons that are drawn one by one, None: all. `detours`: by connection, how its edges go round what they skip, None:
    straight; `detour_boxes` (R, 2, 3): corners of the space that those take. `tiles`: what is drawn as sheets; `rectangles`: these and the
    smaller ones; `cell_l` (L,): the smaller
    side of a cell of each node, in pitches. `group_place_g4`, `group_entry_g4` (G, 4) float32: where ribbons leave and enter each group
    (by `Topology.group_starts`), and the index of its node.
    """

    place_n4: np.ndarray
    low: np.ndarray
    high: np.ndarray
    pitch: float
    annex: np.ndarray | None = None
    stacks: tuple[Stack, ...] = ()
    drawn: np.ndarray | None = None
    detours: tuple[Detour | None, ...] = ()
    detour_boxes: np.ndarray = field(default_factory=lambda: np.zeros((0, 2, 3), np.float32))
    tiles: Tiles = field(default_factory=lambda: tiles.rectangles([], 1.0))
    rectangles: Tiles = field(default_factory=lambda: tiles.rectangles([], 1.0))
    cell_l: np.ndarray = field(default_factory=lambda: np.ones(1, np.float32))
    group_place_g4: np.ndarray = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    group_entry_g4: np.ndarray = field(default_factory=lambda: np.zeros((0, 4), np.float32))

    def stack_of(self, neuron: int) -> Stack | None:
        """The stack that a neuron is folded into; None: it stands by itself."""
        return next((s for s in self.stacks if neuron in s.folded_m), None) if neuron >= 0 else None

    @cached_property
    def alone(self) -> np.ndarray | None:
        """Ids of the neurons that are drawn one by one from any distance; None: all."""
        if not len(self.tiles):
            return self.drawn
        standing = np.ones(len(self.place_n4), bool) if self.drawn is None else np.isin(np.arange(len(self.place_n4)), self.drawn)
        for k in np.unique(self.tiles.node_s):
            standing[self.place_n4[:, 3] == k] = False
        return np.flatnonzero(standing)

    @cached_property
    def _boxes(self) -> np.ndarray:
        """(L or L + 1, + R, 2, 3): low and high corners of everything."""
        boxes = np.stack([self.low, self.high], 1)
        annex = [] if self.annex is None else [self.annex[None]]
        return np.concatenate([boxes, *annex, self.detour_boxes])

    def box(self) -> tuple[np.ndarray, np.ndarray]:
        """Low and high corner of everything."""
        return self._boxes[:, 0].min(0), self._boxes[:, 1].max(0)

    @property
    def centre(self) -> np.ndarray:
        return (self._boxes[:, 0].min(0) + self._boxes[:, 1].max(0)) / 2

    @property
    def radius(self) -> float:
        """Of the sphere around everything."""
        return float(np.linalg.norm(self._boxes[:, 1].max(0) - self._boxes[:, 0].min(0)) / 2)

    def corners(self) -> np.ndarray:
        """All corners of all boxes, (8 L, 3)."""
        return self._corners

    @cached_property
    def _corners(self) -> np.ndarray:
        choice = np.array(np.meshgrid([0, 1], [0, 1], [0, 1])).reshape(3, -1).T
        both = self._boxes
        return np.concatenate([both[:, choice[:, k], k].reshape(-1, 1) for k in range(3)], 1)

    @cached_property
    def extremes(self) -> np.ndarray:
        """(n, 3) what a camera must have in the picture: of walls the corners of their tiles, for the last row may be ragged, with room for
        a name under them; of all else those of its box."""
        if not len(self.tiles):
            return self.corners()
        boxes = np.ones(len(self._boxes), bool)
        boxes[np.unique(self.tiles.node_s)] = False
        rest = self.corners().reshape(-1, 8, 3)[boxes].reshape(-1, 3)
        upper_left, upper_right, lower_left, lower_right = self.tiles.corners()
        under = np.array([0, NAME * float(self._boxes[:, 1, 1].max() - self._boxes[:, 0, 1].min()), 0], np.float32)
        return np.concatenate([rest, upper_left, upper_right, lower_left - under, lower_right - under])

    def moved(self, by: tuple[float, float, float]) -> Layout:
        """The same at another place."""
        if not any(by):
            return self
        shift = np.array(by, np.float32)
        stacks = tuple(replace(stack, foot=stack.foot + shift) for stack in self.stacks)
        place_n4 = self.place_n4.copy()
        place_n4[:, :3] += shift
        annex = None if self.annex is None else self.annex + shift
        detours = tuple(each and each.moved(by[1]) for each in self.detours)
        moved = replace(self, place_n4=place_n4, low=self.low + shift, high=self.high + shift, annex=annex, stacks=stacks)
        groups = [places_g4 + np.append(shift, np.float32(0)) for places_g4 in (self.group_place_g4, self.group_entry_g4)]
        moved = replace(
            moved,
            tiles=self.tiles.moved(shift),
            rectangles=self.rectangles.moved(shift),
            group_place_g4=groups[0],
            group_entry_g4=groups[1],
        )
        return replace(moved, detours=detours, detour_boxes=self.detour_boxes + shift)

    def framing(self, low: np.ndarray, high: np.ndarray) -> Layout:
        """To fit a camera to these boxes alone, (B, 3) each."""
        return replace(self, low=low, high=high, annex=None, detour_boxes=self.detour_boxes[:0], tiles=tiles.rectangles([], self.pitch))

    def beside(self, other: Layout) -> Layout:
        """Both as one, to fit a camera to: neurons of this one, boxes of both."""
        boxes = np.concatenate([self._boxes, other._boxes])
        return self.framing(boxes[:, 0], boxes[:, 1])


def cells(node: Node, is_output: bool = False) -> np.ndarray:
    """(n, 2) row and column of each neuron of a vector, in the order of its ids: a column where it is short and otherwise the most nearly
    square grid, preferring one without a ragged last row.
    """
    n = node.size
    if n <= (OUTPUT_COLUMN_UP_TO if is_output else COLUMN_UP_TO) or (not node.inputs and n <= OUTPUT_COLUMN_UP_TO):
        columns = 1
    else:
        root = isqrt(n)
        columns = next((c for c in range(root, max(root // 2, 1), -1) if n % c == 0), ceil(n**0.5))
    index = np.arange(n)
    return np.stack([index // columns, index % columns], 1)


def place(
    topology: Topology,
    pitch: float = 0.42,
    gap: float = 1.0,
    plate: bool = False,
    near: float = 1.0,
    folds: Folds | None = None,
    aspect: float = WIDE,
) -> Layout:
    """Positions of all neurons, in the order of their ids. `pitch`: distance of neighbours; `gap` stretches layer distances.

    `plate` leaves room for a square plate beyond the output. `near` draws the layers together, but not the plate. `folds`: which
    neurons stand by themselves in layers that are folded. `aspect` of the stage.
    """
    place_n4 = np.zeros((topology.n_neurons, 4), np.float32)
    low, high = [], []
    folds = folds or {}
    plans, sheet_numbers = tiles.plans(topology, aspect, folds), tiles.sheet_numbers(topology)
    plates = [_plate(node, plans.get(k), folds.get(k), node is topology.output) * pitch for k, node in enumerate(topology.nodes)]
    edges = np.array([plan_edge(plans.get(k), pitch) for k in range(len(plates))])
    spans = [np.ptp(yz, 0).tolist() for yz in plates]
    extents = [max(span) + pitch for span in spans]
    zs = lanes(topology, [span[1] + pitch for span in spans], LANES * pitch)
    xs, ys = stand(topology, extents, spans, zs, pitch, aspect)
    xs = xs * gap * near
    for k, (node, yz) in enumerate(zip(topology.nodes, plates, strict=True)):
        stretch = place_n4[node.neurons.slice]
        stretch[:, 0] = xs[node.rank]
        stretch[:, 1] = ys[node.rank] - yz[:, 0]
        stretch[:, 2] = yz[:, 1] + zs[k]
        stretch[:, 3] = k
        half = (np.array([pitch, *edges[k]]) / 2).astype(np.float32)
        low.append(stretch[:, :3].min(0) - half)
        high.append(stretch[:, :3].max(0) + half)
    place_n4[:, 0] -= xs.max() / 2
    shift = np.array([xs.max() / 2, 0, 0], np.float32)
    low_l3, high_l3 = np.array(low, np.float32) - shift, np.array(high, np.float32) - shift
    stacks = tuple(_stack(topology.nodes[k], k, shown, place_n4) for k, shown in folds.items())
    drawn = None
    if stacks:
        standing = np.ones(topology.n_neurons, bool)
        for stack in stacks:
            standing[stack.folded_m] = False
            standing[discs(stack, topology.nodes[stack.node].neurons.start)] = True
        drawn = np.flatnonzero(standing)
    annex = _annex(low_l3, high_l3, pitch, gap) if plate else None
    found = detours.find(topology, low_l3, high_l3, pitch)
    corners = [(topology.nodes[k], its, np.array([place_n4[topology.nodes[k].neurons.start, 0], high_l3[k, 1], low_l3[k, 2]]))
               for k, its in plans.items()]  # fmt: skip
    cell_l = np.array([plans[k].cell if k in plans else 1.0 for k in range(len(plates))], np.float32)
    groups = _groups(topology, place_n4, edges / 2, plans)
    sheets = tiles.rectangles([each for each in corners if each[0].number in sheet_numbers], pitch)
    whole = tiles.rectangles(corners, pitch)
    return Layout(place_n4, low_l3, high_l3, pitch, annex, stacks, drawn, *found, sheets, whole, cell_l, *groups)


def _plate(node: Node, plan: TilePlan | None, shown: tuple[int, ...] | None, is_output: bool) -> np.ndarray:
    """(n, 2) down and across of each neuron of a node in pitches, from its middle."""
    if plan is not None:
        return (plan.place_n2 - np.array(plan.span) / 2).astype(np.float32)
    grid = cells(node, is_output).astype(np.float32) if shown is None else column(node.size, shown)
    return grid - grid.max(0) / 2


def plan_edge(plan: TilePlan | None, pitch: float) -> tuple[float, float]:
    """Height and width of the cells of a node, world units."""
    if plan is None:
        return pitch, pitch
    return plan.size[0] / plan.rows * pitch, plan.size[1] / plan.columns * pitch


def _groups(topology: Topology, place_n4: np.ndarray, half_l2: np.ndarray, tiled: Collection[int]) -> tuple[np.ndarray, np.ndarray]:
    """(G, 4) each, by the number of the group: where ribbons leave it, the rim of its tile at the greatest z, and where they arrive, the
    rim at the smallest z; index of the node. A vector is one group: its middle."""
    leave_g4 = np.zeros((topology.group_starts[-1], 4), np.float32)
    enter_g4 = leave_g4.copy()
    for k, node in enumerate(topology.nodes):
        here = slice(*topology.group_starts[k : k + 2])
        places = place_n4[node.neurons.slice].reshape(node.groups, -1, 4)
        low, high = places.min(1), places.max(1)
        middle = (low + high) / 2
        leave_g4[here], enter_g4[here] = middle, middle
        if k in tiled:
            leave_g4[here, 2] = high[:, 2] + half_l2[k, 1]
            enter_g4[here, 2] = low[:, 2] - half_l2[k, 1]
    return leave_g4, enter_g4


def _stack(node: Node, number: int, shown: tuple[int, ...], place_n4: np.ndarray) -> Stack:
    first = node.neurons.start
    shown_k = first + np.array(shown, np.int64)
    folded_m = np.setdiff1d(np.arange(first, node.neurons.stop), shown_k)
    return Stack(number, shown_k, folded_m, place_n4[folded_m[:3], :3].mean(0))


def _annex(low: np.ndarray, high: np.ndarray, pitch: float, gap: float) -> np.ndarray:
    """A square in y and z, as high as the highest layer but at least seven neurons, beyond the output."""
    half = max(float(np.ptp([low[:, 1].min(), high[:, 1].max()])), 7 * pitch) / 2
    x = float(high[-1, 0]) + gap * pitch * 5.5 + half * 1.1
    return np.array([[x, -half, -half], [x, half, half]], np.float32)
