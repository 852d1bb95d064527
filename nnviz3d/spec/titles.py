"""What a film writes into its picture."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Titles:
    """`caption` in place of the sentence, `fade` of it in [0, 1]; `burned`: frame, time and so on, in a corner; `equation`: how much
    of the picked neuron's card is there, in [0, 1]."""

    caption: str = ""
    fade: float = 1.0
    burned: str = ""
    equation: float = 0.0
