"""The small switches under a bar's buttons: whose gradient and which weights a walk shows, what follows its end, which moment is looked at.

What has no room in the row waits in the list behind the dots (`ui.hud.navigation_menu`).
"""

from __future__ import annotations

from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.moment_switch import item, moments
from nnviz3d.ui.core.row_layout import Item, bar
from nnviz3d.ui.hud import weightbar

LOOPS = (
    ("stop", "stop", "Pause at the end of the step (L)."),
    ("again", "this step again", "Replay the same step in a loop. The weights are still updated only once (L)."),
    ("on", "next step", "Continue with the next training step, so that the network learns while you watch (L)."),
)


def row(f: Frame, room: float) -> set[str]:
    """What belongs to the bar and fits, side by side and centred. Returns the names of what was drawn."""
    items = [] if f.low else [item for item in here(f) if item.name != "loop"]
    return {item.name for item in bar(items, room, f.px(16))} if items else set()


def here(f: Frame) -> list[Item]:
    """All switches of this moment."""
    walk = f.readout.walk
    if walk is None:
        return moments(f)
    count = f"{walk.batch:,}"
    gradient = (
        (False, "sample", "The gradient of the displayed sample alone: error at the end of an edge times activation at its start (G)."),
        (True, f"mean of {count}", f"The mean over the {count} samples of the batch, with L1, L2 and dropout: the gradient passed to"
         " the optimiser, before clipping (G). The errors shown on the way are those of the displayed sample."),
    )  # fmt: skip
    return [
        item(f, 0, "gradient", "gradient", gradient, walk.mean, "walk_gradient"),
        *weightbar.items(f),
        item(f, 3, "loop", "at the end", LOOPS, walk.loop, "walk_loop"),
    ]
