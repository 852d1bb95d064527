"""The Neuron panel of a real session: what it shows at a place of a walk, and which sections it has."""

from __future__ import annotations

from nnviz3d.ui.equations import sections
from tests.ui import readouts
from tests.ui.where import recording


def show(driver, session, neuron: int = -1, number: float | None = None, chosen: int = -1, layer: int = -1) -> None:
    """What a frame would tell the overlay; `number` a place of the walk, None outside it."""
    seen = session.source if number is None else session.walking.walk
    if number is not None:
        seen.go(number)
    inspector = session.inspector
    driver.readout = readouts.readout(
        topology=session.source.topology, walk=None if number is None else session.walking.reading(), pinned=True,
        neuron=inspector.neuron(seen, neuron), chosen=chosen, layer=layer, parameter=inspector.parameter(seen, chosen),
        whole=inspector.layer(seen, layer),
    )  # fmt: skip


def at(session, phase: str) -> float:
    return [str(p) for p in session.walking.phases].index(phase) + 0.6


def titles(driver) -> list[str]:
    """Sections in the order in which they are drawn, by their lines."""
    driver.frame(3)
    with recording() as found:
        driver.frame()
    known = {value for name, value in vars(sections).items() if name.isupper() and isinstance(value, str)}
    return [name for name in dict.fromkeys(name.rstrip("0123456789") for name in found) if name in known]
