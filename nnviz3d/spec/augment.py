"""The `[data.augment]` of a scene: how the samples of a batch are changed before the network learns from them."""

from __future__ import annotations

from pydantic import Field

from nnviz3d.spec.model_base import Table


class Augment(Table):
    """Random changes of each training sample, drawn anew for every batch with the seed of `[train]`; what comes in from outside a picture
    is 0. Only steps of training see them: shown samples, losses and accuracies are of the data as they are."""

    shift: int = Field(default=0, ge=0, le=256, description="pictures: moved by up to so many rows and columns, in whole pixels")
    rotate: float = Field(default=0.0, ge=0, le=180, description="pictures: turned about their centre by up to so many degrees")
    flip: bool = Field(default=False, description="pictures: mirrored left to right, one in two")
    noise: float = Field(default=0.0, ge=0, le=10, description="standard deviation of normal noise that is added to every input")

    @property
    def moves(self) -> bool:
        """Whether pixels change their places."""
        return bool(self.shift or self.rotate or self.flip)

    @property
    def on(self) -> bool:
        return self.moves or self.noise > 0
