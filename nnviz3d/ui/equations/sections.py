"""The sections of equations of whatever is looked at: which there are, what they are called, and which stands first in a walk. Pure."""

from __future__ import annotations

from nnviz3d.layers.shared.equation_line import Line, Span
from nnviz3d.layers.shared.equations_face import equations_of
from nnviz3d.spec.readout import LayerReading, MatrixReading, NeuronReading, ParameterEquations, WalkReading
from nnviz3d.ui.equations import layer_equations, neuron_equations, parameter_equations, updates

SUM, ACTIVATION, ERROR, GRADIENT, CHECK, UPDATE = "Weighted sum", "Activation", "Error signal of this sample", "Gradient", "Check", "Update"
SHARE, FORWARD, BACKWARD = "Its contribution to z", "Forward", "Backward"
LAST_STEP, PARAMETERS = "Gradient of the last step", "Parameters"
FIRST = {  # what happens now stands first
    "update": (UPDATE, GRADIENT, CHECK, ERROR, BACKWARD),
    "error": (ERROR, BACKWARD, GRADIENT, CHECK, UPDATE),
    "gradient": (GRADIENT, CHECK, ERROR, BACKWARD, UPDATE),
}
Sections = list[tuple[str, list[Line]]]
Reading = NeuronReading | ParameterEquations | LayerReading


NEEDS = {
    SHARE: "z", ACTIVATION: "a", FORWARD: "a", ERROR: "delta", BACKWARD: "delta", GRADIENT: "gradient", CHECK: "gradient",
    UPDATE: "update", LAST_STEP: None, PARAMETERS: None,
}  # fmt: skip
"""What must have been worked out in a walk before a section can tell its numbers; of one that is not here, how z arises: "z"."""


def sections(reading: Reading) -> Sections:
    """Those that have something to say; a check also where it is still to be asked for."""
    if isinstance(reading, LayerReading):
        parts = [
            (FORWARD, layer_equations.forward(reading)), (BACKWARD, layer_equations.backward(reading)),
            (GRADIENT, layer_equations.gradient(reading)), (UPDATE, layer_equations.update(reading)),
            (PARAMETERS, updates.still(reading.kind)),
        ]  # fmt: skip
    elif isinstance(reading, ParameterEquations):
        parts = [
            (SHARE, parameter_equations.share(reading)), (GRADIENT, parameter_equations.gradient(reading)),
            (CHECK, updates.check(reading.check, equations_of(reading.kind).letter(reading.part))),
            (UPDATE, updates.update(reading.update) or parameter_equations.change(reading)),
        ]  # fmt: skip
    else:
        parts = [
            (neuron_equations.title(reading), neuron_equations.pre_activation(reading)), (ACTIVATION, neuron_equations.activation(reading)),
            (ERROR, neuron_equations.backward(reading)),
        ]  # fmt: skip
        if reading.step is None:
            parts.append((LAST_STEP, neuron_equations.bias_gradient(reading)))
        else:
            parts += [(GRADIENT, updates.gradients(reading)), (UPDATE, updates.update(reading.step.update))]
        parts.append((PARAMETERS, [] if reading.z is None else updates.still(reading.kind)))
    checked = isinstance(reading, ParameterEquations) and reading.sample is not None
    listed = [(title, those) for title, those in parts if those or (title == CHECK and checked)]
    return [(title, those if there(reading, title) else [_to_come(reading, title)]) for title, those in listed]


def there(reading: Reading, title: str) -> bool:
    """Whether a section's numbers have been worked out; outside a walk all have."""
    return reading.known is None or not reading.layer or NEEDS.get(title, "z") in (None, *reading.known)


def _to_come(reading, title: str) -> Line:
    """In which phase of the walk its numbers will be there."""
    layer, needs = reading.layer, NEEDS.get(title, "z")
    phase = _error_comes(reading) if needs == "delta" else {
        "z": f"Forward, layer {layer}", "a": f"Forward, layer {layer}", "gradient": f"Backward, layer {layer}",
        "update": f"Update, layer {layer}",
    }[needs]  # fmt: skip
    return Line("", (Span(f"available in: {phase}"),), kind="note", tip="This phase has not been reached yet.")


def _error_comes(reading: NeuronReading | LayerReading) -> str:
    """The phase after which an error is whole: the last that goes back through a layer that this one feeds."""
    if isinstance(reading, NeuronReading):
        ends = () if reading.outgoing is None else reading.outgoing.connections
    else:
        ends = reading.targets
    return f"Backward, layer {min((end.rank, end.node) for end in ends)[1]}" if ends else "Loss"


def heading(reading: Reading, title: str) -> str:
    """What a section is called on screen: of an update, by which rule."""
    if title != UPDATE:
        return title
    if not there(reading, title):
        return f"{UPDATE} ({reading.step.update.optimizer})" if isinstance(reading, NeuronReading) and reading.step is not None else title
    if isinstance(reading, NeuronReading):
        return title if reading.step is None else updates.title(reading.step)
    if isinstance(reading, ParameterEquations):
        return f"Update ({reading.update.optimizer})" if reading.update is not None else "The last step"
    return f"Update ({reading.optimizer})" if isinstance(reading, MatrixReading) and reading.optimizer else title


def ordered(walk: WalkReading | None, layer: int, listed: Sections) -> Sections:
    """Inside a walk, what happens to this layer now stands first: the error, the gradients that it leaves, the update."""
    if walk is None:
        return listed
    at = walk.phase
    first = ()
    if walk.kinds[at] == "update":
        first = FIRST["update"]
    elif walk.kinds[at] in ("loss", "backward"):
        arrived = ("backward", layer) in zip(walk.kinds[: at + 1], walk.layers, strict=False)
        first = FIRST["gradient" if arrived else "error"]
    place = {title: k for k, title in enumerate(first)}
    return sorted(listed, key=lambda section: place.get(section[0], len(first)))
