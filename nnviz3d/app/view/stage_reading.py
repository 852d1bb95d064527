"""What a stage says of its picture, for the readout."""

from __future__ import annotations

from dataclasses import dataclass, field

from nnviz3d.app.view.comparison_view import ComparisonView
from nnviz3d.bridge.shown_edges import ShownEdges
from nnviz3d.spec.readout import Label, MapReading, PlaneReading
from nnviz3d.spec.step_annotations import Moment
from nnviz3d.spec.topology import EdgeRef


@dataclass(frozen=True)
class StageReading:
    """Of the frame that was prepared last. `picked`, `hovered`: neuron ids; `chosen`: a parameter; `layer`: the place of a node; -1: none.
    `edge`: the one under the pointer. `signals`: edges that particles travel along. `second`: the other network while two are compared."""

    labels: tuple[Label, ...] = ()
    edges: ShownEdges = field(default_factory=ShownEdges)
    signals: int = 0
    picked: int = -1
    hovered: int = -1
    chosen: int = -1
    edge: EdgeRef | None = None
    layer: int = -1
    stack: str = ""
    plane: PlaneReading | None = None
    moment: Moment | None = None
    second: ComparisonView | None = None
    opened: frozenset[str] = frozenset()
    place: str = ""
    map: MapReading | None = None
