"""How much of the picture the overlay covers, so that the camera puts the network where nothing lies over it. Lengths are imgui's units,
unscaled, unless shares are said."""

from __future__ import annotations

from collections.abc import Sequence

from nnviz3d.spec.readout import FreeArea
from nnviz3d.ui.core.context import NARROW, TALL

TRANSPORT = 144.0  # what the transport bar and its hint cover
TITLE = (76.0, 116.0)  # what the card with the title covers in a tour, in low and in tall windows
LINES_OF_TWO = 130.0  # what the card with the title covers there while two networks are compared: it has no legend
HEADER = 132.0  # what the card with the title covers at the top left
WIDE, WRAPPED = 360.0, 172.0  # on a stage narrower than this the title's card and the transport bar reach across; their lines wrap
HEAD = 0.45  # of the bottom's share: what is kept free at the top, for the card covers a corner that only tall columns reach
HEAD_OF_TWO = 0.65  # the same for two networks, which are as high as the tallest columns
TABLE = 222.0  # what the table of a walk takes beside the outputs, without names
LETTER, LONGEST = 6.5, 64.0  # width of a letter of a name there, and of the longest name


def free_area(width: float, height: float, scale: float, right: float, *, two: bool = False, card: float = 0.0) -> FreeArea:
    """`width`, `height`: of the picture, and `card`: what a tour's card covers at the bottom, scaled; 0: the transport bar is there.
    `right`: share of the width that the panels cover. `two`: networks are compared."""
    height = max(height, 1)
    if card:
        return FreeArea(right, min(card / height, 0.55), min(TITLE[height >= TALL * scale] * scale / height, 0.2))
    bottom = min(max(TRANSPORT * scale / height, 0.1), 0.3)
    if right > 0 and width * (1 - right) < WIDE * scale:
        top = min(WRAPPED * scale / height, 0.36)
        return FreeArea(right, top, min(LINES_OF_TWO * scale / height, 0.36) if two else top, top)
    return FreeArea(right, bottom, bottom * (HEAD_OF_TWO if two else HEAD), min(HEADER * scale / height, 0.25))


def table(width: float, names: Sequence[str]) -> float:
    """Share of the picture's width that a walk's table needs to the right of the outputs with these names; a narrow picture has none to
    spare."""
    if width < NARROW:
        return 0.0
    return min((TABLE + min(LETTER * max(map(len, names), default=1), LONGEST)) / width, 0.3)
