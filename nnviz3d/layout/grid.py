"""Where every neuron stands. Layers along x by their rank; a layer is a grid in y (up) and z, with the shape of its data
(`tiles` for what has axes).

Pure: the same topology gives the same positions. Row 0 is on top, column 0 at the smallest z, so that a picture fed to the
network reads correctly from the input side (a camera at negative x sees +z to its right).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from nnviz3d.layout import detours, node_plates, tiles
from nnviz3d.layout.detours import Detour
from nnviz3d.layout.folding import Folds, Stack, discs
from nnviz3d.layout.lanes import lanes
from nnviz3d.layout.node_plates import Rims, plan_edge
from nnviz3d.layout.rows import stand
from nnviz3d.layout.tiles import WIDE, TilePlan, Tiles
from nnviz3d.layout.units import FACE, Glass, Units, ports, slab_size, units
from nnviz3d.spec.parts import NetworkPart
from nnviz3d.spec.topology import Node, Topology

NAME = 0.06  # of the height of everything, under walls
CLEAR = 0.5  # pitches between a frame and what is in it
LANES = 2.0  # pitches between two layers of one rank


@dataclass(frozen=True, eq=False)
class Layout:
    """`place_n4` (N, 4) float32: x, y, z, index of the node. `low`, `high` (L, 3): corners of each node's box.

    `annex` (2, 3): corners of what stands beyond the output and must be in the picture too, or None. `stacks`: of layers that are folded;
    `drawn`: ids of the neurons that are drawn one by one, None: all. `detours`: by connection, how its edges go round what they skip, None:
    straight; `detour_boxes` (R, 2, 3): corners of the space that those take. `tiles`: what is drawn as sheets; `rectangles`: these and the
    smaller ones; `cell_l` (L,): the smaller
    side of a cell of each node, in pitches. `group_place_g4`, `group_entry_g4` (G, 4) float32: where ribbons leave and enter each group
    (by `Topology.group_starts`), and the index of its node. `hidden`: numbers of the nodes inside slabs: their neurons stand, small, on the
    slab's faces, their box is the slab's. `within`: connections inside a slab. `glass`: slabs and frames. `row_l` (L,): the row of each
    node, from above.
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
    tiles: Tiles = field(default_factory=lambda: tiles.rectangles([]))
    rectangles: Tiles = field(default_factory=lambda: tiles.rectangles([]))
    cell_l: np.ndarray = field(default_factory=lambda: np.ones(1, np.float32))
    group_place_g4: np.ndarray = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    group_entry_g4: np.ndarray = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    hidden: frozenset[int] = frozenset()
    within: frozenset[int] = frozenset()
    glass: tuple[Glass, ...] = ()
    row_l: np.ndarray = field(default_factory=lambda: np.zeros(1, np.int64))

    def glass_boxes(self, glass: Glass) -> list[tuple[np.ndarray, np.ndarray]]:
        """Low and high corner of a slab, or of its frame in each row; it keeps clear of what is in it, and of the frames in it."""
        kept, key = self.__dict__.setdefault("_glass_boxes", {}), (glass.part.name, glass.fill)
        if key not in kept:
            kept[key] = self._boxes_around(glass)
        return kept[key]

    def _boxes_around(self, glass: Glass) -> list[tuple[np.ndarray, np.ndarray]]:
        numbers = np.array(glass.part.nodes)
        depth = sum(set(each.part.nodes) < set(glass.part.nodes) for each in self.glass if each.fill < 1)
        clear = np.float32(self.pitch * (1 - glass.fill) * CLEAR * (1 + depth))
        rows = [numbers[self.row_l[numbers] == row] for row in np.unique(self.row_l[numbers])]
        return [(self.low[row].min(0) - clear, self.high[row].max(0) + clear) for row in rows]

    def stack_of(self, neuron: int) -> Stack | None:
        """The stack that a neuron is folded into; None: it stands by itself."""
        return next((s for s in self.stacks if neuron in s.folded_m), None) if neuron >= 0 else None

    @cached_property
    def alone(self) -> np.ndarray | None:
        """Ids of the neurons that are drawn one by one from any distance; None: all."""
        if not len(self.tiles):
            return self.drawn
        standing = np.zeros(len(self.place_n4), bool)
        standing[slice(None) if self.drawn is None else self.drawn] = True
        tiled = np.zeros(len(self.low), bool)
        tiled[self.tiles.node_s] = True
        return np.flatnonzero(standing & ~tiled[self.place_n4[:, 3].astype(np.intp)])

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
        return replace(self, low=low, high=high, annex=None, detour_boxes=self.detour_boxes[:0], tiles=tiles.rectangles([]))

    def beside(self, other: Layout) -> Layout:
        """Both as one, to fit a camera to: neurons of this one, boxes of both."""
        boxes = np.concatenate([self._boxes, other._boxes])
        return self.framing(boxes[:, 0], boxes[:, 1])


