"""What plots have in common: how a line looks, axes over the training steps, and the axis of a loss."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from imgui_bundle import implot

from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.downsample import Series

_A, _F = implot.AxisFlags_, implot.Flags_
PLOT = _F.no_menus | _F.no_box_select | _F.no_title | _F.no_legend | _F.no_mouse_text
NAMED = _A.no_highlight | _A.no_menus | _A.no_side_switch  # an axis that says what it is
PLAIN = NAMED | _A.no_label


@lru_cache(maxsize=256)
def line_spec(colour: str, weight: float, alpha: float = 1.0, marker: bool = False, flags: int = 0) -> implot.Spec:
    """ImPlot's style of a line, in pixels."""
    spec = implot.Spec()
    spec.flags = int(flags)
    spec.line_color = spec.fill_color = spec.marker_fill_color = spec.marker_line_color = theme.vec(colour, alpha)
    spec.line_weight = weight
    if marker:
        spec.marker, spec.marker_size = implot.Marker_.circle, weight * 1.6
    return spec


def steps_axis(last: float, name: str = "training steps", more: int = 0) -> None:
    """From 0 to `last`; the axis upwards has no name. `more`: flags of the axis."""
    implot.setup_axes(name, "", NAMED | _A.no_grid_lines | more, PLAIN)
    implot.setup_axis_format(implot.ImAxis_.x1, "%g")
    implot.setup_axis_limits(implot.ImAxis_.x1, 0, last, implot.Cond_.always)


def loss_axis(curves: Sequence[Series], log: bool) -> None:
    """Holds all of them."""
    implot.setup_axis_scale(implot.ImAxis_.y1, implot.Scale_.log10 if log else implot.Scale_.linear)
    implot.setup_axis_limits(implot.ImAxis_.y1, *axis_range(curves, log), implot.Cond_.always)
    implot.setup_axis_format(implot.ImAxis_.y1, "%.3g")


def axis_range(curves: Sequence[Series], log: bool) -> tuple[float, float]:
    """Limits of the loss axis with a little air; above zero where it is logarithmic."""
    low = min((s.lowest for s in curves if len(s.x)), default=0.0)
    high = max((s.highest for s in curves if len(s.x)), default=1.0)
    if not log:
        return min(0.0, low), high * 1.05 if high > 0 else 1.0
    low = max(low, high * 1e-8, 1e-12)
    air = max(1.25, (10 * low / high) ** 0.5 if high > 0 else 10.0)  # at least a decade, with a flat curve in its middle
    return low / air, max(high, low) * air


def now(f: Frame, colour: str, weight: float, alpha: float) -> None:
    """Where one is, in a plot that shows more."""
    implot.plot_inf_lines("##now", np.array([float(f.readout.step)]), spec=line_spec(colour, f.px(weight), alpha))
