"""What tokens attend to in all layers and heads, of the shown sample, while a panel wants it; and the arcs of one head for the picture.

No clock: time is passed in. Of large networks the numbers are read again only from time to time while it learns.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nnviz3d.bridge.arc_columns import Arcs
from nnviz3d.sources.viewable import Viewable
from nnviz3d.spec.readout import AttentionLayer, AttentionReading
from nnviz3d.spec.topology import Topology

NONE = "This network has no attention: no softmax over scores of queries and keys."
FINEST = 64  # cells a side of a tile of the wall: of longer sequences each cell is the largest share of several
OFTEN = 400_000  # shares that are read in every frame; more wait `RENEW` seconds
RENEW = 0.3
LEAST = 0.02  # shares below draw no arc
MOST = 4096  # arcs

Asked = tuple[int, int, int, bool]


def layers_of(topology: Topology) -> tuple[AttentionLayer, ...]:
    """Every softmax over scores of queries and keys that a mixture reads."""
    found = []
    for node in topology.nodes:
        if node.kind != "softmax" or node.axes != ("head", "query", "key"):
            continue
        (scores,) = topology.sources(node)
        mixture = next((each for each in topology.nodes if each.kind == "mix" and topology.sources(each)[0] is node), None)
        if scores.kind == "scores" and mixture is not None:
            found.append(
                AttentionLayer(scores.number, node.number, mixture.number, node.name.rpartition(".")[0] or node.name, node.shape[0])
            )
    return tuple(found)


class Attention:
    """Of one session. `arcs`: what the picture shows of the chosen head; None: nobody looks."""

    def __init__(self):
        self.arcs: Arcs | None = None
        self._key: tuple = ()
        self._since = RENEW
        self._reading: AttentionReading | None = None
        self._layers: tuple[Topology | None, tuple[AttentionLayer, ...]] = (None, ())
        self._shares: tuple[np.ndarray, ...] = ()
        self._versions = 0

    def pass_time(self, dt: float) -> None:
        self._since += dt

    def reading(self, seen: Viewable, words: tuple[str, ...], known: int, wanted: Asked | None) -> AttentionReading | None:
        """`wanted`: (layer, head, the token that is picked or -1, whether what looks at it is asked for); `words` of the first `known`
        tokens, where the tokens of attention are those of the input."""
        if wanted is None:
            self.arcs, self._reading, self._key, self._shares = None, None, (), ()
            return None
        if self._layers[0] is not seen.topology:
            self._layers, self._reading = (seen.topology, layers_of(seen.topology)), None
        layers = self._layers[1]
        if not layers:
            self.arcs = None
            return AttentionReading(NONE)
        key = (seen.serial, seen.version, seen.sample, wanted, seen.holds, words)
        if key != self._key and (self._reading is None or (seen.at_boundary and self._due(seen, wanted))):
            self._key, self._since = key, 0.0
            self._versions += 1
            self._reading = self._work(seen, words, known, wanted)
            self.arcs = self._arcs(self._reading, wanted)
        return self._reading

    def _due(self, seen: Viewable, wanted: Asked) -> bool:
        """Whether numbers may be read again in this frame; a person's own choices are never kept waiting."""
        size = sum(seen.topology.nodes[layer.shares].size for layer in self._layers[1])
        return size <= OFTEN or self._since >= RENEW or self._key[2:4] != (seen.sample, wanted)

    def _work(self, seen: Viewable, words: tuple[str, ...], known: int, wanted: Asked) -> AttentionReading:
        layers = self._layers[1]
        chosen = min(max(wanted[0], 0), len(layers) - 1)
        layer = layers[chosen]
        head = min(max(wanted[1], 0), layer.heads - 1)
        node = seen.topology.nodes[layer.shares]
        length = min(known, *node.shape[1:]) if len(words) == known else min(node.shape[1:])
        a_n, z_n = seen.tensors("activation"), seen.tensors("z")
        self._shares = tuple(_values(seen, a_n, each.shares)[:, :length, :length] for each in layers)
        coarse = -(-length // FINEST)
        scores = None if z_n is None else _values(seen, z_n, layer.scores)[head, :length, :length]
        return AttentionReading(
            reason="",
            layers=layers,
            tiles=tuple(coarsened(shares, coarse) for shares in self._shares),
            coarse=coarse,
            layer=chosen,
            head=head,
            share_tt=self._shares[chosen][head],
            score_tt=scores,
            words=words[:length] if len(words) >= length else tuple(str(k + 1) for k in range(length)),
            killed=_killed(seen, layers),
            causal=bool(getattr(node.table, "causal", False)),
            version=self._versions,
        )

    def _arcs(self, r: AttentionReading, wanted: Asked) -> Arcs:
        """The chosen head, or of it what one token looks at or is looked at by; the rest of its layer in a breath of light."""
        shares_htt = self._shares[r.layer]
        head_m, query_m, key_m = np.nonzero(shares_htt > LEAST)
        share_m = shares_htt[head_m, query_m, key_m]
        token = wanted[2]
        light_m = np.where(head_m == r.head, 0.5 if token < 0 else 1.0, 0.03)
        if 0 <= token < shares_htt.shape[1]:
            light_m = light_m * np.where((key_m if wanted[3] else query_m) == token, 1.0, 0.05)
        order = np.argsort(-light_m * share_m, kind="stable")[:MOST]
        return Arcs(r.layers[r.layer].mixture, *(each[order] for each in (query_m, key_m, share_m, light_m)))


def coarsened(shares_htt: np.ndarray, by: int) -> np.ndarray:
    """(heads, ceil(t / by), ceil(t / by)) the largest of by x by cells."""
    if by == 1:
        return shares_htt
    heads, t, _ = shares_htt.shape
    n = -(-t // by)
    padded = np.zeros((heads, n * by, n * by), shares_htt.dtype)
    padded[:, :t, :t] = shares_htt
    return padded.reshape(heads, n, by, n, by).max((2, 4))


def _values(seen: Viewable, array_n: Any, number: int) -> np.ndarray:
    node = seen.topology.nodes[number]
    return np.nan_to_num(np.array(seen.ops.to_host(array_n[node.neurons.slice]))).reshape(node.shape)


def _killed(seen: Viewable, layers: tuple[AttentionLayer, ...]) -> frozenset[tuple[int, int]]:
    """Heads all shares of which are killed."""
    if not seen.holds.killed:
        return frozenset()
    killed, out = np.array(seen.holds.killed), set()
    for k, layer in enumerate(layers):
        neurons = seen.topology.nodes[layer.shares].neurons
        inside = killed[(killed >= neurons.start) & (killed < neurons.stop)] - neurons.start
        size = (neurons.stop - neurons.start) // layer.heads
        out |= {(k, h) for h in range(layer.heads) if np.count_nonzero(inside // size == h) == size}
    return frozenset(out)
