"""What is reported together: while training runs all numbers of neurons, weights and the answer are taken at once, ten times a second.

Else one place would show the numbers of this step and another those of a moment before. What is pointed at or picked anew is reported at
once, with everything else.
"""

from __future__ import annotations

from dataclasses import replace

from nnviz3d.spec.readout import EdgeReading, Readout

EVERY = 0.1  # seconds between two sets of numbers: more often they cannot be read
FIELDS = (
    "neuron", "hovered", "parameter", "whole", "weight", "edge", "sample_answer", "sample_right",
)  # fmt: skip


class SampledReadout:
    """The set that is shown, and of what."""

    def __init__(self):
        self._of: tuple | None = None
        self._numbers: dict = {}
        self._since = 0.0

    def __call__(self, r: Readout, dt: float) -> Readout:
        """The readout with the numbers that are to be shown in this frame."""
        if not r.running or r.walk is not None:
            self._of = None
            return r
        self._since += dt
        of = _subjects(r)
        if of != self._of or self._since >= EVERY:
            self._of, self._since = of, 0.0
            self._numbers = {name: getattr(r, name) for name in FIELDS}
            return r
        return replace(r, **self._numbers)


def _subjects(r: Readout) -> tuple:
    """What the numbers are of."""
    neurons = tuple(reading and (reading.neuron, reading.network) for reading in (r.neuron, r.hovered))
    parameters = tuple(reading and reading.parameter for reading in (r.parameter, r.weight))
    edge = r.edge.edge if isinstance(r.edge, EdgeReading) else r.edge and r.edge.parameter
    checked, layer = r.parameter and r.parameter.check, r.whole and r.whole.layer
    return (
        r.topology,
        r.sample_right is None,
        r.sample_index,
        r.sample_label,
        r.moments.shown,
        r.holds,
        neurons,
        parameters,
        edge,
        checked,
        layer,
    )
