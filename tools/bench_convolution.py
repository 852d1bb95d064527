"""Steps of small convolutional networks beside PyTorch's on the CPU, for `tools/bench.py convolution`.

`convnet`: conv 8@5x5 - pool - conv 16@5x5 - pool - dense 10 on 28 x 28. `resnet-tiny`: the scene, blocks with batch norm on 8 x 8.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

ROUNDS = 24
GOAL = 1.0  # PyTorch's time for a step over ours
SIDE, SAMPLES = 28, 2048
CASES = (("convnet", 16), ("convnet", 32), ("convnet", 128), ("resnet-tiny", 32))
RATE = 0.001


def own(network: str, batch: int, optimizer: str):
    """Our trainer."""
    from nnviz3d.backend import choose
    from nnviz3d.engine.data import DataSet, load
    from nnviz3d.engine.trainer import Trainer
    from nnviz3d.spec import toml
    from nnviz3d.spec.scene import Scene

    if network == "convnet":
        pool = {"kind": "max_pool"}
        layers = [{"kind": "conv2d", "channels": 8, "kernel": 5}, pool, {"kind": "conv2d", "channels": 16, "kernel": 5}, pool]
        scene = toml.validate({"network": {"layers": layers}})
        x, t = numbers()
        data = DataSet("pictures", "classification", (SIDE, SIDE), x, t, x[:0], t[:0], tuple(map(str, range(10))), ())
    else:
        scene = Scene.load(network)
        data = load(scene.data, Path())
    train = scene.train.model_copy(update={"optimizer": optimizer, "batch": batch, "learning_rate": RATE})
    return Trainer(scene.model_copy(update={"train": train}), data, choose("cpu"))


def theirs(torch, network: str, trainer, optimizer: str) -> Callable[[int], None]:
    """A function that runs n steps of PyTorch eager on the same data, batches gathered by index as ours are."""
    net = {"convnet": _convnet, "resnet-tiny": _resnet}[network](torch.nn)
    assert sum(p.numel() for p in net.parameters()) == trainer.topology.n_learned, "the same network"
    x, t = torch.from_numpy(trainer.data.x_train), torch.from_numpy(trainer.data.t_train).long()
    x = x.reshape(-1, 1, *trainer.data.shape)
    rule = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[optimizer](net.parameters(), lr=RATE)
    loss_of, order, at, batch = torch.nn.CrossEntropyLoss(), torch.randperm(len(x)), 0, trainer.train.batch

    def run(steps: int) -> None:
        nonlocal at
        for _ in range(steps):
            at = 0 if at + batch > len(x) else at
            rows = order[at : at + batch]
            at += batch
            rule.zero_grad()
            loss_of(net(x[rows]), t[rows]).backward()
            rule.step()

    return run


def _convnet(nn):
    first = nn.Conv2d(1, 8, 5), nn.ReLU(), nn.MaxPool2d(2)
    return nn.Sequential(*first, nn.Conv2d(8, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(256, 10))


def _resnet(nn):
    def convolution(a: int, b: int, kernel: int, stride: int = 1):
        return nn.Conv2d(a, b, kernel, stride, kernel // 2), nn.BatchNorm2d(b)

    class Block(nn.Module):
        def __init__(self, a: int, b: int, stride: int):
            super().__init__()
            self.body = nn.Sequential(*convolution(a, b, 3, stride), nn.ReLU(), *convolution(b, b, 3))
            self.skip = nn.Identity() if a == b else nn.Sequential(*convolution(a, b, 1, stride))

        def forward(self, x):
            return nn.functional.relu(self.body(x) + self.skip(x))

    blocks = Block(8, 8, 1), Block(8, 8, 1), Block(8, 16, 2)
    return nn.Sequential(*convolution(1, 8, 3), nn.ReLU(), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))


def numbers():
    """Random pictures; speed does not depend on what they show."""
    import numpy as np

    rng = np.random.default_rng(0)
    return rng.standard_normal((SAMPLES, SIDE * SIDE), np.float32), rng.integers(0, 10, SAMPLES).astype(np.int32)


def section(threads: int, seconds: float, optimizer: str = "adam") -> dict:
    """{"torch": version or None, "threads": n, "cases": [...]}; each case with steps a second and the ratio ours / PyTorch's, in turns.

    With one thread of processor time, in which what else runs on the machine does not count; with more of time."""
    try:
        import torch

        torch.set_num_threads(threads)
    except ImportError:
        torch = None
    cases, clock = [], time.process_time if threads == 1 else time.perf_counter
    for network, batch in CASES:
        trainer = own(network, batch, optimizer)
        runs = {"own": trainer.run} | ({"torch": theirs(torch, network, trainer, optimizer)} if torch else {})
        best = dict.fromkeys(runs, float("inf"))
        for run in runs.values():
            run(5)
        for _ in range(ROUNDS):
            for name, run in runs.items():
                count, begin = 0, clock()
                while count < 3 or clock() - begin < seconds / ROUNDS / len(runs):
                    run(1)
                    count += 1
                best[name] = min(best[name], (clock() - begin) / count)
        case = {"network": network, "batch": batch, "own_per_s": round(1 / best["own"], 1), "goal": GOAL}
        if torch:
            case |= {"torch_per_s": round(1 / best["torch"], 1), "ratio": round(best["torch"] / best["own"], 2)}
        cases.append(case)
    return {"torch": torch.__version__ if torch else None, "threads": threads, "optimizer": optimizer, "cases": cases}


def report(result: dict) -> list[str]:
    """The lines to print."""
    lines = [f"training steps a second, {result['optimizer']}, {result['threads']} threads, in turns"]
    lines[0] += f"; PyTorch {result['torch'] or 'is not installed: own speed only'}"
    for case in result["cases"]:
        text = f"{case['network']:>12} batch {case['batch']:<4} {case['own_per_s']:>8,.1f} steps/s"
        if "ratio" in case:
            text += f"   PyTorch {case['torch_per_s']:>8,.1f}   {case['ratio']:.2f}x as fast (goal {case['goal']}x)"
        lines.append(text)
    return lines
