"""A training loop of somebody's own, written into a recording (`nv.watch(model, to="run.nnrec")`): no viewer, no display is needed.

A thread works out z and activations of the sample with our own engine, and writes; the loop only puts frames down. Where the disk is slower
than the loop, frames are left out; losses never are.
"""

from __future__ import annotations

import os
import platform
import threading
import time
from collections import deque
from pathlib import Path

import numpy as np

from nnviz3d import __version__, backend
from nnviz3d.engine.sample_pass import Shown
from nnviz3d.formats.nnrec import writer as nnrec_writer
from nnviz3d.formats.nnrec.index import Facts, Head, nodes_of
from nnviz3d.formats.nnrec.writer import Writer
from nnviz3d.live.kept_frames import FrameLayout, KeptFrames, LoopFrame, Losses
from nnviz3d.live.loop_view import say
from nnviz3d.live.wire import Structure
from nnviz3d.sources.watching.network import SentSample, WatchedNetwork, network_of
from nnviz3d.spec import toml
from nnviz3d.spec.errors import InputError, RunError
from nnviz3d.spec.scene import Scene

FLUSH = 20.0  # seconds: what a crash may cost
LAST = 60.0  # seconds that the end of the loop waits for the disk
ENDS = {"finished": "steps"}  # in the words of recordings; everything else has interrupted it


class WatchedRecorder:
    """A sink of frames. Raises InputError here for a name that cannot be, and at the first frame for a model that is not of our kinds."""

    def __init__(self, folder: Path, title: str, budget: int):
        if os.path.lexists(folder):
            raise InputError.option(str(folder), "to", "already exists; choose another name, or remove it first")
        nnrec_writer.check(folder, False)
        self.folder, self.title = folder, title
        self.losses, self.changed = Losses(), threading.Condition()
        self._kept, self._queue = KeptFrames(budget), deque[LoopFrame]()
        self._sample: dict[str, np.ndarray] = {}
        self._network: WatchedNetwork | None = None
        self._thread: threading.Thread | None = None
        self._end, self.cost = "", 0.0

    @property
    def dropped(self) -> int:
        """Frames for which there was no memory, because the disk was too slow."""
        return self._kept.dropped

    def begin(self, structure: Structure, layout: FrameLayout) -> bool:
        """Raises InputError for what cannot be recorded."""
        if self._network is not None:
            raise InputError.option(str(self.folder), "to", "a recording holds one network, and the model has changed its shape")
        network = network_of(structure, self.title, Scene())
        missing = sorted(network.places.keys() - layout.shapes.keys())
        if missing:
            raise InputError.option(str(self.folder), "include", f"a recording needs all parameters; left out: {', '.join(missing[:5])}")
        sample = network.sample(self._sample["x"], self._sample.get("target")) if "x" in self._sample else None
        if sample is None or sample.target is None:
            text = "a recording needs a sample and its target: give sample=(x, target), or use view.batches(loader)"
            raise InputError.option(str(self.folder), "sample", text)
        self._network = network
        self._thread = threading.Thread(target=self._write, args=(network, sample), name="nnviz3d record", daemon=True)
        fits = self._kept.begin(layout)
        self._thread.start()
        return fits

    def show(self, sample: dict[str, np.ndarray]) -> None:
        self._sample = sample

    def take(self) -> LoopFrame | None:
        with self.changed:
            return self._kept.take() if not self._end else None

    def put(self, frame: LoopFrame) -> None:
        with self.changed:
            self._queue.append(frame)
            self.changed.notify_all()

    def give_back(self, frame: LoopFrame) -> None:
        with self.changed:
            self._kept.give_back(frame)

    def close(self, reason: str = "finished", text: str = "") -> None:
        with self.changed:
            self._end = self._end or ENDS.get(reason, "interrupted")
            self.changed.notify_all()
        if self._thread is not None:
            self._thread.join(LAST)

    # ------------------------------------------------------------ the thread that writes

    def _write(self, network: WatchedNetwork, sample: SentSample) -> None:
        try:
            self._write_all(network, sample)
        except (RunError, OSError, MemoryError) as error:
            say(f"the recording has ended, the training continues: {error}")
            with self.changed:
                self._end = "interrupted"

    def _write_all(self, network: WatchedNetwork, sample: SentSample) -> None:
        writer, ops = Writer(self.folder, _head(network, sample)), backend.choose("cpu")
        parameters = np.zeros(network.topology.n_parameters, np.float32)
        shown = Shown(ops, network.topology, network.objective, parameters)
        last, flushed = -1, -FLUSH
        while (frame := self._next()) is not None:
            begin = time.thread_time()
            for name, place in network.places.items():
                place.view(parameters)[...] = frame.layout.view(frame.numbers, f"parameter/{name}")
            step, epoch = frame.step, frame.epoch or 0.0
            self.give_back(frame)
            shown.show(sample.x, sample.target)
            if last >= 0:
                for k, loss in enumerate(self.losses.between(last, step)[-(step - last) :]):
                    writer.loss(last + 1 + k, float(loss))
            writer.keep(step, epoch, parameters, shown.z, shown.activation)
            last = step
            if time.monotonic() - flushed > FLUSH:
                writer.flush()
                flushed = time.monotonic()
            self.cost = time.thread_time() - begin
        writer.close(self._end)

    def _next(self) -> LoopFrame | None:
        """The frame to be written; waits for one. None at the end, when all are written."""
        with self.changed:
            self.changed.wait_for(lambda: self._queue or self._end)
            return self._queue.popleft() if self._queue else None


def _head(network: WatchedNetwork, sample: SentSample) -> Head:
    data, topology = network.data, network.topology
    target = sample.target
    return Head(
        nnrec=1,
        scene=toml.dump(network.scene),
        versions={"nnviz3d": __version__, "numpy": np.__version__, "python": platform.python_version()},
        seed=network.scene.train.seed,
        backend="watched",
        every=1,
        dtype="F32",
        parameters=topology.n_parameters,
        neurons=topology.n_neurons,
        nodes=nodes_of(topology),
        data=Facts(
            name=data.name,
            task="classification" if data.task == "classification" else "regression",
            shape=tuple(data.shape),
            train=1,
            test=0,
            outputs=tuple(data.class_names),
            index=0,
            target=target if isinstance(target, int) else tuple(map(float, np.ravel(target))),  # type: ignore[arg-type]
            axes=tuple(data.axes),
            targets=(),
        ),
    )
