"""Steps of a small convolutional network beside PyTorch's on the CPU: conv 8@5x5 - pool - conv 16@5x5 - pool - dense 10 on 28 x 28."""

from __future__ import annotations

import time

ROUNDS = 24
GOAL = 1.0
SIDE, SAMPLES = 28, 2048


def own(batch: int, optimizer: str):
    """A function that runs n steps of ours."""
    import numpy as np

    from nnviz3d.backend import choose
    from nnviz3d.engine.data import DataSet
    from nnviz3d.engine.trainer import Trainer
    from nnviz3d.spec import toml

    x, t = numbers()
    data = DataSet("pictures", "classification", (SIDE, SIDE), x, t, x[:0], t[:0], tuple(map(str, range(10))), ())
    pool = {"kind": "max_pool"}
    layers = [{"kind": "conv2d", "channels": 8, "kernel": 5}, pool, {"kind": "conv2d", "channels": 16, "kernel": 5}, pool]
    scene = toml.validate({"network": {"layers": layers}, "train": {"batch": batch, "optimizer": optimizer}})
    trainer = Trainer(scene, data, choose("cpu"))
    assert np.isfinite(x).all()
    return trainer.run


def theirs(torch, batch: int, optimizer: str):
    """A function that runs n steps of PyTorch eager, batches gathered by index as ours are."""
    nn = torch.nn
    x, t = (torch.from_numpy(array) for array in numbers())
    x, t = x.reshape(-1, 1, SIDE, SIDE), t.long()
    first = nn.Conv2d(1, 8, 5), nn.ReLU(), nn.MaxPool2d(2)
    net = nn.Sequential(*first, nn.Conv2d(8, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(256, 10))
    rule = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[optimizer](net.parameters(), lr=0.001)
    loss_of, order, at = nn.CrossEntropyLoss(), torch.randperm(SAMPLES), 0

    def run(steps: int) -> None:
        nonlocal at
        for _ in range(steps):
            at = 0 if at + batch > SAMPLES else at
            rows = order[at : at + batch]
            at += batch
            rule.zero_grad()
            loss_of(net(x[rows]), t[rows]).backward()
            rule.step()

    return run


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
    for batch in (16, 32, 128):
        runs = {"own": own(batch, optimizer)} | ({"torch": theirs(torch, batch, optimizer)} if torch else {})
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
        case = {"batch": batch, "own_per_s": round(1 / best["own"], 1), "goal": GOAL}
        if torch:
            case |= {"torch_per_s": round(1 / best["torch"], 1), "ratio": round(best["torch"] / best["own"], 2)}
        cases.append(case)
    return {"torch": torch.__version__ if torch else None, "threads": threads, "optimizer": optimizer, "cases": cases}


def reported(result: dict) -> list[str]:
    """The lines to print."""
    lines = [f"conv 8@5x5 - pool - conv 16@5x5 - pool - dense 10, {result['optimizer']}, {result['threads']} threads, in turns"]
    lines[0] += f"; PyTorch {result['torch'] or 'is not installed: own speed only'}"
    for case in result["cases"]:
        text = f"batch {case['batch']:<4} {case['own_per_s']:>8,.1f} steps/s"
        if "ratio" in case:
            text += f"   PyTorch {case['torch_per_s']:>8,.1f}   {case['ratio']:.2f}x as fast (goal {case['goal']}x)"
        lines.append(text)
    return lines
