"""One training step in five pictures: the input, the forward pass, the error, its way back, the update."""

from pathlib import Path

import numpy as np
from PIL import Image

import nnviz3d as nv

out = Path("out")
out.mkdir(exist_ok=True)
places = ["input", "forward:2@0.5", "loss", "backward:2@0.5", "update:2"]  # a kind of phase, a layer, how much of it has passed
pictures = [nv.shot("xor", (480, 270), step=60, phase=place) for place in places]
Image.fromarray(np.concatenate(pictures)).save(out / "one_step.png")
print(f"out/one_step.png: {', '.join(places)}")
