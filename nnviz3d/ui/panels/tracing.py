"""Tracing: the strongest paths back from an output (why?) or on from a neuron (what does it reach?), lit in the picture and listed."""

from __future__ import annotations

from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.spec.number_text import percent
from nnviz3d.spec.readout import TracedPath, TracingReading
from nnviz3d.ui.core import bars, theme
from nnviz3d.ui.core.bars import Bar
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.names import layer_name
from nnviz3d.ui.core.widgets import label, small, tip

TITLE, ICON, HINT, OPEN = "Tracing", fa.ICON_FA_ROUTE, "Why this output: the strongest paths through the network.", False
MOST = 24
_FAINT = theme.packed(theme.FAINT)
EXPLAINED = (
    "Each edge counts by its contribution |weight × activation|, as a share of everything that its target receives (with the bias). A path "
    "counts by the product of its edges' shares. All paths that end in one neuron add up to 100 %."
)


class TracingPanel:
    """Remembers the direction, how many paths, and the path under the pointer."""

    def __init__(self):
        self.back, self.count, self.alone = True, 8, -1

    def draw(self, f: Frame) -> None:
        picked = f.readout.neuron if f.readout.pinned else None
        picked = None if picked is not None and picked.network == "B" else picked
        self._choose(f)
        if not self.back and picked is None:
            small(f, "Pick an input or a neuron in the picture: the strongest paths from it to the outputs light up.", _FAINT, wrap=True)
            return
        neuron = -1 if picked is None or (self.back and picked.layer == 0) else picked.neuron
        f.wants["tracing"] = (neuron, self.back, self.count, self.alone)
        r = f.readout.tracing
        if r is None or r.back != self.back:
            small(f, "…")
            return
        self._list(f, r)

    def _choose(self, f: Frame) -> None:
        for text, back, hint in (
            ("Why this output", True, "Back from the picked neuron, or from the largest output where none is picked."),
            ("What it reaches", False, "On from the picked input or neuron to the outputs."),
        ):
            if imgui.radio_button(text, self.back == back):
                self.back, self.alone = back, -1
            tip(f, hint)
            if back and imgui.get_content_region_avail().x > f.px(280):
                imgui.same_line()
        imgui.begin_group()
        label(f, "Paths")
        flags = imgui.SliderFlags_.always_clamp | imgui.SliderFlags_.no_input
        _, self.count = imgui.slider_int("##tracing.count", self.count, 1, MOST, "%d", flags)
        imgui.end_group()
        tip(f, "How many of the strongest paths are shown.")

    def _list(self, f: Frame, r: TracingReading) -> None:
        name = place(f, r.neuron)
        if not r.paths:
            small(
                f,
                "Looking for paths …" if not r.over else f"Nothing flows {'into' if r.back else 'out of'} {name} for this sample.",
                wrap=True,
            )
            return
        many = "The strongest path" if len(r.paths) == 1 else f"The {len(r.paths)} strongest paths"
        if r.back:
            text = f"{many} into {name}: {percent(r.total)} of all that it receives"
        else:
            text = f"{many} from {name} to the outputs"
        small(f, text + ("" if r.over else " …"), wrap=True)
        tip(f, EXPLAINED)
        positive, negative = (theme.packed(sign) for sign in f.signs)
        most = max(path.share for path in r.paths)
        rows = []
        for path in r.paths:
            ends = place(f, path.neurons[0] if r.back else path.neurons[-1], short=True)
            text = f"bias {ends}" if path.bias else ends
            colour = positive if path.sign > 0 else negative
            rows.append(Bar(text, path.share / most if most else 0.0, _percent(path.share), colour, _path_text(f, path), key=len(rows)))
        clicked = bars.draw(f, "paths", rows)
        if clicked is not None:
            self.alone = -1 if clicked == self.alone else clicked
        if 0 <= self.alone < len(r.paths):
            small(f, _path_text(f, r.paths[self.alone]), wrap=True)
            small(f, "Only this path lights up; click it again for all.", _FAINT, wrap=True)
        else:
            self.alone = -1
            small(f, "Click a path to light it up alone.", _FAINT, wrap=True)


def place(f: Frame, neuron: int, short: bool = False) -> str:
    """ "output 3", "hidden layer 1, neuron 17"; by its own name where it has one. In short a layer in a block has only its last name: bars
    have little room, and their tooltips say all."""
    node, j = f.readout.topology.locate(neuron)
    name = layer_name(f, node.number)
    if j < len(node.labels):
        own = str(node.labels[j])
        return own if short and node is not f.readout.topology.output else f"{name} {own}"
    if len(node.shape) > 1 and node is f.readout.topology.input:
        at, rest = [], j
        for n in reversed(node.shape):
            rest, k = divmod(rest, n)
            at.append(k + 1)
        return f"{name} ({', '.join(map(str, reversed(at)))})"
    return f"{name.rpartition('.')[2]}, {j}" if short else f"{name}, neuron {j}"


def _percent(share: float) -> str:
    """Two digits: of many paths each is small."""
    return f"{100 * share:.2g} %"


def _path_text(f: Frame, path: TracedPath) -> str:
    """All of a path, with the share of each edge."""
    shares = path.shares[1:] if path.bias else path.shares
    parts = [f"bias ({percent(path.shares[0])})"] if path.bias else []
    parts.append(place(f, path.neurons[0]))
    parts += [f"{place(f, neuron)} ({percent(share)})" for neuron, share in zip(path.neurons[1:], shares, strict=True)]
    way = "raises it" if path.sign > 0 else "lowers it"
    return f"{' → '.join(parts)}. Product {_percent(path.share)}; {way}."
