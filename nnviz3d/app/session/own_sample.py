"""A person's own picture as the shown sample of a session: drawn on the pad or read from a file. No OpenGL, no clock.

It stays through training, rewinding and changes of the network, until a sample of the data is chosen. Both networks of a comparison see it.
It has no target: there is no loss of it, and no error goes back from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from nnviz3d.engine.data.dataset import DataSet
from nnviz3d.engine.data.own_picture import PictureFrame, drawn, frame_of
from nnviz3d.spec.readout import OwnReading
from nnviz3d.spec.strokes import Stroke

if TYPE_CHECKING:
    from nnviz3d.app.session.session import Session

NO_PICTURE = "The inputs of this network are not pictures of one channel, so nothing can be drawn."
NO_ROWS = "Without the data it is not known how pictures are scaled."
DRAWING, PICTURE = "your drawing", "your picture"


class OwnSample:
    """Of one session. `ink_hw` (H, W) in [0, 1]: the picture at the network's resolution, None while a sample of the data is shown."""

    def __init__(self, session: Session):
        self.session = session
        self.ink_hw: np.ndarray | None = None
        self.label = ""
        self._frames: list[tuple[DataSet, PictureFrame | None]] = []

    @property
    def frame(self) -> PictureFrame | None:
        """How the pictures of the data are; None where they are none."""
        return self._frame(self.session.source.data)

    @property
    def reason(self) -> str:
        """Why there can be no own picture, or ""."""
        source = self.session.source
        if source.evaluator is None:
            return source.reasons.data or NO_ROWS
        return "" if self.frame is not None else NO_PICTURE

    def draw(self, strokes: Sequence[Stroke]) -> None:
        """Show these strokes; none at all: the sample of the data again. What cannot be becomes the banner."""
        frame = self._wanted()
        if frame is None:
            return
        ink = drawn(tuple((float(width), bool(erase), tuple(map(float, points))) for width, erase, points in strokes))
        if ink.any():
            self._show(np.round(255 * frame.fit(ink)) / 255, DRAWING)
        else:
            self.leave()

    def picture(self, cells: str) -> None:
        """Show a picture at the network's resolution, as `spec.strokes.pixels`. What cannot be becomes the banner."""
        frame = self._wanted()
        if frame is None:
            return
        ink = np.frombuffer(bytes.fromhex(cells), np.uint8) / 255
        if len(ink) != frame.size[0] * frame.size[1]:
            self.session.banner = f"The picture has {len(ink):,} cells; the network's have {frame.size[0]} x {frame.size[1]}."
            return
        self._show(ink.reshape(frame.size), PICTURE)

    def leave(self) -> None:
        """Back to the sample of the data that it stands in for."""
        if self.ink_hw is not None:
            self.session.show_sample(self.session.source.sample.index)

    def end(self) -> None:
        """Another sample is about to be shown."""
        self.ink_hw = None

    def again(self) -> None:
        """Show it where something else has been put in its place: the network or the data are others."""
        if self.ink_hw is None:
            return
        frame = self.frame
        if frame is None or frame.size != self.ink_hw.shape or self.session.source.evaluator is None:
            self.ink_hw = None
            return
        second = self.session.second
        self.session.source.show_own(frame.row(self.ink_hw), self.label)
        theirs = None if second is None else self._frame(second.source.data)
        if second is not None and theirs is not None and theirs.size == frame.size:
            second.show_own(theirs.row(self.ink_hw), self.label)

    def reading(self, wanted: bool) -> OwnReading | None:
        """For the panel."""
        if not wanted:
            return None
        session, frame = self.session, self.frame
        seen = session.pictured
        output = seen.topology.output
        outputs_o = seen.objective.own(np.array(seen.ops.to_host(seen.tensors("activation")[output.neurons.slice])))
        shown = self.ink_hw is not None and session.walking is None
        size = (0, 0) if frame is None else frame.size
        return OwnReading(size, self.reason, shown, self.ink_hw, outputs_o, output.activation in ("softmax", "sigmoid"))

    def _wanted(self) -> PictureFrame | None:
        """A picture is about to be shown: a step that is walked through is finished first."""
        if self.reason:
            self.session.banner = self.reason
            return None
        self.session.leave_walk()
        return self.frame

    def _show(self, ink_hw: np.ndarray, label: str) -> None:
        self.ink_hw, self.label = ink_hw, label
        self.again()

    def _frame(self, data: DataSet) -> PictureFrame | None:
        """Measured once for each of the last few data sets."""
        for known, frame in self._frames:
            if known is data:
                return frame
        frame = frame_of(data)
        self._frames = [*self._frames[-3:], (data, frame)]
        return frame
