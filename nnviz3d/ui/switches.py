"""The small switches of the bars: whose gradient a walk shows, what follows its end, and which moment is looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from nnviz3d.ui.frame import Frame
from nnviz3d.ui.switch import Item, bar, switch, width

LOOPS = (
    ("stop", "stop", "Hold where the iteration ends."),
    ("again", "this step again", "Play the same step again and again. It is not taken again: the weights change once."),
    ("on", "next step", "Go on to the next training step, and so learn while one watches."),
)
MOMENTS = (
    ("", "now", "The network of now."),
    ("A", "A", "Look at the network of moment A (F4 goes through all)."),
    ("B", "B", "Look at the network of moment B (F4 goes through all)."),
    ("B - A", "B \u2212 A", "What changed from A to B: every weight, and each neuron's activation for the shown sample."),
)


@dataclass(frozen=True)
class Switch:
    """`command` is given the pressed option; `usable` says which can be pressed."""

    ident: str
    label: str
    options: tuple
    value: object
    command: str
    usable: Callable[[object], bool] = lambda _: True


def row(f: Frame, room: float) -> bool:
    """All that belong here, side by side and centred; False where there is no room for all, and then none is drawn."""
    items = [Item(0, width(f, each.label, each.options), partial(_draw, f, each)) for each in here(f)]
    gap = f.px(18)
    fits = sum(item.width + gap for item in items) <= room + gap
    if items and fits:
        bar(items, room, gap)
    return fits


def column(f: Frame, switches: list[Switch]) -> None:
    """One below the other."""
    for each in switches:
        _draw(f, each)


def _draw(f: Frame, each: Switch) -> None:
    pressed = switch(f, each.ident, each.label, each.options, each.value, each.usable)
    if pressed is not None:
        f.do(each.command, pressed)


def here(f: Frame) -> list[Switch]:
    """Those of the bar: the walk's, or which moment is looked at."""
    walk = f.readout.walk
    if walk is not None:
        count = f"{walk.batch:,}"
        gradient = (
            (False, "this sample", "The gradient of the shown sample alone: error at an edge's end times activation at its start (G)."),
            (True, f"mean of {count}", f"The mean over the {count} samples of the batch, with L1, L2 and dropout: what the optimiser is"
             " given, before clipping (G). The wave of the error before it is the shown sample's own."),
        )  # fmt: skip
        return [
            Switch("gradient", "gradient of", gradient, walk.mean, "walk_gradient"),
            Switch("loop", "at the end", LOOPS, walk.loop, "walk_loop"),
        ]
    return moment(f)


def moment(f: Frame) -> list[Switch]:
    """Now, A, B or their difference; none while no moment is kept."""
    moments = f.readout.moments
    if not moments.kept:
        return []
    fit = {kept.name for kept in moments.kept if kept.fits} | {""}
    return [Switch("moment", "show", MOMENTS, moments.shown, "show_moment", lambda option: fit.issuperset(option.split(" - ")))]
