"""What a film writes into its picture."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Titles:
    """`caption` in place of the sentence, `fade` of it in [0, 1]; `burned`: frame, time and so on, in a corner; `equation`: how much
    of the picked neuron's card is there, in [0, 1], and `chart` of the curve."""

    caption: str = ""
    fade: float = 1.0
    burned: str = ""
    equation: float = 0.0
    chart: float = 0.0
