"""Which optimiser is faster here? The same network, seed and samples, trained twice; then both in one picture."""

from pathlib import Path

from PIL import Image

import nnviz3d as nv
from nnviz3d.spec import toml

out = Path("out")
out.mkdir(exist_ok=True)
scene = nv.Scene.load("digits")
for optimizer in ("sgd", "momentum", "adam"):
    source = nv.train(toml.apply(scene, [nv.Edit("train.optimizer", optimizer)]), steps=200)
    print(f"{optimizer:8} after 200 steps: test accuracy {source.evaluate('test')[1]:.1%}")
both = toml.apply(scene, [nv.Edit("compare", {"train": {"optimizer": "sgd"}})])
Image.fromarray(nv.shot(both, (640, 360), step=200, ui=True)).save(out / "compare.png")
