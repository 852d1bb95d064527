"""A PyTorch model in a loop: when its optimisers step, what is copied, and what it was given first. torch is looked up, never imported."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from nnviz3d.live import copy_plan
from nnviz3d.live.copy_plan import Described, OtherShape
from nnviz3d.live.kept_frames import FrameLayout, LoopFrame
from nnviz3d.live.loop_view import LoopView
from nnviz3d.live.numbers import flat, is_batch, number, shape_of
from nnviz3d.live.torch_state import original, tensors
from nnviz3d.live.wire import Structure
from nnviz3d.spec.errors import InputError

Describe = Callable[[Any, tuple[int, ...] | None, np.ndarray | None], Described]


class TorchModel:
    """`optimizers`: those to look at; () for every one that has parameters of the model. `describe(module, shape of a sample, its target)`.

    Gradients are copied before an optimiser's step (they may be zeroed right after it), and again after one that evaluates by itself.
    """

    def __init__(self, model: Any, optimizers: tuple[Any, ...], describe: Describe):
        self.given_model, self.model, self.describe = model, original(model), describe
        self.optimizers = optimizers
        self.described: Described | None = None
        self._handles: list[Any] = []
        self._ours: WeakKeyDictionary[Any, tuple[int, set[int]]] = WeakKeyDictionary()
        self._rate: Any = None  # the optimiser that stepped first: its learning rate is shown
        self._tensors: dict[str, tuple[dict[str, Any], str]] = {}

    # ------------------------------------------------------------ as LoopView asks

    def attach(self, view: LoopView) -> None:
        self.view = view
        if self.optimizers and all(hasattr(each, "register_step_pre_hook") for each in self.optimizers):
            for each in self.optimizers:
                self._handles += [each.register_step_pre_hook(self._before), each.register_step_post_hook(self._after)]
        else:
            home = sys.modules["torch.optim.optimizer"]
            self._handles += [home.register_optimizer_step_pre_hook(self._before), home.register_optimizer_step_post_hook(self._after)]
        if not view.has_sample:
            self._first = self.given_model.register_forward_pre_hook(self._called, with_kwargs=True)
            self._handles.append(self._first)

    def prepare(self, sample: np.ndarray | None) -> tuple[Structure, FrameLayout] | None:
        self._tensors = tensors(self.model)
        self._shapes = {name: shape_of(held[key]) for name, (held, key) in self._tensors.items()}
        self.described = self.describe(self.model, None if sample is None else sample.shape[1:], self.view.target)
        if sample is None and not self.view.steps and not self.described.structure.scene:
            return None  # its first call may say more: an optimiser that calls it itself has not done so yet
        return self.described.structure, self.described.layout

    def given(self, params: Any, grads: Any) -> None:
        raise InputError.option("", "params", "the model is watched already; params= and grads= are for loops without a model object")

    def parameters(self, frame: LoopFrame) -> None:
        assert self.described is not None
        self._check()
        copy_plan.fill(frame, "parameter", self.described.arrays, lambda name: flat(self._tensor(name)))

    def gradients(self, frame: LoopFrame, of: set[int] | None = None) -> None:
        """`of`: the ids of the tensors whose gradients are read; None: all."""

        def read(name: str) -> np.ndarray | None:
            tensor = self._tensor(name)
            gradient = tensor.grad if tensor.is_leaf and (of is None or id(tensor) in of) else None
            return None if gradient is None or gradient.layout != sys.modules["torch"].strided else flat(gradient)

        assert self.described is not None
        copy_plan.fill(frame, "gradient", self.described.arrays, read)

    def metrics(self) -> dict[str, float]:
        rate = number(self._rate.param_groups[0].get("lr")) if self._rate is not None else None
        return {} if rate is None else {"lr": rate}

    def detach(self) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    # ------------------------------------------------------------ hooks

    def _before(self, optimizer: Any, arguments: tuple, settings: dict) -> None:
        if _is_recorded():
            return
        ids = self._of(optimizer)
        if ids:
            self._rate = self._rate or optimizer
            self.view.before_update(id(optimizer), lambda frame: self.gradients(frame, ids))

    def _after(self, optimizer: Any, arguments: tuple, settings: dict) -> None:
        if _is_recorded():
            return
        ids = self._of(optimizer)
        if ids:
            evaluates = any(callable(each) for each in (*arguments, settings.get("closure")))
            self.view.after_update((lambda frame: self.gradients(frame, ids)) if evaluates else None)

    def _called(self, module: Any, arguments: tuple, settings: dict) -> None:
        """The model's first call: its first batch is what is shown."""
        if _is_recorded():
            return
        x = next((each for each in (*arguments, *settings.values()) if hasattr(each, "detach") and is_batch(each)), None)
        if x is not None:
            self._first.remove()
            if not self.view.has_sample:
                self.view.show(x)

    def _of(self, optimizer: Any) -> set[int]:
        """The ids of the parameters that it changes; none where it has none of the model's. Groups may be added later."""
        count = sum(len(group["params"]) for group in optimizer.param_groups)
        known = self._ours.get(optimizer)
        if known is None or known[0] != count:
            own = {id(parameter) for parameter in self.model.parameters()}
            ids = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
            known = self._ours[optimizer] = count, ids if self.optimizers or ids & own else set()
        return known[1]

    # ------------------------------------------------------------ tensors

    def _tensor(self, name: str) -> Any:
        held, key = self._tensors[name]
        return held[key]

    def _check(self) -> None:
        """Raises OtherShape where the model has other tensors than when it was described."""
        now = tensors(self.model)
        shapes = {name: shape_of(held[key]) for name, (held, key) in now.items()}
        if shapes != self._shapes:
            raise OtherShape
        self._tensors = now


def _is_recorded() -> bool:
    """Whether this code is only being compiled, or its work recorded into a graph: then nothing may be read."""
    torch = sys.modules["torch"]
    return torch.compiler.is_compiling() or (torch.cuda.is_initialized() and torch.cuda.is_current_stream_capturing())