def place(
    topology: Topology,
    pitch: float = 0.42,
    gap: float = 1.0,
    plate: bool = False,
    near: float = 1.0,
    folds: Folds | None = None,
    aspect: float = WIDE,
    folded: Sequence[NetworkPart] = (),
    framed: Sequence[NetworkPart] = (),
) -> Layout:
    """Positions of all neurons, in the order of their ids. `pitch`: distance of neighbours; `gap` stretches layer distances.

    `plate` leaves room for a square plate beyond the output. `near` draws the layers together, but not the plate. `folds`: which
    neurons stand by themselves in layers that are folded. `aspect` of the stage. `folded`: parts that are slabs; `framed`: that are open.
    """
    place_n4 = np.zeros((topology.n_neurons, 4), np.float32)
    folds = folds or {}
    plans, sheet_numbers = tiles.plans(topology, aspect, folds), tiles.sheet_numbers(topology)
    plates = node_plates.plates(topology, plans, folds)
    rims = node_plates.rims(topology, plates, plans)
    of = units(topology, folded)
    centre_l3, scale_l, box_u23, row_l = _stand(topology, of, plates, rims, plans, pitch, gap * near, aspect)
    edges = np.array([plan_edge(plans.get(k), pitch) for k in range(len(plates))]) * scale_l[:, None]
    for k, (node, yz) in enumerate(zip(topology.nodes, plates, strict=True)):
        _put(place_n4[node.neurons.slice], centre_l3[k], yz * (pitch * float(scale_l[k])), k)
    low_l3, high_l3 = box_u23[of.unit_l, 0], box_u23[of.unit_l, 1]
    hidden = frozenset(k for part in folded for k in part.nodes)
    stacks = tuple(_stack(topology.nodes[k], k, shown, place_n4) for k, shown in folds.items())
    annex = _annex(low_l3, high_l3, pitch, gap) if plate else None
    found, boxes, within = _detours(topology, of, box_u23, pitch)
    corners = []
    for k, its in plans.items():
        corner = np.array([centre_l3[k, 0], high_l3[k, 1], low_l3[k, 2]]) if k not in hidden else None
        corner = centre_l3[k] + _corner(its, pitch * scale_l[k]) if corner is None else corner
        corners.append((topology.nodes[k], its, corner, pitch * float(scale_l[k])))
    cell_l = np.array([plans[k].cell if k in plans else 1.0 for k in range(len(plates))], np.float32) * scale_l.astype(np.float32)
    groups = _groups(topology, rims, centre_l3, pitch * scale_l, edges / 2, plans)
    sheets = tiles.rectangles([each for each in corners if each[0].number in sheet_numbers - hidden])
    glass = tuple(Glass(part, 0.0) for part in framed) + tuple(Glass(part, 1.0) for part in folded)
    return Layout(place_n4, low_l3, high_l3, pitch, annex, stacks, _drawn(topology, stacks, hidden), found, boxes, sheets,
                  tiles.rectangles(corners), cell_l, *groups, hidden, within, glass, row_l)  # fmt: skip


