"""A source's tensors become columns. The only place where numbers meet pictures; all uploads of a frame happen in `publish`.

Device arrays go through `Uplink`: registered with CUDA where that works, staged through host memory where it does not.
"""

from __future__ import annotations

import numpy as np

from nnviz3d.bridge import edge_metrics
from nnviz3d.bridge.arc_columns import Arcs
from nnviz3d.bridge.arrangements import Arrangements, LayoutWanted
from nnviz3d.bridge.drawn import Drawn
from nnviz3d.bridge.edge_columns import FIELD, HIGHLIGHT, LIT, EdgeColumns
from nnviz3d.bridge.edge_selection import WHOLE, EdgeChoice
from nnviz3d.bridge.glass_columns import GlassColumns
from nnviz3d.bridge.marks import marks
from nnviz3d.bridge.patches import written
from nnviz3d.bridge.plane_columns import PlaneColumns
from nnviz3d.bridge.sheet_columns import SheetColumns
from nnviz3d.bridge.shown_edges import ShownEdges
from nnviz3d.bridge.weight_change import Moved
from nnviz3d.draw.edge_picking import Candidates
from nnviz3d.draw.frame import Change, Wave
from nnviz3d.draw.network_buffers import COLUMNS, Subject
from nnviz3d.draw.plate import DOTS, SIDE
from nnviz3d.gfx.texture_buffer import TextureBuffer
from nnviz3d.layers.shared.edge_quantities import Numbers
from nnviz3d.layout import folding, moving
from nnviz3d.layout.grid import Layout
from nnviz3d.layout.tiles import WIDE
from nnviz3d.layout.units import STAGE
from nnviz3d.sources.viewable import Array
from nnviz3d.spec.neuron_locks import NONE, Holds
from nnviz3d.spec.scene import Look, View
from nnviz3d.spec.topology import EdgeRef, Topology

HIGHLIT = 8.0  # times as bright as the others, roughly, are the edges of a hovered neuron: for a hand that points at one
RADIUS = 0.135 / 0.42  # of a silent neuron, in units of the pitch
TILE = 0.43  # half the side of a neuron's picture, in units of the pitch: neighbours do not touch
TILE_GAP = 0.65  # pictures want to be large, so layers stand closer
FOLD_EVERY = 30  # publications between two looks at which inputs are the strongest
_VALUE = {"signal": "parameter", "weight": "parameter", "gradient": "gradient", "change": "change"}
_OF_NEURONS = ("activation", "delta", "z", "reach")
_OF_A_STEP = ("gradient", "change")  # of which an edge without a parameter has none


