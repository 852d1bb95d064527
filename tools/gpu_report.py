"""One command on a machine with an NVIDIA GPU: kernels next to numpy, a training run, both ways into OpenGL, and how fast all that is.

    python tools/gpu_report.py [--out FOLDER]

Needs no display (EGL) and no network. Writes gpu_report.json and gpu_report.md.
Exit code 0: all held; 3: there is no GPU (it says why), or a check failed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
CASES = (((64, 48, 32, 10), 32), ((784, 128, 64, 10), 64), ((784, 1024, 1024, 10), 256))


def check(name: str, ok: bool, detail: str) -> dict:
    return {"name": name, "ok": bool(ok), "detail": detail}


def kernels() -> list[dict]:
    """The parametrised suite of tests/backend, its CuPy half: every kernel next to plain float64 formulas, and whole training runs."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "junit.xml"
        command = [sys.executable, "-m", "pytest", "tests/backend", "-k", "cupy", "-q", "-p", "no:cacheprovider", f"--junitxml={report}"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if not report.exists():
            return [check("kernels", False, f"pytest did not run: {(done.stderr or done.stdout)[-300:]}")]
        cases = list(ET.parse(report).getroot().iter("testcase"))
    bad = [case.get("name") for case in cases if len(case) and case[0].tag in ("failure", "error")]
    skipped = [case.get("name") for case in cases if len(case) and case[0].tag == "skipped"]
    good = len(cases) - len(bad) - len(skipped)
    return [
        check(
            "kernels next to numpy", good and not bad and not skipped, f"{good} held, {len(bad)} failed {bad[:5]}, {len(skipped)} skipped"
        )
    ]


def trainer(ops, sizes, batch, optimizer="adam"):
    from nnviz3d.engine.data import DataSet
    from nnviz3d.engine.trainer import Trainer
    from nnviz3d.spec.scene import Layer, Network, Scene, Train

    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((2048, sizes[0]), np.float32), rng.integers(0, sizes[-1], 2048).astype(np.int32)
    data = DataSet("numbers", "classification", (sizes[0],), x, t, x[:0], t[:0], tuple(map(str, range(sizes[-1]))), ())
    network = Network(layers=tuple(Layer(units=n) for n in sizes[1:-1]))
    return Trainer(Scene(network=network, train=Train(batch=batch, optimizer=optimizer)), data, ops)


def training(cpu, cuda) -> list[dict]:
    """200 steps on both backends: the same losses to rounding; twice on the device: the same bytes; captured as graphs."""
    sizes, batch = CASES[0]
    host, device, again = trainer(cpu, sizes, batch), trainer(cuda, sizes, batch), trainer(cuda, sizes, batch)
    for t in (host, device, again):
        t.run(200)
    far = abs(host.loss - device.loss) / host.loss
    same = np.array_equal(cuda.to_host(device.tensors("parameter")), cuda.to_host(again.tensors("parameter")))
    return [
        check("training run next to numpy", far < 1e-2, f"loss {device.loss:.6f} against {host.loss:.6f} after 200 steps"),
        check("same bytes twice", same, "parameters after 200 steps"),
        check("step captured as a CUDA graph", cuda.captured > 0, cuda.capture_problem or f"{cuda.captured} graphs"),
    ]


def speeds(cpu, cuda) -> list[dict]:
    rows = []
    for sizes, batch in CASES:
        row = {"network": "-".join(map(str, sizes)), "batch": batch}
        for name, ops, steps in (("cpu_us", cpu, 30), ("cuda_us", cuda, 300)):
            t = trainer(ops, sizes, batch)
            t.run(20)
            begin = time.perf_counter()
            t.run(steps)  # ends by asking the device, so that all work is in
            row[name] = round((time.perf_counter() - begin) / steps * 1e6, 1)
        rows.append(row)
    return rows


def opengl(cuda) -> tuple[list[dict], list[dict]]:
    """784-128's weights into a GL buffer by both ways, read back, timed to glFinish."""
    from OpenGL import GL

    from nnviz3d.backend.interop import InteropUnavailable, MappedBuffer
    from nnviz3d.gfx.egl import EglHost
    from nnviz3d.gfx.texture_buffer import TextureBuffer

    host = EglHost(64, 64)
    renderer = GL.glGetString(GL.GL_RENDERER).decode()
    values = np.random.default_rng(0).standard_normal(100_352).astype(np.float32)
    array, checks, rows = cuda.asarray(values), [check("OpenGL by EGL", True, renderer)], []
    column = TextureBuffer(values.size, "float32")

    def way(name, write):
        column.write(np.zeros_like(values))
        write()
        GL.glFinish()
        checks.append(check(f"into OpenGL, {name}", np.array_equal(column.read().ravel(), values), f"{values.nbytes:,} bytes read back"))
        begin = time.perf_counter()
        for _ in range(50):
            write()
        cuda.stream.synchronize()
        GL.glFinish()
        rows.append({"way": name, "us": round((time.perf_counter() - begin) / 50 * 1e6, 1)})

    way("staged", lambda: column.write(cuda.to_host(array)))
    try:
        mapped = MappedBuffer(column.buffer, column.nbytes)
        way("registered with CUDA", lambda: mapped.write(array))
        mapped.close()
    except InteropUnavailable as reason:
        checks.append(check("into OpenGL, registered with CUDA", False, str(reason)))
    column.close()
    host.close()
    return checks, rows


def markdown(report: dict) -> str:
    lines = [f"# GPU report: {report['device']}", "", "| check | held | detail |", "|---|---|---|"]
    lines += [f"| {c['name']} | {'yes' if c['ok'] else '**no**'} | {c['detail']} |" for c in report["checks"]]
    lines += ["", "| network | batch | numpy us a step | CUDA us a step |", "|---|---|---|---|"]
    lines += [f"| {r['network']} | {r['batch']} | {r['cpu_us']:,} | {r['cuda_us']:,} |" for r in report["training"]]
    lines += ["", "| 100,352 weights into OpenGL | us |", "|---|---|"]
    lines += [f"| {r['way']} | {r['us']:,} |" for r in report["opengl"]]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("out"))
    folder = parser.parse_args().out

    from nnviz3d.backend import choose
    from nnviz3d.spec.errors import InputError

    try:
        cuda = choose("cuda")
    except InputError as error:
        print(f"no GPU report: {error}", file=sys.stderr)
        return 3
    cpu = choose("cpu")
    checks = kernels() + training(cpu, cuda)
    report = {"device": cuda.why, "training": speeds(cpu, cuda), "opengl": [], "checks": checks}
    try:
        more, report["opengl"] = opengl(cuda)
        checks += more
    except Exception as error:  # noqa: BLE001  a report names what went wrong and keeps what it has
        checks.append(check("OpenGL by EGL", False, f"{type(error).__name__}: {error}"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "gpu_report.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    (folder / "gpu_report.md").write_text(markdown(report), encoding="utf-8")
    print(markdown(report))
    return 0 if all(c["ok"] for c in checks) else 3


if __name__ == "__main__":
    raise SystemExit(main())
