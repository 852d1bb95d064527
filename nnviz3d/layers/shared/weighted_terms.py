"""Lines on the terms of a weighted sum. Pure."""

from __future__ import annotations

from nnviz3d.layers.shared.equation_line import Line, Span, number
from nnviz3d.layers.shared.notation import called
from nnviz3d.spec.number_text import plain
from nnviz3d.spec.readout import Sum


def terms(total: Sum, letter: str, what: str) -> list[Line]:
    """weight times activation ("a") or times delta ("d"), the largest first; then all others as one number."""
    lines, name = [], "activation" if what == "a" else "delta"
    for term in total.terms:
        own = called(total.labels, term.index)
        whose = f"{own} ({term.called})" if own else term.called
        tip = f"weight × {name} of {whose}: {plain(term.weight)} × {plain(term.value)} = {plain(term.product)}."
        tip += f"\nClick for this weight; click {own or f'{letter}={term.index}'} for that neuron."
        spans = (*number(term.weight, "w"), Span(" · "), *number(term.value, what, True))
        at = {"neuron": term.neuron, "index": term.index, "letter": letter, "name": own}
        lines.append(Line("", spans, term.product, "term", tip, **at, parameter=term.parameter if term.parameter >= 0 else None))
    if total.rest_count:
        more = f"{total.rest_count:,} more {'term' if total.rest_count == 1 else 'terms'}"
        tip = f"The sum of the other {total.rest_count:,} terms; each is smaller than those above."
        lines.append(Line("", (Span(more),), total.rest, "rest", tip))
    return lines
