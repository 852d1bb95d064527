"""The modules of PyTorch that a snippet needs, as `formats.torch.modules` reads them: by the names of classes and attributes. For machines
without PyTorch; where it is installed, tests/formats/test_modules.py reads the real ones."""

from __future__ import annotations

import numpy as np


class Module:
    pass


Module.__module__ = "torch.nn.modules.module"


class Tensor:
    def __init__(self, values: np.ndarray):
        self._values = values

    def detach(self) -> Tensor:
        return self

    cpu = float = detach

    def numpy(self) -> np.ndarray:
        return self._values


class Linear(Module):
    def __init__(self, inputs: int, outputs: int):
        rng = np.random.default_rng(inputs)
        self.in_features, self.out_features = inputs, outputs
        self.weight, self.bias = Tensor(rng.standard_normal((outputs, inputs))), Tensor(np.zeros(outputs))


class ReLU(Module):
    pass


class Sequential(Module):
    def __init__(self, *modules: Module):
        self._modules = {str(k): module for k, module in enumerate(modules)}


for each in (Linear, ReLU, Sequential):
    each.__module__ = "torch.nn.modules"  # so that they are torch's own, and no class that calls its layers in its own way
