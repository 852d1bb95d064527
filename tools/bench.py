"""Measures the engine: its steps against PyTorch's on the CPU, and a recorded step against a plain one; and films (`bench_films`, `_gif`).

    python tools/bench.py SECTION [--json] [--threads N] [--seconds S]

`train`: same network, batch, optimiser and threads, in turns in one process; prints microseconds a step and the ratio of each case, with
the ratio that the project asks for. `convolution`: the same of a small convolutional network (steps a second). `transformer`: the same of
the scene `sort-gpt`, and of its layer norm alone. PyTorch is not a dependency: where it is not importable the own times are printed, and
the line says so. `tape`: what recording costs (goal: at most 2 plain steps), the first look at a tape, and re-entering any of 1,000
remembered steps.
Ratios are of the best of several rounds, so a busy machine disturbs both sides alike. `timeline`: what keeping every step in a file costs
beside a plain step, its size, and a jump to any kept step beside a step of training, forwards and backwards. `threads`: `train` of a
small and a large network with one BLAS thread, as it is, and with `--threads`, in turns; the ratio says what they would gain here now.
`watch`: steps a second of loops of PyTorch and numpy that `nv.watch` looks at, with a viewer that reads all frames, against unwatched ones.
`models`: opening a folder of GPT-2's shape, and a prompt of 32 tokens beside numpy's own matrix products.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

sys.path[:0] = map(str, (Path(__file__).resolve().parent.parent, Path(__file__).resolve().parent))

import bench_convolution  # noqa: E402
import bench_films  # noqa: E402
import bench_gif  # noqa: E402
import bench_models  # noqa: E402
import bench_onnx  # noqa: E402
import bench_transformer  # noqa: E402
import bench_watch  # noqa: E402

CASES = (((64, 48, 32, 10), 32, 6.0), ((784, 128, 64, 10), 64, 1.2), ((784, 1024, 1024, 10), 256, 0.95))
TAPE_GOAL = 2.0  # times a plain step
ROUNDS = 5
FILMS = bench_onnx.SECTIONS | bench_films.SECTIONS | {"gif": bench_gif.section}


def own_training(sizes, batch, optimizer):
    """Our trainer."""
    import numpy as np

    from nnviz3d.backend import choose
    from nnviz3d.engine.data import DataSet
    from nnviz3d.engine.trainer import Trainer
    from nnviz3d.spec.scene import Layer, Network, Scene, Train

    x, t = numbers(sizes)
    data = DataSet("numbers", "classification", (sizes[0],), x, t, x[:0], t[:0], tuple(map(str, range(sizes[-1]))), ())
    network = Network(layers=tuple(Layer(units=n) for n in sizes[1:-1]))
    trainer = Trainer(Scene(network=network, train=Train(batch=batch, optimizer=optimizer)), data, choose("cpu"))
    assert np.isfinite(x).all()
    return trainer


def torch_training(torch, sizes, batch, optimizer):
    """A function that runs n steps of PyTorch eager, batches gathered by index as ours are."""
    x, t = (torch.from_numpy(a) for a in numbers(sizes))
    t = t.long()
    layers = []
    for a, b in pairwise(sizes):
        layers += [torch.nn.Linear(a, b), torch.nn.ReLU()]
    net, loss_of = torch.nn.Sequential(*layers[:-1]), torch.nn.CrossEntropyLoss()
    kinds = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}
    rule = kinds[optimizer](net.parameters(), lr=0.001)
    order, at = torch.randperm(len(x)), 0

    def run(steps):
        nonlocal at
        for _ in range(steps):
            if at + batch > len(x):
                at = 0
            rows = order[at : at + batch]
            at += batch
            rule.zero_grad()
            loss = loss_of(net(x[rows]), t[rows])
            loss.backward()
            rule.step()

    return run


def numbers(sizes):
    """2,048 random rows; speed does not depend on what they mean."""
    import numpy as np

    rng = np.random.default_rng(0)
    return rng.standard_normal((2048, sizes[0]), np.float32), rng.integers(0, sizes[-1], 2048).astype(np.int32)


def best(run, steps):
    begin = time.perf_counter()
    run(steps)
    return (time.perf_counter() - begin) / steps * 1e6


def train_section(threads: int, seconds: float, optimizer: str = "adam") -> dict:
    """{"torch": version or None, "threads": n, "cases": [...]}; each case with microseconds a step and the ratio torch / ours."""
    try:
        import torch

        torch.set_num_threads(threads)
    except ImportError:
        torch = None
    cases = []
    for sizes, batch, goal in CASES:
        runs = {"own": own_training(sizes, batch, optimizer).run}
        if torch:
            runs["torch"] = torch_training(torch, sizes, batch, optimizer)
        counts, times = {}, {name: [] for name in runs}
        for name, run in runs.items():
            run(3)
            counts[name] = max(2, int(seconds / ROUNDS / 2 / (best(run, 3) * 1e-6)))
        for _ in range(ROUNDS):
            for name, run in runs.items():
                times[name].append(best(run, counts[name]))
        case = {"network": "-".join(map(str, sizes)), "batch": batch, "own_us": round(min(times["own"]), 1), "goal": goal}
        if torch:
            case |= {"torch_us": round(min(times["torch"]), 1), "ratio": round(min(times["torch"]) / min(times["own"]), 2)}
        cases.append(case)
    return {"torch": torch.__version__ if torch else None, "threads": threads, "optimizer": optimizer, "cases": cases}


def tape_section(threads: int, seconds: float, optimizer: str = "adam") -> dict:
    """{"threads": n, "cases": [...]}; each with microseconds of a plain and of a recorded step (best of several rounds), their ratio,
    the first look at a tape, and re-entering a remembered step (median and worst of 100)."""
    import numpy as np

    from nnviz3d.engine.run_history import Rewind
    from nnviz3d.engine.tape import record

    cases = []
    for sizes, batch, _ in CASES[:2]:
        trainer = own_training(sizes, batch, optimizer)

        def recorded(steps, trainer=trainer):
            for _ in range(steps):
                record(trainer)

        def looked(steps, trainer=trainer):
            for _ in range(steps):
                tape = record(trainer)
                assert tape.old.loss >= 0 and tape.new.loss >= 0

        runs = {"step": lambda steps, trainer=trainer: [trainer.run(1) for _ in range(steps)], "tape": recorded, "looked": looked}
        trainer.run(3)
        count = max(2, int(seconds / ROUNDS / 6 / (best(trainer.run, 20) * 1e-6)))
        times = {name: min(best(run, count) for _ in range(ROUNDS)) for name, run in runs.items()}
        rewind, first = Rewind(trainer), trainer.step
        rewind.run(1000)
        steps = np.random.default_rng(0).integers(*rewind.stretches()[-1], 100)
        entering = [best(lambda step, rewind=rewind: rewind.enter(step), int(step)) * step * 1e-3 for step in steps]
        cases.append(
            {
                "network": "-".join(map(str, sizes)), "batch": batch, "goal": TAPE_GOAL,
                "step_us": round(times["step"], 1), "tape_us": round(times["tape"], 1), "ratio": round(times["tape"] / times["step"], 2),
                "first_look_us": round(times["looked"] - times["tape"], 1),
                "enter_p50_ms": round(float(np.median(entering)), 2), "enter_max_ms": round(float(max(entering)), 2),
                "history_mb": round(rewind.bytes / 1e6, 1), "history_whole": rewind.stretches() == [(first, first + 1000)],
            }
        )  # fmt: skip
    return {"threads": threads, "optimizer": optimizer, "cases": cases}


def timeline_section(threads: int, seconds: float, optimizer: str = "adam") -> dict:
    """Writing is as fast as the disk of the temporary folder: every chunk is waited for."""
    import tempfile

    import numpy as np

    from nnviz3d.formats.nnrec.reader import Recording
    from nnviz3d.sources.recorded import RecordedTraining, scene_of
    from nnviz3d.sources.training_recorder import TrainingRecorder
    from nnviz3d.spec.scene import Data, Layer, Network, Scene, Train

    cases = []
    for kind, sizes, batch, steps in (("digits", (64, 48, 32, 10), 32, 1000), ("blobs", (784, 1024, 1024, 10), 128, 60)):
        data = Data(kind=kind) if kind == "digits" else Data(kind=kind, inputs=784, shape=(28, 28), classes=10, samples=4000)
        network = Network(layers=tuple(Layer(units=n) for n in sizes[1:-1]))
        scene = Scene(network=network, data=data, train=Train(batch=batch, optimizer=optimizer))
        with tempfile.TemporaryDirectory() as folder:
            trainer, base = _trainer(scene), Path(folder)
            trainer.run(5)
            plain = min(best(trainer.run, steps // ROUNDS) for _ in range(ROUNDS)) * 1e-6
            recorder = TrainingRecorder(trainer, scene, base, base / "r.nnrec", steps=steps)
            began = time.perf_counter()
            for _ in range(steps):
                trainer.run(1)
                recorder.note()
            recorder.close("steps")
            recorded = (time.perf_counter() - began) / steps
            began = time.perf_counter()
            recording = Recording(base / "r.nnrec")
            opened = time.perf_counter() - began
            source, jumps = RecordedTraining(recording, scene_of(recording), base, trainer.ops), {}
            first, last = int(recording.steps[0]), int(recording.steps[-1])
            for way, order in (("forth", range(first, last)), ("back", range(last, first, -1))):
                for _ in range(2):  # the first time the file is not in memory
                    times = []
                    for step in order:
                        began = time.perf_counter()
                        source.go(step)
                        times.append(time.perf_counter() - began)
                jumps[way] = float(np.median(times))
            cases.append(
                {
                    "network": "-".join(map(str, sizes)), "batch": batch, "step_ms": round(plain * 1e3, 3),
                    "kept_ms": round((recorded - plain) * 1e3, 3), "ratio": round(recorded / plain, 2),
                    "mb_per_1000": round(recording.bytes / steps / 1e3, 1), "open_ms": round(opened * 1e3, 1),
                    "jump_ms": round(jumps["forth"] * 1e3, 3), "jump_to_step": round(jumps["forth"] / plain, 2),
                    "back_to_forth": round(jumps["back"] / jumps["forth"], 2),
                }
            )  # fmt: skip
    return {"threads": threads, "optimizer": optimizer, "cases": cases}


def threads_section(threads: int, seconds: float, optimizer: str = "adam") -> dict:
    """{"threads": n, "load": of the machine, "cases": [...]}; each with seconds of `train` by one and by n threads (the median of several
    rounds) and their ratio, above 1 where threads help."""
    cases = []
    for name, steps in (("digits", 3000), ("wide", 10)):
        taken: dict[int, list[float]] = {1: [], threads: []}
        for _ in range(max(2, int(seconds / 2))):
            for count in taken:
                pinned = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(count))
                command = [sys.executable, "-m", "nnviz3d", "train", name, "--steps", str(steps), "--backend", "cpu", "--json", "--quiet"]
                done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | pinned)
                taken[count].append(json.loads(done.stdout)["seconds"])
        one, more = (sorted(taken[count])[len(taken[count]) // 2] for count in (1, threads))
        cases.append({"network": name, "one_s": round(one, 3), "more_s": round(more, 3), "ratio": round(one / more, 2)})
    return {"threads": threads, "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None, "cases": cases}


def _trainer(scene):
    from nnviz3d.backend import choose
    from nnviz3d.engine.data import load
    from nnviz3d.engine.trainer import Trainer

    return Trainer(scene, load(scene.data, Path()), choose("cpu"))


SECTIONS = {
    "train": train_section, "convolution": bench_convolution.section, "transformer": bench_transformer.section, "tape": tape_section,
    "timeline": timeline_section, "threads": threads_section, "watch": bench_watch.section, "models": bench_models.section,
}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("section", choices=[*SECTIONS, *FILMS])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--seconds", type=float, default=6.0, help="a case")
    parser.add_argument("--optimizer", choices=["adam", "sgd"], default="adam")
    args = parser.parse_args()
    if args.section in FILMS:
        result = FILMS[args.section]()
        print(json.dumps({args.section: result}, indent=None if args.json else 1))
        return 0
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(args.threads)  # read when numpy and torch are imported, below
    result = SECTIONS[args.section](args.threads, args.seconds, args.optimizer)
    if args.json:
        print(json.dumps({args.section: result}))
        return 0
    reports = {"convolution": bench_convolution.report, "watch": bench_watch.report, "models": bench_models.report}
    if args.section in reports:
        print("\n".join(reports[args.section](result)))
        return 0
    if args.section == "timeline":
        for case in result["cases"]:
            print(
                f"{case['network']:>18} batch {case['batch']:<4} step {case['step_ms']} ms, keeping it {case['kept_ms']} ms more; "
                f"{case['mb_per_1000']:,} MB in 1,000 steps, opened in {case['open_ms']} ms; jump {case['jump_ms']} ms "
                f"({case['jump_to_step']} steps), back {case['back_to_forth']}x"
            )
        return 0
    if args.section == "threads":
        print(f"one BLAS thread against {result['threads']}; load of the machine {result['load']}")
        for case in result["cases"]:
            told = f"{case['one_s']} s by one, {case['more_s']} s by {result['threads']}"
            print(f"{case['network']:>18}: {told}; threads are {case['ratio']:.2f}x as fast")
        return 0
    if args.section == "tape":
        for case in result["cases"]:
            print(
                f"{case['network']:>18} batch {case['batch']:<4} step {case['step_us']:,.1f} us, recorded {case['tape_us']:,.1f} us: "
                f"{case['ratio']:.2f}x (goal at most {case['goal']:.0f}x); first look {case['first_look_us']:,.0f} us; "
                f"1,000 steps in {case['history_mb']} MB, entered in {case['enter_p50_ms']} ms (at most {case['enter_max_ms']})"
            )
        return 0
    print(f"training, {result['optimizer']}, {result['threads']} threads, PyTorch {result['torch'] or 'is not installed: own times only'}")
    for case in result["cases"]:
        text = f"{case['network']:>18} batch {case['batch']:<4} {case['own_us']:>10,.1f} us"
        if "ratio" in case:
            text += f"   PyTorch {case['torch_us']:>10,.1f} us   {case['ratio']:.2f}x as fast (goal {case['goal']}x)"
        print(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
