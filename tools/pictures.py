"""Makes the pictures of the README and of docs/ again, with the public functions: `.venv/bin/python tools/pictures.py [NAME ...]`.

Look at each one before it is committed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

import nnviz3d as nv

DOCS = Path(__file__).resolve().parents[1] / "docs"
HD, STILL = (1280, 720), (960, 540)
SHOTS = {
    "hero": ("convnet", {"size": HD, "step": 1500, "ssaa": 2}),
    "transformer": ("sort-gpt", {"size": HD, "step": 200, "ssaa": 2}),
    "cell": ("convnet", {"size": HD, "step": 600, "ui": True, "neuron": 784 + 6 * 576 + 12 * 24 + 7}),
    "panels": ("digits", {"size": HD, "step": 600, "ui": True, "neuron": 70}),
    "walk": ("digits", {"size": HD, "step": 100, "ui": True, "neuron": 120, "phase": "backward:2@0.6"}),
    "plate": ("spiral", {"size": HD, "step": 1500}),
    "compare": ("compare", {"size": HD, "step": 600, "ui": True}),
}
FILMS = {"forward-pass": 5.0, "one-iteration": 10.5, "learning": 7.5, "convolution": 18.5, "attention": 15.5, "sorting": 9.0}  # seconds


def make(name: str) -> None:
    if name in FILMS:
        with nv.Recorder(name, size=STILL, fps=2, ssaa=2) as film:
            image = film.frame(round(FILMS[name] * 2))
    else:
        scene, options = SHOTS[name]
        image = nv.shot(scene, **options)
    Image.fromarray(image).save(DOCS / f"{name}.png", optimize=True)


if __name__ == "__main__":
    for wanted in sys.argv[1:] or [*SHOTS, *FILMS]:
        make(wanted)
        print(DOCS / f"{wanted}.png")
