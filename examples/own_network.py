"""A network of your own, described in Python: trained, measured, saved as a scene file that the window opens."""

from pathlib import Path

import nnviz3d as nv

out = Path("out")
out.mkdir(exist_ok=True)
scene = nv.Scene.model_validate(
    {
        "title": "Two spirals",
        "network": {"layers": [{"units": 16, "activation": "tanh"}, {"units": 16, "activation": "tanh"}]},
        "data": {"kind": "spiral", "features": ["x1", "x2", "sin(x1)", "sin(x2)"]},
        "train": {"optimizer": "adam", "learning_rate": 0.01, "batch": 20, "seed": 1},
    }
)
source = nv.train(scene, steps=1500)
loss, accuracy = source.evaluate("test")
print(f"test loss {loss:.3f}, test accuracy {accuracy:.1%}, {source.topology.n_parameters} weights and biases")
scene.save(out / "spirals.toml")
print("nnviz3d out/spirals.toml opens it")
