"""The network of the scene `sort-gpt`, and its layer norm alone, ours and PyTorch's, for `tools/bench.py transformer`."""

from __future__ import annotations

import math
import time
from pathlib import Path

ROUNDS, GOAL = 9, 1.0  # PyTorch's time for a step over ours
WIDTH, HEADS, BLOCKS = 48, 3, 3


def section(threads: int, seconds: float, optimizer: str = "adam") -> dict:
    """As `train` of bench.py: microseconds a step of each, in turns, the best of several rounds; the batches 16 and 64."""
    try:
        import torch

        torch.set_num_threads(threads)
    except ImportError:
        torch = None
    cases = []
    for batch in (16, 64):
        trainer = own_training(optimizer, batch)
        runs = {"own": trainer.run} | ({"torch": torch_training(torch, trainer, optimizer)} if torch else {})
        cases.append({"network": "sort-gpt", "batch": batch} | _measured(runs, seconds))
        rows = batch * trainer.data.shape[0]
        runs = {"own": own_norm(rows)} | ({"torch": torch_norm(torch, rows)} if torch else {})
        cases.append({"network": "layer norm", "batch": batch} | _measured(runs, seconds / 5))
    return {"torch": torch.__version__ if torch else None, "threads": threads, "optimizer": optimizer, "cases": cases}


def _measured(runs: dict, seconds: float) -> dict:
    """In turns; the best of several rounds."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run(3)
    steps = max(1, int(seconds / ROUNDS / len(runs) / _seconds(runs["own"], 2)))
    for _ in range(ROUNDS):
        for name, run in runs.items():
            times[name].append(_seconds(run, steps))
    found = {"goal": GOAL, **{f"{name}_us": round(min(t) * 1e6, 1) for name, t in times.items()}}
    return found | ({"ratio": round(min(times["torch"]) / min(times["own"]), 2)} if "torch" in times else {})


def own_norm(rows: int):
    """A function that runs n passes, forward and back, of our layer norm over the tokens of a batch."""
    import numpy as np

    from nnviz3d.backend import choose
    from nnviz3d.backend.numpy_norm import Into

    ops, kept = choose("cpu"), {}
    rng = np.random.default_rng(0)
    x, d = (rng.standard_normal((rows, WIDTH), np.float32) for _ in range(2))
    z, dx, weight, bias, dweight, dbias = (np.ones(s, np.float32) for s in (x.shape, x.shape, WIDTH, WIDTH, WIDTH, WIDTH))
    calls = ops.row_norm(x, weight, bias, kept, z, 1e-5, True)
    calls += ops.row_backward(d, weight, kept, Into(dx, True), (dweight, dbias), True)

    def run(steps):
        for _ in range(steps):
            for call in calls:
                call()

    return run


def torch_norm(torch, rows: int):
    """The same of PyTorch's."""
    norm, x, d = torch.nn.LayerNorm(WIDTH), torch.randn(rows, WIDTH, requires_grad=True), torch.randn(rows, WIDTH)

    def run(steps):
        for _ in range(steps):
            norm(x).backward(d)  # gradients are added, as ours to the input's

    return run


def _seconds(run, steps: int) -> float:
    begin = time.perf_counter()
    run(steps)
    return (time.perf_counter() - begin) / steps


def own_training(optimizer, batch: int):
    """Our trainer."""
    from nnviz3d.backend import choose
    from nnviz3d.engine.data import load
    from nnviz3d.engine.trainer import Trainer
    from nnviz3d.spec.scene import Scene

    scene = Scene.load("sort-gpt")
    scene = scene.model_copy(update={"train": scene.train.model_copy(update={"optimizer": optimizer, "batch": batch})})
    return Trainer(scene, load(scene.data, Path()), choose("cpu"))


def torch_training(torch, trainer, optimizer):
    """A function that runs n steps of PyTorch eager on the same data, written as in minGPT."""
    net = _network(torch, trainer.data.n_outputs, trainer.data.shape[0])
    assert sum(p.numel() for p in net.parameters()) == trainer.topology.n_parameters, "the same network"
    x, t = torch.from_numpy(trainer.data.x_train).long(), torch.from_numpy(trainer.data.t_train).long()
    rule = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[optimizer](net.parameters(), lr=0.0005)
    batch, at = trainer.train.batch, 0
    order = torch.randperm(len(x))

    def run(steps):
        nonlocal at
        for _ in range(steps):
            at = 0 if at + batch > len(x) else at
            rows = order[at : at + batch]
            at += batch
            rule.zero_grad()
            z = net(x[rows])
            loss = torch.nn.functional.cross_entropy(z.flatten(0, 1), t[rows].flatten(), ignore_index=-1)
            loss.backward()
            rule.step()

    return run


def _network(torch, vocabulary: int, tokens: int):
    nn = torch.nn

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
            self.query, self.key, self.value, self.project = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
            self.mlp1, self.mlp2 = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)
            self.register_buffer("mask", torch.ones(tokens, tokens, dtype=torch.bool).tril())

        def forward(self, x):
            y = self.norm1(x)
            q, k, v = (made(y).unflatten(2, (HEADS, -1)).transpose(1, 2) for made in (self.query, self.key, self.value))
            scores = (q @ k.transpose(2, 3) / math.sqrt(q.shape[-1])).masked_fill(~self.mask, -math.inf)
            x = x + self.project((scores.softmax(-1) @ v).transpose(1, 2).flatten(2))
            return x + self.mlp2(nn.functional.gelu(self.mlp1(self.norm2(x))))

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.tokens, self.places = nn.Embedding(vocabulary, WIDTH), nn.Parameter(0.02 * torch.randn(tokens, WIDTH))
            self.blocks = nn.Sequential(*(Block() for _ in range(BLOCKS)))
            self.norm, self.output = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, vocabulary)

        def forward(self, ids):
            return self.output(self.norm(self.blocks(self.tokens(ids) + self.places)))

    return Network()
