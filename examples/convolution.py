"""A convolutional network in Python: it learns digits of 28 x 28 pixels, and its kernels and maps are arrays and a picture."""

from pathlib import Path

import numpy as np
from PIL import Image

import nnviz3d as nv

out = Path("out")
out.mkdir(exist_ok=True)
scene = nv.Scene.model_validate(
    {
        "network": {
            "layers": [
                {"name": "strokes", "kind": "conv2d", "channels": 6, "kernel": 5},
                {"kind": "max_pool", "kernel": 2},
                {"kind": "conv_block", "channels": 12, "kernel": 3, "norm": "batch"},
            ]
        },
        "data": {"kind": "mnist"},
        "train": {"optimizer": "adam", "learning_rate": 0.004, "batch": 32, "seed": 1},
    }
)
source = nv.train(scene, steps=300, backend="cpu")
source.show()  # the shown sample through the network, as it is now
strokes = source.topology.by_name["strokes"]
kernels = strokes.weight.view(source.tensors("parameter"))  # (6 maps, 1 channel, 5, 5)
maps = strokes.neurons.view(source.tensors("activation"))  # (6, 24, 24), of the shown sample
grey = np.concatenate(list(maps / maps.max()), axis=1)
Image.fromarray((255 * grey).astype(np.uint8)).resize((6 * 96, 96), Image.Resampling.NEAREST).save(out / "maps.png")
scene.save(out / "convolution.toml")
print(f"test accuracy {source.evaluate('test')[1]:.1%}; kernels {kernels.shape}, maps {maps.shape}")
print("out/maps.png: what each kernel finds; nnviz3d out/convolution.toml opens the network")
