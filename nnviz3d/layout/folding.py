"""Layers that are too wide for the picture: the strongest of their neurons stand by themselves, all others in one stack.

Pure. A neuron keeps its id; a folded one stands where its stack stands, so edges and signals that begin or end there run as a bundle.
Only a vector folds: what has the shape of a picture is drawn as one. Which layers may fold is asked here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nnviz3d.spec.topology import Topology

WORTH = 2.5  # a layer folds where it has more than so many times what would stand by itself
HOLD = 1.05  # what stands by itself gives way to what is so many times as strong: no two change places at every step
DISCS = 3  # of a stack, one over the other
OVERLAP = 0.3  # of the pitch: distance of two discs
GAP = 0.55  # of the pitch, more than between neighbours: between the last neuron and its stack

Folds = Mapping[int, tuple[int, ...]]  # number of a node -> indices inside it that stand by themselves, rising


@dataclass(frozen=True)
class Stack:
    """`shown_k`: ids of a node's neurons that stand by themselves; `folded_m`: of the others. `foot` (3,): its middle."""

    node: int
    shown_k: np.ndarray
    folded_m: np.ndarray
    foot: np.ndarray

    @property
    def text(self) -> str:
        return f"and {len(self.folded_m):,} more"


def foldable(topology: Topology, most: int) -> list[int]:
    """Numbers of the nodes that fold where at most `most` neurons are to stand by themselves; 0: none."""
    node = topology.input
    return [0] if most and len(node.shape) == 1 and node.size > WORTH * most else []


def chosen(strength_n: np.ndarray, most: int, before: tuple[int, ...] | None = None) -> tuple[int, ...]:
    """Indices of the strongest, rising. With `before` those stay that are not clearly weaker; without, it is a function of the strengths
    alone: in steps of 1 %, so that equal strengths do not change places."""
    n = np.nan_to_num(np.asarray(strength_n, np.float64))
    if before is not None:
        n[list(before)] *= HOLD
    else:
        with np.errstate(divide="ignore"):
            n = np.floor(np.log2(np.maximum(n, 1e-30)) * 64)
    return tuple(sorted(np.argsort(-n, kind="stable")[:most].tolist()))


def column(size: int, shown: tuple[int, ...]) -> np.ndarray:
    """(size, 2) row and column of each neuron of a folded layer: one below the other, the stack last."""
    rows = np.zeros((size, 2), np.float32)
    rows[:, 0] = len(shown) + GAP + OVERLAP * (np.arange(size) % DISCS)
    rows[list(shown), 0] = np.arange(len(shown))
    return rows


def discs(stack: Stack, first: int) -> np.ndarray:
    """Ids of the folded neurons that are drawn, one for each disc. `first`: id of the node's first neuron."""
    rest = (stack.folded_m - first) % DISCS
    return np.array([stack.folded_m[rest == k][0] for k in range(DISCS) if (rest == k).any()], np.int64)