def _stand(
    topology: Topology,
    of: Units,
    plates: list[np.ndarray],
    rims: list[Rims],
    plans: dict[int, TilePlan],
    pitch: float,
    stretch: float,
    aspect: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(L, 3) the middle of each node, (L,) its scale, (U, 2, 3) corners of the box of each unit, and (L,) the row of each node."""
    first_u = [int(np.flatnonzero(of.unit_l == u)[0]) for u in range(len(of.part_u))]
    sizes = [None if part is None else np.array(slab_size(part, plates, plans)) * pitch for part in of.part_u]
    spans = [(rims[k].span(pitch) if size is None else size - pitch).tolist() for k, size in zip(first_u, sizes, strict=True)]
    extents = [max(span) + pitch for span in spans]
    zs = lanes(of.topology, [span[1] + pitch for span in spans], LANES * pitch)
    xs, ys = stand(of.topology, extents, spans, zs, pitch, aspect)
    xs = xs * stretch
    centre_l3, scale_l = np.zeros((len(topology.nodes), 3)), np.ones(len(topology.nodes))
    box_u23 = np.zeros((len(of.part_u), 2, 3), np.float32)
    for u, (node, part, size) in enumerate(zip(of.topology.nodes, of.part_u, sizes, strict=True)):
        x = np.float32(xs[node.rank])
        centre = np.array([float(x) - xs.max() / 2, ys[node.rank], zs[u]])
        if part is None:
            k = first_u[u]
            centre_l3[k], box_u23[u] = centre, _box(rims[k].ends * pitch, x, centre, plan_edge(plans.get(k), pitch), pitch)
            box_u23[u, :, 0] -= np.float32(xs.max() / 2)
            continue
        assert size is not None
        half = np.array([pitch, *size]) / 2
        box_u23[u] = centre - half, centre + half
        for k, side in ports(topology, part).items():
            span = rims[k].span(1.0) + np.array(plan_edge(plans.get(k), 1.0))
            scale_l[k] = FACE * float((size / pitch / span).min())
            centre_l3[k] = centre + np.array([side * pitch / 2, 0, 0])
    row_r = np.unique(-ys, return_inverse=True)[1]
    return centre_l3, scale_l, box_u23, np.array([row_r[node.rank] for node in of.topology.nodes])[of.unit_l]


def _box(yz: np.ndarray, x: np.float32, centre: np.ndarray, edge: tuple[float, float], pitch: float) -> tuple[np.ndarray, np.ndarray]:
    """Low and high corner around the neurons of a node, in single precision as they stand; `yz`: the outermost of them."""
    at_n3 = np.empty((len(yz), 3), np.float32)
    at_n3[:, 0], at_n3[:, 1], at_n3[:, 2] = x, centre[1] - yz[:, 0], yz[:, 1] + float(centre[2])
    half = (np.array([pitch, *edge]) / 2).astype(np.float32)
    return at_n3.min(0) - half, at_n3.max(0) + half


def _detours(
    topology: Topology, of: Units, box_u23: np.ndarray, pitch: float
) -> tuple[tuple[Detour | None, ...], np.ndarray, frozenset[int]]:
    """By connection how it goes round what it skips, the boxes of that, and the numbers of connections inside a slab."""
    found, boxes = detours.find(of.topology, box_u23[:, 0], box_u23[:, 1], pitch)
    if of.topology is topology:
        return found, boxes, frozenset()
    by_ends = {(c.source.number, c.target.number): found[c.number] for c in of.topology.connections}
    ends = [(int(of.unit_l[c.source.number]), int(of.unit_l[c.target.number])) for c in topology.connections]
    within = frozenset(k for k, (source, target) in enumerate(ends) if source == target)
    return tuple(by_ends.get(pair) for pair in ends), boxes, within


def _drawn(topology: Topology, stacks: tuple[Stack, ...], hidden: frozenset[int]) -> np.ndarray | None:
    """Ids of the neurons that are drawn one by one; None: all."""
    if not stacks and not hidden:
        return None
    standing = np.ones(topology.n_neurons, bool)
    for stack in stacks:
        standing[stack.folded_m] = False
        standing[discs(stack, topology.nodes[stack.node].neurons.start)] = True
    for k in hidden:
        standing[topology.nodes[k].neurons.slice] = False
    return np.flatnonzero(standing)


def _corner(plan: TilePlan, pitch: float) -> np.ndarray:
    """The upper left corner of a plan, from its middle."""
    high, wide = np.array(plan.span) * pitch / 2
    return np.array([0.0, high, -wide])


def _groups(
    topology: Topology, rims: list[Rims], centre_l3: np.ndarray, pitch_l: np.ndarray, half_l2: np.ndarray, tiled: Collection[int]
) -> tuple[np.ndarray, np.ndarray]:
    """(G, 4) each, by the number of the group: where ribbons leave it, the rim of its tile at the greatest z, and where they arrive, the
    rim at the smallest z; index of the node. A vector is one group: its middle."""
    leave_g4 = np.zeros((topology.group_starts[-1], 4), np.float32)
    enter_g4 = leave_g4.copy()
    for k, rim in enumerate(rims):
        here = slice(*topology.group_starts[k : k + 2])
        ends = np.zeros((2, here.stop - here.start, 4), np.float32)
        for end, yz in zip(ends, (rim.low_g2, rim.high_g2), strict=True):
            _put(end, centre_l3[k], yz * float(pitch_l[k]), k)
        middle = (ends[0] + ends[1]) / 2
        leave_g4[here], enter_g4[here] = middle, middle
        if k in tiled:
            leave_g4[here, 2] = ends[1, :, 2] + half_l2[k, 1]
            enter_g4[here, 2] = ends[0, :, 2] - half_l2[k, 1]
    return leave_g4, enter_g4


def _put(place_n4: np.ndarray, centre: np.ndarray, yz: np.ndarray, k: int) -> None:
    """Neurons of node k stand down and across of its middle."""
    place_n4[:, 0] = centre[0]
    place_n4[:, 1] = centre[1] - yz[:, 0]
    place_n4[:, 2] = yz[:, 1] + float(centre[2])
    place_n4[:, 3] = k


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
