"""A training loop that publishes itself, without a framework: our own trainer behind the messages of docs/wire.md. In a thread, or as a
process of its own: `python -m tests.helpers.loop_stand_in NETWORK FRAMES [crash]`."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import numpy as np

from nnviz3d.backend import choose
from nnviz3d.engine.data import load
from nnviz3d.engine.trainer import Trainer
from nnviz3d.live import wire
from nnviz3d.live.addresses import Address, listen, socket_path
from nnviz3d.live.wire_headers import ParameterPlace
from nnviz3d.spec import toml
from nnviz3d.spec.scene import Scene

DENSE = {
    "network": {"layers": [{"units": 12, "activation": "tanh"}, {"units": 8, "activation": "relu"}]},
    "data": {"kind": "iris"},
    "train": {"batch": 16, "optimizer": "sgd", "learning_rate": 0.1},
}
WIDER = DENSE | {"network": {"layers": [{"units": 20, "activation": "tanh"}]}}
CONV = {
    "network": {
        "layers": [
            {"kind": "conv2d", "channels": 4, "kernel": 3, "activation": "relu"},
            {"kind": "max_pool", "kernel": 2},
            {"units": 16, "activation": "relu"},
        ]
    },
    "data": {"kind": "digits"},
    "train": {"batch": 32, "optimizer": "adam"},
}
SCENES = {"dense": DENSE, "wider": WIDER, "conv": CONV}


class StandIn:
    """Trains a scene and tells it. `trainer` is what it tells of."""

    def __init__(self, scene: dict | str = "dense", name: str = "stand-in", gradients: bool = True, sample: int | None = 3):
        self.scene: Scene = toml.validate(SCENES[scene] if isinstance(scene, str) else scene)
        self.data = load(self.scene.data, Path())
        self.trainer = Trainer(self.scene, self.data, choose("cpu"))
        self.name, self.gradients, self.sample = name, gradients, sample
        self._told = 0

    @property
    def hello(self) -> bytes:
        return wire.packed(wire.Hello(run=self.name, program="stand-in 1"))

    def structure(self, **more) -> bytes:
        bare = self.scene.model_copy(update={"data": Scene().data, "train": self.scene.train})
        places = tuple(ParameterPlace(name=name, shape=r.shape) for name, r in self.trainer.topology.parameter_ranges.items())
        said = {
            "scene": toml.dump(bare), "framework": "stand-in", "shape": self.data.shape, "axes": self.data.axes,
            "outputs": self.data.n_outputs, "names": self.data.class_names, "task": self.data.task, "parameters": places,
        }  # fmt: skip
        return wire.packed(wire.Structure(**(said | more)))

    def frame(self, past: bool = False, **more) -> bytes:
        """Of now."""
        trainer, places = self.trainer, self.trainer.topology.parameter_ranges
        arrays = {f"parameter/{name}": np.array(r.view(trainer.arenas.parameters)) for name, r in places.items()}
        if self.gradients and trainer.step:
            arrays |= {f"gradient/{name}": np.array(r.view(trainer.arenas.gradients)) for name, r in places.items()}
        if self.sample is not None:
            x = self.data.x_train[self.sample].reshape(self.data.shape)
            arrays |= {"x": np.ascontiguousarray(x), "target": np.array(self.data.t_train[self.sample], np.int64)}
        said = {"step": trainer.step, "epoch": trainer.epoch, "loss": float(trainer.loss), "batch": trainer.rows, "past": past}
        return wire.packed(wire.Frame(**(said | more)), arrays)

    def steps(self, count: int, every: int = 1, **more) -> Iterator[bytes]:
        """Train, and tell every so many steps."""
        losses = []
        for _ in range(count):
            self.trainer.run(1)
            losses.append(self.trainer.loss)
            if len(losses) == every:
                arrays = np.array(losses, np.float64)
                message = self.frame(**more)
                read = wire.Reader().feed(message)[0]
                yield wire.packed(read.header, {**{k: np.array(v) for k, v in read.arrays.items()}, "losses": arrays})
                losses = []

    def end(self, reason: str = "finished", text: str = "") -> bytes:
        return wire.packed(wire.End(reason=reason, text=text))  # type: ignore[arg-type]


class Publisher:
    """Serves the bytes that `talk()` makes to every viewer that comes, in a thread."""

    def __init__(self, talk, address: Address | None = None, name: str = "stand-in"):
        self.address = address or Address(path=str(socket_path(name)))
        self.talk, self.joined, self.closing = talk, 0, Event()
        self.link: socket.socket | None = None  # to the viewer that is talked to
        self._listening = listen(self.address)
        self._listening.settimeout(0.1)
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while not self.closing.is_set():
            try:
                link, _ = self._listening.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            self.joined, self.link = self.joined + 1, link
            with link:
                link.settimeout(5.0)
                try:
                    if wire.receive(link.recv_into, wire.Reader(0)) is None:
                        continue
                    for message in self.talk():
                        link.sendall(message)
                except (OSError, wire.WireError):
                    continue

    def close(self) -> None:
        self.closing.set()
        self._listening.close()
        self._thread.join(5.0)
        if self.address.path:
            Path(self.address.path).unlink(missing_ok=True)


def main(network: str, frames: int, crash: bool) -> None:
    loop = StandIn(network, name=f"{network} loop")

    def talk() -> Iterator[bytes]:
        yield loop.hello
        yield loop.structure()
        for message in loop.steps(frames * 5, 5, metrics={"val_accuracy": 0.5, "lr": 0.1}):
            yield message
            time.sleep(0.02)
        yield loop.end("error", "RuntimeError: out of memory") if crash else loop.end()

    publisher = Publisher(talk, name=f"{network} loop")
    print("ready", flush=True)  # noqa: T201  the parent waits for it
    while sys.stdin.readline():
        pass
    publisher.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), "crash" in sys.argv)
