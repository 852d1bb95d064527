"""A training run that is kept: every step is written, then read again to see how far the weights have moved."""

import subprocess
import sys
from pathlib import Path

import numpy as np

import nnviz3d as nv

out = Path("out")
out.mkdir(exist_ok=True)
command = ["train", "iris", "--steps", "200", "--record", "out/iris.nnrec", "--quiet"]
if not (out / "iris.nnrec").exists():
    subprocess.run([sys.executable, "-m", "nnviz3d", *command], check=True)
run = nv.load_recording(out / "iris.nnrec")
first = run.parameters(int(run.steps[0]))
for step in run.steps[::50]:
    print(f"step {step:3}: the weights are {np.linalg.norm(run.parameters(int(step)) - first):.2f} from where they began")
print("nnviz3d out/iris.nnrec plays it, forwards and backwards")
