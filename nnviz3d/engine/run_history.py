"""A training run that can be entered again at the steps it remembers, bitwise, and trained on from there with the same numbers.

Holds whole states every `spacing` steps (`engine.history_keys`); a step between two of them is reached by training again from the one
before it, which is deterministic. Between thinned keys only the steps soon after each are remembered.
A change at an earlier step begins another branch: what followed is gone at once, and what came before stays. Every question here sees it.
No clock. Nothing is watched: code that trains does it by `advance` here, or tells by `note`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count, pairwise

import numpy as np

from nnviz3d.engine.history_keys import HistoryKey, Keys, arrays, size_of
from nnviz3d.engine.trainer import Trainer
from nnviz3d.spec.scene import PACE, Train

READERS = ("curves", "layers")  # who keeps readings of a run
_PACE = {name: Train.model_fields[name].default for name in PACE}
_branches = count()

Path = tuple[tuple[int, int], ...]  # (branch, the step that it begins at) from the first one to that of a moment


@dataclass(frozen=True)
class Snapshot:
    """A moment that was given a name. `parameters` (P,) is a read-only copy; `path` leads to it."""

    name: str
    step: int
    epoch: float
    loss: float
    parameters: np.ndarray
    train: Train
    state: dict
    path: Path = ()


class Rewind(Keys):
    """Of one trainer; another network needs another. `newest` is the last step of this branch, `snapshots` are by name."""

    def __init__(self, trainer: Trainer, budget_bytes: int = 64 << 20):
        super().__init__(trainer, budget_bytes)
        self.snapshots: dict[str, Snapshot] = {}
        self._seen: tuple[int, Train] | None = None  # writes, and settings, when it was last looked at
        self._at = trainer.step
        self._lost: dict[str, int | None] = dict.fromkeys(READERS)
        self._path: Path = ()  # to this moment
        self._new = False  # a branch has begun here, and its first key is not held yet
        self.note()

    # training

    def advance(self, more: Callable[[], bool], steps: int | None = None) -> int:
        """`Trainer.advance`, remembered. After re-entering an earlier step it goes on as it went then; with other settings or
        parameters the old future is discarded."""
        self.note()
        trainer, first, continued = self.trainer, self.trainer.step, not self.trainer.at_boundary
        last = math.inf if steps is None else first + steps
        while True:
            room = max(min(self._due(), last) - trainer.step, 0)
            finished = trainer.advance(more, room)
            self.note()
            if continued or finished < room or trainer.step >= last or not more():
                return trainer.step - first

    def run(self, steps: int) -> int:
        """`Trainer.run`, remembered."""
        done = 0
        while done < steps and self.trainer.diverged is None:
            done += self.advance(lambda: True, steps - done)
        return done

    def note(self) -> None:
        """The trainer has trained, or was changed: bring the memory up to it. Between steps only."""
        self._look()
        trainer = self.trainer
        if not trainer.at_boundary:
            return
        if self._new:
            self._new = False
            self._keep(changed=True)
        last = self._keys[-1] if self._keys else None
        if last is not None and trainer.step >= last.end:
            last.end = trainer.step
            if trainer.step >= last.step + self.spacing:
                self._keep(changed=False)

    def _look(self) -> None:
        """Has something been changed? Then what followed is gone. Holds no state yet: a slider that is dragged would copy one a frame."""
        trainer = self.trainer
        if not trainer.at_boundary:
            return
        if self._seen is None or self._seen[0] != trainer.written or self._seen[1] is not trainer.train:
            before, self._seen = self._seen, (trainer.written, trainer.train)
            if before is None or before[0] != trainer.written or _course(before[1]) != _course(trainer.train):
                self._branch()
        passed = next((c for key in self._keys if (c := key.change) is not None and self._at < c <= trainer.step), None)
        self._at = trainer.step
        if passed is not None:  # the changes that were made there have not been made this time
            self._path = tuple(part for part in self._path if part[1] < passed)
            self._discard(passed)

    def _due(self) -> int:
        """The step (later than this one) at which the memory must look again: the next key, or the next change in the known future."""
        here = self.trainer.step
        change = next((key.change for key in self._keys if key.change is not None and key.change > here), None)
        return change or max((self._keys[-1].step if self._keys else here) + self.spacing, here + 1)

    def _branch(self) -> None:
        """Other numbers follow from here."""
        self._at, self._new = self.trainer.step, True
        self._discard(self._at)
        self._path = (*self._path[:1], *(part for part in self._path[1:] if part[1] < self._at), (next(_branches), self._at))

    def _discard(self, step: int) -> None:
        """This step and all after it."""
        self._lost = {who: step if lost is None else min(lost, step) for who, lost in self._lost.items()}
        self._keys = [key for key in self._keys if key.step < step]
        for key in self._keys:
            key.end = min(key.end, step)

    def _keep(self, changed: bool) -> None:
        trainer = self.trainer
        state = trainer.state()
        size = size_of(state)
        order = self._keys[-1].state["batches"]["order"] if self._keys else None
        if order is not None and np.array_equal(order, state["batches"]["order"]):
            state["batches"]["order"] = order  # an epoch's keys share their order: 480 kB for 60,000 rows
            size -= order.nbytes
        self._keys.append(HistoryKey(trainer.step, trainer.step, trainer.train, state, trainer.step if changed else None, size))
        self._fit()

    def forget(self) -> None:
        """All but the present moment, of which the memory restarts."""
        self._keys, self._new = [], True

    # what is remembered

    @property
    def oldest(self) -> int | None:
        """The first step that can be entered; None where the budget does not hold one state."""
        self._look()
        return self._keys[0].step if self._keys else self.trainer.step if self._new else None

    @property
    def newest(self) -> int:
        """The last step of this branch, remembered or not."""
        self._look()
        return max(self.trainer.step, self._keys[-1].end if self._keys else 0)

    def stretches(self) -> list[tuple[int, int]]:
        """[first, last] of every unbroken run of remembered steps, in order: what a timeline shows as solid."""
        self._look()
        spans = [(key.step, min(key.end, key.step + self.spacing)) for key in self._keys]
        spans += [(self.trainer.step, self.trainer.step)] if self._new else []
        out: list[tuple[int, int]] = []
        for first, last in spans:
            if out and first <= out[-1][1] + 1:
                first, last = out[-1][0], max(out.pop()[1], last)
            out.append((first, last))
        return out

    def changes(self) -> list[int]:
        """Steps after the oldest one at which settings or parameters were changed by hand: where a branch began."""
        oldest = self.oldest
        return [step for _, step in self._path if oldest is not None and step > oldest]

    def take_lost(self, who: str = "layers") -> int | None:
        """The first step that was discarded since this reader last asked: what it keeps of this run is true up to there only."""
        self._look()
        lost, self._lost[who] = self._lost[who], None
        return lost

    def moments(self) -> list[tuple[int, dict]]:
        """(step, `Trainer.state` as it was) of what is held whole, in order: to be read, not kept."""
        return [(key.step, key.state) for key in self._keys]

    def nearest(self, step: int) -> int:
        """The step nearest to this one that can be entered: a remembered one, or the present one."""
        self.note()  # a state that is to be held may push out another
        if step == self.trainer.step:
            return step
        ends = [min(max(step, first), last) for first, last in self.stretches()]
        return min(ends, key=lambda end: abs(end - step), default=self.trainer.step)

    # going there

    def enter(self, step: int) -> Train:
        """Bring the trainer to the state after `step` steps. Returns the settings that held there (`trainer.train` by now), for the scene
        to follow. Raises KeyError where `nearest(step)` is another step."""
        trainer = self.trainer
        trainer.settle()
        self.note()
        if self.nearest(step) != step:
            raise KeyError(f"step {step:,} is not stored; the nearest stored step is {self.nearest(step):,}")
        key = next((key for key in reversed(self._keys) if key.step <= step), None)
        if key is not None and not (key.step <= trainer.step <= step and trainer.diverged is None):
            self._restore(key.train, key.state)
        trainer.run(step - trainer.step)
        self._at = trainer.step
        return trainer.train

    def go_on(self, train: Train, state: dict, path: Path = ()) -> Train:
        """Be at a moment that is not remembered. Where the remembered branch leads through it, by `path`, all of that stays; else this
        becomes another branch, and of what was before stays what they have in common: nothing where there is no path."""
        self.trainer.settle()
        self.note()
        step, mine = state["step"], self._path
        path = path or ((next(_branches), step),)
        same = next((k for k, (a, b) in enumerate(zip(mine, path, strict=False)) if a != b), min(len(mine), len(path)))
        if same < len(path) or any(start <= step for _, start in mine[same:]):
            self._discard(min(start for _, start in (*mine[same:], *path[same:])) if same else 0)
            self._path = path
        self._restore(train, state)
        self._at, self._new = step, False
        self._insert(HistoryKey(step, step, train, state, step, size_of(state)))
        return train

    def _insert(self, key: HistoryKey) -> None:
        """A key among those of its own branch, each with the first change since the one before."""
        at = next((k for k, other in enumerate(self._keys) if other.step >= key.step), len(self._keys))
        if self._keys[at : at + 1] and self._keys[at].step == key.step:
            return
        self._keys.insert(at, key)
        for before, here in pairwise(self._keys[max(at - 1, 0) : at + 2]):
            here.change = next((start for _, start in self._path if before.step < start <= here.step), None)
            before.end = here.step if here.change is None else here.change - 1
        self._fit()

    def _restore(self, train: Train, state: dict) -> None:
        trainer = self.trainer
        if train != trainer.train:
            if (train.batch, train.order) != (trainer.train.batch, trainer.train.order):
                trainer.rebatch(train)
            trainer.configure(train)
        trainer.restore(state)
        self._seen = (trainer.written, trainer.train)

    # two moments to compare

    def snapshot(self, name: str) -> Snapshot:
        """Keep this moment under a name, outside the budget, whatever becomes of the run."""
        trainer = self.trainer
        trainer.settle()
        self.note()
        state = trainer.state()
        parameters = state["arenas"]["parameters"].view()
        parameters.flags.writeable = False
        path = tuple(part for part in self._path if part[1] <= trainer.step)
        made = Snapshot(name, trainer.step, trainer.epoch, trainer.loss, parameters, trainer.train, state, path)
        self.snapshots[name] = made
        return made

    def enter_snapshot(self, name: str) -> Train:
        """Bring the trainer to a snapshot, and this memory to the branch that led to it (`go_on`). Raises KeyError."""
        kept = self.snapshots[name]
        self.trainer.settle()
        self.note()
        if self.nearest(kept.step) == kept.step:
            self.enter(kept.step)
            if _same(self.trainer.state(), kept.state) and _course(self.trainer.train) == _course(kept.train):
                return self.trainer.train
        return self.go_on(kept.train, kept.state, kept.path)


def _course(train: Train) -> Train:
    """The settings that decide numbers: without pace and stop conditions."""
    return train.model_copy(update=_PACE)


def _same(a: dict, b: dict) -> bool:
    random = a["noise"] == b["noise"] and a["batches"]["random"] == b["batches"]["random"] and a["holds"] == b["holds"]
    return random and len(arrays(a)) == len(arrays(b)) and all(np.array_equal(x, y) for x, y in zip(arrays(a), arrays(b), strict=True))
