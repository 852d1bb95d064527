"""What `nv.watch` costs a loop of one's own at its defaults, with a viewer process that reads every frame, for `tools/bench.py watch`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise

ROUNDS, GOAL = 5, 0.95  # watched steps a second over unwatched ones
SIZES, BATCH = (784, 1024, 1024, 10), 128
VIEWER = """
import sys
from nnviz3d.live import addresses, wire
link, reader = addresses.connect(addresses.parse(sys.argv[1])), wire.Reader()
while wire.receive(link.recv_into, reader) is not None:
    pass
"""


def section(threads: int, seconds: float, optimizer: str = "adam") -> dict:
    """{"torch": version or None, "cases": [...]}; each with steps a second of both, in turns, the best of several rounds, their ratio, and
    that of the processor time of this process for a step, which a busy machine disturbs less."""
    try:
        import torch

        torch.set_num_threads(threads)
    except ImportError:
        torch = None
    loops = {f"arrays 784-{hidden}-10": _arrays(hidden) for hidden in (64, 1024)}
    if torch is not None:
        loops |= {"784-1024-1024-10": _mlp(torch), "residual": _residual(torch), "encoder, 6 layers": _encoder(torch)}
    os.environ.pop("DISPLAY", None)  # no window: what drawing costs depends on what draws
    cases = [{"loop": name, "goal": GOAL} | _measured(step, settings, seconds) for name, (step, settings) in loops.items()]
    return {"torch": torch.__version__ if torch else None, "threads": threads, "cases": cases}


def report(result: dict) -> list[str]:
    lines = [f"watched at most every 0.1 s, {result['threads']} threads, PyTorch {result['torch'] or 'is not installed: arrays only'}"]
    for case in result["cases"]:
        lines.append(
            f"{case['loop']:>18} {case['plain']:>10,.1f} steps/s, watched {case['watched']:>10,.1f}: {case['ratio']:.3f}x (goal at least "
            f"{case['goal']}x), by processor time {case['cpu_ratio']:.3f}x; {case['frames']} frames of {case['frame_mb']} MB"
        )
    return lines


def _measured(step: Callable, settings: dict, seconds: float) -> dict:
    import nnviz3d as nv

    each, frames, size = max(seconds / ROUNDS / 2, 0.01), 0, 0
    rates: dict[str, list[float]] = {"plain": [], "watched": []}
    works: dict[str, list[float]] = {"plain": [], "watched": []}
    for _ in range(ROUNDS):
        for name in rates:
            with nv.watch(**settings, enabled=name == "watched", name="bench") as view:
                viewer = _viewer(view) if name == "watched" else None
                for _ in range(3):
                    step(view)
                count, begin, work = 0, time.perf_counter(), time.process_time()
                while not count or time.perf_counter() - begin < each:
                    step(view)
                    count += 1
                rates[name].append(count / (time.perf_counter() - begin))
                works[name].append((time.process_time() - work) / count)
                if viewer is not None:
                    frames, size = frames + view.sink.sent, view.sink.frame_bytes
            if viewer is not None:
                viewer.wait(20)
    best = {name: max(found) for name, found in rates.items()}
    ratios = {"ratio": round(best["watched"] / best["plain"], 3), "cpu_ratio": round(min(works["plain"]) / min(works["watched"]), 3)}
    return {name: round(rate, 1) for name, rate in best.items()} | ratios | {"frames": frames, "frame_mb": round(size / 1e6, 1)}


def _viewer(view):
    """Connected when this returns."""
    process = subprocess.Popen(
        [sys.executable, "-c", VIEWER, str(view.sink.address)], env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    )
    with view.sink.changed:
        view.sink.changed.wait_for(lambda: view.sink.joined, 20)
    return process


def _arrays(hidden):
    """A step of plain gradient descent in numpy, of a network of two layers."""
    import numpy as np

    import nnviz3d as nv

    rng = np.random.default_rng(0)
    params = [{"w": rng.standard_normal(s, np.float32) / 28, "b": np.zeros(s[1], np.float32)} for s in ((784, hidden), (hidden, 10))]
    x, t = rng.standard_normal((BATCH, 784), np.float32), rng.integers(0, 10, BATCH)
    scene = nv.Scene(network=nv.Network(layers=(nv.Layer(units=hidden),)))

    def step(view):
        h = np.maximum(x @ params[0]["w"] + params[0]["b"], 0)
        z = h @ params[1]["w"] + params[1]["b"]
        e = np.exp(z - z.max(1, keepdims=True))
        d = e / e.sum(1, keepdims=True)
        loss = -np.log(d[range(BATCH), t]).mean()
        d[range(BATCH), t] -= 1
        d /= BATCH
        dh = (d @ params[1]["w"].T) * (h > 0)
        grads = [{"w": x.T @ dh, "b": dh.sum(0)}, {"w": h.T @ d, "b": d.sum(0)}]
        for layer, gradient in zip(params, grads, strict=True):
            for name in layer:
                layer[name] -= 0.01 * gradient[name]
        view.step(params=params, grads=grads, loss=loss)

    return step, {"model": scene, "sample": (x, t)}


def _torch_loop(torch, model, x, y):
    rule = torch.optim.Adam(model.parameters())

    def step(view):
        rule.zero_grad()
        output = model(x)
        loss = torch.nn.functional.cross_entropy(output.flatten(0, -2), y.flatten())
        loss.backward()
        rule.step()
        view.step(loss=loss)

    return step, {"model": model}


def _mlp(torch):
    layers = []
    for a, b in pairwise(SIZES):
        layers += [torch.nn.Linear(a, b), torch.nn.ReLU()]
    return _torch_loop(torch, torch.nn.Sequential(*layers[:-1]), torch.randn(BATCH, 784), torch.randint(0, 10, (BATCH,)))


def _residual(torch):
    nn, relu = torch.nn, torch.nn.functional.relu

    class Residual(nn.Module):
        def __init__(self, c=32):
            super().__init__()
            self.stem, *parts = (nn.Sequential(nn.Conv2d(i, c, 3, 1, 1), nn.BatchNorm2d(c)) for i in (3, c, c, c, c))
            self.parts, self.head = nn.ModuleList(parts), nn.Linear(c, 10)

        def forward(self, x):
            x = relu(self.stem(x))
            x = relu(x + self.parts[1](relu(self.parts[0](x))))
            x = relu(x + self.parts[3](relu(self.parts[2](x))))
            return self.head(x.mean((2, 3)))

    return _torch_loop(torch, Residual(), torch.randn(32, 3, 32, 32), torch.randint(0, 10, (32,)))


def _encoder(torch):
    nn = torch.nn
    model = nn.Sequential(
        nn.Embedding(64, 128), nn.TransformerEncoder(nn.TransformerEncoderLayer(128, 4, 512, 0.1, batch_first=True), 6), nn.Linear(128, 64)
    )
    return _torch_loop(torch, model, torch.randint(0, 64, (16, 64)), torch.randint(0, 64, (16, 64)))
