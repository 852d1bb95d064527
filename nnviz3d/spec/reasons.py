"""Why a control does nothing for the network that is open: said by the source, shown as the tooltip of the greyed control."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

_FIXED = "This is a recording of an earlier training run, so nothing in it can be changed. Open the scene itself to train it."


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
    back="The history of this run is not stored, so there is no way back.",
    keep="The history of this run is not stored, so no moment of it can be kept.",
)
RECORDED = Reasons(
    seed="A recording has a fixed seed. Open the scene itself to train with another one.",
    walk="A recording contains neither mini-batches nor the optimiser's state, so its steps cannot be shown phase by phase. Open the "
    "scene itself.",
    edit=_FIXED,
    compare=_FIXED,
    export=_FIXED,
)
OPENED = replace(
    Reasons.all("This network was opened without training data: it cannot be trained or changed."),
    data="This network has no data, so nothing can be measured.",
)
_ELSEWHERE = "This network is trained by a program of your own, which is only watched here: change it there."
WATCHED = Reasons(
    seed=_ELSEWHERE,
    edit=_ELSEWHERE,
    compare=_ELSEWHERE,
    data="The watched loop sends single samples, not its data, so nothing can be measured here.",
    export=_ELSEWHERE,
)
MODEL = replace(
    Reasons.all("This model was opened from its files to be looked at: it cannot be trained or changed."),
    data="This model was opened without data, so nothing can be measured. It can be asked in the panel Prompt.",
)
