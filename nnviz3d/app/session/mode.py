"""What a session does with its network: it learns (`Live`), stands inside one training iteration (`StepPlayer`), or plays a recording
(`RecordingPlayer`). A session has exactly one mode at a time.

| mode | of which source | second network | snapshot looked at | entered by | left to |
|---|---|---|---|---|---|
| `Live` | any that is no recording | yes, where it can learn | yes, without a second network | opening it | `StepPlayer` |
| `StepPlayer` | one that can learn, or is watched | yes: it waits | no | `start_walk` | where it came from: play, step or any edit |
| `RecordingPlayer` | a recording | no | yes | opening it | never |
| `LoopWatcher` | a training loop elsewhere | no | yes | opening it | `StepPlayer`, of a step that is worked out here |

What cannot be says why, by the source's `reasons`: as the banner, or as an InputError where a setting is refused.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

from nnviz3d.sources.viewable import Viewable
from nnviz3d.spec.edit import changed_paths
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.phases import Place
from nnviz3d.spec.scene import Scene
from nnviz3d.spec.score import Scores

if TYPE_CHECKING:
    from nnviz3d.app.session.recording_player import RecordingPlayer
    from nnviz3d.app.session.session import Session
    from nnviz3d.app.session.step_player import StepPlayer

# what decides only how a network is looked at, and how fast: it can be changed where nothing else can
FREE = ("title", "about", "failure", "test", "view", "look", "record", "train.steps_per_second")


class Mode(ABC):
    """Of one session. Methods are the session's own of the same name."""

    def __init__(self, session: Session):
        self.session = session

    # what it is, for those who show it

    @property
    def step_player(self) -> StepPlayer | None:
        return None

    @property
    def recording_player(self) -> RecordingPlayer | None:
        return None

    @property
    def seen(self) -> Viewable:
        """What is shown of now."""
        return self.session.source

    @property
    def keeps(self) -> bool:
        """Whether a snapshot may be looked at instead of now."""
        return self.session.second is None

    def renew(self) -> None:  # noqa: B027  only a watched loop does
        """Become another network, where one has come from elsewhere; the picture follows at once."""

    # time

    @abstractmethod
    def play(self) -> None: ...

    @abstractmethod
    def single_step(self) -> None: ...

    def finish(self) -> None:
        """Wait for what a thread works out of the shown sample: for a picture that is kept."""
        return

    @abstractmethod
    def move(self, unit: str, count: int) -> None: ...

    @abstractmethod
    def rewind(self, step: int) -> None: ...

    @abstractmethod
    def reset(self, seed: int | None) -> None: ...

    @abstractmethod
    def start_walk(self, place: Place | None) -> None: ...

    def leave_walk(self) -> None:  # noqa: B027  most modes have nothing to leave
        """Out of an iteration."""

    @abstractmethod
    def advance(self, dt: float, more: Callable[[], bool]) -> int: ...

    @abstractmethod
    def run(self, steps: int) -> int: ...

    @abstractmethod
    def run_to(self, step: int) -> int: ...

    @abstractmethod
    def evaluate(self, limit: int | None) -> Scores: ...

    # samples

    @property
    def shown_number(self) -> int:
        """Of the shown sample, among those that are stepped through."""
        return self.session.source.sample.index

    def show_sample(self, index: int) -> None:
        """Another sample; wraps around. Not a change of the document worth an undo step."""
        session = self.session
        view = session.scene.view.model_copy(update={"sample": index % max(session.source.sample.count, 1)})
        session.scene = session.scene.model_copy(update={"view": view})
        session.leave_own()
        session.point_at(view.sample)
        session.follow_seconds = 0.0

    # changes

    def check(self, before: Scene, after: Scene) -> None:
        """Raises InputError where more is changed than this source can take."""
        reasons, paths = self.session.source.reasons, changed_paths(before, after)
        if reasons.edit and not all(any(path == key or path.startswith(f"{key}.") for key in FREE) for path in paths):
            raise InputError.of("", "", reasons.edit)
        if reasons.data and any(path.startswith("view.plate_") for path in paths):
            raise InputError.of("", "", f"{reasons.data.rstrip('.')}, so no plane can be shown.")
