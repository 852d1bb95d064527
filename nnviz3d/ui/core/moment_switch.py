"""The switch between now and the moments that are kept, as an item of a row; and the item of any switch that gives a command."""

from __future__ import annotations

from collections.abc import Callable

from nnviz3d.spec.commands import CommandName
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.row_layout import Item, switch, width

MOMENTS = (
    ("", "now", "The current network."),
    ("A", "A", "Show the network of moment A (F4 switches between all)."),
    ("B", "B", "Show the network of moment B (F4 switches between all)."),
    ("B - A", "B \u2212 A", "The change from A to B: of every weight, and of each neuron's activation for the displayed sample."),
)


def moments(f: Frame) -> list[Item]:
    """Now, A, B or their difference; none while no moment is kept."""
    found = f.readout.moments
    if not found.kept:
        return []
    fit = {kept.name for kept in found.kept if kept.fits} | {""}
    return [item(f, 0, "moment", "show", MOMENTS, found.shown, "show_moment", lambda option: fit.issuperset(option.split(" - ")))]


def item(f: Frame, rank: int, name: str, label: str, options, value, command: CommandName, usable: Callable = lambda _: True) -> Item:
    """`command` is given the pressed option; `usable` says which can be pressed."""

    def draw() -> None:
        pressed = switch(f, name, label, options, value, usable)
        if pressed is not None:
            f.do(command, pressed)

    return Item(rank, width(f, label, options), draw, name)