class Picture(PlaneColumns):
    """Columns of one network. `publish` is cheap when nothing changed; `close()` frees every buffer."""

    def __init__(self, topology: Topology, view: View, ops, edge_capacity: int = 400_000, points: int = 0, tile_cells: int = 0):
        """`points`: samples, of which a plate shows `DOTS`; 0: no plate. `tile_cells`: cells a side of each neuron's own picture."""
        points = min(points, DOTS)
        self.topology, self.ops, self.xp = topology, ops, ops.xp
        self.choice = EdgeChoice(topology, ops, edge_capacity)
        self._edges = EdgeColumns(self.choice, ops)
        self.groups = self.choice.groups if self._edges.between else None
        ids = topology.n_neurons + (self.groups.count if self.groups else 0)  # that edges can begin and end at
        counts = {
            "t_place": ids,
            "t_activation": ids,
            "t_delta": topology.n_neurons,
            "t_layer_scale": len(topology.nodes),
            "t_time": ids,
            "t_plate": SIDE * SIDE if points else 1,
            "t_point": points,
            "t_response": tile_cells * tile_cells * topology.n_neurons,
            "t_tint": topology.n_neurons,
            "t_mark": topology.n_neurons,
            "t_cell": len(topology.nodes),
        }
        columns = self._edges.columns
        columns.update({name: TextureBuffer(count, *COLUMNS[name]) for name, count in counts.items()})
        self.sheets = SheetColumns(topology, columns)
        self.glass = GlassColumns(topology, columns, ops)
        self.arrangements, self._points = Arrangements(topology), points
        self.parts, self.aspect, self.area = self.arrangements.parts, WIDE, STAGE
        first = self.arrangements.of(self.asked(view, tile_cells)).layout
        self.subject = Subject(topology, first, columns, *self._edges.lists, own_values=self._edges.own_values)
        columns["t_mark"].write(np.zeros(topology.n_neurons, np.int32))
        columns["t_time"].write(np.repeat([node.rank for node in topology.nodes], [node.size for node in topology.nodes]))
        if self.groups:
            columns["t_time"].write(self.groups.ranks(), topology.n_neurons)
        self.subject.tile_cells = tile_cells
        self._key: tuple | None = None
        self._neuron_values: tuple | None = None  # activation and delta of that key
        self._numbers: Numbers | None = None
        self.version, self._constant = 0, 1.0  # rises with the numbers drawn; what listed edges without a parameter multiply by
        self._marked: tuple | None = (), NONE
        self._highlighted = np.zeros((0, 2), np.int64)  # connection, edge inside it
        self.edges = ShownEdges(total=topology.n_edges)
        self.offset = (0.0, 0.0, 0.0)  # of the whole network on the stage
        self.folds: dict[int, tuple[int, ...]] = {}
        self._folded, self._stale = 0, False  # publications since the fold began; whether the last one looked for the strongest
        self.goal, self._begin, self.way = self.layout, self.layout, 1.0  # `way`: the share of it to `goal`
        self.arrange(view)

    @property
    def layout(self) -> Layout:
        return self.subject.layout

    def advance(self, dt: float) -> None:
        """Move on by `dt` seconds on the way to `goal`."""
        if dt and self.way < 1:
            self.arrive(self.way + dt / moving.SECONDS)

    def arrive(self, way: float) -> None:
        """Be at this share of the way to `goal`, which is not behind where it is. The same by whatever shares it came."""
        if self.way >= 1:
            return
        self.way = min(way, 1.0)
        self._show(self.goal if self.way >= 1 else moving.between(self._begin, self.goal, self.way * self.way * (3 - 2 * self.way)))

    def arrange(self, view: View, aspect: float = 0.0, move: bool = False) -> None:
        """New positions for the same neurons (Rebuild.LAYOUT). `aspect` of the free stage; 0: as before. `move`: there is a way there,
        where other parts open or close."""
        self.aspect = aspect or self.aspect
        asked = self.asked(view, self.subject.tile_cells)
        self.subject.radius = RADIUS * view.pitch
        self.subject.tile = TILE * view.pitch if self.subject.tile_cells else 0.0
        wanted = folding.foldable(self.topology, view.fold)
        if dict.fromkeys(wanted, view.fold) != {k: len(shown) for k, shown in self.folds.items()}:
            self.folds, self._folded, self._key = {k: tuple(range(view.fold)) for k in wanted}, 0, None
        begin, self._placed = self.layout, lambda: self.arrangements.of(asked, self.folds)
        self._place()
        if move and moving.can(begin, self.goal):
            self._begin, self.way = begin, 0.0
            for t in (1.0, 0.0):  # first where cells of what closes are smallest: then columns have room for all of the way
                self._show(moving.between(begin, self.goal, t))
        if any(self.layout.detours) or self.parts.by_name:  # lists of edges are sorted by them, and leave out what is in slabs
            self._key = self._marked = None

    def asked(self, view: View, tile_cells: int) -> LayoutWanted:
        """What the layout depends on, by these settings."""
        plate, near = self._points > 0 and view.plate, TILE_GAP if tile_cells else 1.0
        return LayoutWanted(view.open, view.pitch, view.layer_gap, plate, near, self.aspect, self.area)

    def _place(self) -> None:
        found = self._placed()
        self.opened, self.folded = found.opened, found.folded
        self.goal, self.way = found.layout.moved(self.offset), 1.0
        self.choice.fold(self.goal.stacks, self.goal.within)
        self._show(self.goal)

    def _show(self, layout: Layout) -> None:
        """Columns of this layout."""
        self.subject.layout = layout
        self.subject.columns["t_place"].write(self.subject.layout.place_n4)
        if self.groups:
            self.subject.columns["t_place"].write(self.groups.places(self.subject.layout), self.topology.n_neurons)
        self._edges.arrange(self.layout.detours)
        self.sheets.place(self.layout)
        self.glass.place(self.layout, self.subject)

    def _refold(self, parameter_p, exact: bool, rests: bool) -> None:
        """Which neurons of folded layers stand by themselves: the strongest, as far as it can be seen without changing them all the time.

        `exact`: by the numbers of now alone, so that a frame can be drawn by itself. `rests`: nothing moves any more.
        """
        self._stale = not (exact or rests or self._folded % FOLD_EVERY == 0)
        if self._stale:
            self._folded += 1
            return
        strengths = edge_metrics.source_strengths(self.topology, self.folds, parameter_p, self.ops)
        folds = {
            k: folding.chosen(n, len(self.folds[k]), None if exact or not self._folded else self.folds[k]) for k, n in strengths.items()
        }
        self._folded += 1
        if folds != self.folds:
            self.folds = folds
            self._place()

    def publish(
        self,
        source: Drawn,
        look: Look,
        edge_budget: int,
        particles: int,
        focus: int = -1,
        exact: bool = False,
        quantity: tuple[str, int] | None = None,
        change: Change | None = None,
    ) -> None:
        """Bring the columns up to the source's state. `focus`: the neuron whose edges are highlighted, or -1.

        `exact`: choose all edges again now (films, stills); otherwise choice and scale are renewed one layer pair a call.
        `quantity`: (kind, flow) of the edges during a walk through one iteration; by itself it follows `look.edges`.
        `change`: edges show the weights before a step and how they changed; `quantity` then is what the strongest are chosen by.
        """
        kind, flow = quantity or (_VALUE[look.edges], int(look.edges == "signal"))
        key = (source.version, kind, flow, look.scale, edge_budget, particles, focus, change)
        fresh = key != self._key
        rests = not fresh and not self.choice.renewing
        if rests and not (self.folds and self._stale) and not self.sheets.pending and not self.glass.pending:
            return
        self._key = key
        self.version += 1
        if self.folds:
            self._refold(self._settled(source, "parameter"), exact, rests)
        if fresh or self._neuron_values is None:  # while edges are looked for, neurons stay
            self._neuron_values = self._neurons(source, flow)
        self.subject.columns["t_layer_scale"].write(self.layer_scales)
        activation_n, delta_n = self._neuron_values
        self.sheets.refresh(lambda: self._shown(source, delta_n is not None), not rests, exact)
        self.glass.refresh(source.settled, fresh, exact)
        self.subject.constant = 0.0 if kind in _OF_A_STEP else source.constant
        self._numbers = Numbers(self._settled(source, kind), activation_n, delta_n, flow, self.subject.constant)
        self._constant = self.subject.constant if change is None else source.constant
        self.choice.renew(self._numbers, look, edge_budget, particles, exact, self._moved_weights(source, change), fresh)
        self.subject.whole = tuple(pair.connection for k, pair in enumerate(self.choice.pairs) if self.choice.whole(k))
        self._edges.publish(self._numbers, self._constant)
        self.edges = self.choice.shown
        self._highlight(focus)
        before = None if change is None else self._tensor(source, "before")
        self._edges.values(self._tensor(source, kind if change is None else "change"), before)

    def mark(self, lit: tuple[EdgeRef | int, ...], holds: Holds) -> None:
        """Edges that are pointed at or chosen (drawn on top, their neurons ringed; at most `LIT`), biases as parameters, and the neurons
        that are held. Uploads only when either has changed."""
        if (lit, holds) == self._marked or self._numbers is None:
            return
        self._marked = lit, holds
        self.subject.columns["t_mark"].write(marks(self.topology, lit[:LIT], holds))
        self._edges.show_lit([each for each in lit[:LIT] if isinstance(each, EdgeRef)], self._numbers)

    def outline(self, focus: int, wave: Wave | None) -> None:
        """The cell that is pointed at, or else the one that a forward wave writes, with what it reads. Uploads only what has changed."""
        self.sheets.outline(self.subject, focus if focus >= 0 else written(self.topology, self.layout, wave))

    def show_arcs(self, arcs: Arcs | None) -> None:
        """Arcs of attention, or none. Uploads only what has changed."""
        self.sheets.show_arcs(self.subject, arcs)

    def drawn(self) -> list[Candidates]:
        """The edges that the picture shows one by one, by connection."""
        out = []
        for k, (pair, edges) in enumerate(zip(self.choice.pairs, self.choice.chosen, strict=True)):
            single, local = edges if self.choice.ribbons(k) is None else edges[:0], self._highlit(k)
            all_of_them = self.choice.all_edges and len(single)
            whole = self.choice.whole(k) or all_of_them
            out.append(Candidates(pair.connection, None if whole else np.union1d(single, local) if len(local) else single))
        return out

    def _highlit(self, k: int) -> np.ndarray:
        """Edges of connection k that are highlighted."""
        return self._highlighted[self._highlighted[:, 0] == k, 1]

    def energies(self, k: int, edges: np.ndarray) -> np.ndarray:
        """(n,) how bright these edges of connection k are, as the shader computes it; those of a highlighted neuron count for more, as
        they are drawn."""
        if self._numbers is None:
            return np.zeros(len(edges))
        one = edge_metrics.Pair(self.choice.pairs[k].connection, self.xp.asarray(edges))
        level_e = np.nan_to_num(self.ops.to_host(one.picked(self._numbers, self.xp)), posinf=0.0) * self._edges.scale_of(k)
        energy_e = np.minimum(level_e, 1.6) ** edge_metrics.POWER
        if self.subject.highlight:
            energy_e = energy_e * np.where(np.isin(edges, self._highlit(k)), HIGHLIT, 1.0)
        return energy_e

    def _neurons(self, source: Drawn, flow: int) -> tuple:
        """Neurons as they are drawn; returns activation and delta (None where nothing needs it) that edges are chosen by: a wave shows only
        what it has reached; scales and choices come from the whole pass, or they would pulse with it."""
        columns, nodes = self.subject.columns, self.topology.nodes
        columns["t_activation"].write(shown_n := self._host(source, "activation"))
        if self.groups:
            columns["t_activation"].write(self.groups.means(shown_n), self.topology.n_neurons)
        activation_n = self._settled(source, "activation")
        walking = source.view is not None
        delta_n = self._settled(source, "delta") if flow >= 2 or walking else None
        self.layer_scales = scales = np.zeros((len(nodes), 2), np.float32)
        scales[:, 0] = edge_metrics.layer_scales(self.ops.to_host(activation_n), nodes, self._host(source, "reach") if walking else None)
        if delta_n is not None:
            columns["t_delta"].write(self._host(source, "delta"))
            scales[:, 1] = edge_metrics.delta_scales(self.ops.to_host(delta_n), nodes)
        return activation_n, delta_n

    def _shown(self, source: Drawn, errors: bool) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
        """What neurons are drawn by: activations, deltas, scales of the layers."""
        return self._host(source, "activation"), self._host(source, "delta") if errors else None, self.layer_scales

    def _host(self, source: Drawn, kind: str) -> np.ndarray:
        return self.ops.to_host(self._tensor(source, kind))

    def _moved_weights(self, source: Drawn, change: Change | None) -> Moved | None:
        return None if change is None else Moved(self._tensor(source, "before"), self._tensor(source, "change"), change)

    def _tensor(self, source: Drawn, kind: str) -> Array:
        """Finite; what the source does not know is drawn as 0."""
        return self._known(kind, source.tensors(kind))

    def _settled(self, source: Drawn, kind: str) -> Array:
        """The same when a wave that runs has passed."""
        return self._known(kind, source.settled(kind))

    def _known(self, kind: str, array: Array | None) -> Array:
        if array is None:
            return self.ops.zeros(self.topology.n_neurons if kind in _OF_NEURONS else self.topology.n_parameters)
        if kind not in _OF_NEURONS and self.topology.n_parameters > WHOLE:
            return array  # what is looked up of it is looked at when it is
        return edge_metrics.finite(array, self.xp)

    def _highlight(self, focus: int) -> None:
        """The strongest edges into and out of one neuron."""
        found = [] if focus < 0 or self._numbers is None else self.choice.around(focus, self._numbers, HIGHLIGHT, FIELD)
        pairs = [np.column_stack([np.full(len(each.edges), each.pair), each.edges]) for each in found]
        self._highlighted = np.concatenate([np.zeros((0, 2), np.int64), *pairs])
        self._edges.show_around(found, self._numbers, self._constant)

    def scale_alone(self) -> None:
        """Draw with its own scales again."""
        self._edges.scale(self.choice.scales)
        self.subject.columns["t_layer_scale"].write(self.layer_scales)

    def rescale(self, bright_k: np.ndarray, gain_k: np.ndarray, layers_k: np.ndarray) -> None:
        """Draw with another network's scales too, until the next `publish`: values (pairs,) that are brightest, their gains, and 1 / the
        activation that counts as full of each layer (L,)."""
        scales = np.column_stack([np.divide(1.0, bright_k, out=np.zeros(len(bright_k)), where=bright_k > 1e-20), gain_k])
        self._edges.scale(scales.astype(np.float32))
        self.subject.columns["t_layer_scale"].write(np.column_stack([layers_k, self.layer_scales[:, 1]]))

    def close(self) -> None:
        self._edges.close()
        for column in self.subject.columns.values():
            column.close()
