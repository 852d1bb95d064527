"""Strongest paths through a network: back from a neuron to what made it, or on from a neuron to what it reaches.

An edge counts by its contribution |value x activation| as a share of all that its target gets (with the bias); a path by the product of its
edges' shares. So all paths that end in one neuron, those that begin in a bias included, add up to 1; in a network without negative numbers
and without activation functions a path's product is exactly its share of the neuron's z. Generic: through the edges faces of all kinds.

Level by level of rank the BEAM best beginnings go on, each along its BRANCH strongest edges: work that is bounded for any width and depth.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nnviz3d.app.probes.explained import at, weights_of
from nnviz3d.layers.edge_lookup import edges_of
from nnviz3d.sources.viewable import Viewable
from nnviz3d.spec.topology import Connection, EdgeRef, Node

BEAM, BRANCH = 192, 48


@dataclass(frozen=True)
class Path:
    """`neurons` from where it begins to where it ends, `edges` between them, `shares` of these. `share`: their product, with that of the
    bias where it begins in one. `sign`: of what it adds at its end, as far as slopes are not negative."""

    neurons: tuple[int, ...]
    edges: tuple[EdgeRef, ...]
    shares: tuple[float, ...]
    share: float
    sign: int
    bias: bool = False


@dataclass(frozen=True, eq=False)
class Incoming:
    """All that a neuron gets: edge by edge its source, value and contribution, and the bias."""

    edges: list[tuple[Connection, np.ndarray]]
    source_e: np.ndarray
    value_e: np.ndarray
    contribution_e: np.ndarray
    bias: float

    @property
    def total(self) -> float:
        return float(np.abs(self.contribution_e).sum()) + abs(self.bias)

    def edge(self, e: int) -> EdgeRef:
        for connection, local_e in self.edges:
            if e < len(local_e):
                return EdgeRef(connection.number, int(local_e[e]))
            e -= len(local_e)
        raise IndexError(e)


class Tracer:
    """Of one moment of one network: what neurons get is worked out once for each."""

    def __init__(self, seen: Viewable):
        self.seen, self.topology = seen, seen.topology
        self._incoming: dict[int, Incoming] = {}

    def incoming(self, neuron: int) -> Incoming:
        if neuron not in self._incoming:
            self._incoming[neuron] = self._into(*self.topology.locate(neuron))
        return self._incoming[neuron]

    def _into(self, node: Node, j: int) -> Incoming:
        edges, sources, values = [], [np.zeros(0, np.intp)], [np.zeros(0)]
        for c in self.topology.into(node):
            local_e = edges_of(c).into(c, j)
            if len(local_e):
                edges.append((c, local_e))
                sources.append(np.asarray(edges_of(c).ends(c, local_e)[0]))
                values.append(np.asarray(weights_of(self.seen, c, local_e), np.float64))
        source_e, value_e = np.concatenate(sources), np.concatenate(values)
        a_e = np.asarray(at(self.seen, "activation", source_e), np.float64) if len(source_e) else np.zeros(0)
        bias = 0.0 if node.bias is None else float(at(self.seen, "parameter", slice(*self._bias(node, j)))[0])
        return Incoming(edges, source_e, value_e, np.nan_to_num(value_e * a_e), bias if np.isfinite(bias) else 0.0)

    @staticmethod
    def _bias(node: Node, j: int) -> tuple[int, int]:
        """Where neuron j's bias is: one for each neuron, or one for all of a channel, or the same for each token."""
        assert node.bias is not None
        n = node.bias.size
        k = j if n == node.size else j // (node.size // n) if node.axes[:1] == ("channel",) else j % n
        return node.bias.start + k, node.bias.start + k + 1

    # ------------------------------------------------------------ back

    def back(self, neuron: int, count: int) -> Iterator[list[Path]]:
        """After every neuron that was looked at: the `count` strongest paths so far that end there, strongest first."""
        waiting: dict[int, list[Path]] = {self._rank(neuron): [Path((neuron,), (), (), 1.0, 1)]}
        done: list[Path] = []
        while waiting:
            for path in _best(waiting.pop(max(waiting)), BEAM):
                for longer in self._longer(path, _least(done, count)):
                    if longer.bias or self._rank(longer.neurons[0]) == 0:
                        done.append(longer)
                    else:
                        _wait(waiting.setdefault(self._rank(longer.neurons[0]), []), longer)
                done = _best(done, count)
                yield done
        yield done

    def _longer(self, path: Path, least: float) -> list[Path]:
        """Begun one edge earlier, or in the bias; those of more than the least share that still counts."""
        got = self.incoming(path.neurons[0])
        if got.total <= 0 or path.share <= least:
            return []
        found = []
        for e in _largest(np.abs(got.contribution_e), BRANCH):
            share, source = float(abs(got.contribution_e[e])) / got.total, int(got.source_e[e])
            if path.share * share <= least:
                break
            sign = path.sign * _sign(got.value_e[e])
            if self._rank(source) == 0:
                sign *= _sign(got.contribution_e[e]) * _sign(got.value_e[e])
            found.append(Path((source, *path.neurons), (got.edge(e), *path.edges), (share, *path.shares), path.share * share, sign))
        if got.bias:
            share = abs(got.bias) / got.total
            found.append(Path(path.neurons, path.edges, (share, *path.shares), path.share * share, path.sign * _sign(got.bias), True))
        return found

    # ------------------------------------------------------------ on

    def on(self, neuron: int, count: int) -> Iterator[list[Path]]:
        """The same of paths that begin there and end at outputs."""
        waiting: dict[int, list[Path]] = {self._rank(neuron): [Path((neuron,), (), (), 1.0, 1)]}
        done: list[Path] = []
        while waiting:
            for path in _best(waiting.pop(min(waiting)), BEAM):
                for longer in self._further(path) if path.share > _least(done, count) else ():
                    node, _ = self.topology.locate(longer.neurons[-1])
                    if node is self.topology.output:
                        done = _best([*done, longer], count)
                    elif longer.share > _least(done, count):
                        _wait(waiting.setdefault(node.rank, []), longer)
                    yield done
        yield done

    def _further(self, path: Path) -> Iterator[Path]:
        node, i = self.topology.locate(path.neurons[-1])
        a = float(at(self.seen, "activation", slice(path.neurons[-1], path.neurons[-1] + 1))[0])
        for c in self.topology.out_of(node):
            local_e = edges_of(c).out_of(c, i)
            if not len(local_e):
                continue
            value_e = np.asarray(weights_of(self.seen, c, local_e), np.float64)
            target_e = np.asarray(edges_of(c).ends(c, local_e)[1])
            for e in _largest(np.abs(value_e * a), BRANCH):
                total = self.incoming(int(target_e[e])).total
                share = abs(float(value_e[e]) * a) / total if total > 0 else 0.0
                sign = path.sign * _sign(value_e[e]) * (_sign(a) if not path.edges else 1)
                edge = EdgeRef(c.number, int(local_e[e]))
                yield Path((*path.neurons, int(target_e[e])), (*path.edges, edge), (*path.shares, share), path.share * share, sign)

    def _rank(self, neuron: int) -> int:
        return self.topology.locate(neuron)[0].rank


def _largest(size_e: np.ndarray, most: int) -> list[int]:
    """Places of the largest that are not 0, largest first."""
    top = np.argpartition(-size_e, most - 1)[:most] if len(size_e) > most else np.arange(len(size_e))
    top = top[np.argsort(-size_e[top], kind="stable")]
    return [int(e) for e in top if size_e[e] > 0]


def _wait(paths: list[Path], path: Path) -> None:
    """Only the best go on: the others are dropped on the way, so that no single piece of work has to sort them all."""
    paths.append(path)
    if len(paths) > 4 * BEAM:
        paths[:] = _best(paths, BEAM)


def _best(paths: list[Path], count: int) -> list[Path]:
    return sorted(paths, key=lambda path: -path.share)[:count]


def _least(done: list[Path], count: int) -> float:
    """The share that a path must have more of: products only fall, so what has less need not go on."""
    return done[-1].share if len(done) >= count else 0.0


def _sign(value: float) -> int:
    return -1 if value < 0 else 1
