"""Why a control does nothing for the network that is open: said by the source, shown as the tooltip of the greyed control."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

_FIXED = "This is a recording: it shows what was learned then, and nothing of that can be changed. Open the scene itself to train it."


@dataclass(frozen=True)
class Reasons:
    """One sentence for each thing that cannot be done; "" where it can."""

    play: str = ""  # on in time: training, or the next recorded step
    back: str = ""  # to an earlier step
    reset: str = ""  # to the start
    seed: str = ""  # other first weights
    walk: str = ""  # through one iteration
    edit: str = ""  # a weight, a bias, neurons, any setting of network, data and training
    compare: str = ""  # with a second network
    keep: str = ""  # a snapshot of this moment
    data: str = ""  # what needs rows: scores, the sample browser, the confusion matrix
    export: str = ""  # a checkpoint, the network as a file

    @classmethod
    def all(cls, reason: str) -> Reasons:
        """The same for everything."""
        return cls(**{field.name: reason for field in fields(cls)})


ABLE = Reasons()
UNREMEMBERED = Reasons(
    back="This run is not remembered, so there is no way back.", keep="This run is not remembered, so no moment of it can be kept."
)
RECORDED = Reasons(
    seed="A recording is what was learned then. Open the scene itself to train with another seed.",
    walk="A recording holds no batches and no state of the optimiser, so no step of it can be walked through. Open the scene itself.",
    edit=_FIXED,
    compare=_FIXED,
    export=_FIXED,
)
OPENED = replace(
    Reasons.all("This network was opened as it is, without training: there are no steps to take, and nothing of it can be changed."),
    data="No data belong to this network, so nothing can be measured with it.",
)
