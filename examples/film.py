"""A short film of a network that learns, with a caption; the same frames on every run."""

from pathlib import Path

import nnviz3d as nv

out = Path("out")
out.mkdir(exist_ok=True)
film = nv.record_training(
    "xor", out / "xor.mp4", steps=300, duration=2, size=(480, 270), fps=24, title="XOR", overwrite=True, progress=False
)
print(f"{film.path}: {film.frames} frames, {film.size[0]}x{film.size[1]}, {film.seconds:.1f} s")
