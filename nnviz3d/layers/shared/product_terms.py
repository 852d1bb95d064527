"""Terms of sums whose factors are both numbers of the sample: an activation times an activation, or times an error."""

from __future__ import annotations

from nnviz3d.layers.shared.equation_line import Line, Span, number
from nnviz3d.spec.number_text import plain
from nnviz3d.spec.readout import Sum


def product_terms(total: Sum, what: str, factor: str) -> list[Line]:
    """factor times activation ("a") or times delta ("d"), the largest first; then all others as one number."""
    lines, name = [], "activation" if what == "a" else "delta"
    for term in total.terms:
        tip = f"{factor} × {name} of neuron {term.index} of {total.name}: {plain(term.weight)} × {plain(term.value)}. Click to show it."
        spans = (*number(term.weight, "a"), Span(" · "), *number(term.value, what, True))
        lines.append(Line("", spans, term.product, "term", tip, neuron=term.neuron, index=term.index, name=total.name))
    if total.rest_count:
        more = f"{total.rest_count:,} more {'term' if total.rest_count == 1 else 'terms'}"
        tip = f"The sum of the other {total.rest_count:,} terms; each is smaller than those above."
        lines.append(Line("", (Span(more),), total.rest, "rest", tip))
    return lines
