"""Words on numbers that have a unit of their own: what a loss is of, and what it is in the target's unit."""

from __future__ import annotations

from nnviz3d.spec.readout import Readout


def loss_unit(r: Readout) -> str:
    """What unit a loss has."""
    if any(unit.scaled for unit in r.units):
        return "of standardised targets, no unit"
    return "in the square of the target's unit" if r.error is not None else "no unit"


def rmse_words(r: Readout) -> str:
    """A sentence on the root mean square error, where it is shown."""
    if r.error is None:
        return ""
    unit = f"in the unit of {r.error.unit.name}" if r.error.unit is not None else "in standard deviations (sd) of the targets"
    return f" RMSE: the root mean square error of the same samples, {unit}."
