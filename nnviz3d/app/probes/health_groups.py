"""Signs of trouble that only groups of neurons show: channels that are silent everywhere, attention that does not look, norms over too few.

Pure functions of activations over some samples, like `health_rules`.
"""

from __future__ import annotations

import numpy as np

from nnviz3d.app.probes.health_rules import DEAD, LEARNED
from nnviz3d.spec.activations import ACTIVATIONS
from nnviz3d.spec.readout import Finding
from nnviz3d.spec.score import percent
from nnviz3d.spec.topology import Node

SURE = 0.99  # of a row's attention: so much on one key is all of it
ALWAYS = 0.95  # of the rows of a head
NUMBERS = 8  # that a mean and a variance are made of at least: of fewer they are mostly chance
UNITS = {"channel": "maps", "token": "features"}


def by_unit(node: Node, a_ni: np.ndarray) -> np.ndarray:
    """(rows, units): a channel's cells, and the tokens of a feature, are further samples of one thing; a vector stays as it is."""
    if len(node.shape) < 2 or node.axes[0] not in UNITS:
        return a_ni
    a = a_ni.reshape(-1, *node.shape)
    a = np.moveaxis(a, 1, -1) if node.axes[0] == "channel" else a
    return a.reshape(-1, a.shape[-1])


def silent(node: Node, name: str, a_ni: np.ndarray) -> Finding | None:
    """Channels, or features of all tokens, that a ReLU keeps at 0 for every sample: no weight that leads into them gets a gradient."""
    if not ACTIVATIONS[node.activation].dies:
        return None
    a_ru = by_unit(node, a_ni)
    dead, width = int((a_ru <= 0).all(0).sum()), a_ru.shape[1]
    if dead < max(DEAD * width, 1):
        return None
    kind = UNITS[node.axes[0]]
    where = "everywhere" if kind == "maps" else "at every token"
    how = f"{dead:,} of {width:,} {kind} of {name} are 0 {where} for all {len(a_ni):,} samples: nothing that leads into them can learn."
    remedy = "Use larger initial biases, a lower learning rate, leaky ReLU or a norm before it; then reset."
    return Finding(f"Dead {kind} in {name}", how, remedy, share=dead / width)


def attention(node: Node, name: str, p_ni: np.ndarray, loss: float, guess: float) -> Finding | None:
    """Heads of a softmax over keys, while the loss is still high: all weight on one key whatever the query, or on one key for each."""
    if node.axes != ("head", "query", "key") or not ACTIVATIONS[node.activation].rowwise or loss <= LEARNED * guess:
        return None
    p_nhqk = p_ni.reshape(-1, *node.shape)[:, :, 1:]  # a causal mask leaves the first query one key only: no choice
    if not p_nhqk.shape[2]:
        return None
    sure_nhq, key_nhq = p_nhqk.max(-1) >= SURE, p_nhqk.argmax(-1)
    sharp = [h for h in range(node.shape[0]) if sure_nhq[:, h].mean() >= ALWAYS]
    stuck = [h for h in sharp if (key_nhq[:, h] == key_nhq[0, h, 0]).mean() >= ALWAYS]
    remedy = "Start with smaller weights, lower the learning rate, or put a norm before the queries and keys; then reset."
    if stuck:
        key = int(key_nhq[0, stuck[0], 0])
        where = f"In {_heads(stuck, node)} of {name}"
        how = f"{where} every query puts {percent(SURE, 0)} of its attention or more on token {key}, whatever the sample."
        return Finding(f"Attention has collapsed in {name}", how, remedy, share=len(stuck) / node.shape[0])
    if sharp:
        where = f"In {_heads(sharp, node)} of {name}"
        how = f"{where} nearly every query puts {percent(SURE, 0)} of its attention or more on one token, where the softmax is flat and "
        how += f"passes hardly any gradient. The loss is {loss:.2g}."
        return Finding(f"Saturated softmax in {name}", how, remedy, share=len(sharp) / node.shape[0])
    return None


def _heads(found: list[int], node: Node) -> str:
    if len(found) == 1:
        return f"head {found[0]}"
    return f"all {len(found):,} heads" if len(found) == node.shape[0] else f"heads {', '.join(map(str, found))}"


def few_for_a_norm(node: Node, name: str, batch: int) -> Finding | None:
    """A layer that norms by the statistics of its batch, where these are made of too few numbers."""
    if not node.unlearned:
        return None
    count = batch * (node.size // node.shape[0] if node.axes[0] == "channel" else 1)
    if count >= NUMBERS:
        return None
    numbers = f"{count:,} number{'s' if count > 1 else ''}"
    how = f"In a training step {name} takes mean and variance of only {numbers} for each of its channels: mostly chance."
    return Finding("Batch norm over few numbers", how, "Use a larger batch, or layer_norm, which needs no batch.")
