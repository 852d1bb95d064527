"""Frames of a film as arrays, without a file: every eighth becomes part of a contact sheet."""

from pathlib import Path

import numpy as np
from PIL import Image

import nnviz3d as nv

out = Path("out")
out.mkdir(exist_ok=True)
with nv.Recorder("forward-pass", size=(320, 180), fps=8, duration=6) as film:
    frames = [film.frame(k) for k in range(0, len(film), 8)]
rows = [np.concatenate(frames[k : k + 3], axis=1) for k in range(0, len(frames), 3)]
Image.fromarray(np.concatenate(rows)).save(out / "forward_pass.png")
print(f"out/forward_pass.png: {len(frames)} of {len(film)} frames")
