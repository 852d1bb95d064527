"""The columns that edges are drawn by: lists of rows, the numbers that these look up, and scales. All uploads of edges happen here.

Up to `WHOLE` parameters the whole arena is uploaded, and edges find their numbers by their place in it; of more, those of listed edges
alone: then a picture costs the same however large the network is.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nnviz3d.bridge import edge_metrics, edge_rows
from nnviz3d.bridge.edge_selection import SIGNALS, WHOLE, Around, EdgeChoice
from nnviz3d.bridge.upload import Uplink
from nnviz3d.draw.network_buffers import COLUMNS, EdgeList
from nnviz3d.gfx.texture_buffer import TextureBuffer
from nnviz3d.layers.edge_lookup import edges_of
from nnviz3d.layers.shared.edge_quantities import Numbers
from nnviz3d.layout import detours
from nnviz3d.layout.detours import Detour
from nnviz3d.spec.topology import EdgeRef

HIGHLIGHT = 24  # strongest edges shown on each side of a hovered neuron
FIELD = 256  # of a connection that is drawn as ribbons: a receptive field, a row of attention
LIT = 512  # edges drawn on top at once: chosen, under the pointer, under the pointer in a panel, on traced paths


class EdgeColumns:
    """`columns` are made to be drawn with those of neurons. `own_values`: see `Subject`."""

    def __init__(self, choice: EdgeChoice, ops):
        self.choice, self.ops = choice, ops
        self.own_values = choice.topology.n_parameters > WHOLE
        self._pairs = max(len(choice.pairs), 1)
        self.between = any(each is not None for each in choice.groups.ribbons)
        sizes = {
            "chosen": choice.capacity,
            "signals": self._pairs * SIGNALS,
            "highlight": 2 * HIGHLIGHT + (4 * FIELD if self.between else 0),
            "lit": LIT,
        }
        starts = np.cumsum([0, *sizes.values()]).tolist()
        self._values = starts[-1] if self.own_values else choice.topology.n_parameters
        entries = self._pairs * (2 if self.between else 1)
        counts = {"t_pair": entries, "t_pair_scale": entries, "t_detour": entries, "t_value": self._values, "t_selection": sizes["chosen"]}
        self.columns = {name: TextureBuffer(count, *COLUMNS[name]) for name, count in counts.items()}
        self.chosen = EdgeList(self.columns["t_selection"], 0)
        self.signals, self.highlight, self.lit = (
            EdgeList(TextureBuffer(sizes[name], *COLUMNS["t_selection"]), first)
            for name, first in zip(("signals", "highlight", "lit"), starts[1:], strict=False)
        )
        scale_k = [edges_of(pair.connection).scale(pair.connection) for pair in choice.pairs]
        self.columns["t_pair"].write(np.array(scale_k * (entries // self._pairs), np.float32))
        self._uplink, self._before = Uplink(self.columns["t_value"], ops), None
        self._detours: tuple[Detour | None, ...] = ()
        self._kept: dict[tuple[str, int], tuple[np.ndarray, object, np.ndarray]] = {}
        self._arrays: tuple = (None, None)  # of the parameters, as they were published
        self._scales = choice.scales
        self._single = np.zeros((self._pairs, 2), np.float32)  # scales of single edges of pairs that are drawn as ribbons

    @property
    def lists(self) -> tuple[EdgeList, EdgeList, EdgeList, EdgeList]:
        return self.chosen, self.signals, self.highlight, self.lit

    def entry(self, k: int) -> int:
        """Of single edges of pair k, in columns by pair."""
        return k if self.choice.ribbons(k) is None else self._pairs + k

    def arrange(self, found: tuple[Detour | None, ...]) -> None:
        """Another layout: lists are sorted by what goes round what it skips."""
        self._detours = found
        packed = detours.packed(found)
        self.columns["t_detour"].write(np.concatenate([packed, packed]) if self.between else packed)

    # ---------------------------------------------------------------- lists

    def publish(self, numbers: Numbers, constant: float) -> None:
        """What was chosen, its scales, and where signals run. `constant`: what edges without a parameter multiply by."""
        numbers = replace(numbers, constant=constant)
        choice = self.choice
        listed = [k for k in range(len(choice.pairs)) if not choice.whole(k)]
        self.chosen.write(self._rows("chosen", listed, choice.chosen, numbers), self._detours, self.own_values)
        self.signals.write(self._rows("signals", range(len(choice.pairs)), choice.signals, numbers), self._detours, self.own_values)
        self.scale(choice.scales)

    def _rows(self, name: str, pairs, edges_k: list[np.ndarray], numbers: Numbers) -> np.ndarray:
        """Rows of these pairs; those of a pair are kept as long as they hold good."""
        rows = [edge_rows.NO_ROWS]
        for k in pairs:
            if not len(edges_k[k]):
                continue
            key, kept = (self.choice.sums[k] if self.choice.ribbons(k) else numbers.constant), self._kept.get((name, k))
            if kept is None or kept[0] is not edges_k[k] or not (kept[1] is key or (isinstance(key, float) and kept[1] == key)):
                kept = self._made(name, k, edges_k[k], key, numbers)
            rows.append(kept[2])
        return np.concatenate(rows)

    def _made(self, name: str, k: int, edges: np.ndarray, key: object, numbers: Numbers) -> tuple[np.ndarray, object, np.ndarray]:
        between = self.choice.ribbons(k)
        if between is not None:
            rows, lasts = edge_rows.of_ribbons(between, k, edges, self.choice.sums[k]), True
        else:
            rows, lasts = edge_rows.of_edges(self.choice.pairs[k].connection, k, edges, numbers, self.ops)
        kept = edges, key, rows
        if lasts:
            self._kept[name, k] = kept
        else:
            self._kept.pop((name, k), None)
        return kept

    def show_around(self, found: list[Around], numbers: Numbers | None, constant: float) -> None:
        """Edges of one neuron, on top. Single edges of a pair that is drawn as ribbons are measured by themselves."""
        rows = [edge_rows.NO_ROWS]
        for around in found:
            c = self.choice.pairs[around.pair].connection
            assert numbers is not None
            rows.append(edge_rows.of_edges(c, self.entry(around.pair), around.edges, replace(numbers, constant=constant), self.ops)[0])
            if self.choice.ribbons(around.pair) is not None:
                bright = edge_metrics.bright(around.magnitude)
                energy = edge_metrics.mean_energy(around.magnitude / bright) * len(around.edges) if bright > 0 else 0.0
                self._single[around.pair] = 1.0 / bright if bright > 1e-20 else 0.0, edge_metrics.gain(energy)
        self.highlight.write(np.concatenate(rows), self._detours, self.own_values)
        if self.between:
            self.columns["t_pair_scale"].write(self._single, self._pairs)

    def show_lit(self, edges: list[EdgeRef], numbers: Numbers) -> None:
        """Edges that are pointed at or chosen."""
        rows, by_pair = [edge_rows.NO_ROWS], {}
        for edge in edges:
            by_pair.setdefault(edge.connection, []).append(edge.local)
        for k, local in by_pair.items():
            rows.append(edge_rows.of_edges(self.choice.pairs[k].connection, self.entry(k), np.array(local), numbers, self.ops)[0])
        self.lit.write(np.concatenate(rows), self._detours, self.own_values)
        if self.own_values:
            self._gather((self.lit,))

    # ---------------------------------------------------------------- scales

    def scale(self, scales_k2: np.ndarray) -> None:
        """1 / the value that is drawn brightest, and the gain, of each pair."""
        self._scales = scales_k2
        self.columns["t_pair_scale"].write(scales_k2)

    def scale_of(self, k: int) -> float:
        """1 / the value that single edges of a pair are drawn brightest at."""
        return float(self._scales[k, 0] if self.choice.ribbons(k) is None else self._single[k, 0])

    # ---------------------------------------------------------------- numbers

    def values(self, value_p, before_p=None) -> None:
        """What edges are drawn from, after the lists are made; `before_p` is kept on the card only while it is needed."""
        if before_p is None and self._before is not None:
            self._before.close()
            self.columns.pop("t_before").close()
            self._before = None
        if before_p is not None and self._before is None:
            self.columns["t_before"] = TextureBuffer(self._values, *COLUMNS["t_before"])
            self._before = Uplink(self.columns["t_before"], self.ops)
        self._arrays = value_p, before_p
        if self.own_values:
            self._gather(self.lists)
            return
        self._uplink.write(value_p)
        if self._before is not None:
            self._before.write(before_p)

    def _gather(self, lists: tuple[EdgeList, ...]) -> None:
        """The numbers of listed edges alone."""
        for name, array in zip(("t_value", "t_before"), self._arrays, strict=True):
            for each in lists:
                if array is None or not len(each):
                    continue
                found = self.ops.to_host(array[self.ops.xp.asarray(each.parameters)])
                self.columns[name].write(np.nan_to_num(found, posinf=0.0, neginf=0.0), each.first)

    def close(self) -> None:
        """All but `columns`, which are freed with those of neurons."""
        self._uplink.close()
        if self._before is not None:
            self._before.close()
        for each in (self.signals, self.highlight, self.lit):
            each.column.close()
