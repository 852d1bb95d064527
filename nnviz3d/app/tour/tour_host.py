"""What a tour asks of the window that it runs in."""

from __future__ import annotations

from typing import Protocol

from nnviz3d.app.session.session import Session
from nnviz3d.app.view.stage import Stage
from nnviz3d.spec.scene import Scene


class Person(Protocol):
    """The settings of code that looks on."""

    def language(self, scenes: str) -> str:
        """Of the tour, where the scene says `scenes`."""
        ...

    def personalise(self, scene: Scene) -> Scene:
        """The scene as this person sees it."""
        ...


class TourHost(Protocol):
    """Has a session and the stage that it is seen on, which a tour replaces by its own while it lasts."""

    @property
    def session(self) -> Session: ...
    @property
    def stage(self) -> Stage: ...
    @property
    def personal(self) -> Person: ...
    def put(self, session: Session, stage: Stage) -> None:
        """Show this session on this stage from now on. Closes nothing: what was there before may come back."""
        ...
