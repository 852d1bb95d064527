"""What `nv.watch` returns: looks at a training loop between its steps, at most every so often, and hands frames on. Knows no framework.

It changes nothing and raises nothing: what goes wrong here is reported once, and the loop goes on without being watched.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from math import nan
from typing import Any, Protocol, TypeVar

import numpy as np

from nnviz3d.live.control import LoopControl
from nnviz3d.live.copy_plan import OtherShape
from nnviz3d.live.kept_frames import FrameLayout, LoopFrame, Losses
from nnviz3d.live.numbers import is_batch, now_or_later, number, rows_of
from nnviz3d.live.wire import Structure
from nnviz3d.spec.errors import InputError

SHARE = 0.04  # of a processor that copying and sending may take: of what takes more there are fewer frames; every=0 asks for all
Item = TypeVar("Item")


class FrameSink(Protocol):
    """Where frames go: to viewers (`Publisher`) or into a recording."""

    losses: Losses

    @property
    def cost(self) -> float:
        """Seconds of the processor that the last frame took beside the loop."""
        ...

    def begin(self, structure: Structure, layout: FrameLayout) -> bool: ...

    def show(self, sample: dict[str, np.ndarray]) -> None: ...

    def take(self) -> LoopFrame | None: ...

    def put(self, frame: LoopFrame) -> None: ...

    def give_back(self, frame: LoopFrame) -> None: ...

    def close(self, reason: str = "finished", text: str = "") -> None: ...


class LoopSubject(Protocol):
    """What is watched. `attach` is called once; afterwards it calls `view.before_update` and `view.after_update` where it can.
    `parameters` raises OtherShape where it is not what it was."""

    def attach(self, view: LoopView) -> None: ...

    def given(self, params: Any, grads: Any) -> None:
        """Trees of arrays, valid until the next call."""
        ...

    def prepare(self, sample: np.ndarray | None) -> tuple[Structure, FrameLayout] | None:
        """Once there is enough to say what it is; `sample`: a batch of rows. None: not yet."""
        ...

    def parameters(self, frame: LoopFrame) -> None: ...

    def gradients(self, frame: LoopFrame) -> None: ...

    def metrics(self) -> dict[str, float]: ...

    def detach(self) -> None: ...


def say(text: str) -> None:
    sys.stderr.write(f"nnviz3d: {text}\n")


def harmless(method: Callable) -> Callable:
    """A watcher must not stop a training."""

    @functools.wraps(method)
    def guarded(self: LoopView, *arguments: Any, **settings: Any) -> Any:
        if self.closed:
            return None
        try:
            return method(self, *arguments, **settings)
        except InputError:  # the call itself is wrong: that is for who wrote it
            raise
        except Exception as error:  # noqa: BLE001  whatever it was, the training goes on
            say(f"watching has ended, the training continues: {type(error).__name__}: {error}")
            self.close("error", f"{type(error).__name__}: {error}")

    return guarded


class LoopView:
    """`step` after every step of the loop. Where the loop never calls it, the optimiser's steps are counted.

    As a context manager it closes at the end, and says whether the loop ended with an error.
    """

    def __init__(self, subject: LoopSubject, sink: FrameSink, every: float, control: LoopControl, sample: tuple | None = None):
        self.subject, self.sink, self.every, self.control = subject, sink, every, control
        self.closed, self.steps = False, 0
        self.epoch: float | None = None
        self.on_close: Callable[[], Any] = lambda: None
        self._frame: LoopFrame | None = None
        self._prepared = self._explicit = False
        self._updated: set[int] = set()  # the optimisers that have made the step at hand
        self._begun = time.perf_counter()
        self._due = self._spent = 0.0  # when the next frame is due; seconds that the frame at hand has taken
        self._sent = -1  # the step of the last frame
        self._waiting: list[tuple[int, Any]] = []  # losses on another device, to be read with the next frame
        self._sample: np.ndarray | None = None
        self.target: np.ndarray | None = None  # of the shown sample, where it is known
        self._batch: int | None = None
        self._said: set[str] = set()
        if sample is not None:
            self.show(*sample)
        subject.attach(self)

    # ------------------------------------------------------------ the loop calls

    @harmless
    def step(self, loss: Any = None, *, epoch: float | None = None, params: Any = None, grads: Any = None, **metrics: Any) -> None:
        """A step of training is done. `loss` and `metrics`: numbers, or arrays of one number; `params`, `grads`: trees of arrays, for loops
        without a model object."""
        self._explicit = True
        self._updated.clear()
        if params is not None or grads is not None:
            self.subject.given(params, grads)
        due = self._frame is None and self._is_due() and self._prepare()
        self._count(loss)
        self.epoch = self.epoch if epoch is None else float(epoch)
        if due:
            self._frame = self.sink.take()
        if self._frame is not None:
            self._finish(metrics)

    def batches(self, loader: Iterable[Item]) -> Iterator[Item]:
        """The batches of a loader. A viewer can pause the loop between two of them, and go on step by step. Where no sample was given, the
        first row of the first batch is shown: x, or (x, target)."""
        whole = len(loader) if hasattr(loader, "__len__") else 0  # type: ignore[arg-type]
        first = self.epoch or 0.0
        for k, item in enumerate(loader):
            self._between(item)
            yield item
            self.epoch = first + (k + 1) / whole if whole else self.epoch

    def epochs(self, count: int) -> Iterator[int]:
        """The numbers from 0 to `count` - 1. Says which epoch it is, and lends control as `batches` does."""
        for k in range(count):
            self.epoch = float(k)
            self._between(None)
            yield k
            self.epoch = float(k + 1)

    def close(self, reason: str = "finished", text: str = "") -> None:
        """The loop is over: its last state is sent, then nothing more."""
        if self.closed:
            return
        try:
            self._last(reason != "error")
        except Exception as error:  # noqa: BLE001  of a model that can no longer be read
            say(f"the last state could not be read: {type(error).__name__}: {error}")
        self.closed = True
        self.control.end()
        self.subject.detach()
        self.sink.close(reason, text)
        self.on_close()

    def __enter__(self) -> LoopView:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        if kind is None:
            self.close()
        else:
            self.close("error", f"{kind.__name__}: {error}")

    # ------------------------------------------------------------ the subject calls

    @harmless
    def before_update(self, optimizer: int, gradients: Callable[[LoopFrame], None]) -> None:
        """An optimiser (its id) is about to change the parameters: its gradients are now those that the step is made of."""
        if optimizer in self._updated:
            self._settle()
        self._updated.add(optimizer)
        if self._frame is None and self._is_due() and self._prepare(before=True):
            self._frame = self.sink.take()
        self._copy(gradients)

    @harmless
    def after_update(self, gradients: Callable[[LoopFrame], None] | None) -> None:
        """It has changed them; with `gradients`, it has worked them out itself meanwhile."""
        if gradients is not None:
            self._copy(gradients)

    @harmless
    def show(self, x: Any, target: Any = None) -> None:
        """The first row of a batch is the sample that is shown."""
        self._batch, self._sample = len(x), rows_of(x, 1)
        sample = {"x": self._sample[0]}
        if target is not None and is_batch(target):
            sample["target"] = self.target = np.asarray(rows_of(target, 1)[0])
        self.sink.show(sample)

    @property
    def has_sample(self) -> bool:
        return self._sample is not None

    # ------------------------------------------------------------ inside

    def _is_due(self) -> bool:
        return self.control.wants_frame or time.perf_counter() >= self._due

    def _count(self, loss: Any) -> None:
        self.steps += 1
        value, later = now_or_later(loss)
        self.sink.losses.add(value)
        if later is not None:
            self._waiting.append((self.steps, later))

    def _settle(self) -> None:
        """A loop that never calls `step`: its step is over when something new begins."""
        if self._updated and not self._explicit:
            self._count(None)
            if self._frame is not None:
                self._finish({})
        self._updated.clear()

    def _copy(self, gradients: Callable[[LoopFrame], None]) -> None:
        if self._frame is not None:
            begin = time.perf_counter()
            gradients(self._frame)
            self._spent += time.perf_counter() - begin

    @harmless
    def _between(self, item: Any) -> None:
        """Before the next step."""
        self.control.lent = True
        x, target = item if isinstance(item, (tuple, list)) and len(item) == 2 else (item, None)
        if is_batch(x):
            self._batch = len(x)
            if self._sample is None:
                self.show(x, target)
        if self.control.paused:
            self._settle()
            self.control.wait()

    def _prepare(self, before: bool = False) -> bool:
        """Whether it is known what is watched. `before`: the first step has not been made; that state is kept too."""
        if self._prepared:
            return True
        found = self.subject.prepare(self._sample)
        if found is None:
            return False
        self._prepared, (structure, layout) = True, found
        if not self.sink.begin(structure, layout):
            needed = -(-2 * layout.bytes // 10**6)
            say(f"a frame takes {layout.bytes / 1e6:,.1f} MB: set budget_mb to {needed:,} or more, or choose arrays with include=")
        if before and not self.steps and (frame := self.sink.take()) is not None:
            self.subject.parameters(frame)
            self.sink.put(frame)
        return True

    def _finish(self, metrics: dict[str, Any]) -> None:
        frame, self._frame = self._frame, None
        assert frame is not None
        begin = time.perf_counter()
        try:
            self.subject.parameters(frame)
        except OtherShape:  # the next frame says what it is now
            self._prepared = False
            self.sink.give_back(frame)
            return
        if not any(name.startswith("gradient/") for name in frame.names):  # no optimiser is known, or the step was its own
            self.subject.gradients(frame)
        self._read_losses()
        loss = self.sink.losses.between(self.steps - 1, self.steps)
        frame.step, frame.epoch, frame.batch, frame.paused = self.steps, self.epoch, self._batch, self.control.paused
        frame.lends = self.control.lent
        frame.loss = float(loss[0]) if len(loss) and not np.isnan(loss[0]) else None
        numbers = {name: number(value) for name, value in metrics.items()}
        frame.metrics = self.subject.metrics() | {name: value for name, value in numbers.items() if value is not None}
        now = time.perf_counter()
        frame.seconds = now - self._begun
        self.sink.put(frame)
        self._due = now + max(self.every, (self._spent + now - begin + self.sink.cost) / SHARE) if self.every else now
        self._spent, self._sent = 0.0, self.steps
        self.control.has_frame()

    def _read_losses(self) -> None:
        """Those that another device has by now."""
        for step, value in self._waiting:
            found = number(value)
            self.sink.losses.put(step, nan if found is None else found)
        self._waiting.clear()

    def _last(self, whole: bool) -> None:
        """The last state, where it has not been sent; of a loop that failed only what has been read already."""
        if whole:
            self._settle()
            if self._prepare() and self._sent != self.steps and self._frame is None:
                self._frame = self.sink.take()
        if self._frame is not None and whole:
            self._finish({})
        self._read_losses()
