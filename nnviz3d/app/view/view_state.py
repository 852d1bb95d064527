"""What one picture shows of a session: read once, before it is drawn; drawing asks the session nothing and changes nothing in it."""

from __future__ import annotations

from dataclasses import dataclass

from nnviz3d.app.session.session import Session
from nnviz3d.app.view import step_change
from nnviz3d.bridge.arc_columns import Arcs
from nnviz3d.draw.camera import Pose
from nnviz3d.draw.frame import Wave
from nnviz3d.draw.quality import Level
from nnviz3d.sources.protocols import Source
from nnviz3d.sources.viewable import Viewable
from nnviz3d.spec.neuron_locks import Holds
from nnviz3d.spec.scene import Look
from nnviz3d.spec.topology import EdgeRef


@dataclass(frozen=True)
class Marks:
    """What is pointed at: neuron ids `hovered` and `picked`, what lights up: edges, or parameters that are biases; the name of
    a slab."""

    hovered: int = -1
    picked: int = -1
    lit: tuple[EdgeRef | int, ...] = ()
    slab: str = ""

    @property
    def focus(self) -> int:
        """The neuron whose edges stand out."""
        return self.hovered if self.hovered >= 0 else self.picked


@dataclass(frozen=True)
class ViewState:
    """`source`: what learns or plays. `pictured`: what is drawn of it: itself, the walk through one of its steps, or a kept moment.

    `whole`: all of it is of one moment, so the columns follow it; else the picture stays as it was. `quantity`: kind of tensor and flow by
    which the strongest edges are chosen, None: the look's own. `time` in seconds since the scene began. `exact`: choose edges again, as in
    films and stills. `transparent` leaves the background out. `arcs`: of attention. `empty`: no network is drawn.
    """

    source: Source
    pictured: Viewable
    whole: bool
    walking: bool
    wave: Wave | None
    quantity: tuple[str, int] | None
    holds: Holds
    look: Look
    marks: Marks
    pose: Pose
    time: float
    level: Level
    exact: bool = False
    transparent: bool = False
    arcs: Arcs | None = None
    empty: bool = False


def view_state(session: Session, marks: Marks, pose: Pose, time: float, level: Level, exact: bool, transparent: bool) -> ViewState:
    """Of now."""
    walking, look, pictured = session.walking, session.shown_scene.look, session.pictured
    if walking is not None:
        wave, quantity = step_change.wave(walking, look), step_change.quantity(walking, look)
    elif session.kept is not None:
        wave, quantity = session.moments.wave(), session.moments.quantity()
    else:
        wave, quantity = None, None
    return ViewState(
        session.source,
        pictured,
        session.whole,
        walking is not None,
        wave,
        quantity,
        pictured.holds,
        look,
        marks,
        pose,
        time,
        level,
        exact,
        transparent,
        session.attention.arcs,
        session.player is not None and session.player.empty,
    )
