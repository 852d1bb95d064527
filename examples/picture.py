"""One picture: a network that reads handwritten digits, after 600 training steps."""

from pathlib import Path

from PIL import Image

import nnviz3d as nv

out = Path("out")
out.mkdir(exist_ok=True)
picture = nv.shot("digits", (960, 540), step=600, ui=True)  # an array (height, width, 3); a notebook shows it as it is
Image.fromarray(picture).save(out / "digits.png")
print(f"out/digits.png: {picture.shape[1]}x{picture.shape[0]}")
