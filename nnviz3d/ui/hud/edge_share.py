"""What the legend says of how many edges are drawn, and what share of all they hold. Text only."""

from __future__ import annotations

from nnviz3d.spec.foreign_graph import is_foreign
from nnviz3d.spec.number_text import count, percent
from nnviz3d.spec.readout import Readout

CONNECTIONS = (
    "A line is a connection: one tensor is computed from the other. It is no edge between two neurons, and has no weight; of this network "
    "only the values are known, not the equations behind them."
)


def text(r: Readout, quantity: str) -> str:
    """How many edges are drawn; of the strongest ones also how much of a quantity they hold, where it is known."""
    inside = f", {count(r.edges_inside)} in slabs" if r.edges_inside else ""
    if is_foreign(r.topology):
        return f"{count(r.edges_total - r.edges_inside)} connections between tensors{inside}"
    if r.edges_waiting:
        return f"looking through {count(r.edges_waiting)} of {count(r.edges_total)} edges"
    if r.edges_shown >= r.edges_total:
        return f"all {count(r.edges_total)} edges"
    share = f" = {percent(r.edges_share, 0 if r.edges_share > 0.1 else 2)} of {quantity}" if quantity else ""
    if r.edges_bundled:
        others = r.edges_total - r.edges_bundled - r.edges_inside
        singly = f", {'all' if r.edges_shown >= others else f'{count(r.edges_shown)} of'} {count(others)} others" if others else ""
        return f"{count(r.edges_ribbons)} ribbons for {count(r.edges_bundled)} edges{singly}{inside}{share}"
    outside = r.edges_total - r.edges_inside
    if inside and r.edges_shown >= outside:
        return f"all {count(outside)} edges{inside}"
    return f"{count(r.edges_shown)}{'' if r.edges_folded else ' strongest'} of {count(outside)} edges{inside}{share}"


def explained(r: Readout, quantity: str) -> str:
    """The same at length."""
    if is_foreign(r.topology):
        return CONNECTIONS
    said = [f"Number of edges drawn, and their share of the sum of {quantity} over all edges."]
    folded = count(r.edges_folded)
    if r.edges_waiting:
        said.append("Connections with many edges are looked through over many frames; until then, what is drawn of them is missing.")
    if r.edges_folded:
        said.append(f"Of the {folded} folded inputs, only the strongest edge into each neuron is drawn, starting at their stack.")
    if r.edges_bundled:
        said.append("A ribbon stands for all edges between two groups: channels, tokens, heads, or blocks of a large layer.")
    return " ".join(said)
