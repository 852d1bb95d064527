"""A source's tensors become columns. The only place where numbers meet pictures; all uploads of a frame happen in `publish`.

Device arrays go through `Uplink`: registered with CUDA where that works, staged through host memory where it does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnviz3d.bridge import answers, select
from nnviz3d.bridge.moved import Moved
from nnviz3d.bridge.uplink import Uplink
from nnviz3d.draw.columns import COLUMNS, END, FROZEN, KILLED, Subject
from nnviz3d.draw.edge_picking import Candidates
from nnviz3d.draw.frame import Change
from nnviz3d.draw.plate import SIDE
from nnviz3d.gfx.columns import TextureBuffer
from nnviz3d.layout.grid import Layout, place
from nnviz3d.spec.holds import NONE, Holds
from nnviz3d.spec.scene import Look, View
from nnviz3d.spec.topology import Topology

HIGHLIGHT = 24  # strongest edges shown on each side of a hovered neuron
HIGHLIT = 8.0  # times as bright as the others, roughly, are the edges of a hovered neuron: for a hand that points at one
LIT = 4  # edges drawn on top at once: chosen, under the pointer, under the pointer in a panel
RADIUS = 0.135 / 0.42  # of a silent neuron, in units of the pitch
TILE = 0.43  # half the side of a neuron's picture, in units of the pitch: neighbours do not touch
TILE_GAP = 0.65  # pictures want to be large, so layers stand closer
_VALUE = {"signal": "parameter", "weight": "parameter", "gradient": "gradient", "change": "change"}


@dataclass
class Shown:
    """What the legend says of the edges: how many of how many, what share of the summed |quantity|, and the brightest value."""

    shown: int = 0
    total: int = 0
    share: float = 1.0
    peak: float = 0.0
    whole: float = 0.0  # summed |quantity| of all edges

    def with_those(self, other: Shown) -> Shown:
        """Of two networks together; the brightest is that of both."""
        whole = self.whole + other.whole
        share = (self.share * self.whole + other.share * other.whole) / whole if whole > 0 else 1.0
        return Shown(self.shown + other.shown, self.total + other.total, share, max(self.peak, other.peak), whole)


class Picture:
    """Columns of one network. `publish` is cheap when nothing changed; `close()` frees every buffer."""

    def __init__(self, topology: Topology, view: View, ops, edge_capacity: int = 400_000, points: int = 0, tile_cells: int = 0):
        """`points`: how many samples a decision plate shows; 0: there is none. `tile_cells`: cells a side of each neuron's own picture."""
        self.topology, self.ops, self.xp = topology, ops, ops.xp
        pairs = topology.connections
        self._capacity = min(topology.n_edges, edge_capacity)
        counts = {
            "t_place": topology.n_neurons,
            "t_activation": topology.n_neurons,
            "t_delta": topology.n_neurons,
            "t_layer_scale": len(topology.nodes),
            "t_pair": len(pairs),
            "t_pair_scale": len(pairs),
            "t_value": topology.n_parameters,
            "t_selection": self._capacity,
            "t_plate": SIDE * SIDE if points else 1,
            "t_point": points,
            "t_response": tile_cells * tile_cells * topology.n_neurons,
            "t_tint": topology.n_neurons,
            "t_mark": topology.n_neurons,
        }
        columns = {name: TextureBuffer(count, *COLUMNS[name]) for name, count in counts.items()}
        self.subject = Subject(
            topology,
            place(topology),
            columns,
            TextureBuffer(max(len(pairs), 1) * 128, "int32", 2),
            TextureBuffer(2 * HIGHLIGHT, "int32", 2),
            lit_column=TextureBuffer(LIT, "int32", 2),
        )
        columns["t_mark"].write(np.zeros(topology.n_neurons, np.int32))
        columns["t_pair"].write(
            np.array([[c.weight.start, c.weight.shape[1], c.source.neurons.start, c.target.neurons.start] for c in pairs], np.int32)
        )
        self._points = points
        self.subject.tile_cells = tile_cells
        self._value = Uplink(columns["t_value"], ops)
        self._before: Uplink | None = None  # there only while weights of two moments are drawn: P numbers
        self._pairs = [select.Pair.of(c, k, self.xp) for k, c in enumerate(pairs)]
        nothing = np.zeros(0, np.int64)
        self._chosen: list[np.ndarray] = [nothing] * len(pairs)  # edges of each pair, when not all are drawn
        self._signals: list[np.ndarray] = [nothing] * len(pairs)
        self._levels: list[np.ndarray] = [nothing] * len(pairs)  # |quantity| of what is drawn (or of a sample of it)
        self._bright = np.zeros(len(pairs))  # the value of the brightest edges
        self._scales = np.ones((len(pairs), 2), np.float32)  # 1 / the value that is drawn brightest, gain
        self._sums = np.ones((len(pairs), 2))  # summed |quantity|: chosen, all
        self._key: tuple | None = None
        self._selected_for: tuple | None = None
        self._turn = 0
        self._numbers: select.Numbers | None = None
        self.version = 0  # rises whenever other numbers are drawn
        self._marked = (), NONE
        self._highlighted = nothing  # parameter ids
        self.edges = Shown(total=topology.n_edges)
        self.offset = (0.0, 0.0, 0.0)  # of the whole network on the stage
        self.arrange(view)

    @property
    def layout(self) -> Layout:
        return self.subject.layout

    def arrange(self, view: View) -> None:
        """New positions for the same neurons (Rebuild.LAYOUT)."""
        tiles = self.subject.tile_cells > 0
        plate, near = self._points > 0 and view.plate, TILE_GAP if tiles else 1.0
        self.subject.layout = place(self.topology, view.pitch, view.layer_gap, plate, near).moved(self.offset)
        self.subject.radius = RADIUS * view.pitch
        self.subject.tile = TILE * view.pitch if tiles else 0.0
        self.subject.columns["t_place"].write(self.subject.layout.place_n4)

    def publish(
        self,
        source,
        look: Look,
        edge_budget: int,
        particles: int,
        focus: int = -1,
        exact: bool = False,
        quantity: tuple[str, int] | None = None,
        change: Change | None = None,
    ) -> None:
        """Bring the columns up to the source's state. `focus`: the neuron whose edges are highlighted, or -1.

        `exact`: choose all edges anew now (films, stills); otherwise choice and scale are renewed one layer pair a call.
        `quantity`: (kind, flow) of the edges during a walk through one iteration; by itself it follows `look.edges`.
        `change`: edges show the weights before a step and how they changed; `quantity` then is what the strongest are chosen by.
        """
        kind, flow = quantity or (_VALUE[look.edges], int(look.edges == "signal"))
        key = (source.version, kind, flow, look.scale, edge_budget, particles, focus, change)
        renewing = self._turn > 0
        if key == self._key and not renewing:
            return
        self._key = key
        self.version += 1
        columns = self.subject.columns
        self._values(source, kind, change)
        now_n = self.ops.to_host(self._finite(source.tensors("activation")))
        columns["t_activation"].write(now_n)
        # a wave shows only what it has reached; scales and choices come from the whole pass, or they would pulse with it
        settled = getattr(source, "settled", source.tensors)
        activation_n = self._finite(settled("activation"))
        walking = settled != source.tensors
        delta_n = self._finite(settled("delta")) if flow >= 2 or walking else None
        host_a = self.ops.to_host(activation_n)
        scales = np.zeros((len(self.topology.nodes), 2), np.float32)
        scales[:, 0] = select.layer_scales(host_a, self.topology.nodes, self._reach(source) if walking else None)
        if delta_n is not None:
            columns["t_delta"].write(self.ops.to_host(self._finite(source.tensors("delta"))))
            scales[:, 1] = select.delta_scales(self.ops.to_host(delta_n), self.topology.nodes)
        columns["t_layer_scale"].write(scales)
        self.layer_scales = scales
        numbers = select.Numbers(self._finite(settled(kind)), activation_n, delta_n, flow)
        self._numbers = numbers
        self._choose(numbers, look, edge_budget, particles, exact, self._moved(source, change))
        self._highlight(numbers, focus)

    def mark(self, lit: tuple[int, ...], holds: Holds) -> None:
        """Parameters that are pointed at or chosen (their edges are drawn on top, their neurons ringed; at most `LIT`), and the neurons
        that are held. Uploads only when either has changed."""
        if (lit, holds) == self._marked:
            return
        self._marked = lit, holds
        marks = np.zeros(self.topology.n_neurons, np.int32)
        marks[list(holds.frozen)] |= FROZEN
        marks[list(holds.killed)] |= KILLED
        edges = []
        for p in lit[:LIT]:
            node, j, i = self.topology.parameter(p)
            marks[node.neurons.start + j] |= END
            if i is not None:
                k, c = next((k, c) for k, c in enumerate(self.topology.connections) if c.target is node)
                marks[c.source.neurons.start + i] |= END
                edges.append((k, p - c.weight.start))
        self.subject.columns["t_mark"].write(marks)
        self.subject.lit = len(edges)
        if edges:
            self.subject.lit_column.write(np.array(edges, np.int32))

    def drawn(self) -> list[Candidates]:
        """The edges that the picture shows, by connection."""
        if self.subject.all_edges:
            return [Candidates(pair.connection) for pair in self._pairs]
        out = []
        for pair, edges in zip(self._pairs, self._chosen, strict=True):
            local = self._highlighted - pair.connection.weight.start
            local = local[(local >= 0) & (local < pair.connection.size)]
            out.append(Candidates(pair.connection, np.union1d(edges, local) if len(local) else edges))
        return out

    def energies(self, k: int, edges: np.ndarray) -> np.ndarray:
        """(n,) how bright these edges of connection k are, as the shader computes it; those of a highlighted neuron count for more, as
        they are drawn."""
        if self._numbers is None:
            return np.zeros(len(edges))
        connection = self._pairs[k].connection
        one = select.Pair(connection, self.xp.asarray(edges))
        level_e = self.ops.to_host(one.picked(self._numbers, self.xp)) * self._drawn_scales[k, 0]
        energy_e = np.minimum(level_e, 1.6) ** select.POWER
        if self.subject.highlight:
            energy_e = energy_e * np.where(np.isin(edges + connection.weight.start, self._highlighted), HIGHLIT, 1.0)
        return energy_e

    def show_points(self, plane, classes: int, task: str, palette: str = "blue_orange") -> None:
        """The samples on the plate; they change with the data only."""
        dots = answers.dots(plane, classes, task, palette)[: self._points]
        self.subject.points = len(dots)
        self.subject.columns["t_point"].write(dots)

    def show_answers(self, outputs_no: np.ndarray, task: str, palette: str = "blue_orange") -> None:
        """The network's outputs (SIDE * SIDE, O) over the plane."""
        self.subject.columns["t_plate"].write(answers.cells(outputs_no, task, self.topology.output.activation, palette))

    def show_responses(self, responses_cn: np.ndarray, task: str, range_n2: np.ndarray, palette: str = "blue_orange") -> None:
        """Every neuron's activation at each cell of the plane, (cells * cells, N) from the top; each by its own scale, from its range."""
        columns = self.subject.columns
        columns["t_response"].write(responses_cn)
        columns["t_tint"].write(np.column_stack([answers.tints(self.topology, task, palette), answers.scales(range_n2)]))

    def _values(self, source, kind: str, change: Change | None) -> None:
        """What edges are drawn from; the second column is made when it is needed and freed when it is not."""
        if change is None:
            if self._before is not None:
                self._before.close()
                self.subject.columns.pop("t_before").close()
                self._before = None
            self._value.write(self._finite(source.tensors(kind)))
            return
        if self._before is None:
            self.subject.columns["t_before"] = TextureBuffer(self.topology.n_parameters, *COLUMNS["t_before"])
            self._before = Uplink(self.subject.columns["t_before"], self.ops)
        self._before.write(self._finite(source.tensors("before")))
        self._value.write(self._finite(source.tensors("change")))

    def _reach(self, source) -> np.ndarray:
        return self.ops.to_host(self._finite(source.tensors("reach")))

    def _moved(self, source, change: Change | None) -> Moved | None:
        return None if change is None else Moved(self._finite(source.tensors("before")), self._finite(source.tensors("change")), change)

    def _finite(self, array):
        """Nothing non-finite reaches a shader: the sum of an array is finite when all of it is, and costs one pass."""
        if self.xp.isfinite(array.sum()):
            return array
        return self.xp.nan_to_num(array, nan=0.0, posinf=0.0, neginf=0.0)

    def _choose(self, numbers: select.Numbers, look: Look, budget: int, particles: int, exact: bool, moved: Moved | None) -> None:
        """Scales of all pairs; the strongest edges of those pairs whose turn it is; signals."""
        xp, subject = self.xp, self.subject
        budget = min(budget, self._capacity) if self._capacity < self.topology.n_edges else budget
        all_edges = self.topology.n_edges <= budget
        quotas = select.share_out(budget, tuple(pair.connection.size for pair in self._pairs))
        stamp = (numbers.flow, look.edges, look.scale, budget, particles, moved and moved.how)
        due = range(len(self._pairs)) if exact or stamp != self._selected_for else [self._turn % max(len(self._pairs), 1)]
        self._turn = 0 if exact else (self._turn + 1) % max(len(self._pairs), 1)
        self._selected_for = stamp
        drawn = {}
        for k in due:
            pair = self._pairs[k]
            self._choose_pair(k, pair, numbers, pair.sampled(numbers, xp), quotas[k], all_edges, particles)
            # relative to what is shown: of the strongest thousandth, the strongest paths must still stand out
            drawn[k], self._bright[k] = self._measured(k, moved, all_edges)
        peak = float(self._bright.max(initial=0.0))
        for k in due:
            scale = peak if look.scale == "global" else float(self._bright[k])
            mean = select.mean_energy(drawn[k] / scale) if scale > 0 else 0.0
            shown = self._pairs[k].connection.size if all_edges else len(self._chosen[k])
            self._scales[k] = 1.0 / scale if scale > 1e-20 else 0.0, select.gain(mean * shown)
        self._drawn_scales = self._scales
        subject.columns["t_pair_scale"].write(self._scales)
        subject.all_edges = all_edges
        if not all_edges:
            listed = self._listed(self._chosen)
            subject.chosen = len(listed)
            subject.columns["t_selection"].write(listed)
        listed = self._listed(self._signals)
        subject.signals = len(listed)
        subject.signals_column.write(listed)
        shown = self.topology.n_edges if all_edges else subject.chosen
        whole = float(self._sums[:, 1].sum())
        share = 1.0 if all_edges or whole <= 0 else float(self._sums[:, 0].sum()) / whole
        self.edges = Shown(shown, self.topology.n_edges, share, peak, whole)

    def _measured(self, k: int, moved: Moved | None, all_edges: bool) -> tuple[np.ndarray, float]:
        """|what is drawn| of a pair's edges (or of a sample of them), and what counts as brightest."""
        if moved is None:
            return self._levels[k], select.bright(self._levels[k])
        # by the weights themselves, whichever moment is drawn: switching must not change the scale
        pair = self._pairs[k]
        at, xp = pair.connection.weight.start, self.xp
        edges = pair.sample_s if all_edges else xp.asarray(self._chosen[k])
        largest = self.ops.to_host(moved.largest(at + pair.sample_s, xp))
        return self.ops.to_host(moved.shown(at + edges, xp)), select.bright(largest)

    def _choose_pair(self, k: int, pair, numbers: select.Numbers, sample_s, quota: int, all_edges: bool, particles: int) -> None:
        xp, host = self.xp, self.ops.to_host
        magnitude_e = sample_s if pair.whole else pair.magnitudes(numbers, xp)
        wanted = particles if all_edges else max(quota, min(particles, magnitude_e.size))
        top = select.strongest(magnitude_e, wanted, sample_s, xp)
        values = magnitude_e[top]
        whole = float(magnitude_e.sum())
        self._sums[k] = whole, whole
        if all_edges:
            self._levels[k] = host(sample_s)
        else:
            self._chosen[k] = host(top)
            self._levels[k] = host(values)
            self._sums[k, 0] = float(values.sum())
        self._signals[k] = host(top[select.strongest(values, min(particles, 128), None, xp)])

    @staticmethod
    def _listed(chosen: list[np.ndarray]) -> np.ndarray:
        """(n, 2) int32 pair, edge inside the pair."""
        out = np.empty((sum(map(len, chosen)), 2), np.int32)
        at = 0
        for k, edges in enumerate(chosen):
            out[at : at + len(edges), 0] = k
            out[at : at + len(edges), 1] = edges
            at += len(edges)
        return out

    def _highlight(self, numbers: select.Numbers, focus: int) -> None:
        """The strongest edges into and out of one neuron."""
        if focus < 0:
            self.subject.highlight, self._highlighted = 0, np.zeros(0, np.int64)
            return
        node, index = self.topology.locate(focus)
        chosen = [np.zeros(0, np.int64)] * len(self._pairs)
        for k, pair in enumerate(self._pairs):
            c = pair.connection
            if node not in (c.source, c.target):
                continue
            outputs, inputs = c.weight.shape
            edges = index * inputs + np.arange(inputs) if node is c.target else np.arange(outputs) * inputs + index
            one = select.Pair(c, self.xp.asarray(edges))
            chosen[k] = edges[select.strongest(self.ops.to_host(one.sampled(numbers, self.xp)), HIGHLIGHT)]
        listed = self._listed(chosen)[: 2 * HIGHLIGHT]
        starts = np.array([pair.connection.weight.start for pair in self._pairs])
        self._highlighted = starts[listed[:, 0]] + listed[:, 1]
        self.subject.highlight = len(listed)
        self.subject.highlight_column.write(listed)

    def scale_alone(self) -> None:
        """Draw with its own scales again."""
        self._drawn_scales = self._scales
        self.subject.columns["t_pair_scale"].write(self._scales)
        self.subject.columns["t_layer_scale"].write(self.layer_scales)

    @property
    def bright(self) -> np.ndarray:
        """(pairs,) the value of the brightest edges of each layer pair."""
        return self._bright

    def pair_energies(self, bright_k: np.ndarray) -> np.ndarray:
        """(pairs,) the summed energy of what is shown of each pair, where `bright_k` are drawn brightest."""
        shown = [
            pair.connection.size if self.subject.all_edges else len(edges) for pair, edges in zip(self._pairs, self._chosen, strict=True)
        ]
        means = [select.mean_energy(level / bright) if bright > 0 else 0.0 for level, bright in zip(self._levels, bright_k, strict=True)]
        return np.array(means) * shown

    def rescale(self, bright_k: np.ndarray, gain_k: np.ndarray, layers_k: np.ndarray) -> None:
        """Draw with another network's scales too, until the next `publish`: values (pairs,) that are brightest, their gains, and 1 / the
        activation that counts as full of each layer (L,)."""
        scales = np.column_stack([np.divide(1.0, bright_k, out=np.zeros(len(bright_k)), where=bright_k > 1e-20), gain_k])
        self._drawn_scales = scales.astype(np.float32)
        self.subject.columns["t_pair_scale"].write(self._drawn_scales)
        self.subject.columns["t_layer_scale"].write(np.column_stack([layers_k, self.layer_scales[:, 1]]))

    def close(self) -> None:
        self._value.close()
        if self._before is not None:
            self._before.close()
        owned = (*self.subject.columns.values(), self.subject.signals_column, self.subject.highlight_column, self.subject.lit_column)
        for column in owned:
            column.close()
